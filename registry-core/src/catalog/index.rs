//! Index buckets: what the edge knows of each skill.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{FormatError, from_json};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Permissions, SkillType};
use crate::organisation::Limits;
use crate::policy::Audience;
use crate::requirement::Requirement;

/// One release within a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The skill.
    pub skill: SkillId,
    /// The version chosen at build.
    pub version: Version,
    /// The release's source digest.
    pub digest: Digest,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The release's own access rule; the head's applies as well (law 3).
    pub audience: Audience,
    /// The source digest.
    pub digest: Digest,
    /// The release and all it needs, dependencies first, the release itself last.
    pub closure: Vec<Member>,
    /// Digest of the closure.
    pub closure_digest: Digest,
    /// What an invocation does.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// What an execution may use: the author's bounds within the organisation's.
    pub limits: Limits,
    /// What an execution may touch.
    pub permissions: Permissions,
    /// The archive of the source files.
    pub bundle: Digest,
    /// The served `SKILL.md`.
    pub document: Digest,
    /// The JSON record for API callers.
    pub record: Digest,
    /// The HTML page.
    pub page: Digest,
}

/// One skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillRecord {
    /// The head's access rule: decides visibility, and where all objects of the skill are filed.
    pub audience: Audience,
    /// Every release that can be reached.
    pub releases: BTreeMap<Version, ReleaseRecord>,
}

impl SkillRecord {
    /// The release that `requirement` chooses: the highest that matches.
    #[must_use]
    pub fn choose(&self, requirement: &Requirement) -> Option<(&Version, &ReleaseRecord)> {
        self.releases.iter().rev().find(|(version, _)| requirement.matches(version))
    }
}

/// All skills whose id hashes into one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexBucket {
    /// Format version.
    pub schema: u32,
    /// The skills.
    pub skills: BTreeMap<SkillId, SkillRecord>,
}

impl IndexBucket {
    /// Reads a bucket.
    ///
    /// # Errors
    /// When the bytes are not a bucket of a schema that this program reads.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        from_json(bytes, |bucket: &Self| bucket.schema)
    }
}
