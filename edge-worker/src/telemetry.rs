//! Spans of requests, sent to a collector: OpenTelemetry's OTLP over HTTP in its JSON encoding (OTLP 1.3). Small enough
//! for wasm, where the SDK's threads and clock are not. No span names a skill, a caller, a query or a payload.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::host::Host;
use crate::reply::LogNote;

/// Spans that wait to be sent, at most. Those beyond are dropped: telemetry must not take an edge down.
const MAX_WAITING: usize = 2048;
/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer of a collector that is read, in bytes.
const MAX_ANSWER: usize = 64 << 10;

/// Where spans go, as the edge's configuration says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The collector's address for traces, as in `https://collector.example.com/v1/traces`.
    pub traces: String,
    /// Headers of the collector's own, such as a key.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The share of traces that is recorded, from 0 to 1.
    #[serde(default = "all")]
    pub sample: f64,
}

/// Why spans could not be sent anywhere.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TelemetryError {
    /// The address is none.
    #[error("`telemetry.traces` is `{0}`; give the collector's http or https address for traces")]
    Address(String),
    /// A header cannot be sent.
    #[error(
        "the header `{0}` of `telemetry.headers` cannot be sent: names are tokens, values have no line breaks"
    )]
    Header(String),
    /// The share is none.
    #[error("`telemetry.sample` is {0}; give a share from 0 to 1")]
    Share(f64),
}

impl TelemetryConfig {
    pub(crate) fn check(&self) -> Result<(), TelemetryError> {
        let is_address =
            |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        if !self.traces.parse::<Uri>().is_ok_and(|uri| is_address(&uri)) {
            return Err(TelemetryError::Address(self.traces.clone()));
        }
        let is_header = |name: &str, value: &str| {
            name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok()
        };
        if let Some((name, _)) = self.headers.iter().find(|(name, value)| !is_header(name, value)) {
            return Err(TelemetryError::Header(name.clone()));
        }
        if (0.0..=1.0).contains(&self.sample) { Ok(()) } else { Err(TelemetryError::Share(self.sample)) }
    }
}

fn all() -> f64 {
    1.0
}

/// What a span is (OTLP, `Span.SpanKind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request that is answered.
    Server = 2,
    /// A request that is sent.
    Client = 3,
}

/// A piece of work that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    /// As in `POST /invoke`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Milliseconds since the epoch.
    pub(crate) started: u64,
    /// Milliseconds since the epoch.
    pub(crate) ended: u64,
    pub(crate) txn: String,
    pub(crate) status: Option<StatusCode>,
    /// The `code` of what went wrong.
    pub(crate) code: Option<&'static str>,
}

/// The spans that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Telemetry(Mutex<Vec<Span>>);

