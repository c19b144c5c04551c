//! Why an execution is refused: a text for the client, a source for the log, a stable code.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use registry_core::api::{ExecutionCode, Problem};
use registry_core::token::TokenError;

use crate::bundle::FetchError;
use crate::execution::MAX_BODY;
use crate::ledger::StoreError;
use crate::release::ReleaseError;
use registry_core::bundle::BundleError;

/// A refusal. `Display` is what the client reads; sources go to the log only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("exactly one header `Authorization: Bearer TOKEN` is needed")]
    NoToken,
    #[error("the body could not be read within {MAX_BODY} bytes and the time allowed")]
    Body,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("every slot is taken; the token is still good")]
    Busy,
    #[error("the token was used before")]
    Replayed,
    #[error("the store of what was accepted does not answer; nothing was accepted")]
    Store(#[from] StoreError),
    #[error("an execution with the same `idem` is running")]
    Running,
    #[error("the `idem` was used for another payload or release")]
    Reused,
    #[error("an execution with the same `idem` was begun, and its result is not there")]
    ResultGone,
    #[error("the body is no execution request")]
    BadRequest(#[source] serde_json::Error),
    #[error("the closure is not the one that the token was signed for")]
    Closure,
    #[error("skills of type `{0}` do not run here")]
    Type(&'static str),
    #[error("the bundle could not be fetched from the edge")]
    Fetch(#[from] FetchError),
    #[error("the bundle's bytes do not have the digest that was announced")]
    BundleDigest,
    #[error(transparent)]
    Archive(#[from] BundleError),
    #[error(transparent)]
    Release(#[from] ReleaseError),
    #[error("the sandbox itself failed, not the skill")]
    Host(#[from] std::io::Error),
}

impl Refusal {
    pub(crate) fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken | Self::Token(_) => (StatusCode::UNAUTHORIZED, "TOKEN_REFUSED"),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, ExecutionCode::Busy.as_str()),
            Self::Replayed => (StatusCode::CONFLICT, "TOKEN_REPLAYED"),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, ExecutionCode::StoreUnavailable.as_str()),
            Self::Running => (StatusCode::CONFLICT, ExecutionCode::Running.as_str()),
            Self::Reused => (StatusCode::UNPROCESSABLE_ENTITY, ExecutionCode::Reused.as_str()),
            Self::ResultGone => (StatusCode::CONFLICT, ExecutionCode::ResultGone.as_str()),
            Self::Body | Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            Self::Closure => (StatusCode::BAD_REQUEST, "CLOSURE_MISMATCH"),
            Self::Type(_) => (StatusCode::NOT_IMPLEMENTED, "TYPE_NOT_SUPPORTED"),
            Self::Fetch(_) => (StatusCode::BAD_GATEWAY, "BUNDLE_UNAVAILABLE"),
            Self::BundleDigest => (StatusCode::BAD_GATEWAY, "BUNDLE_DIGEST"),
            Self::Release(ReleaseError::Digest) => (StatusCode::UNPROCESSABLE_ENTITY, "BUNDLE_DIGEST"),
            Self::Archive(_) | Self::Release(_) => (StatusCode::UNPROCESSABLE_ENTITY, "BUNDLE_INVALID"),
            Self::Host(_) => (StatusCode::INTERNAL_SERVER_ERROR, "SANDBOX_FAILED"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            code: code.to_owned(),
            errors: Vec::new(),
            denial: None,
        };
        let mut response = json(status, "application/problem+json", &problem);
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

pub(crate) fn json(status: StatusCode, media_type: &'static str, value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(CONTENT_TYPE, media_type)], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
