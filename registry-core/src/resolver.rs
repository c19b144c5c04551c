//! Chooses one version per skill for a release's whole closure.
//!
//! The choice: walk breadth-first from the release, siblings by the name of the skill. Each skill takes the highest
//! version with which a solution of the whole still exists, given the choices before it. A solution has one version of
//! each skill that it needs, and every requirement matches it as [`Requirement::matches`] says.
//!
//! A walk that always takes the highest version allowed so far finds the choice when it meets no contradiction. Else
//! `PubGrub` says whether there is a solution, and is asked again for each skill of the walk that could go higher. What
//! does not depend on the order of a search (the choice, whether there is one) is the contract; which of several
//! contradictions is explained is not, but the same world gives the same answer and the same text.

mod explain;
mod index;
#[cfg(test)]
mod oracle;
mod order;
mod search;
#[cfg(test)]
mod tests;
mod versions;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use self::index::Index;
use self::search::{Failure, Search, Solution};
use self::versions::Versions;
use self::walk::Walk;
use crate::id::SkillId;
use crate::requirement::{Requirement, Spec};

/// Every release that may be chosen and what it needs.
pub type World = BTreeMap<SkillId, BTreeMap<Version, Release>>;

/// A release that may be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// What it needs.
    pub needs: Vec<Spec>,
    /// Whether only requirements that pin it exactly may choose it.
    pub withdrawn: bool,
}

/// Most releases in one closure. It bounds the depth of the topological order and the size of the catalog.
const MAX_CLOSURE: usize = 512;
/// Most decisions of the solver for one closure: finding a solution is NP-complete, and a library could be made so that
/// its build does not end.
const MAX_STEPS: u32 = 10_000;

/// Why a closure cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolvable {
    /// A skill that is needed does not exist.
    #[error("`{by}` needs `{needs}`, and there is no skill `{}`", needs.skill)]
    Missing {
        /// What is needed.
        needs: Box<Spec>,
        /// Who needs it.
        by: SkillId,
    },
    /// No version of a skill that is needed will do.
    #[error("`{by}` needs `{needs}`, and the versions that exist are {}", offers(versions))]
    NoVersion {
        /// What is needed.
        needs: Box<Spec>,
        /// Who needs it.
        by: SkillId,
        /// The versions that exist, and whether they were withdrawn.
        versions: BTreeMap<Version, bool>,
    },
    /// The requirements of several releases exclude each other.
    #[error("{}", explanation.join("\n"))]
    Conflict {
        /// The chain of requirements, one step per line, and where it cannot be satisfied.
        explanation: Vec<String>,
        /// The direct dependencies of the release asked for that take part.
        through: BTreeSet<SkillId>,
    },
    /// The chosen releases need each other in a circle. The first skill is repeated at the end.
    #[error("the dependencies form a cycle: {}", arrows(.0))]
    Cycle(Vec<SkillId>),
    /// The highest versions lead to more releases than the bound before any of them contradicts another, the choice has
    /// more, or finding it takes more decisions than the bound.
    #[error("the dependencies are too entangled: more than {MAX_CLOSURE} releases or {MAX_STEPS} decisions")]
    TooEntangled,
}

fn list<'a>(versions: impl IntoIterator<Item = &'a Version>) -> String {
    let texts: Vec<String> = versions.into_iter().map(Version::to_string).collect();
    texts.join(", ")
}

fn offers(versions: &BTreeMap<Version, bool>) -> String {
    let offer = |(version, withdrawn): (&Version, &bool)| match withdrawn {
        true => format!("{version} (withdrawn)"),
        false => version.to_string(),
    };
    versions.iter().map(offer).collect::<Vec<_>>().join(", ")
}

fn arrows(path: &[SkillId]) -> String {
    let texts: Vec<String> = path.iter().map(|id| format!("`{id}`")).collect();
    texts.join(" → ")
}

/// A world made ready for many closures.
pub struct Resolver<'w> {
    world: &'w World,
    index: Index<'w>,
}

