//! The highest head that an edge has taken, remembered beyond its own life: without that, whoever controls the storage could
//! have a restarted edge take any older catalog.

use registry_core::catalog::Head;
use registry_core::digest::Digest;
use serde::{Deserialize, Serialize};

/// What is remembered of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenHead {
    /// Its sequence.
    pub sequence: u64,
    /// Its root: two heads of one sequence are one, or one of them is forged.
    pub root: Digest,
}

impl SeenHead {
    pub(crate) fn of(head: &Head) -> Self {
        Self { sequence: head.sequence, root: head.root }
    }

    /// Whether a head may be taken after this one.
    pub(crate) fn allows(&self, head: &Head) -> bool {
        head.sequence > self.sequence || *self == Self::of(head)
    }
}
