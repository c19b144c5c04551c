//! Claims on idempotency keys: who does what a key stands for, and what came of it.

use registry_core::digest::Digest;
use serde::{Deserialize, Serialize};

/// Longest answer that is kept, in bytes: what a row of a Durable Object holds, with room to spare. The sandbox keeps
/// longer ones.
pub(crate) const MAX_ANSWER: usize = 1 << 20;

/// A request that wants to do what a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The key in its scope.
    pub key: Digest,
    /// SHA-256 of the request's body: a key stands for one request.
    pub request: Digest,
    /// Names the request.
    pub holder: String,
    /// When it comes, in milliseconds since the epoch.
    pub now: u64,
    /// When its holder must have died, in milliseconds since the epoch: from then on another may claim the key.
    pub until: u64,
}

/// What a claim finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claimed {
    /// The key is the holder's: it does the work and settles.
    New,
    /// Another request does the work at the moment.
    InFlight,
    /// It was done, with this answer.
    Done(String),
    /// The key stands for another request.
    Conflict,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) request: Digest,
    pub(crate) holder: String,
    /// From when it is not known any more, in milliseconds since the epoch.
    pub(crate) until: u64,
    pub(crate) answer: Option<String>,
}

impl Entry {
    pub(crate) fn of(claim: &Claim) -> Self {
        Self { request: claim.request, holder: claim.holder.clone(), until: claim.until, answer: None }
    }

    /// What a claim on the same key finds; where that is [`Claimed::New`], its own entry takes this one's place.
    pub(crate) fn found_by(&self, claim: &Claim) -> Claimed {
        match &self.answer {
            _ if self.until <= claim.now => Claimed::New,
            _ if self.request != claim.request => Claimed::Conflict,
            Some(answer) => Claimed::Done(answer.clone()),
            None => Claimed::InFlight,
        }
    }

    /// Whether the entry is still the claim's, so that it may settle it.
    pub(crate) fn is_of(&self, claim: &Claim) -> bool {
        self.holder == claim.holder && self.answer.is_none()
    }
}
