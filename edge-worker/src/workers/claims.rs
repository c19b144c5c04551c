//! Claims in Durable Objects: one row of SQLite per key.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::wasm_bindgen::JsValue;
use worker::{
    DurableObject, Env, Error, Method, ObjectNamespace, Request, RequestInit, Response, Result, SqlStorage,
    SqlStorageValue, State, console_error, durable_object,
};

use super::host::failed;
use crate::claims::{Claim, Claimed, Entry};
use crate::host::HostError;

/// How many objects share the claims, `claims-0` to `claims-15`.
const OBJECTS: u8 = 16;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, until INTEGER NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claims_by_end ON claims (until);
";

/// What ends a claim.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Settlement {
    pub(super) claim: Claim,
    pub(super) answer: Option<(String, u64)>,
}

/// Claims a key in the object that the key chooses.
pub(super) async fn claim(
    claims: &ObjectNamespace,
    claim: &Claim,
) -> std::result::Result<Claimed, HostError> {
    ask(claims, claim, "claim", claim).await
}

/// Ends a claim.
pub(super) async fn settle(
    claims: &ObjectNamespace,
    settlement: &Settlement,
) -> std::result::Result<(), HostError> {
    ask(claims, &settlement.claim, "settle", settlement).await
}

async fn ask<T: DeserializeOwned>(
    claims: &ObjectNamespace,
    claim: &Claim,
    what: &str,
    body: &impl Serialize,
) -> std::result::Result<T, HostError> {
    let [first, ..] = claim.key.as_bytes().to_owned();
    let object = claims.get_by_name(&format!("claims-{}", first % OBJECTS)).map_err(failed)?;
    let body = serde_json::to_string(body).map_err(failed)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(&body)));
    let request = Request::new_with_init(&format!("http://claims/{what}"), &init).map_err(failed)?;
    let mut answer = object.fetch_with_request(request).await.map_err(failed)?;
    match answer.status_code() {
        200 => answer.json().await.map_err(failed),
        status => Err(failed(format!("the claims answered {status}"))),
    }
}

/// One object of the claims: `POST /claim` and `POST /settle`, for the Worker alone.
#[durable_object(fetch)]
pub struct Claims {
    state: State,
    ready: Cell<bool>,
}

#[derive(Deserialize)]
struct Row {
    entry: String,
}

impl DurableObject for Claims {
    fn new(state: State, _env: Env) -> Self {
        Self { state, ready: Cell::new(false) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.answer(request).await.or_else(|error| {
            console_error!(
                "{}",
                serde_json::json!({"level": "error", "message": format!("claims: {error}")})
            );
            Response::error("the claims cannot be used", 500)
        })
    }
}

impl Claims {
    async fn answer(&self, mut request: Request) -> Result<Response> {
        let body = request.text().await?;
        let answer = match (request.method(), request.path().as_str()) {
            (Method::Post, "/claim") => Response::from_json(&self.claim(&serde_json::from_str(&body)?)?)?,
            (Method::Post, "/settle") => Response::from_json(&self.settle(serde_json::from_str(&body)?)?)?,
            _ => return Response::error("there are `POST /claim` and `POST /settle`", 404),
        };
        self.state.storage().sync().await?;
        Ok(answer)
    }

    fn table(&self) -> Result<SqlStorage> {
        let sql = self.state.storage().sql();
        if !self.ready.get() {
            sql.exec(SCHEMA, None)?;
            self.ready.set(true);
        }
        Ok(sql)
    }

    fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let sql = self.table()?;
        sql.exec("DELETE FROM claims WHERE until <= ?", vec![integer(claim.now)?])?;
        let found = entry(&sql, claim)?.map_or(Claimed::New, |entry| entry.found_by(claim));
        if found == Claimed::New {
            put(&sql, claim, &Entry::of(claim))?;
        }
        Ok(found)
    }

    fn settle(&self, Settlement { claim, answer }: Settlement) -> Result<()> {
        let sql = self.table()?;
        if !entry(&sql, &claim)?.is_some_and(|entry| entry.is_of(&claim)) {
            return Ok(());
        }
        match answer {
            Some((answer, until)) => {
                put(&sql, &claim, &Entry { answer: Some(answer), until, ..Entry::of(&claim) })
            }
            None => {
                sql.exec("DELETE FROM claims WHERE key = ?", vec![claim.key.to_string().into()])?;
                Ok(())
            }
        }
    }
}

fn entry(sql: &SqlStorage, claim: &Claim) -> Result<Option<Entry>> {
    let key = vec![claim.key.to_string().into()];
    let rows: Vec<Row> = sql.exec("SELECT entry FROM claims WHERE key = ?", key)?.to_array()?;
    rows.first().map(|row| Ok(serde_json::from_str(&row.entry)?)).transpose()
}

fn put(sql: &SqlStorage, claim: &Claim, entry: &Entry) -> Result<()> {
    let values =
        vec![claim.key.to_string().into(), integer(entry.until)?, serde_json::to_string(entry)?.into()];
    sql.exec("INSERT OR REPLACE INTO claims (key, until, entry) VALUES (?, ?, ?)", values)?;
    Ok(())
}

fn integer(value: u64) -> Result<SqlStorageValue> {
    SqlStorageValue::try_from_i64(i64::try_from(value).map_err(|error| Error::RustError(error.to_string()))?)
}