impl Telemetry {
    pub(crate) fn add(&self, span: Span) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(span);
        }
    }

    /// Sends what waits. What cannot be sent is dropped, and told.
    pub(crate) async fn send<H: Host>(&self, host: &H, config: &TelemetryConfig) -> Option<LogNote> {
        let spans = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if spans.is_empty() {
            return None;
        }
        let count = spans.len();
        let why = match request(config, &spans) {
            Ok(request) => match host.fetch(request, TIMEOUT, MAX_ANSWER).await {
                Ok(answer) if answer.status().is_success() => return None,
                Ok(answer) => format!("it answered {}", answer.status()),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        Some(LogNote(format!("{count} spans did not reach the collector of traces: {why}")))
    }
}

fn request(config: &TelemetryConfig, spans: &[Span]) -> Result<http::Request<Bytes>, http::Error> {
    let mut request = http::Request::builder()
        .method(Method::POST)
        .uri(&config.traces)
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in &config.headers {
        request = request.header(name, value);
    }
    request.body(Bytes::from(document(spans).to_string()))
}

/// An `ExportTraceServiceRequest`: ids in hexadecimal, enumerations as numbers, 64-bit numbers as text.
fn document(spans: &[Span]) -> Value {
    let resource = [attribute("service.name", "guildhall-edge"), attribute("service.version", VERSION)];
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{
            "scope": {"name": "guildhall-edge", "version": VERSION},
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn span(span: &Span) -> Value {
    let (method, route) = span.name.split_once(' ').unwrap_or(("", span.name));
    let mut attributes = vec![
        attribute("http.request.method", method),
        attribute(if span.kind == Kind::Server { "http.route" } else { "url.template" }, route),
        attribute("guildhall.txn", &span.txn),
    ];
    let status = span.status.map(|status| status.as_u16());
    attributes.extend(status.map(
        |status| json!({"key": "http.response.status_code", "value": {"intValue": status.to_string()}}),
    ));
    attributes.extend(span.code.map(|code| attribute("error.type", code)));
    // Of a server, what the caller did wrong is no error (semantic conventions for HTTP spans).
    let failed = match span.kind {
        Kind::Server => status.is_some_and(|status| status >= 500),
        Kind::Client => status.is_none_or(|status| status >= 400),
    };
    json!({
        "traceId": span.trace,
        "spanId": span.id,
        "parentSpanId": span.parent.as_deref().unwrap_or_default(),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": nanoseconds(span.started),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes,
        "status": if failed { json!({"code": 2}) } else { json!({}) },
    })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn nanoseconds(milliseconds: u64) -> String {
    format!("{milliseconds}000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(kind: Kind, status: Option<u16>, code: Option<&'static str>) -> Span {
        Span {
            trace: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            id: "b7ad6b7169203331".to_owned(),
            parent: None,
            name: "POST /invoke",
            kind,
            started: 1_800_000_000_001,
            ended: 1_800_000_000_005,
            txn: "t".to_owned(),
            status: status.map(|status| StatusCode::from_u16(status).unwrap()),
            code,
        }
    }

    #[test]
    fn a_span_is_written_as_otlp_says() {
        let written = document(&[invocation(Kind::Server, Some(403), Some("ACL_DENIED"))]);
        let span = &written["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span["startTimeUnixNano"], "1800000000001000000");
        assert_eq!((&span["kind"], &span["name"]), (&json!(2), &json!("POST /invoke")));
        assert_eq!(
            span["attributes"],
            json!([
                {"key": "http.request.method", "value": {"stringValue": "POST"}},
                {"key": "http.route", "value": {"stringValue": "/invoke"}},
                {"key": "guildhall.txn", "value": {"stringValue": "t"}},
                {"key": "http.response.status_code", "value": {"intValue": "403"}},
                {"key": "error.type", "value": {"stringValue": "ACL_DENIED"}},
            ])
        );
    }

    #[test]
    fn a_server_fails_by_its_own_fault_and_a_client_by_any() {
        let failed = |kind, status| {
            let written = document(&[invocation(kind, status, None)]);
            written["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"] == json!({"code": 2})
        };
        assert_eq!([200, 404, 503].map(|status| failed(Kind::Server, Some(status))), [false, false, true]);
        assert_eq!([200, 404, 503].map(|status| failed(Kind::Client, Some(status))), [false, true, true]);
        assert!(failed(Kind::Client, None));
    }

    #[test]
    fn a_configuration_that_sends_nothing_is_refused() {
        let config = |traces: &str, name: &str, sample| TelemetryConfig {
            traces: traces.to_owned(),
            headers: [(name.to_owned(), "x".to_owned())].into(),
            sample,
        };
        let good = "http://127.0.0.1:4318/v1/traces";
        assert_eq!(config(good, "x-key", 0.1).check(), Ok(()));
        let address = |text: &str| Err(TelemetryError::Address(text.to_owned()));
        for text in ["collector", "/v1/traces", "ftp://x/v1"] {
            assert_eq!(config(text, "x-key", 0.1).check(), address(text));
        }
        assert_eq!(config(good, "x key", 0.1).check(), Err(TelemetryError::Header("x key".to_owned())));
        assert_eq!(config(good, "x-key", 1.5).check(), Err(TelemetryError::Share(1.5)));
    }

    #[test]
    fn spans_that_nobody_takes_are_bounded() {
        let telemetry = Telemetry::default();
        for _ in 0..MAX_WAITING + 5 {
            telemetry.add(invocation(Kind::Server, None, None));
        }
        assert_eq!(telemetry.0.lock().unwrap().len(), MAX_WAITING);
    }
}
