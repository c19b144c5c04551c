//! The usage log in Durable Objects: SQLite tables to which rows are only ever added.

use std::cell::Cell;

use futures_util::future::try_join_all;
use futures_util::stream;
use registry_core::digest::Digest;
use registry_core::usage::{Cursor, LogRange, UsageRecord};
use serde::{Deserialize, Serialize};
use worker::wasm_bindgen::JsValue;
use worker::{
    DurableObject, Env, Error, Method, ObjectNamespace, Request, RequestInit, Response, Result, SqlStorage,
    SqlStorageValue, State, console_error, durable_object,
};

use super::host::failed;
use crate::host::{HostError, LogPage};
use crate::seen::SeenHead;

/// How many objects share the log, `log-0` to `log-15`: each makes its records durable by itself.
const OBJECTS: u8 = 16;

/// Rows that an export holds in memory at a time.
const PAGE: u32 = 500;

/// The triggers make the table append-only to all code that comes after, but for days older than the floor of the
/// retention (180 days), by the clock of SQLite itself. Tables of before have a trigger for which there is no such day.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, line TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS seen_head (
    one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, head TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_time ON records (ts, id);
DROP TRIGGER IF EXISTS records_stay;
CREATE TRIGGER IF NOT EXISTS records_stay_for_180_days BEFORE DELETE ON records
WHEN OLD.ts >= (unixepoch('now') / 86400 - 180) * 86400000 BEGIN
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
    ask(log, first % OBJECTS, Method::Post, "append", Some(&line)).await.map(drop)
}

/// A page of all objects together, by time.
pub(super) async fn page(log: &ObjectNamespace, range: &LogRange) -> std::result::Result<LogPage, HostError> {
    let of_object = async |part: u8| {
        let (ts, id) = range.start_of(part);
        let (to, limit) = (range.to, range.limit + 1);
        let path = format!("page?to={to}&ts={ts}&id={id}&limit={limit}");
        let mut answer = ask(log, part, Method::Get, &path, None).await?;
        let rows: Vec<Row> = answer.json().await.map_err(failed)?;
        Ok::<_, HostError>(rows.into_iter().map(move |row| (row.ts, part, row.id, row.line)))
    };
    let found = try_join_all((0..OBJECTS).map(of_object)).await?;
    let mut rows: Vec<_> = found.into_iter().flatten().collect();
    rows.sort_unstable();
    let has_more = rows.len() > range.limit;
    rows.truncate(range.limit);
    let next = rows.last().filter(|_| has_more).map(|(ts, part, place, _)| Cursor {
        ts: *ts,
        part: *part,
        place: *place,
    });
    let lines = rows.iter().flat_map(|(_, _, _, line)| line.bytes().chain([b'\n'])).collect();
    Ok(LogPage { lines, next })
}

/// Deletes what is older than a time, in milliseconds since the epoch.
pub(super) async fn prune(log: &ObjectNamespace, before: u64) -> std::result::Result<(), HostError> {
    let path = &format!("prune?before={before}");
    try_join_all((0..OBJECTS).map(|part| ask(log, part, Method::Post, path, None))).await.map(drop)
}

/// Whether one object, chosen by a random number, answers and can read its table: anybody may have that asked, and what
/// is wrong with one is mostly wrong with all.
pub(super) async fn check(log: &ObjectNamespace, random: u8) -> std::result::Result<(), HostError> {
    ask(log, random % OBJECTS, Method::Get, "page?to=0&ts=0&id=0&limit=1", None).await.map(drop)
}

/// The object that remembers the highest head for all isolates.
const HEAD_KEEPER: u8 = 0;

/// The highest head that any isolate has taken.
pub(super) async fn seen_head(log: &ObjectNamespace) -> std::result::Result<Option<SeenHead>, HostError> {
    let mut answer = ask(log, HEAD_KEEPER, Method::Get, "head", None).await?;
    answer.json().await.map_err(failed)
}

/// Remembers a head, unless a higher one is remembered.
pub(super) async fn remember_head(
    log: &ObjectNamespace,
    head: &SeenHead,
) -> std::result::Result<(), HostError> {
    let body = serde_json::to_string(head).map_err(failed)?;
    ask(log, HEAD_KEEPER, Method::Post, "head", Some(&body)).await.map(drop)
}

