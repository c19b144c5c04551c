//! Asks `PubGrub` whether versions that satisfy every requirement exist.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, NoSolutionError, PackageResolutionStatistics,
    PubGrubError, SelectedDependencies, VersionSet,
};
use semver::Version;

use super::index::{Index, Need};
use super::versions::Versions;
use super::walk::Walk;
use crate::id::SkillId;
use crate::requirement::Spec;

/// A package of no name, whose only version needs what is asked for.
const QUESTION: usize = usize::MAX;

/// A requirement that takes part in a contradiction, and the release that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact<'a> {
    pub(super) by: &'a SkillId,
    pub(super) version: &'a Version,
    pub(super) needs: &'a Spec,
}

/// The version of each skill of a solution.
pub(super) type Solution = SelectedDependencies<usize, usize>;

/// Why there is no answer.
pub(super) enum Failure<'a> {
    /// These requirements exclude each other: by name, version and what is needed.
    Contradiction(Vec<Fact<'a>>),
    /// The steps are spent.
    OutOfSteps,
}

#[derive(Debug, thiserror::Error)]
#[error("the steps are spent")]
pub(super) struct OutOfSteps;

/// Questions about one world, with a common limit of steps.
pub(super) struct Search<'a, 'w> {
    index: &'a Index<'w>,
    steps_left: Cell<u32>,
}

impl<'a, 'w> Search<'a, 'w> {
    pub(super) fn new(index: &'a Index<'w>, steps: u32) -> Self {
        Self { index, steps_left: Cell::new(steps) }
    }

    /// A solution within what a walk allows, with one of these versions of its next skill.
    pub(super) fn ask(
        &self,
        walk: &Walk<'_>,
        skill: usize,
        versions: Versions,
    ) -> Result<Solution, Failure<'w>> {
        let others = walk.path().iter().filter(|place| place.skill != skill);
        let others = others.map(|place| (place.skill, place.allowed.clone().into_owned()));
        let demands = std::iter::once((skill, versions)).chain(others).collect();
        let taken = walk.taken().iter().enumerate();
        let ranks = taken.map(|(place, taken)| (taken.skill, (Rank::Taken, place))).collect();
        let question = Question { search: self, demands, ranks: RefCell::new(ranks) };
        pubgrub::resolve(&question, QUESTION, 0_usize).map_err(|error| match error {
            PubGrubError::NoSolution(tree) => Failure::Contradiction(self.facts(tree)),
            PubGrubError::ErrorRetrievingDependencies { source: OutOfSteps, .. }
            | PubGrubError::ErrorChoosingVersion { source: OutOfSteps, .. }
            | PubGrubError::ErrorInShouldCancel(OutOfSteps) => Failure::OutOfSteps,
        })
    }

    /// The leaves of a derivation. Takes the tree apart without recursion, which its depth forbids; a node shared by
    /// several is met when the last of them lets go of it.
    fn facts(&self, tree: NoSolutionError<Question<'_, '_, '_>>) -> Vec<Fact<'w>> {
        let mut facts = BTreeMap::new();
        let mut open = vec![Arc::new(tree)];
        while let Some(node) = open.pop() {
            match Arc::into_inner(node) {
                Some(DerivationTree::Derived(derived)) => open.extend([derived.cause1, derived.cause2]),
                Some(DerivationTree::External(External::FromDependencyOf(by, versions, on, allowed))) => {
                    let is_cause = |need: &Need<'_>, _| need.skill == on && need.allowed == allowed;
                    facts.extend(self.causes(by, &versions, is_cause));
                }
                Some(DerivationTree::External(External::Custom(by, versions, _))) => {
                    facts.extend(
                        self.causes(by, &versions, |need, version| excludes_itself(need, by, version)),
                    );
                }
                Some(DerivationTree::External(External::NotRoot(..) | External::NoVersions(..))) | None => {}
            }
        }
        facts.into_values().collect()
    }

    /// For each of these releases of a skill the first requirement that is a cause.
    fn causes(
        &self,
        by: usize,
        versions: &Versions,
        is_cause: impl Fn(&Need<'w>, usize) -> bool,
    ) -> Vec<((usize, usize, usize), Fact<'w>)> {
        let cause = |version| {
            let (name, of) = self.index.name(by, version)?;
            let mut needs = self.index.needs(by, version).iter().enumerate();
            let (position, need) = needs.find(|(_, need)| is_cause(need, version))?;
            Some(((by, version, position), Fact { by: name, version: of, needs: need.spec }))
        };
        versions.iter().filter_map(cause).collect()
    }
}

/// Whether a release needs another version of its own skill. The solver is not made for such a requirement.
fn excludes_itself(need: &Need<'_>, skill: usize, version: usize) -> bool {
    need.skill == skill && !need.allowed.contains(&version)
}

/// What is decided first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// One version is left: this is no choice, and what follows from it may spare some.
    Forced,
    Open,
    /// On the walk with a version, so that all that it needs is asked for already.
    Taken,
}

struct Question<'q, 'a, 'w> {
    search: &'q Search<'a, 'w>,
    demands: Vec<(usize, Versions)>,
    /// The order in which skills came up. It is that of the walk until a choice has to be taken back.
    ranks: RefCell<BTreeMap<usize, (Rank, usize)>>,
}

impl Question<'_, '_, '_> {
    fn rank(&self, needs: &[(usize, Versions)]) {
        let mut ranks = self.ranks.borrow_mut();
        for (skill, _) in needs {
            let next = ranks.len();
            ranks.entry(*skill).or_insert((Rank::Open, next));
        }
    }
}

impl DependencyProvider for Question<'_, '_, '_> {
    type P = usize;
    type V = usize;
    type VS = Versions;
    type M = &'static str;
    type Priority = Reverse<(Rank, usize)>;
    type Err = OutOfSteps;

    fn prioritize(
        &self,
        skill: &usize,
        allowed: &Versions,
        _: &PackageResolutionStatistics,
    ) -> Self::Priority {
        Reverse(match self.ranks.borrow().get(skill) {
            Some((Rank::Open, place)) if allowed.is_single() => (Rank::Forced, *place),
            Some(rank) => *rank,
            None => (Rank::Forced, *skill),
        })
    }

    fn choose_version(&self, skill: &usize, allowed: &Versions) -> Result<Option<usize>, OutOfSteps> {
        Ok(if *skill == QUESTION { Some(0) } else { allowed.highest() })
    }

    fn get_dependencies(
        &self,
        skill: &usize,
        version: &usize,
    ) -> Result<Dependencies<usize, Versions, Self::M>, OutOfSteps> {
        let needs = self.search.index.needs(*skill, *version);
        if needs.iter().any(|need| excludes_itself(need, *skill, *version)) {
            return Ok(Dependencies::Unavailable("needs another version of itself"));
        }
        let others = needs.iter().filter(|need| need.skill != *skill);
        let needs: Vec<(usize, Versions)> = match *skill {
            QUESTION => self.demands.clone(),
            _ => others.map(|need| (need.skill, need.allowed.clone())).collect(),
        };
        self.rank(&needs);
        Ok(Dependencies::Available(needs.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), OutOfSteps> {
        let left = self.search.steps_left.get().checked_sub(1).ok_or(OutOfSteps)?;
        self.search.steps_left.set(left);
        Ok(())
    }
}
