//! Why an execution has no result, and what callers are told of it.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use registry_core::api::{Code, ExecutionCode, ExecutionResult, IDEMPOTENT_REPLAYED, Problem};
use serde::de::DeserializeOwned;

use crate::host::FetchError;
use crate::idempotency::{in_use, reused};
use crate::reply::Refusal;

/// A result, and whether it is one that the sandbox gave before.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) result: ExecutionResult,
    pub(crate) is_replayed: bool,
}

/// Why there is no result; texts are for the log.
#[derive(Debug)]
pub(super) enum Failure {
    /// No answer came.
    Transport(FetchError),
    /// The sandbox says what has become of the execution.
    Told(ExecutionCode, String),
    /// The sandbox refuses the execution for good.
    Refused(String),
    /// What came is no answer of a sandbox.
    Garbage(String),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Transport(error)
    }
}

impl Failure {
    /// Whether a sandbox said it, so that there is one.
    pub(super) fn is_of_sandbox(&self) -> bool {
        matches!(self, Self::Told(..) | Self::Refused(_))
    }

    /// Whether the sandbox has certainly not accepted the token: only then may another be sent.
    pub(super) fn is_before_acceptance(&self) -> bool {
        match self {
            Self::Transport(FetchError::Unsent(_)) => true,
            Self::Told(code, _) => matches!(code, ExecutionCode::Busy | ExecutionCode::StoreUnavailable),
            Self::Transport(_) | Self::Refused(_) | Self::Garbage(_) => false,
        }
    }
}

/// Reads the sandbox's answer.
pub(super) fn result_of(answer: &http::Response<Bytes>) -> Result<Executed, Failure> {
    if answer.status() == StatusCode::OK {
        let is_replayed = answer.headers().contains_key(IDEMPOTENT_REPLAYED);
        return Ok(Executed { result: read(answer, "application/json")?, is_replayed });
    }
    let problem: Problem = read(answer, "application/problem+json")?;
    let log = format!("{} {}: {}", problem.status, problem.code, problem.detail);
    Err(match ExecutionCode::read(&problem.code) {
        Some(code) => Failure::Told(code, log),
        None => Failure::Refused(log),
    })
}

fn read<T: DeserializeOwned>(answer: &http::Response<Bytes>, media_type: &str) -> Result<T, Failure> {
    let found = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(media_type) {
        return Err(Failure::Garbage(format!("{} of type `{essence}`", answer.status())));
    }
    serde_json::from_slice(answer.body())
        .map_err(|error| Failure::Garbage(format!("{}: {error}", answer.status())))
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transport(error) => unanswered(&error),
            Failure::Told(code, log) => told(code, log),
            Failure::Refused(log) => refused(log),
            Failure::Garbage(log) => garbage(log),
        }
    }
}

fn unanswered(error: &FetchError) -> Refusal {
    let lost = "the sandbox cannot be reached; whether the skill ran is not known";
    let (code, detail) = match error {
        FetchError::Unsent(_) => {
            let detail = "the sandbox cannot be reached and nothing ran; try again later";
            (Code::SandboxUnreachable, detail)
        }
        FetchError::Lost(_) => (Code::SandboxUnreachable, lost),
        FetchError::TimedOut(_) => {
            let detail = "the sandbox did not answer in time; whether the skill ran is not known";
            (Code::SandboxTimeout, detail)
        }
        FetchError::TooLarge(_) => return garbage(error.to_string()),
    };
    Refusal::new(code, detail).with_log(error.to_string())
}

/// The refusal while the sandbox is left alone.
pub(super) fn left_alone() -> Refusal {
    let detail =
        "the sandbox could not be reached several times in a row, and nothing was tried; try again later";
    Refusal::unavailable(Code::SandboxUnavailable, detail, "the circuit breaker is open")
}

fn garbage(log: String) -> Refusal {
    let detail = "the sandbox answered with something that is no result";
    Refusal::new(Code::SandboxGarbage, detail).with_log(log)
}

fn refused(log: String) -> Refusal {
    Refusal::new(Code::SandboxRefused, "the sandbox refused the execution").with_log(log)
}

fn told(code: ExecutionCode, log: String) -> Refusal {
    match code {
        ExecutionCode::Busy => {
            let detail = "the sandbox is busy; try again in a moment";
            Refusal::new(Code::SandboxBusy, detail).with_header(RETRY_AFTER, "1").with_log(log)
        }
        ExecutionCode::StoreUnavailable => refused(log),
        ExecutionCode::Running => in_use(),
        ExecutionCode::Reused => reused(),
        ExecutionCode::ResultGone => {
            let detail =
                "the execution with this key was begun, and its result is not there; it does not run again";
            Refusal::new(Code::ResultGone, detail)
        }
    }
}
