//! The usage log: one record per decision and one per outcome. Never payloads, never tokens.

mod policy;
mod reading;

pub use policy::{DEFAULT_RETENTION_DAYS, MIN_RETENTION_DAYS, RetentionError, UsagePolicy};
pub use reading::{Cursor, LogRange, MAX_PAGE, RangeError, instant};

use std::collections::BTreeSet;

use hmac::{Hmac, Mac as _};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::Digest;
use crate::id::TeamName;
use crate::policy::Caller;

/// What a record states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Access was granted; durable before the token leaves the edge.
    Decided,
    /// A token was handed to the caller, who goes to the sandbox with it.
    Issued,
    /// The execution ended well.
    Success,
    /// Access was refused.
    AclDenied,
    /// The execution failed, or could not be started.
    Error,
    /// The execution ran out of time.
    Timeout,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageRecord {
    /// Milliseconds since the epoch.
    pub ts: u64,
    /// Joins the records of one request.
    pub txn: String,
    /// The route, as in `POST /invoke`.
    pub route: String,
    /// The skill asked for, as the caller wrote it; empty where the log itself was asked for.
    pub name: String,
    /// The release that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Its source digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Pseudonym of the caller, or the subject itself where the organisation wants that; absent for anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The program that the caller's token was issued to, where its issuer tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The caller's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_role: Option<String>,
    /// The teams that the caller's token claims.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<TeamName>,
    /// What happened.
    pub outcome: Outcome,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Machine code of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A stable name for a caller that does not tell who it is: HMAC-SHA-256 (RFC 2104) of issuer and subject under a
/// key that only the operator has, the first 128 bits in hexadecimal.
#[must_use]
pub fn pseudonym(caller: &Caller, key: &[u8; 32]) -> String {
    // HMAC takes keys of any length: `new_from_slice` has no failing case for SHA-256.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(caller.issuer.as_bytes());
    mac.update(b"\0");
    mac.update(caller.subject.as_bytes());
    let digest = Digest::from(<[u8; 32]>::from(mac.finalize().into_bytes()));
    digest.to_string().chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_hangs_on_issuer_subject_and_key() {
        let caller = |issuer: &str, subject: &str| Caller {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            role: "r".parse().unwrap(),
            teams: BTreeSet::new(),
            elevated_until: None,
            client: None,
        };
        let this = pseudonym(&caller("i", "s"), &[1; 32]);
        assert_eq!(this.len(), 32);
        assert_eq!(this, pseudonym(&caller("i", "s"), &[1; 32]));
        for other in [
            pseudonym(&caller("i", "t"), &[1; 32]),
            pseudonym(&caller("j", "s"), &[1; 32]),
            pseudonym(&caller("i", "s"), &[2; 32]),
        ] {
            assert_ne!(this, other);
        }
    }
}
