//! The breadth-first walk along which versions are chosen, siblings by name.

use std::borrow::Cow;

use pubgrub::VersionSet;

use super::index::{Index, Need};
use super::versions::Versions;

pub(super) struct Walk<'a> {
    index: &'a Index<'a>,
    /// First the skills that have a version, then those that are needed and have none yet.
    path: Vec<Place<'a>>,
    taken: usize,
    /// For each skill of the index one more than its place on the path, or zero.
    places: Vec<usize>,
}

/// A skill on a walk, and what those before it allow: one version, once it has it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) skill: usize,
    pub(super) allowed: Cow<'a, Versions>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(index: &'a Index<'a>, (skill, version): (usize, usize)) -> Self {
        let mut walk = Self { index, path: Vec::new(), taken: 0, places: vec![0; index.len()] };
        walk.append(skill, Cow::Owned(Versions::singleton(version)));
        walk
    }

    fn append(&mut self, skill: usize, allowed: Cow<'a, Versions>) {
        self.path.push(Place { skill, allowed });
        if let Some(place) = self.places.get_mut(skill) {
            *place = self.path.len();
        }
    }

    /// The next skill that has no version.
    pub(super) fn next(&self) -> Option<Place<'a>> {
        self.path.get(self.taken).cloned()
    }

    /// Gives the next skill its version. False when this contradicts the choices before it.
    pub(super) fn take(&mut self, version: usize) -> bool {
        let Some(place) = self.path.get_mut(self.taken) else { return false };
        place.allowed = Cow::Owned(Versions::singleton(version));
        self.taken += 1;
        let index = self.index;
        index.needs(place.skill, version).iter().all(|need| self.admits(need))
    }

    fn admits(&mut self, need: &'a Need<'a>) -> bool {
        let Some(place) = self.place(need.skill).and_then(|place| self.path.get_mut(place)) else {
            self.append(need.skill, Cow::Borrowed(&need.allowed));
            return need.allowed.highest().is_some();
        };
        let both = place.allowed.intersection(&need.allowed);
        if both != *place.allowed {
            place.allowed = Cow::Owned(both);
        }
        place.allowed.highest().is_some()
    }

    /// Whether no requirement of a release contradicts what is on the walk.
    pub(super) fn is_open_to(&self, skill: usize, version: usize) -> bool {
        self.index.needs(skill, version).iter().all(|need| {
            match self.place(need.skill).and_then(|place| self.path.get(place)) {
                Some(place) => !place.allowed.is_disjoint(&need.allowed),
                None => need.allowed.highest().is_some(),
            }
        })
    }

    fn place(&self, skill: usize) -> Option<usize> {
        self.places.get(skill)?.checked_sub(1)
    }

    /// The skills that are needed so far and what is allowed for each, in the order of the walk.
    pub(super) fn path(&self) -> &[Place<'a>] {
        &self.path
    }

    /// The skills that have a version.
    pub(super) fn taken(&self) -> &[Place<'a>] {
        self.path.get(..self.taken).unwrap_or(&self.path)
    }

    /// The place and the version of a skill, when the walk is at its end.
    pub(super) fn chosen(&self, skill: usize) -> Option<(usize, usize)> {
        let place = self.place(skill)?;
        Some((place, self.path.get(place)?.allowed.highest()?))
    }
}
