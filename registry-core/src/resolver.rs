//! Chooses one version per skill for a release's whole closure: the highest that every requirement allows.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use crate::id::SkillId;
use crate::requirement::{Requirement, Spec};

/// Every release that may be chosen and what it needs.
pub type World = BTreeMap<SkillId, BTreeMap<Version, Vec<Spec>>>;

/// Most choices tried for one closure before giving up: a bound on hostile input, far above any real library.
const MAX_STEPS: u32 = 100_000;
/// Most releases in one closure: it bounds the depth of the search and the size of the index.
const MAX_CLOSURE: usize = 512;

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
    #[error("`{by}` needs `{needs}`, and the versions that exist are {}", list(versions))]
    NoVersion {
        /// What is needed.
        needs: Box<Spec>,
        /// Who needs it.
        by: SkillId,
        /// The versions that exist.
        versions: Vec<Version>,
    },
    /// Two requirements on one skill exclude each other.
    #[error("`{by}` needs `{needs}`, and `{}` is already chosen at {chosen}", needs.skill)]
    Conflict {
        /// What is needed.
        needs: Box<Spec>,
        /// Who needs it.
        by: SkillId,
        /// The version chosen for another dependent.
        chosen: Version,
    },
    /// The chosen releases need each other in a circle.
    #[error("the dependencies form a cycle: {}", arrows(.0))]
    Cycle(Vec<SkillId>),
    /// More releases or choices than the bounds allow.
    #[error("the dependencies are too entangled: more than {MAX_CLOSURE} releases or {MAX_STEPS} choices")]
    TooEntangled,
}

fn list(versions: &[Version]) -> String {
    let texts: Vec<String> = versions.iter().map(Version::to_string).collect();
    texts.join(", ")
}

fn arrows(path: &[SkillId]) -> String {
    let texts: Vec<String> = path.iter().map(|id| format!("`{id}`")).collect();
    texts.join(" → ")
}

/// The closure of one release in topological order, dependencies first and the release itself last.
///
/// # Errors
/// The first obstacle met on the highest choices, when no choice at all succeeds.
pub fn solve(
    world: &World,
    skill: &SkillId,
    version: &Version,
) -> Result<Vec<(SkillId, Version)>, Unresolvable> {
    let start = Spec { skill: skill.clone(), requirement: Requirement::exactly(version) };
    let mut search = Search { world, chosen: BTreeMap::new(), agenda: vec![(&start, skill)], steps: 0 };
    search.satisfy_from(0)?;
    let chosen =
        search.chosen.iter().map(|(skill, version)| ((*skill).clone(), (*version).clone())).collect();
    order(world, &chosen, skill)
}

struct Search<'a> {
    world: &'a World,
    chosen: BTreeMap<&'a SkillId, &'a Version>,
    /// Every requirement of a chosen release, and who has it.
    agenda: Vec<(&'a Spec, &'a SkillId)>,
    steps: u32,
}

impl<'a> Search<'a> {
    /// Satisfies the agenda from a position on, or restores what was chosen and says why not. One level of recursion
    /// is one skill of the closure.
    fn satisfy_from(&mut self, position: usize) -> Result<(), Unresolvable> {
        let mut position = position;
        while let Some((needs, by)) = self.agenda.get(position).copied() {
            position += 1;
            match self.chosen.get(&needs.skill) {
                None => return self.choose(needs, by, position),
                Some(chosen) if needs.requirement.matches(chosen) => {}
                Some(chosen) => {
                    let chosen = (*chosen).clone();
                    return Err(Unresolvable::Conflict {
                        needs: Box::new(needs.clone()),
                        by: by.clone(),
                        chosen,
                    });
                }
            }
        }
        Ok(())
    }

    /// Tries the versions that will do, the highest first, each with all that follows from it.
    fn choose(&mut self, needs: &'a Spec, by: &SkillId, next: usize) -> Result<(), Unresolvable> {
        let named = || (Box::new(needs.clone()), by.clone());
        let releases = self.world.get(&needs.skill).ok_or_else(|| {
            let (needs, by) = named();
            Unresolvable::Missing { needs, by }
        })?;
        let mut obstacle = None;
        for (version, requires) in releases.iter().rev().filter(|(v, _)| needs.requirement.matches(v)) {
            self.steps += 1;
            if self.steps > MAX_STEPS || self.chosen.len() >= MAX_CLOSURE {
                return Err(Unresolvable::TooEntangled);
            }
            let agreed = self.agenda.len();
            self.chosen.insert(&needs.skill, version);
            self.agenda.extend(requires.iter().map(|spec| (spec, &needs.skill)));
            match self.satisfy_from(next) {
                Ok(()) => return Ok(()),
                Err(Unresolvable::TooEntangled) => return Err(Unresolvable::TooEntangled),
                Err(error) => {
                    self.chosen.remove(&needs.skill);
                    self.agenda.truncate(agreed);
                    obstacle.get_or_insert(error);
                }
            }
        }
        Err(obstacle.unwrap_or_else(|| {
            let (needs, by) = named();
            Unresolvable::NoVersion { needs, by, versions: releases.keys().cloned().collect() }
        }))
    }
}

