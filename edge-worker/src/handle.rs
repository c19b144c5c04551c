//! The one entry: a request comes in, an answer goes out, whatever the host.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH};
use http::{HeaderMap, Method, StatusCode, Uri};
use matchit::Router;
use registry_core::api::Code;
use registry_core::catalog::Key;
use registry_core::policy::Caller;
use registry_core::requirement::Spec;
use registry_core::usage::{Outcome, UsageRecord};

use crate::breaker::Breaker;
use crate::browsers;
use crate::catalog::{Catalog, Current};
use crate::config::EdgeConfig;
use crate::host::Host;
use crate::keys::{KeyFileError, Keyring};
use crate::ready;
use crate::reply::{self, Answered, Body, LogNote, Refusal, Reply};
use crate::routes::{self, Action, Route};
use crate::telemetry::{Kind, Span, Telemetry};
use crate::trace::Trace;

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Longest address of a request, path and query, in bytes.
const MAX_URI_BYTES: usize = 8 << 10;
/// Most headers of a request.
const MAX_HEADERS: usize = 100;
/// Longest headers of a request, names and values together, in bytes.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// An edge: configuration, routes, and the catalog that is current.
#[derive(Debug)]
pub struct Edge {
    pub(crate) config: EdgeConfig,
    pub(crate) keys: Keyring,
    pub(crate) breaker: Breaker,
    telemetry: Telemetry,
    current: Current,
    router: Router<Route>,
    public_file: Route,
}

impl Edge {
    /// An edge of this configuration.
    ///
    /// # Errors
    /// When two routes contradict each other, which a test rules out.
    pub fn new(config: EdgeConfig) -> Result<Self, matchit::InsertError> {
        Ok(Self {
            keys: Keyring::new(&config.identity),
            config,
            breaker: Breaker::default(),
            telemetry: Telemetry::default(),
            current: Current::default(),
            router: routes::router()?,
            public_file: Route::public_file(),
        })
    }

    /// Reads the keys of issuers that lie in files; to be called once, before the first request.
    ///
    /// # Errors
    /// When a file cannot be read or has no keys that can be used.
    pub async fn read_key_files<H: Host>(&self, host: &H) -> Result<(), KeyFileError> {
        self.keys.read_files(host, &self.config).await
    }

    /// The bytes of a file that an answer consists of.
    pub(crate) async fn read<H: Host>(&self, host: &H, key: &Key) -> Result<Bytes, Refusal> {
        self.current.read(host, key).await
    }

    /// Notes that a file of an answer could not be sent.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn note(&self, key: &Key, fault: registry_core::api::Fault) {
        self.current.note(key, fault);
    }

    /// Deletes the days of the usage log that the organisation does not keep any more; to be called once a day.
    ///
    /// # Errors
    /// What the operator is told: no day is deleted without a catalog that says so.
    pub async fn prune_log<H: Host>(&self, host: &H) -> Result<(), LogNote> {
        let now = host.now() / 1000;
        let told = |what: &dyn Display| LogNote(format!("the usage log is not pruned: {what}"));
        let (catalog, _) =
            self.current.load(host, &self.config, now).await.map_err(|not_taken| told(&not_taken.alarm))?;
        let first_kept = catalog.organisation.usage.first_day_kept(now);
        host.prune_log(first_kept).await.map_err(|error| told(&error))
    }

    /// Does what an answer had no time for; to be called after each. What failed is for the operator.
    pub async fn catch_up<H: Host>(&self, host: &H) -> Vec<LogNote> {
        let mut notes = self.keys.catch_up(host, &self.config).await;
        notes.extend(self.current.remember(host).await);
        notes.extend(self.current.catch_up(host).await);
        notes
    }
}

impl Edge {
    /// Sends the spans of the requests since the last time; to be called now and then. What failed is for the operator.
    pub async fn send_traces<H: Host>(&self, host: &H) -> Option<LogNote> {
        self.telemetry.send(host, self.config.telemetry.as_ref()?).await
    }

    /// Whether a line is to be logged of every request.
    #[must_use]
    pub fn logs_requests(&self) -> bool {
        self.config.log_requests
    }

    fn sample(&self) -> f64 {
        self.config.telemetry.as_ref().map_or(0.0, |telemetry| telemetry.sample)
    }
}

