//! Decisions over skills and releases, composed of [`Audience::admits`]. The edge, `guildhall access` and the tests all
//! call this one.

use std::fmt;

use semver::Version;

use crate::catalog::{ReleaseRecord, SkillRecord};
use crate::id::SkillId;
use crate::policy::{Audience, Caller, Policy};
use crate::requirement::Requirement;

/// Who asks, by which rules, and when.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The verified caller; `None` is anonymous.
    pub caller: Option<&'a Caller>,
    /// The organisation's rules of membership.
    pub policy: &'a Policy,
    /// Seconds since the epoch.
    pub now: u64,
}

/// Which release of a skill is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// The one that the requirement chooses, see [`SkillRecord::choose`].
    Matching(&'a Requirement),
    /// The one that people and agents are to use, be it a pre-release, see [`SkillRecord::latest`].
    Latest,
}

/// A release with the record of its skill.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'c> {
    /// The version.
    pub version: &'c Version,
    /// The release.
    pub release: &'c ReleaseRecord,
    /// The skill.
    pub record: &'c SkillRecord,
}

/// What is decided about a request for a release.
#[derive(Debug, Clone)]
pub enum Decision<'c> {
    /// The release and its whole closure are open to the caller.
    Granted(Chosen<'c>),
    /// The release is open to the caller and cannot be used: people may read its page, which says so.
    Blocked(Chosen<'c>, Denial),
    /// Refused.
    Denied(Denial),
    /// The skill is visible, and none of its releases is the one asked for.
    NoVersion(&'c SkillRecord),
}

/// Why a request for a release is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The skill is hidden or absent.
    Hidden,
    /// The skill is visible, and this release's own rule is closed to the caller.
    ReleaseClosed,
    /// A member of the closure is closed. Named only where the caller may see it.
    DependencyClosed(Option<SkillId>),
    /// The release was published, and a dependency of it is gone, or closed to some who may use the release. Named only
    /// where the caller may see it.
    Blocked(Option<SkillId>),
}

impl<'a> Access<'a> {
    /// Whether the caller belongs to the audience.
    #[must_use]
    pub fn admits(&self, audience: &Audience) -> bool {
        audience.admits(self.caller, self.policy, self.now)
    }

    /// Those of `audiences` that admit the caller: the shards that a search of theirs may open (law 4).
    pub fn visible<'b>(&self, audiences: impl IntoIterator<Item = &'b Audience>) -> Vec<&'b Audience> {
        audiences.into_iter().filter(|audience| self.admits(audience)).collect()
    }

    /// Whether the caller may know of a skill, which hangs on its head alone. One that was removed is hidden from
    /// everyone, and looks like one that never was (law 5).
    #[must_use]
    pub fn sees(&self, record: Option<&SkillRecord>) -> bool {
        record.is_some_and(|record| !record.removed && self.admits(&record.audience))
    }

    /// Whether a release is open: by its own rule *and* by that of its skill's head, so that tightening a skill closes its
    /// old releases too (law 3).
    #[must_use]
    pub fn opens(&self, record: &SkillRecord, release: &ReleaseRecord) -> bool {
        self.sees(Some(record)) && self.admits(&release.audience)
    }

    /// Decides about a request for a release of `skill`: the skill must be visible, and the chosen release and its whole
    /// closure open (law 6). A denial never falls back to another version.
    ///
    /// `find` gives the record of a skill, or `None` where there is none. It is asked for `skill` first, and for nothing
    /// else where that is hidden or absent.
    ///
    /// # Errors
    /// That of `find`, as soon as it gives one.
    pub fn decide<'c, E>(
        &self,
        skill: &SkillId,
        wanted: Wanted<'_>,
        find: impl Fn(&SkillId) -> Result<Option<&'c SkillRecord>, E>,
    ) -> Result<Decision<'c>, E> {
        let Some(record) = find(skill)?.filter(|record| self.sees(Some(record))) else {
            return Ok(Decision::Denied(Denial::Hidden));
        };
        let chosen = match wanted {
            Wanted::Matching(requirement) => record.choose(requirement),
            Wanted::Latest => record.latest(),
        };
        let Some((version, release)) = chosen else { return Ok(Decision::NoVersion(record)) };
        if !self.opens(record, release) {
            return Ok(Decision::Denied(Denial::ReleaseClosed));
        }
        let chosen = Chosen { version, release, record };
        let named = |skill: &SkillId| Ok(self.sees(find(skill)?).then(|| skill.clone()));
        if let Some(by) = &release.blocked {
            return Ok(Decision::Blocked(chosen, Denial::Blocked(named(by)?)));
        }
        for member in release.closure.iter().filter(|member| member.skill != *skill) {
            let needed = find(&member.skill)?;
            let open = needed.is_some_and(|record| {
                record.releases.get(&member.version).is_some_and(|release| self.opens(record, release))
            });
            if !open {
                return Ok(Decision::Denied(Denial::DependencyClosed(named(&member.skill)?)));
            }
        }
        Ok(Decision::Granted(chosen))
    }

    /// The reason of a denial, for whoever asked. It is the same text for a hidden skill and for one that does not exist
    /// (law 5).
    #[must_use]
    pub fn reason(&self, skill: &SkillId, denial: &Denial) -> String {
        let whom = Whom(self.caller);
        match denial {
            Denial::Hidden => format!("`{skill}` does not exist or is not open to {whom}"),
            Denial::ReleaseClosed => format!("this release of `{skill}` is not open to {whom}"),
            Denial::DependencyClosed(Some(needed)) => {
                format!("`{skill}` needs `{needed}`, of which the release it needs is not open to {whom}")
            }
            Denial::DependencyClosed(None) => format!("`{skill}` needs a skill that is not open to {whom}"),
            Denial::Blocked(Some(needed)) => format!(
                "`{skill}` is blocked: what it needs of `{needed}` is gone, or closed to some who may use `{skill}`"
            ),
            Denial::Blocked(None) => {
                format!("`{skill}` is blocked: what it needs is gone, or closed to some who may use it")
            }
        }
    }
}

/// A caller, for the reason of a denial.
struct Whom<'a>(Option<&'a Caller>);

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(caller) => write!(f, "role `{}`", caller.role),
            None => f.write_str("anonymous callers"),
        }
    }
}

#[cfg(test)]
mod tests;
