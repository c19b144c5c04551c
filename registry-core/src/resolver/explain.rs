//! Says in words why requirements exclude each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::Version;

use super::search::Fact;
use super::{Unresolvable, World, list};
use crate::id::SkillId;
use crate::requirement::Spec;

/// Most lines that say who needs what: beyond them those in the middle are left out.
const MAX_NEEDS: usize = 12;
/// Most lines that say where this cannot be had.
const MAX_CLASHES: usize = 3;
/// Most names, versions or requirements listed in one line.
const MAX_LISTED: usize = 6;

/// The reason that these facts are, for the release asked for.
pub(super) fn reason(
    world: &World,
    (skill, version): (&SkillId, &Version),
    facts: &[Fact<'_>],
) -> Unresolvable {
    single(world, skill, facts).unwrap_or_else(|| {
        let contradiction = Contradiction { world, skill, version, facts };
        let through = facts.iter().filter(|fact| fact.by == skill).map(|fact| fact.needs.skill.clone());
        Unresolvable::Conflict { explanation: contradiction.lines(), through: through.collect() }
    })
}

fn versions<'a>(world: &'a World, skill: &SkillId) -> impl Iterator<Item = &'a Version> {
    world.get(skill).into_iter().flat_map(BTreeMap::keys)
}

/// Whether a version that exists will do.
fn suits(world: &World, needs: &Spec, version: &Version) -> bool {
    let release = world.get(&needs.skill).and_then(|releases| releases.get(version));
    release.is_some_and(|release| needs.requirement.chooses(version, release.withdrawn))
}

/// One requirement that nothing satisfies, where no two others come into each other's way.
fn single(world: &World, skill: &SkillId, facts: &[Fact<'_>]) -> Option<Unresolvable> {
    let hopeless = |fact: &&Fact<'_>| {
        !versions(world, &fact.needs.skill).any(|version| suits(world, fact.needs, version))
    };
    let (hopeless, others): (Vec<&Fact<'_>>, Vec<&Fact<'_>>) = facts.iter().partition(hopeless);
    let last = hopeless.last()?;
    let exists = world.contains_key(&last.needs.skill);
    let same = |fact: &&Fact<'_>| {
        let needed = if exists { fact.needs == last.needs } else { fact.needs.skill == last.needs.skill };
        fact.by == last.by && needed
    };
    if !hopeless.iter().all(same) || meet(skill, &others) {
        return None;
    }
    Some(unsatisfied(world, last.by, last.needs))
}

/// The finding that nothing satisfies what `by` needs.
pub(super) fn unsatisfied(world: &World, by: &SkillId, needs: &Spec) -> Unresolvable {
    let (needs, by) = (Box::new(needs.clone()), by.clone());
    if world.contains_key(&needs.skill) {
        let releases = world.get(&needs.skill).into_iter().flatten();
        let versions = releases.map(|(version, release)| (version.clone(), release.withdrawn)).collect();
        Unresolvable::NoVersion { needs, by, versions }
    } else {
        Unresolvable::Missing { needs, by }
    }
}

/// Whether two of these requirements may have to be satisfied by one choice, or one by the release asked for.
fn meet(skill: &SkillId, facts: &[&Fact<'_>]) -> bool {
    let mut needed_by: BTreeMap<&SkillId, (&SkillId, BTreeSet<&Version>)> = BTreeMap::new();
    facts.iter().any(|fact| {
        let (by, releases) = needed_by.entry(&fact.needs.skill).or_insert_with(|| (fact.by, BTreeSet::new()));
        fact.needs.skill == *skill || *by != fact.by || !releases.insert(fact.version)
    })
}

struct Contradiction<'a> {
    world: &'a World,
    skill: &'a SkillId,
    version: &'a Version,
    facts: &'a [Fact<'a>],
}

impl<'a> Contradiction<'a> {
    /// Who needs what, from the release asked for downwards, and where that cannot be had.
    fn lines(&self) -> Vec<String> {
        let order = self.order();
        let needs: Vec<String> = order.iter().flat_map(|by| self.needs(by)).collect();
        let mut clashes: Vec<String> = order.iter().filter_map(|skill| self.clash(skill)).collect();
        if clashes.is_empty() {
            clashes.push(self.entanglement(&order));
        }
        clashes.truncate(MAX_CLASHES);
        without_middle(needs).into_iter().chain(clashes).collect()
    }

