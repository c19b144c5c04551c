//! The usage log in Durable Objects: SQLite tables to which rows are only ever added.

use std::cell::Cell;

use futures_util::stream;
use registry_core::digest::Digest;
use registry_core::usage::UsageRecord;
use serde::Deserialize;
use worker::wasm_bindgen::JsValue;
use worker::{
    DurableObject, Env, Error, Method, ObjectNamespace, Request, RequestInit, Response, Result, SqlStorage,
    SqlStorageValue, State, console_error, durable_object,
};

use super::host::failed;
use crate::host::HostError;

/// How many objects share the log, `log-0` to `log-15`: each makes its records durable by itself.
const OBJECTS: u8 = 16;

/// Rows that an export holds in memory at a time.
const PAGE: u32 = 500;

/// The triggers make the table append-only to all code that comes after.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, line TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS records_stay BEFORE DELETE ON records BEGIN
    SELECT RAISE(ABORT, 'the usage log is append-only');
END;
CREATE TRIGGER IF NOT EXISTS records_stay_the_same BEFORE UPDATE ON records BEGIN
    SELECT RAISE(ABORT, 'the usage log is append-only');
END;
";

/// Appends a record to the object that its transaction chooses; returns once it is durable.
pub(super) async fn append(
    log: &ObjectNamespace,
    record: &UsageRecord,
) -> std::result::Result<(), HostError> {
    let line = serde_json::to_string(record).map_err(failed)?;
    let [first, ..] = Digest::of(record.txn.as_bytes()).as_bytes().to_owned();
    let object = log.get_by_name(&format!("log-{}", first % OBJECTS)).map_err(failed)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(&line)));
    let request = Request::new_with_init("http://usage-log/append", &init).map_err(failed)?;
    let answer = object.fetch_with_request(request).await.map_err(failed)?;
    match answer.status_code() {
        204 => Ok(()),
        status => Err(failed(format!("the usage log answered {status}"))),
    }
}

/// One object of the log. `POST /append` takes a record, `GET /records` gives all as JSON lines. Only the
/// Worker and its operator's tools reach it: no public route leads here.
#[durable_object(fetch)]
pub struct UsageLog {
    state: State,
    ready: Cell<bool>,
}

impl DurableObject for UsageLog {
    fn new(state: State, _env: Env) -> Self {
        Self { state, ready: Cell::new(false) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.answer(request).await.or_else(|error| {
            console_error!(
                "{}",
                serde_json::json!({"level": "error", "message": format!("usage log: {error}")})
            );
            Response::error("the usage log cannot be used", 500)
        })
    }
}

#[derive(Deserialize)]
struct Row {
    id: i64,
    line: String,
}

impl UsageLog {
    async fn answer(&self, mut request: Request) -> Result<Response> {
        match (request.method(), request.path().as_str()) {
            (Method::Post, "/append") => self.append(request.text().await?).await,
            (Method::Get, "/records") => self.records(),
            _ => Response::error("there are `POST /append` and `GET /records`", 404),
        }
    }

    fn table(&self) -> Result<SqlStorage> {
        let sql = self.state.storage().sql();
        if !self.ready.get() {
            sql.exec(SCHEMA, None)?;
            self.ready.set(true);
        }
        Ok(sql)
    }

    async fn append(&self, line: String) -> Result<Response> {
        let record: UsageRecord = serde_json::from_str(&line)?;
        let ts = i64::try_from(record.ts).map_err(|error| Error::RustError(error.to_string()))?;
        let values = vec![SqlStorageValue::try_from_i64(ts)?, line.into()];
        self.table()?.exec("INSERT INTO records (ts, line) VALUES (?, ?)", values)?;
        self.state.storage().sync().await?;
        Ok(Response::empty()?.with_status(204))
    }

    fn records(&self) -> Result<Response> {
        let sql = self.table()?;
        let pages = stream::try_unfold(0, move |after| {
            let page = page(&sql, after);
            async move { page }
        });
        Response::from_stream(pages)
    }
}

/// The lines of the rows after one, and the last of these rows; none at the end.
fn page(sql: &SqlStorage, after: i64) -> Result<Option<(String, i64)>> {
    let values = vec![SqlStorageValue::try_from_i64(after)?, SqlStorageValue::Integer(PAGE.into())];
    let rows: Vec<Row> =
        sql.exec("SELECT id, line FROM records WHERE id > ? ORDER BY id LIMIT ?", values)?.to_array()?;
    let lines = rows.iter().flat_map(|row| [row.line.as_str(), "\n"]).collect();
    Ok(rows.last().map(|row| (lines, row.id)))
}
