//! The one entry: a request comes in, an answer goes out, whatever the host.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode, Uri};
use matchit::Router;
use registry_core::policy::Caller;
use registry_core::requirement::Spec;
use registry_core::usage::{Outcome, UsageRecord, pseudonym};

use crate::breaker::Breaker;
use crate::catalog::{Catalog, Current};
use crate::config::EdgeConfig;
use crate::host::Host;
use crate::keys::{KeyFileError, Keyring};
use crate::reply::{self, Body, LogNote, Refusal, Reply};
use crate::routes::{self, Route};

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// An edge: configuration, routes, and the catalog that is current.
#[derive(Debug)]
pub struct Edge {
    pub(crate) config: EdgeConfig,
    pub(crate) keys: Keyring,
    pub(crate) breaker: Breaker,
    current: Current,
    router: Router<Route>,
}

impl Edge {
    /// An edge of this configuration.
    ///
    /// # Errors
    /// When two routes contradict each other, which a test rules out.
    pub fn new(config: EdgeConfig) -> Result<Self, matchit::InsertError> {
        let keys = Keyring::new(&config.identity);
        let (breaker, current) = (Breaker::default(), Current::default());
        Ok(Self { config, keys, breaker, current, router: routes::table()? })
    }

    /// Reads the keys of issuers that lie in files; to be called once, before the first request.
    ///
    /// # Errors
    /// When a file cannot be read or has no keys that can be used.
    pub async fn read_key_files<H: Host>(&self, host: &H) -> Result<(), KeyFileError> {
        self.keys.read_files(host, &self.config).await
    }

    /// Does what an answer had no time for; to be called after each. What failed is for the operator.
    pub async fn catch_up<H: Host>(&self, host: &H) -> Vec<LogNote> {
        let mut notes = self.keys.catch_up(host, &self.config).await;
        notes.extend(self.current.catch_up(host).await);
        notes
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
    /// The route for the log, as in `POST /invoke`.
    pub(crate) route: &'static str,
    /// With GET for HEAD.
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
    if head_only {
        if let Body::Bytes(bytes) = reply.body() {
            let length = bytes.len().to_string();
            reply::set(&mut reply, CONTENT_LENGTH, &length);
        }
        *reply.body_mut() = Body::Bytes(Bytes::new());
    }
    reply
}

async fn answer<H: Host>(
    host: &H,
    edge: &Edge,
    parts: &http::request::Parts,
    body: &Bytes,
) -> Result<Reply, Refusal> {
    if body.len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    let path = parts.uri.path();
    let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let (route, parameters) = match edge.router.at(trimmed) {
        Ok(found) => (*found.value, found.params),
        Err(_) => (Route::PublicFile, matchit::Params::new()),
    };
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let action = route.action(method)?;
    if action == routes::Action::Health {
        return Ok(routes::health());
    }
    let started = host.now();
    let now = started / 1000;
    let (catalog, alarm) = edge.current.load(host, &edge.config, now).await?;
    if action == routes::Action::Ready {
        return Ok(routes::ready(&catalog, alarm.as_ref()));
    }
    let request = Request {
        edge,
        host,
        catalog,
        caller: None,
        now,
        started,
        txn: hexadecimal(&host.random().map_err(no_randomness)?),
        route: action.name(),
        method,
        headers: &parts.headers,
        uri: &parts.uri,
        body,
    };
    let mut reply = request.dispatch(action, &parameters).await.unwrap_or_else(Refusal::into_reply);
    if let (Some(alarm), None) = (alarm, reply.extensions().get::<LogNote>()) {
        reply.extensions_mut().insert(alarm);
    }
    Ok(reply)
}

/// The refusal of a body over [`MAX_BODY_BYTES`].
pub(crate) fn too_large() -> Refusal {
    let detail = format!("a request body has at most {MAX_BODY_BYTES} bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
}

fn no_randomness(error: crate::host::HostError) -> Refusal {
    Refusal::unavailable("UNAVAILABLE", "the edge cannot answer at the moment; try again later", error)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<H: Host> Request<'_, H> {
    /// The parameter of this name in the request's address.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let query = self.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A log record about a spec with nothing but the request's own facts.
    pub(crate) fn record(&self, spec: &Spec, outcome: Outcome) -> UsageRecord {
        let caller = self.caller.as_ref();
        let key = self.edge.config.pseudonym_key.as_bytes();
        UsageRecord {
            ts: self.host.now(),
            txn: self.txn.clone(),
            route: self.route.to_owned(),
            name: spec.skill.to_string(),
            version: None,
            digest: None,
            sub: caller.map(|caller| pseudonym(caller, key)),
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
            Refusal::unavailable("LOG_UNAVAILABLE", "the usage log cannot be written; try again later", error)
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