async fn ask(
    log: &ObjectNamespace,
    part: u8,
    method: Method,
    path: &str,
    body: Option<&str>,
) -> std::result::Result<Response, HostError> {
    let object = log.get_by_name(&format!("log-{part}")).map_err(failed)?;
    let mut init = RequestInit::new();
    init.with_method(method).with_body(body.map(JsValue::from_str));
    let request = Request::new_with_init(&format!("http://usage-log/{path}"), &init).map_err(failed)?;
    let answer = object.fetch_with_request(request).await.map_err(failed)?;
    match answer.status_code() {
        200 | 204 => Ok(answer),
        status => Err(failed(format!("log-{part} of the usage log answered {status}"))),
    }
}

/// One object of the log. `POST /append` takes a record, `GET /page` gives rows by time, `GET /records` all as JSON lines,
/// `POST /prune` deletes what is old enough. Only the Worker and its operator's tools reach it: no public route leads
/// here.
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

#[derive(Deserialize, Serialize)]
struct Row {
    id: u64,
    ts: u64,
    line: String,
}

/// Which rows a page has: from behind one on, up to a time.
#[derive(Deserialize)]
struct Wanted {
    to: i64,
    ts: i64,
    id: i64,
    limit: i64,
}

#[derive(Deserialize)]
struct Before {
    before: i64,
}

#[derive(Deserialize)]
struct Seen {
    head: String,
}

/// A head never gives way to an earlier one.
const REMEMBER: &str =
    "INSERT INTO seen_head (one, sequence, head) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE
    SET sequence = excluded.sequence, head = excluded.head WHERE excluded.sequence > sequence";

const PAGE_BY_TIME: &str =
    "SELECT id, ts, line FROM records WHERE ts < ? AND (ts, id) > (?, ?) ORDER BY ts, id LIMIT ?";

impl UsageLog {
    async fn answer(&self, mut request: Request) -> Result<Response> {
        match (request.method(), request.path().as_str()) {
            (Method::Post, "/append") => self.append(request.text().await?).await,
            (Method::Get, "/page") => self.page(&request.query()?),
            (Method::Get, "/records") => self.records(),
            (Method::Get, "/head") => self.seen_head(),
            (Method::Post, "/head") => self.remember_head(request.text().await?).await,
            (Method::Post, "/prune") => self.prune(&request.query()?),
            _ => Response::error("the usage log has no such path", 404),
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

    fn page(&self, wanted: &Wanted) -> Result<Response> {
        let values = [wanted.to, wanted.ts, wanted.id, wanted.limit];
        let values = values.into_iter().map(SqlStorageValue::try_from_i64).collect::<Result<Vec<_>>>()?;
        let rows: Vec<Row> = self.table()?.exec(PAGE_BY_TIME, values)?.to_array()?;
        Response::from_json(&rows)
    }

    fn seen_head(&self) -> Result<Response> {
        let rows: Vec<Seen> = self.table()?.exec("SELECT head FROM seen_head", None)?.to_array()?;
        let head = rows.first().map(|row| serde_json::from_str::<SeenHead>(&row.head)).transpose()?;
        Response::from_json(&head)
    }

    async fn remember_head(&self, text: String) -> Result<Response> {
        let head: SeenHead = serde_json::from_str(&text)?;
        let sequence = i64::try_from(head.sequence).map_err(|error| Error::RustError(error.to_string()))?;
        self.table()?.exec(REMEMBER, vec![SqlStorageValue::try_from_i64(sequence)?, text.into()])?;
        self.state.storage().sync().await?;
        Ok(Response::empty()?.with_status(204))
    }

    fn prune(&self, Before { before }: &Before) -> Result<Response> {
        let values = vec![SqlStorageValue::try_from_i64(*before)?];
        self.table()?.exec("DELETE FROM records WHERE ts < ?", values)?;
        Ok(Response::empty()?.with_status(204))
    }

    fn records(&self) -> Result<Response> {
        let sql = self.table()?;
        let pages = stream::try_unfold(0, move |after| {
            let page = next_rows(&sql, after);
            async move { page }
        });
        Response::from_stream(pages)
    }
}

/// The lines of the rows after one, and the last of these rows; none at the end.
fn next_rows(sql: &SqlStorage, after: i64) -> Result<Option<(String, i64)>> {
    let values = vec![SqlStorageValue::try_from_i64(after)?, SqlStorageValue::Integer(PAGE.into())];
    let rows: Vec<Row> =
        sql.exec("SELECT id, ts, line FROM records WHERE id > ? ORDER BY id LIMIT ?", values)?.to_array()?;
    let lines = rows.iter().flat_map(|row| [row.line.as_str(), "\n"]).collect();
    let last = rows.last().and_then(|row| i64::try_from(row.id).ok());
    Ok(last.map(|id| (lines, id)))
}
