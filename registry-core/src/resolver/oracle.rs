//! The choice by trying everything: slow, and nothing shared with the resolver but [`Requirement::matches`].
//!
//! [`Requirement::matches`]: crate::requirement::Requirement::matches

use std::collections::BTreeMap;

use semver::Version;

use super::World;
use crate::id::SkillId;
use crate::requirement::Spec;

pub(super) type Choice = BTreeMap<SkillId, Version>;

/// The solution whose walk is the highest. Two walks differ first in the version of one skill, so the order of lists
/// is the order of choices.
pub(super) fn choice(world: &World, root: &SkillId, version: &Version) -> Option<Choice> {
    let all = assignments(world);
    let solutions = all.iter().filter(|choice| choice.get(root) == Some(version) && satisfied(world, choice));
    let walks = solutions.filter_map(|choice| {
        let walk = walk(world, choice, root);
        (walk.len() == choice.len()).then_some(walk)
    });
    walks.max().map(|walk| walk.into_iter().collect())
}

/// Each skill absent or at one of its versions.
fn assignments(world: &World) -> Vec<Choice> {
    let mut all = vec![Choice::new()];
    for (skill, releases) in world {
        for choice in all.clone() {
            for version in releases.keys() {
                let mut with = choice.clone();
                with.insert(skill.clone(), version.clone());
                all.push(with);
            }
        }
    }
    all
}

fn satisfied(world: &World, choice: &Choice) -> bool {
    choice.iter().all(|(skill, version)| {
        let serves = |needs: &Spec, version: &Version| {
            world[&needs.skill].get(version).is_some_and(|release| {
                needs.requirement.matches(version) && (!release.withdrawn || needs.requirement.pins(version))
            })
        };
        let needs = &world[skill][version].needs;
        needs.iter().all(|needs| choice.get(&needs.skill).is_some_and(|version| serves(needs, version)))
    })
}

/// What is reached from the root, breadth-first, siblings by name.
fn walk(world: &World, choice: &Choice, root: &SkillId) -> Vec<(SkillId, Version)> {
    let mut walk = vec![(root.clone(), choice[root].clone())];
    let mut at = 0;
    while at < walk.len() {
        let (skill, version) = walk[at].clone();
        let mut needed: Vec<&SkillId> =
            world[&skill][&version].needs.iter().map(|needs| &needs.skill).collect();
        needed.sort();
        for skill in needed {
            if !walk.iter().any(|(seen, _)| seen == skill) {
                walk.push((skill.clone(), choice[skill].clone()));
            }
        }
        at += 1;
    }
    walk
}

/// Whether the chosen releases need each other in a circle: releases that need nothing that is left go, until none can.
pub(super) fn has_cycle(world: &World, choice: &Choice) -> bool {
    let mut left = choice.clone();
    loop {
        let free = left.iter().find(|(skill, version)| {
            world[*skill][*version].needs.iter().all(|needs| !left.contains_key(&needs.skill))
        });
        match free.map(|(skill, _)| skill.clone()) {
            Some(skill) => left.remove(&skill),
            None => return !left.is_empty(),
        };
    }
}