/// One request on its way through the edge.
pub(crate) struct Request<'a, H: Host> {
    pub(crate) edge: &'a Edge,
    pub(crate) host: &'a H,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) caller: Option<Caller>,
    /// Seconds since the epoch.
    pub(crate) now: u64,
    /// Milliseconds since the epoch.
    pub(crate) started: u64,
    /// Joins the log records of the request.
    pub(crate) txn: String,
    /// The trace that the request is a part of.
    pub(crate) trace: Trace,
    /// The route for the log, as in `POST /invoke`.
    pub(crate) route: &'static str,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) uri: &'a Uri,
    pub(crate) body: &'a Bytes,
}

/// Answers a request. Never fails: every error is an answer.
pub async fn handle<H: Host>(host: &H, edge: &Edge, request: http::Request<Bytes>) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let head_only = parts.method == Method::HEAD;
    let mut reply = answer(host, edge, &parts, &body).await.unwrap_or_else(Refusal::into_reply);
    edge.finish(&parts.headers, &mut reply);
    if head_only { without_body(host, edge, reply).await } else { reply }
}

/// The answer to `HEAD`: that of `GET` with the length of its body in place of the body.
async fn without_body<H: Host>(host: &H, edge: &Edge, mut reply: Reply) -> Reply {
    let length = match reply.body() {
        Body::Bytes(bytes) => Some(bytes.len()),
        Body::Object(key) => edge.read(host, key).await.ok().map(|bytes| bytes.len()),
    };
    *reply.body_mut() = Body::Bytes(Bytes::new());
    if let Some(length) = length.filter(|_| reply.status() != StatusCode::NOT_MODIFIED) {
        reply::set(&mut reply, CONTENT_LENGTH, &length.to_string());
    }
    reply
}

async fn answer<H: Host>(
    host: &H,
    edge: &Edge,
    parts: &http::request::Parts,
    body: &Bytes,
) -> Result<Reply, Refusal> {
    check_size(parts, body)?;
    let path = parts.uri.path();
    let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let (route, parameters) = match edge.router.at(trimmed) {
        Ok(found) => (found.value, found.params),
        Err(_) => (&edge.public_file, matchit::Params::new()),
    };
    if parts.method == Method::OPTIONS {
        return Ok(options(route, &parts.headers));
    }
    let (name, action) = route.action(&parts.method)?;
    if let Action::Own(own) = action {
        return routes::own(own, &edge.config, &parts.method, &parts.headers);
    }
    let started = host.now();
    let now = started / 1000;
    let loaded = edge.current.load(host, &edge.config, now).await;
    if action == Action::Ready {
        let (catalog, alarm) = loaded.map_err(ready::not_ready)?;
        return ready::ready(host, &catalog, alarm.map(|alarm| alarm.public)).await;
    }
    let (catalog, alarm) = loaded.map_err(|not_taken| not_taken.refusal)?;
    let random = || host.random().map_err(no_randomness);
    let trace = Trace::of(&parts.headers, random()?, random()?, edge.sample());
    let ending = Ending { txn: hexadecimal(&random()?), route: name, started, trace: trace.clone() };
    let request = Request {
        edge,
        host,
        catalog,
        caller: None,
        now,
        started,
        txn: ending.txn.clone(),
        trace,
        route: name,
        method: &parts.method,
        headers: &parts.headers,
        uri: &parts.uri,
        body,
    };
    let mut reply = request.dispatch(action, &parameters).await.unwrap_or_else(Refusal::into_reply);
    if let (Some(alarm), None) = (alarm, reply.extensions().get::<LogNote>()) {
        reply.extensions_mut().insert(alarm.note);
    }
    edge.end(ending, host.now(), &mut reply);
    Ok(reply)
}

/// What of a request outlives it.
struct Ending {
    txn: String,
    route: &'static str,
    started: u64,
    trace: Trace,
}

impl Edge {
    /// Notes what became of a request, for the operator.
    fn end(&self, Ending { txn, route, started, trace }: Ending, ended: u64, reply: &mut Reply) {
        let code = reply.extensions().get::<Code>().copied();
        let answered = Answered {
            txn: txn.clone(),
            route,
            status: reply.status().as_u16(),
            code,
            trace_id: trace.id.clone(),
            duration_ms: ended.saturating_sub(started),
        };
        if trace.is_recorded {
            let Trace { id, parent, span, .. } = trace;
            let (status, code) = (Some(reply.status()), code.map(Code::as_str));
            let span = Span {
                trace: id,
                id: span,
                parent,
                name: route,
                kind: Kind::Server,
                started,
                ended,
                txn,
                status,
                code,
            };
            self.telemetry.add(span);
        }
        reply.extensions_mut().insert(answered);
    }
}

