//! A world with numbers for names: a skill is its position by name, a version its position among the skill's.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::World;
use super::versions::Versions;
use crate::id::SkillId;
use crate::requirement::Spec;

/// Every skill that exists or is needed, by name.
pub(super) struct Index<'a> {
    skills: Vec<Skill<'a>>,
}

struct Skill<'a> {
    id: &'a SkillId,
    /// By version, ascending. None when the skill does not exist.
    releases: Vec<Release<'a>>,
}

struct Release<'a> {
    version: &'a Version,
    /// By the name of the skill that is needed.
    needs: Vec<Need<'a>>,
}

/// One requirement of a release.
pub(super) struct Need<'a> {
    pub(super) skill: usize,
    /// The versions that match.
    pub(super) allowed: Versions,
    pub(super) spec: &'a Spec,
}

impl<'a> Index<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let needed = world.values().flat_map(BTreeMap::values).flat_map(|release| &release.needs);
        let needed = needed.map(|spec| &spec.skill);
        let names: BTreeSet<&SkillId> = world.keys().chain(needed).collect();
        let names: Vec<&SkillId> = names.into_iter().collect();
        let skills = names.iter().map(|id| {
            let releases = world.get(*id).into_iter().flatten();
            let releases =
                releases.map(|(version, release)| Release::new(world, &names, version, &release.needs));
            Skill { id, releases: releases.collect() }
        });
        Self { skills: skills.collect() }
    }

    /// The position of a skill, whether it exists or is only needed.
    pub(super) fn skill(&self, id: &SkillId) -> Option<usize> {
        self.skills.binary_search_by_key(&id, |skill| skill.id).ok()
    }

    pub(super) fn version(&self, skill: usize, version: &Version) -> Option<usize> {
        self.skills.get(skill)?.releases.binary_search_by_key(&version, |release| release.version).ok()
    }

    /// How many skills there are.
    pub(super) fn len(&self) -> usize {
        self.skills.len()
    }

    pub(super) fn id(&self, skill: usize) -> Option<&'a SkillId> {
        Some(self.skills.get(skill)?.id)
    }

    pub(super) fn name(&self, skill: usize, version: usize) -> Option<(&'a SkillId, &'a Version)> {
        let skill = self.skills.get(skill)?;
        Some((skill.id, skill.releases.get(version)?.version))
    }

    pub(super) fn needs(&self, skill: usize, version: usize) -> &[Need<'a>] {
        let release = self.skills.get(skill).and_then(|skill| skill.releases.get(version));
        release.map_or(&[], |release| &release.needs)
    }
}

impl<'a> Release<'a> {
    fn new(world: &World, names: &[&SkillId], version: &'a Version, needs: &'a [Spec]) -> Self {
        let need = |spec: &'a Spec| {
            let releases = world.get(&spec.skill).into_iter().flatten().enumerate();
            let matching = releases
                .filter(|(_, (version, release))| spec.requirement.chooses(version, release.withdrawn));
            Need {
                skill: names.partition_point(|name| *name < &spec.skill),
                allowed: matching.map(|(position, _)| position).collect(),
                spec,
            }
        };
        let mut needs: Vec<Need<'_>> = needs.iter().map(need).collect();
        needs.sort_by_key(|need| need.skill);
        Self { version, needs }
    }
}
