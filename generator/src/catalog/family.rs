//! A skill with all its releases.

use std::collections::BTreeMap;

use registry_core::Version;
use registry_core::catalog::preference;
use registry_core::check::Skill;
use registry_core::id::SkillId;
use registry_core::policy::{Audience, Policy};
use registry_core::status::State;

use crate::library::Checked;

/// A skill with all its releases that this program reads.
#[derive(Debug, Clone)]
pub struct Family<'a> {
    /// What the branch holds: it decides who may see the skill.
    pub head: &'a Skill,
    /// The release to use.
    pub latest: &'a Skill,
    /// Every release, the head among them.
    pub releases: BTreeMap<&'a Version, &'a Skill>,
}

impl<'a> Family<'a> {
    /// The families of a library.
    #[must_use]
    pub fn all(checked: &'a Checked) -> BTreeMap<&'a SkillId, Self> {
        checked.library.iter().map(|(id, head)| (id, Self::of(checked, id, head))).collect()
    }

    /// The family of one head.
    #[must_use]
    pub fn of(checked: &'a Checked, id: &SkillId, head: &'a Skill) -> Self {
        let former = checked.past.releases.get(id).into_iter().flat_map(BTreeMap::values);
        let releases: BTreeMap<&Version, &Skill> =
            former.chain([head]).map(|skill| (&skill.manifest.version, skill)).collect();
        let rank = |skill: &&&Skill| preference(&skill.manifest.version, skill.is_withdrawn());
        let latest = releases.values().max_by_key(rank).copied().unwrap_or(head);
        Self { head, latest, releases }
    }

    /// Whether everyone may read a release: its own rule and the head's say so.
    #[must_use]
    pub fn is_public(&self, release: &Skill) -> bool {
        self.head.manifest.audience == Audience::Public && release.manifest.audience == Audience::Public
    }

    /// The release that search shows: the one to use, or the head where that is closed to some who see the skill.
    #[must_use]
    pub fn shown(&self, policy: &Policy) -> &'a Skill {
        let open = self.head.manifest.audience.is_within(&self.latest.manifest.audience, policy);
        if open { self.latest } else { self.head }
    }

    /// Whether search finds the skill: not where its latest release was archived or withdrawn.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.latest.status.as_ref().is_none_or(|status| status.state == State::Deprecated)
    }
}
