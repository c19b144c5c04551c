//! Closures of releases, and what keeps a release from being used.

use semver::Version;

use super::{Closure, Library, Past, Skill};
use crate::catalog::Member;
use crate::id::SkillId;
use crate::policy::{Audience, Policy};
use crate::resolver::{Resolver, Unresolvable};

/// All that a closure hangs on.
pub(super) struct Closing<'a> {
    pub(super) library: &'a Library,
    pub(super) past: &'a Past,
    pub(super) policy: &'a Policy,
    pub(super) resolver: &'a Resolver<'a>,
}

impl<'a> Closing<'a> {
    /// The closure of a release that was published; it is blocked where it cannot be had, or is closed to some who may
    /// use the release.
    pub(super) fn close(&self, skill: &Skill) -> Closure {
        let closure = match self.resolver.solve(&skill.manifest.id, &skill.manifest.version) {
            Ok(closure) => self.complete(closure),
            Err(obstacle) => return Self::blocked(skill, culprit(skill, obstacle)),
        };
        match self.closed(skill, &closure.members) {
            Some((needed, _)) => Self::blocked(skill, needed.clone()),
            None => closure,
        }
    }

    pub(super) fn blocked(skill: &Skill, by: SkillId) -> Closure {
        Closure { members: vec![member(skill)], blocked: Some(by) }
    }

    pub(super) fn complete(&self, closure: Vec<(SkillId, Version)>) -> Closure {
        let members = closure.iter().filter_map(|(id, version)| self.release(id, version)).map(member);
        Closure { members: members.collect(), blocked: None }
    }

    fn release(&self, id: &SkillId, version: &Version) -> Option<&'a Skill> {
        let head = self.library.get(id).filter(|head| head.manifest.version == *version);
        head.or_else(|| self.past.releases.get(id)?.get(version))
    }

    /// The first member of a closure that is closed to some who may use `skill`, with the rule that closes it. Who may
    /// use a release is bounded by its own rule and by that of its head.
    pub(super) fn closed<'m>(
        &self,
        skill: &Skill,
        members: &'m [Member],
    ) -> Option<(&'m SkillId, &'a Audience)> {
        let head_of = |id: &SkillId| self.library.get(id).map(|head| &head.manifest.audience);
        let own = &skill.manifest.audience;
        let head = head_of(&skill.manifest.id).unwrap_or(own);
        let open = |rule: &Audience| own.is_within(rule, self.policy) || head.is_within(rule, self.policy);
        members.iter().filter(|member| member.skill != skill.manifest.id).find_map(|member| {
            let release =
                self.release(&member.skill, &member.version).map(|release| &release.manifest.audience);
            let mut rules = [head_of(&member.skill), release].into_iter().flatten();
            rules.find(|rule| !open(rule)).map(|rule| (&member.skill, rule))
        })
    }
}

fn member(skill: &Skill) -> Member {
    let manifest = &skill.manifest;
    Member { skill: manifest.id.clone(), version: manifest.version.clone(), digest: skill.digest }
}

/// The dependency to name where the closure of a release cannot be had.
fn culprit(skill: &Skill, obstacle: Unresolvable) -> SkillId {
    let id = &skill.manifest.id;
    let named = match obstacle {
        Unresolvable::Missing { needs, .. } | Unresolvable::NoVersion { needs, .. } => Some(needs.skill),
        Unresolvable::Conflict { through, .. } => through.into_iter().next(),
        Unresolvable::Cycle(path) => path.into_iter().find(|step| step != id),
        Unresolvable::TooEntangled => None,
    };
    let first = || skill.manifest.depends_on.first().map_or(id, |needed| &needed.spec.skill).clone();
    named.unwrap_or_else(first)
}
