//! What is said about executions beside their orders and results.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::SkillId;

/// The header of an answer that was given before: `true`. Nothing has run for it.
pub const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";

/// Codes of a sandbox's problems by which an edge tells what has become of an execution. Every other code says that it
/// was refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionCode {
    /// Nothing was accepted: every slot is taken.
    Busy,
    /// Nothing was accepted: what was accepted before cannot be looked up.
    StoreUnavailable,
    /// Another token with this `idem` is running.
    Running,
    /// Another token with this `idem` was for something else.
    Reused,
    /// Another token with this `idem` was accepted, and its result is not there.
    ResultGone,
}

impl ExecutionCode {
    const ALL: [Self; 5] =
        [Self::Busy, Self::StoreUnavailable, Self::Running, Self::Reused, Self::ResultGone];

    /// As it stands in a problem.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "BUSY",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::Running => "EXECUTION_RUNNING",
            Self::Reused => "EXECUTION_REUSED",
            Self::ResultGone => "RESULT_GONE",
        }
    }

    /// That of a problem, if it is one of these.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == code)
    }
}

/// Answer of `POST /invoke/token`: an execution that the caller orders itself, by `POST` of exactly `body` to `url` with
/// `Authorization: Bearer` and `token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvokeTokenAnswer {
    /// Names the invocation in every log.
    pub txn: String,
    /// The skill.
    pub skill: SkillId,
    /// The version that will run.
    pub version: Version,
    /// Its source digest.
    pub digest: Digest,
    /// Where the sandbox takes it.
    pub url: String,
    /// The invoke token: good for one execution.
    pub token: String,
    /// Until when the token is accepted, in seconds since the epoch.
    pub expires: u64,
    /// What to send, byte for byte: the token holds its SHA-256.
    pub body: String,
}