/// Depth-first order of the chosen releases below `skill`, names sorted among siblings.
fn order(
    world: &World,
    chosen: &BTreeMap<SkillId, Version>,
    skill: &SkillId,
) -> Result<Vec<(SkillId, Version)>, Unresolvable> {
    let mut walk = Walk { world, chosen, path: Vec::new(), done: BTreeSet::new(), ordered: Vec::new() };
    walk.visit(skill)?;
    Ok(walk.ordered)
}

struct Walk<'a> {
    world: &'a World,
    chosen: &'a BTreeMap<SkillId, Version>,
    path: Vec<SkillId>,
    done: BTreeSet<SkillId>,
    ordered: Vec<(SkillId, Version)>,
}

impl Walk<'_> {
    fn visit(&mut self, skill: &SkillId) -> Result<(), Unresolvable> {
        if let Some(start) = self.path.iter().position(|open| open == skill) {
            let mut cycle: Vec<SkillId> = self.path.iter().skip(start).cloned().collect();
            cycle.push(skill.clone());
            return Err(Unresolvable::Cycle(cycle));
        }
        let Some(version) = self.chosen.get(skill) else { return Ok(()) };
        if !self.done.insert(skill.clone()) {
            return Ok(());
        }
        self.path.push(skill.clone());
        let needed: BTreeSet<&SkillId> = self
            .world
            .get(skill)
            .and_then(|releases| releases.get(version))
            .into_iter()
            .flatten()
            .map(|spec| &spec.skill)
            .collect();
        for below in needed {
            self.visit(below)?;
        }
        self.path.pop();
        self.ordered.push((skill.clone(), version.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines `skill version: spec, spec`.
    fn world(text: &str) -> World {
        let mut world = World::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (release, needs) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            let (skill, version) = release.split_once(' ').unwrap();
            let needs =
                needs.split(", ").filter(|spec| !spec.is_empty()).map(|spec| spec.parse().unwrap()).collect();
            world.entry(skill.parse().unwrap()).or_default().insert(version.parse().unwrap(), needs);
        }
        world
    }

    fn check(text: &str, expected: &str) {
        let world = world(text);
        let (skill, version) = ("t/a".parse().unwrap(), Version::new(1, 0, 0));
        let actual = match solve(&world, &skill, &version) {
            Ok(closure) => closure.iter().map(|(id, v)| format!("{id}@{v}")).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected);
    }

    #[test]
    fn the_highest_match_wins_and_dependencies_come_first() {
        check(
            "t/a 1.0.0: t/b:1.x, t/c:*
             t/b 1.0.0: t/c:1.x
             t/b 1.4.0: t/c:1.x
             t/b 2.0.0:
             t/c 1.1.0:",
            "t/c@1.1.0 t/b@1.4.0 t/a@1.0.0",
        );
    }

    #[test]
    fn a_lower_version_is_taken_when_the_highest_leads_nowhere() {
        check(
            "t/a 1.0.0: t/b:*, t/c:1.x
             t/b 1.0.0: t/c:1.x
             t/b 2.0.0: t/c:2.x
             t/c 1.0.0:
             t/c 2.0.0:",
            "t/c@1.0.0 t/b@1.0.0 t/a@1.0.0",
        );
    }

    #[test]
    fn obstacles_say_who_needs_what() {
        check("t/a 1.0.0: t/b:1.x", "`t/a` needs `t/b:1.x`, and there is no skill `t/b`");
        check(
            "t/a 1.0.0: t/b:3.x\nt/b 1.0.0:\nt/b 2.0.0:",
            "`t/a` needs `t/b:3.x`, and the versions that exist are 1.0.0, 2.0.0",
        );
        check(
            "t/a 1.0.0: t/b:1.x, t/c:*\nt/b 1.0.0:\nt/b 2.0.0:\nt/c 1.0.0: t/b:2.x",
            "`t/c` needs `t/b:2.x`, and `t/b` is already chosen at 1.0.0",
        );
    }

    #[test]
    fn a_dense_closure_is_quick_and_a_boundless_one_is_refused() {
        let skill = |n: usize| format!("t/s{n:04}");
        let dense: String = (0..140)
            .map(|n| {
                let needs: Vec<String> = (n + 1..140).map(|m| format!("{}:*", skill(m))).collect();
                format!("{} 1.0.0: {}\n", skill(n), needs.join(", "))
            })
            .collect();
        let solved = solve(&world(&dense), &skill(0).parse().unwrap(), &Version::new(1, 0, 0)).unwrap();
        assert_eq!(solved.len(), 140);
        let chain: String = (0..3000).map(|n| format!("{} 1.0.0: {}:*\n", skill(n), skill(n + 1))).collect();
        let refused = solve(&world(&chain), &skill(0).parse().unwrap(), &Version::new(1, 0, 0));
        assert_eq!(refused, Err(Unresolvable::TooEntangled));
    }

    #[test]
    fn a_cycle_is_told_with_its_path() {
        check(
            "t/a 1.0.0: t/b:*\nt/b 1.0.0: t/c:*\nt/c 1.0.0: t/b:*",
            "the dependencies form a cycle: `t/b` → `t/c` → `t/b`",
        );
    }
}