/// Refuses what no request needs. Hosts have bounds of their own, each another.
fn check_size(parts: &http::request::Parts, body: &Bytes) -> Result<(), Refusal> {
    if parts.uri.path_and_query().is_some_and(|address| address.as_str().len() > MAX_URI_BYTES) {
        let detail = format!("an address has at most {MAX_URI_BYTES} bytes");
        return Err(Refusal::new(Code::UriTooLong, detail));
    }
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if parts.headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        let detail =
            format!("a request has at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together");
        return Err(Refusal::new(Code::HeadersTooLarge, detail));
    }
    if body.len() > MAX_BODY_BYTES { Err(too_large()) } else { Ok(()) }
}

/// What a path answers, without a catalog: nothing of it depends on what there is or who asks.
fn options(route: &Route, headers: &HeaderMap) -> Reply {
    let mut reply = reply::reply(StatusCode::NO_CONTENT, "", Body::Bytes(Bytes::new()));
    reply.headers_mut().remove(http::header::CONTENT_TYPE);
    reply::set(&mut reply, ALLOW, &route.allowed());
    if route.is_open() {
        browsers::allow_reads(headers, &mut reply);
    }
    reply
}

/// The refusal of a body over [`MAX_BODY_BYTES`].
pub(crate) fn too_large() -> Refusal {
    let detail = format!("a request body has at most {MAX_BODY_BYTES} bytes");
    Refusal::new(Code::BodyTooLarge, detail)
}

/// The refusal of what the machine has no randomness for, or cannot sign.
pub(crate) fn no_randomness(error: impl std::fmt::Display) -> Refusal {
    Refusal::unavailable(Code::Unavailable, "the edge cannot answer at the moment; try again later", error)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<H: Host> Request<'_, H> {
    /// The bytes of a file of this request's catalog.
    pub(crate) async fn read(&self, key: &Key) -> Result<Bytes, Refusal> {
        self.catalog.damage.read(self.host, key).await
    }

    /// The parameter of this name in the request's address.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let query = self.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Notes a request to the sandbox that began at `started`, for the operator; `None` is no answer.
    pub(crate) fn note_execution(&self, id: String, started: u64, status: Option<StatusCode>) {
        if self.trace.is_recorded {
            self.edge.telemetry.add(Span {
                trace: self.trace.id.clone(),
                id,
                parent: Some(self.trace.span.clone()),
                name: "POST /execute",
                kind: Kind::Client,
                started,
                ended: self.host.now(),
                txn: self.txn.clone(),
                status,
                code: None,
            });
        }
    }

    /// A log record about a spec with nothing but the request's own facts.
    pub(crate) fn record(&self, spec: &Spec, outcome: Outcome) -> UsageRecord {
        self.record_of(spec.skill.to_string(), outcome)
    }

    /// The same about what is called `name`.
    pub(crate) fn record_of(&self, name: String, outcome: Outcome) -> UsageRecord {
        let caller = self.caller.as_ref();
        let key = self.edge.config.pseudonym_key.as_bytes();
        UsageRecord {
            ts: self.host.now(),
            txn: self.txn.clone(),
            route: self.route.to_owned(),
            name,
            version: None,
            digest: None,
            sub: caller.map(|caller| self.catalog.organisation.usage.subject(caller, key)),
            client: caller.and_then(|caller| caller.client.clone()),
            agent_role: caller.map(|caller| caller.role.to_string()),
            teams: caller.map(|caller| caller.teams.clone()).unwrap_or_default(),
            outcome,
            duration_ms: None,
            code: None,
        }
    }

    /// Appends a record; what cannot be logged is not done.
    pub(crate) async fn log(&self, record: &UsageRecord) -> Result<(), Refusal> {
        self.host.append_log(record).await.map_err(|error| {
            Refusal::unavailable(
                Code::LogUnavailable,
                "the usage log cannot be written; try again later",
                error,
            )
        })
    }

    /// Logs a denial of a caller who is known. Anonymous denials are mere 404s and 401s, which anybody can make
    /// without number.
    pub(crate) async fn log_denial(&self, spec: &Spec) -> Result<(), Refusal> {
        match self.caller {
            Some(_) => self.log(&self.record(spec, Outcome::AclDenied)).await,
            None => Ok(()),
        }
    }
}
