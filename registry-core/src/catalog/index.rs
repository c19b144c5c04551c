//! Index buckets: what the edge knows of each skill.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{FormatError, PublicFile, from_json};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Permissions, SkillType};
use crate::organisation::Limits;
use crate::policy::Audience;
use crate::requirement::Requirement;
use crate::status::{State, Status};

/// One release within a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The skill.
    pub skill: SkillId,
    /// The version chosen at build.
    pub version: Version,
    /// The release's source digest.
    pub digest: Digest,
}

/// Where a release comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The commit that released it.
    pub commit: String,
    /// The time of that commit, in seconds since the epoch.
    pub time: u64,
    /// The tag at which it was found; without one, the commit is the first of the branch that carries the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The release's own access rule; the head's applies as well (law 3).
    pub audience: Audience,
    /// The source digest.
    pub digest: Digest,
    /// Where it comes from; absent for a working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// What has become of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The dependency that keeps it from being used: one that is gone, or closed to some who may use the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<SkillId>,
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
    /// Whether the published branch no longer has the skill: it is hidden from everyone, and its versions stay taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Every release that can be reached.
    pub releases: BTreeMap<Version, ReleaseRecord>,
    /// What else belongs to the skill, by the URL below its own: the page of its versions, feeds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, PublicFile>,
}

/// How much a release is to be preferred to others; of equals the highest version is. Stable ones come before
/// pre-releases, and both before those that were withdrawn.
#[must_use]
pub fn preference(version: &Version, withdrawn: bool) -> (bool, bool) {
    (!withdrawn, version.pre.is_empty())
}

impl ReleaseRecord {
    /// Whether its owners have taken it back.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == State::Withdrawn)
    }

    /// The objects that belong to it.
    #[must_use]
    pub fn objects(&self) -> [Digest; 4] {
        [self.page, self.bundle, self.document, self.record]
    }
}

impl SkillRecord {
    /// The release that `requirement` chooses: the highest that it may.
    #[must_use]
    pub fn choose(&self, requirement: &Requirement) -> Option<(&Version, &ReleaseRecord)> {
        self.releases
            .iter()
            .rev()
            .find(|(version, release)| requirement.chooses(version, release.is_withdrawn()))
    }

    /// The release that people and agents are to use: the highest stable one, else the highest pre-release, else, where
    /// all were withdrawn, the highest of these.
    #[must_use]
    pub fn latest(&self) -> Option<(&Version, &ReleaseRecord)> {
        let rank =
            |(version, release): &(&Version, &ReleaseRecord)| preference(version, release.is_withdrawn());
        // Of equals the last is taken, which has the highest version.
        self.releases.iter().max_by_key(rank)
    }

    /// The releases that everyone may read: the head's rule and their own are public.
    pub fn public_releases(&self) -> impl Iterator<Item = (&Version, &ReleaseRecord)> {
        let is_public = self.audience == Audience::Public && !self.removed;
        self.releases.iter().filter(move |(_, release)| is_public && release.audience == Audience::Public)
    }

    /// Every object of the skill, filed under its audience.
    pub fn objects(&self) -> impl Iterator<Item = Digest> {
        let releases = self.releases.values().flat_map(ReleaseRecord::objects);
        releases.chain(self.files.values().map(|file| file.digest))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::Limits;

    fn release(state: Option<State>) -> ReleaseRecord {
        let status =
            |state| Status { state, since: None, reason: String::new(), replaced_by: None, sunset: None };
        ReleaseRecord {
            audience: Audience::Public,
            digest: Digest::of(b"source"),
            released: None,
            status: state.map(status),
            blocked: None,
            closure: Vec::new(),
            closure_digest: Digest::of(b"closure"),
            skill_type: SkillType::Instructions,
            limits: Limits::default(),
            permissions: Permissions::default(),
            bundle: Digest::of(b"bundle"),
            document: Digest::of(b"document"),
            record: Digest::of(b"record"),
            page: Digest::of(b"page"),
        }
    }

    type Versions<'a> = &'a [(&'a str, Option<State>)];

    fn record(versions: Versions<'_>) -> SkillRecord {
        let releases = versions.iter().map(|(version, state)| (version.parse().unwrap(), release(*state)));
        SkillRecord {
            audience: Audience::Public,
            removed: false,
            releases: releases.collect(),
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn withdrawn_releases_are_chosen_only_where_they_are_pinned() {
        let record =
            record(&[("1.0.0", None), ("1.1.0", Some(State::Deprecated)), ("1.2.0", Some(State::Withdrawn))]);
        let chosen = |requirement: &str| {
            let requirement = requirement.parse().unwrap();
            record.choose(&requirement).map(|(version, _)| version.to_string())
        };
        for (requirement, version) in [
            ("1.x", Some("1.1.0")),
            ("*", Some("1.1.0")),
            ("=1.2.0", Some("1.2.0")),
            (">=1.2.0", None),
            ("=1.2", None),
            ("1.2.0", None),
            (">=1.2.0 <=1.2.0", None),
        ] {
            assert_eq!(chosen(requirement).as_deref(), version, "{requirement}");
        }
        let pinned = Requirement::exactly(&Version::new(1, 2, 0));
        assert_eq!(record.choose(&pinned).map(|(version, _)| version.to_string()).as_deref(), Some("1.2.0"));
    }

    #[test]
    fn the_latest_is_stable_and_not_withdrawn_where_there_is_such_a_one() {
        use State::{Archived, Deprecated, Withdrawn};
        let cases: [(Versions<'_>, Option<&str>); 5] = [
            (&[("1.0.0", None), ("1.1.0", Some(Withdrawn)), ("2.0.0-rc.1", None)], Some("1.0.0")),
            (&[("1.0.0", Some(Withdrawn)), ("2.0.0-rc.1", None)], Some("2.0.0-rc.1")),
            (&[("1.0.0", Some(Withdrawn)), ("1.1.0", Some(Withdrawn))], Some("1.1.0")),
            (&[("1.0.0", Some(Deprecated)), ("1.1.0", Some(Archived))], Some("1.1.0")),
            (&[], None),
        ];
        for (versions, latest) in cases {
            let record = record(versions);
            assert_eq!(
                record.latest().map(|(version, _)| version.to_string()).as_deref(),
                latest,
                "{versions:?}"
            );
        }
    }
}