    /// The skills of the facts breadth-first from the release asked for, siblings by name.
    fn order(&self) -> Vec<&'a SkillId> {
        let mut needs: BTreeMap<&SkillId, BTreeSet<&SkillId>> = BTreeMap::new();
        for fact in self.facts {
            needs.entry(fact.by).or_default().insert(&fact.needs.skill);
        }
        let mut order = Vec::new();
        let mut seen = BTreeSet::from([self.skill]);
        let mut open = VecDeque::from([self.skill]);
        while let Some(skill) = open.pop_front() {
            order.push(skill);
            let below = needs.get(skill).into_iter().flatten();
            open.extend(below.filter(|below| seen.insert(below)));
        }
        order
    }

    /// One line for all releases of a skill that need the same.
    fn needs(&self, by: &SkillId) -> Vec<String> {
        let mut releases: BTreeMap<&Version, Vec<&Spec>> = BTreeMap::new();
        for fact in self.facts.iter().filter(|fact| fact.by == by) {
            releases.entry(fact.version).or_default().push(fact.needs);
        }
        let mut groups: Vec<(Vec<&Version>, Vec<&Spec>)> = Vec::new();
        for (version, needs) in releases {
            match groups.iter_mut().find(|(_, same)| *same == needs) {
                Some((versions, _)) => versions.push(version),
                None => groups.push((vec![version], needs)),
            }
        }
        let line = |(of, needs): (Vec<&Version>, Vec<&Spec>)| {
            let needs = conjunction(needs.iter().map(|needs| format!("`{needs}`")));
            match of.as_slice() {
                [version] => format!("`{by}` {version} needs {needs}"),
                all if all.len() == versions(self.world, by).count() => {
                    format!("every version of `{by}` needs {needs}")
                }
                some => format!("`{by}` {} need {needs}", conjunction(some.iter().map(ToString::to_string))),
            }
        };
        groups.into_iter().map(line).collect()
    }

    /// That no version of a skill is one that each of those who need it can use, if so.
    fn clash(&self, skill: &SkillId) -> Option<String> {
        let mut dependents: BTreeMap<&SkillId, BTreeMap<&Version, Vec<&Spec>>> = BTreeMap::new();
        for fact in self.facts.iter().filter(|fact| fact.needs.skill == *skill) {
            dependents.entry(fact.by).or_default().entry(fact.version).or_default().push(fact.needs);
        }
        let serves = |version: &&Version| {
            let satisfies = |needs: &Vec<&Spec>| needs.iter().all(|needs| suits(self.world, needs, version));
            dependents.values().all(|releases| releases.values().any(satisfies))
        };
        if !self.world.contains_key(skill) {
            return Some(format!("there is no skill `{skill}`"));
        }
        if skill == self.skill {
            return (!serves(&self.version)).then(|| format!("`{skill}` is asked for at {}", self.version));
        }
        if versions(self.world, skill).any(|version| serves(&version)) {
            return None;
        }
        let all = match dependents.len() {
            1 => "",
            2 => "both ",
            _ => "all of ",
        };
        let dependents = conjunction(dependents.keys().map(|by| format!("`{by}`")));
        let exist = existing(versions(self.world, skill));
        Some(format!("no version of `{skill}` satisfies {all}{dependents} ({exist})"))
    }

    /// What is said where no single skill is the place of the clash.
    fn entanglement(&self, order: &[&SkillId]) -> String {
        let open = order.iter().filter(|skill| versions(self.world, skill).count() > 1);
        let skills = conjunction(open.map(|skill| format!("`{skill}`")));
        format!("no choice of versions of {skills} satisfies all of this")
    }
}

fn without_middle(mut lines: Vec<String>) -> Vec<String> {
    let surplus = lines.len().saturating_sub(MAX_NEEDS);
    if surplus > 0 {
        let middle = MAX_NEEDS / 2;
        lines.splice(middle..middle + surplus, [format!("… and {surplus} more steps")]);
    }
    lines
}

/// `a, b and c`, at most [`MAX_LISTED`] of them.
fn conjunction(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    if items.len() > MAX_LISTED {
        let surplus = items.split_off(MAX_LISTED - 1).len();
        items.push(format!("{surplus} more"));
    }
    match items.as_slice() {
        [first @ .., beforelast, last] => {
            let first: String = first.iter().map(|item| format!("{item}, ")).collect();
            format!("{first}{beforelast} and {last}")
        }
        one => one.concat(),
    }
}

fn existing<'a>(versions: impl Iterator<Item = &'a Version>) -> String {
    let versions: Vec<&Version> = versions.collect();
    let surplus = versions.len().saturating_sub(MAX_LISTED);
    let shown = list(versions.iter().skip(surplus).copied());
    match (versions.len(), surplus) {
        (0, _) => "there are none".to_owned(),
        (1, _) => format!("there is {shown}"),
        (_, 0) => format!("there are {shown}"),
        _ => format!("there are {shown} and {surplus} older"),
    }
}
