//! Answers: what the client gets, and what only the operator's log gets.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use http::{Response, StatusCode};
use registry_core::api::{DenialDetail, Problem};
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

/// An answer in the making.
pub(crate) type Reply = Response<Body>;

/// Something for the operator's log, carried in an answer's extensions and never sent.
#[derive(Debug, Clone)]
pub struct LogNote(pub String);

/// Carried in the extensions of the answer of a search, for the operator to count.
#[derive(Debug, Clone, Copy)]
pub struct Searched {
    /// Words alone could answer.
    pub degraded: bool,
}

/// A refusal: three texts, for the client, for the log and for machines.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
    log: Option<String>,
    more: Option<Box<More>>,
    header: Option<(&'static str, &'static str)>,
}

/// What a problem says beside its three texts.
#[derive(Debug)]
enum More {
    Denial(DenialDetail),
    Mistakes(Vec<Mistake>),
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), log: None, more: None, header: None }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", detail)
    }

    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::unauthorised("UNAUTHENTICATED", detail)
    }

    /// The refusal of a token whose issuer may not say what it claims.
    pub(crate) fn out_of_bounds(detail: String) -> Self {
        Self::unauthorised("ISSUER_OUT_OF_BOUNDS", detail)
    }

    fn unauthorised(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header("www-authenticate", "Bearer realm=\"guildhall\"")
    }

    pub(crate) fn unavailable(code: &'static str, detail: &str, log: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).with_log(log.to_string())
    }

    pub(crate) fn denied(skill: String, reason: String, request_url: String) -> Self {
        let denial = DenialDetail {
            error: "ACL_DENIED".to_owned(),
            skill,
            allowed: false,
            reason: reason.clone(),
            request_url,
        };
        Self {
            more: Some(Box::new(More::Denial(denial))),
            ..Self::new(StatusCode::FORBIDDEN, "ACL_DENIED", reason)
        }
    }

    /// The refusal of a payload with these mistakes.
    pub(crate) fn invalid_parameters(mistakes: Vec<Mistake>) -> Self {
        let detail = "the payload does not fit: `errors` tells where each mistake is, and what to do";
        let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_PARAMETERS", detail);
        Self { more: Some(Box::new(More::Mistakes(mistakes))), ..refusal }
    }

    pub(crate) fn with_log(self, log: String) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Adds a header whose name is in lower case.
    pub(crate) fn with_header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn into_reply(mut self) -> Reply {
        let (denial, errors) = match self.more.take().map(|more| *more) {
            None => (None, Vec::new()),
            Some(More::Denial(denial)) => (Some(denial), Vec::new()),
            Some(More::Mistakes(mistakes)) => (None, mistakes),
        };
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or_default().to_owned(),
            status: self.status.as_u16(),
            detail: std::mem::take(&mut self.detail),
            code: self.code.to_owned(),
            errors,
            denial,
        };
        let mut reply = json(self.status, &problem);
        set(&mut reply, CONTENT_TYPE, "application/problem+json");
        if let Some((name, value)) = self.header {
            set(&mut reply, HeaderName::from_static(name), value);
        }
        if let Some(note) = self.into_note() {
            reply.extensions_mut().insert(note);
        }
        reply
    }

    /// What the operator's log gets.
    pub(crate) fn into_note(self) -> Option<LogNote> {
        self.log.map(|log| LogNote(format!("{}: {log}", self.code)))
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
    set(&mut reply, http::header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut reply, http::header::REFERRER_POLICY, "no-referrer");
    let policy = if media_type.starts_with("text/html") { PAGE_POLICY } else { FILE_POLICY };
    set(&mut reply, CONTENT_SECURITY_POLICY, policy);
    reply
}

/// Sets a header; a value that is no header value is left out.
pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}
