//! `GET /usage`: the usage log as JSON lines, page by page, for the roles that the organisation lets read it.

use form_urlencoded::Serializer;
use http::StatusCode;
use http::header::LINK;
use registry_core::api::Code;
use registry_core::usage::{Cursor, LogRange, Outcome, instant};

use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, Refusal, Reply};

/// JSON lines: one record in each.
const JSON_LINES: &str = "application/jsonl";

impl<H: Host> Request<'_, H> {
    /// Who reads what everybody did leaves a record too, before the first line is read.
    pub(super) async fn usage(&self) -> Result<Reply, Refusal> {
        if !self.catalog.organisation.usage.admits(self.caller.as_ref()) {
            return Err(self.refuse_reader().await?);
        }
        let range = self.log_range()?;
        self.log(&self.record_of(String::new(), Outcome::Decided)).await?;
        let page = self.host.read_log(&range).await.map_err(|error| {
            Refusal::unavailable(Code::LogUnavailable, "the usage log cannot be read; try again later", error)
        })?;
        let mut reply = reply::reply(StatusCode::OK, JSON_LINES, Body::Bytes(page.lines.into()));
        if let Some(next) = page.next {
            reply::set(&mut reply, LINK, &format!("<{}>; rel=\"next\"", address(&range, next)));
        }
        Ok(reply)
    }

    /// The same answer whether anybody may read the log or nobody.
    async fn refuse_reader(&self) -> Result<Refusal, Refusal> {
        if self.caller.is_none() {
            return Ok(Refusal::unauthenticated("sign in: this is not open to anonymous callers"));
        }
        self.log(&self.record_of(String::new(), Outcome::AclDenied)).await?;
        Ok(Refusal::new(Code::AclDenied, "the usage log is not open to you"))
    }

    fn log_range(&self) -> Result<LogRange, Refusal> {
        let [from, to, limit, cursor] = ["from", "to", "limit", "cursor"].map(|name| self.parameter(name));
        LogRange::parse(from.as_deref(), to.as_deref(), limit.as_deref(), cursor.as_deref(), self.started)
            .map_err(|error| Refusal::bad_request(error.to_string()))
    }
}

/// Where the next page is (RFC 8288). It has the end of this one's range: else a reader who names none would meet the
/// records of its own reading, for ever.
fn address(range: &LogRange, next: Cursor) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("from", &instant(range.from)).append_pair("to", &instant(range.to));
    query.append_pair("limit", &range.limit.to_string()).append_pair("cursor", &next.to_string());
    format!("/usage?{}", query.finish())
}
