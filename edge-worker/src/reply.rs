//! Answers: what the client gets, and what only the operator's log gets.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use registry_core::api::{Code, DenialDetail, Problem};
use registry_core::catalog::Key;
use registry_core::html::{FILE_POLICY, PAGE_POLICY};
use registry_core::prompt::Mistake;
use serde::Serialize;

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// In memory.
    Bytes(Bytes),
    /// A file of the catalog, which the host sends itself, so that a large one need not pass through memory. The
    /// Workers host streams it unread; its digest stands in the answer's headers.
    Object(Key),
}

/// How long a caller should wait before it tries again what is unavailable, in seconds.
const RETRY_SECONDS: &str = "5";
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Pages use nothing of the reader's device.
const NO_FEATURES: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// An answer in the making.
pub(crate) type Reply = Response<Body>;

/// Something for the operator's log, carried in an answer's extensions and never sent.
#[derive(Debug, Clone)]
pub struct LogNote(pub String);

/// What an answer was, for the operator's log and figures: nothing of skills, callers or queries. Carried in its
/// extensions.
#[derive(Debug, Clone, Serialize)]
pub struct Answered {
    /// Joins it with the usage log; empty where nothing is decided.
    pub txn: String,
    /// As in `POST /invoke`.
    pub route: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The trace to which it belongs.
    pub trace_id: String,
    /// Milliseconds from the arrival of the whole request to its answer.
    pub duration_ms: u64,
}

/// Carried in the extensions of the answer of a search, for the operator to count.
#[derive(Debug, Clone, Copy)]
pub struct Searched {
    /// Words alone could answer.
    pub degraded: bool,
}

/// A refusal: three texts, for the client, for the log and for machines.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: Code,
    detail: String,
    log: Option<String>,
    more: Option<Box<More>>,
    headers: Vec<(HeaderName, String)>,
}

/// What a problem says beside its three texts.
#[derive(Debug)]
enum More {
    Denial(DenialDetail),
    Mistakes(Vec<Mistake>),
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), log: None, more: None, headers: Vec::new() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, detail)
    }

    /// The refusal of a token whose issuer may not say what it claims.
    pub(crate) fn out_of_bounds(detail: String) -> Self {
        Self::new(Code::IssuerOutOfBounds, detail)
    }

    /// A refusal of what may work a little later.
    pub(crate) fn unavailable(code: Code, detail: &str, log: impl ToString) -> Self {
        Self::later(code, detail).with_log(log.to_string())
    }

    /// The same without a word for the operator.
    pub(crate) fn later(code: Code, detail: &str) -> Self {
        Self::new(code, detail).with_header(RETRY_AFTER, RETRY_SECONDS)
    }

    pub(crate) fn denied(skill: String, reason: String, request_url: String) -> Self {
        let denial = DenialDetail {
            error: Code::AclDenied.as_str().to_owned(),
            skill,
            allowed: false,
            reason: reason.clone(),
            request_url,
        };
        Self { more: Some(Box::new(More::Denial(denial))), ..Self::new(Code::AclDenied, reason) }
    }

    /// The refusal of a payload with these mistakes.
    pub(crate) fn invalid_parameters(mistakes: Vec<Mistake>) -> Self {
        let detail = "the payload does not fit: `errors` tells where each mistake is, and what to do";
        Self { more: Some(Box::new(More::Mistakes(mistakes))), ..Self::new(Code::InvalidParameters, detail) }
    }

    pub(crate) fn with_detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    pub(crate) fn with_log(self, log: String) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code.as_str()
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn into_reply(mut self) -> Reply {
        let (denial, errors) = match self.more.take().map(|more| *more) {
            None => (None, Vec::new()),
            Some(More::Denial(denial)) => (Some(denial), Vec::new()),
            Some(More::Mistakes(mistakes)) => (None, mistakes),
        };
        let status = self.status();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: std::mem::take(&mut self.detail),
            code: self.code.as_str().to_owned(),
            errors,
            denial,
        };
        let mut reply = json(status, &problem);
        set(&mut reply, CONTENT_TYPE, "application/problem+json");
        for (name, value) in std::mem::take(&mut self.headers) {
            set(&mut reply, name, &value);
        }
        reply.extensions_mut().insert(self.code);
        if let Some(note) = self.into_note() {
            reply.extensions_mut().insert(note);
        }
        reply
    }

    /// What the operator's log gets.
    pub(crate) fn into_note(self) -> Option<LogNote> {
        self.log.map(|log| LogNote(format!("{}: {log}", self.code.as_str())))
    }
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => reply(status, "application/json", Body::Bytes(bytes.into())),
        Err(_) => reply(StatusCode::INTERNAL_SERVER_ERROR, "application/json", Body::Bytes(Bytes::new())),
    }
}

/// An answer that may differ by caller, and so is never stored.
pub(crate) fn reply(status: StatusCode, media_type: &str, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, media_type);
    set(&mut reply, CACHE_CONTROL, "private, no-store");
    set(&mut reply, VARY, "Authorization, Cookie, Accept, Cf-Access-Jwt-Assertion");
    set(&mut reply, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut reply, REFERRER_POLICY, "no-referrer");
    set(&mut reply, CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    if media_type.starts_with("text/html") {
        set(&mut reply, CONTENT_SECURITY_POLICY, PAGE_POLICY);
        set(&mut reply, CROSS_ORIGIN_OPENER_POLICY, "same-origin");
        set(&mut reply, PERMISSIONS_POLICY, NO_FEATURES);
    } else {
        set(&mut reply, CONTENT_SECURITY_POLICY, FILE_POLICY);
    }
    reply
}

/// Lets anybody keep an answer that is the same for every caller, as `cache` says, and scripts of any site read it.
pub(crate) fn open(reply: &mut Reply, cache: &str) {
    set(reply, CACHE_CONTROL, cache);
    set(reply, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(reply, ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Range, ETag, Repr-Digest");
    set(reply, CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin");
}

/// Sets a header; a value that is no header value is left out.
pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}