impl<'w> Resolver<'w> {
    /// Matches every requirement of the world once.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self { world, index: Index::new(world) }
    }

    /// Why no release at all satisfies what `by` needs, if so.
    #[must_use]
    pub fn unsatisfied(&self, by: &SkillId, needs: &Spec) -> Option<Unresolvable> {
        let mut releases = self.world.get(&needs.skill).into_iter().flatten();
        let serves = releases.any(|(version, release)| needs.requirement.chooses(version, release.withdrawn));
        (!serves).then(|| explain::unsatisfied(self.world, by, needs))
    }

    /// The closure of one release in topological order, dependencies first and the release itself last.
    ///
    /// # Errors
    /// [`Unresolvable::Missing`] and [`Unresolvable::NoVersion`] when one requirement alone is the reason, of the
    /// release itself before all others; [`Unresolvable::Conflict`] when several are; [`Unresolvable::Cycle`] when the
    /// choice is one; [`Unresolvable::TooEntangled`] beyond the bounds.
    pub fn solve(&self, skill: &SkillId, version: &Version) -> Result<Vec<(SkillId, Version)>, Unresolvable> {
        let unsatisfied = |needs: &Spec| explain::unsatisfied(self.world, skill, needs);
        let Some(root) = self.release(skill, version) else {
            let requirement = Requirement::exactly(version);
            return Err(unsatisfied(&Spec { skill: skill.clone(), requirement }));
        };
        let mut needs = self.index.needs(root.0, root.1).iter();
        if let Some(hopeless) = needs.find(|need| need.allowed.highest().is_none()) {
            return Err(unsatisfied(hopeless.spec));
        }
        let chosen = match self.highest(root)? {
            Some(chosen) => chosen,
            None => self.choose(root).map_err(|failure| match failure {
                Failure::Contradiction(facts) => explain::reason(self.world, (skill, version), &facts),
                Failure::OutOfSteps => Unresolvable::TooEntangled,
            })?,
        };
        if chosen.path().len() > MAX_CLOSURE {
            return Err(Unresolvable::TooEntangled);
        }
        let owned = |(id, version): (&SkillId, &Version)| (id.clone(), version.clone());
        match order::order(&self.index, &chosen, root.0) {
            Ok(order) => Ok(order.iter().filter_map(|(s, v)| self.index.name(*s, *v)).map(owned).collect()),
            Err(cycle) => Err(Unresolvable::Cycle(self.names(&cycle))),
        }
    }

    fn release(&self, skill: &SkillId, version: &Version) -> Option<(usize, usize)> {
        let skill = self.index.skill(skill)?;
        Some((skill, self.index.version(skill, version)?))
    }

    fn names(&self, skills: &[usize]) -> Vec<SkillId> {
        skills.iter().filter_map(|skill| self.index.id(*skill)).cloned().collect()
    }

    /// The choice, if none of the highest versions contradicts another.
    fn highest(&self, root: (usize, usize)) -> Result<Option<Walk<'_>>, Unresolvable> {
        let mut walk = Walk::new(&self.index, root);
        let mut releases = 0;
        while let Some(next) = walk.next() {
            releases += 1;
            if releases > MAX_CLOSURE {
                return Err(Unresolvable::TooEntangled);
            }
            match next.allowed.highest() {
                Some(version) if walk.take(version) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(walk))
    }

    /// The choice, or why there is none: the walk again, each skill as high as a solution can be had.
    fn choose(&self, root: (usize, usize)) -> Result<Walk<'_>, Failure<'w>> {
        let search = Search::new(&self.index, MAX_STEPS);
        let mut walk = Walk::new(&self.index, root);
        let mut solution: Option<Solution> = None;
        while let Some(next) = walk.next() {
            let version = loop {
                let known = solution.as_ref().and_then(|solution| solution.get(&next.skill)).copied();
                let higher = next.allowed.iter().filter(|version| known.is_none_or(|known| *version > known));
                let within: Versions = match known {
                    Some(_) => higher.filter(|version| walk.is_open_to(next.skill, *version)).collect(),
                    None => higher.collect(),
                };
                if let (Some(known), None) = (known, within.highest()) {
                    break known;
                }
                match (known, search.ask(&walk, next.skill, within)) {
                    (_, Ok(found)) => solution = Some(found),
                    (Some(known), Err(Failure::Contradiction(_))) => break known,
                    (_, Err(failure)) => return Err(failure),
                }
            };
            walk.take(version);
        }
        Ok(walk)
    }
}
