//! Sets of versions of one skill, each version by its position among those that exist.

use std::fmt;

use pubgrub::VersionSet;

const WORD: usize = u64::BITS as usize;

/// A finite set of positions, or all positions but finitely many, which the solver's complements need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Versions {
    /// One bit per position. The last word is never zero, so equal sets are equal values.
    words: Vec<u64>,
    /// Whether the set is everything but these positions.
    inverted: bool,
}

impl Versions {
    fn combine(&self, other: &Self, inverted: bool, operation: impl Fn(u64, u64) -> u64) -> Self {
        let word = |set: &Self, at: usize| set.words.get(at).copied().unwrap_or(0);
        let length = self.words.len().max(other.words.len());
        let mut words: Vec<u64> = (0..length).map(|at| operation(word(self, at), word(other, at))).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        Self { words, inverted }
    }

    /// The positions of a finite set, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |word: u64| (0..WORD).filter(move |bit| word >> bit & 1 == 1);
        self.words.iter().enumerate().flat_map(move |(at, word)| bits(*word).map(move |bit| at * WORD + bit))
    }

    /// Whether a finite set has one member.
    pub(super) fn is_single(&self) -> bool {
        self.words.iter().map(|word| word.count_ones()).sum::<u32>() == 1
    }

    /// The highest position of a finite set.
    pub(super) fn highest(&self) -> Option<usize> {
        let last = self.words.last()?;
        Some(self.words.len() * WORD - 1 - last.leading_zeros() as usize)
    }
}

impl FromIterator<usize> for Versions {
    fn from_iter<T: IntoIterator<Item = usize>>(positions: T) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for position in positions {
            let at = position / WORD;
            words.resize(words.len().max(at + 1), 0);
            if let Some(word) = words.get_mut(at) {
                *word |= 1 << (position % WORD);
            }
        }
        Self { words, inverted: false }
    }
}

impl VersionSet for Versions {
    type V = usize;

    fn empty() -> Self {
        Self::default()
    }

    fn singleton(position: usize) -> Self {
        Self::from_iter([position])
    }

    fn complement(&self) -> Self {
        Self { words: self.words.clone(), inverted: !self.inverted }
    }

    fn intersection(&self, other: &Self) -> Self {
        match (self.inverted, other.inverted) {
            (false, false) => self.combine(other, false, |a, b| a & b),
            (false, true) => self.combine(other, false, |a, b| a & !b),
            (true, false) => self.combine(other, false, |a, b| !a & b),
            (true, true) => self.combine(other, true, |a, b| a | b),
        }
    }

    fn contains(&self, position: &usize) -> bool {
        let listed = self.words.get(position / WORD).is_some_and(|word| word >> (position % WORD) & 1 == 1);
        listed != self.inverted
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
