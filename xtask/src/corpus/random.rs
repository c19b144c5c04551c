//! Numbers that look random and are the same on every machine.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to these numbers: who is asked about, and which of its properties.
    pub fn of(seeds: [usize; 2]) -> Self {
        seeds.into_iter().fold(Self(7), |mut random, seed| Self(random.next() ^ (seed as u64)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number of a range, both ends included.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of the words.
    pub fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    /// Several different words, sorted.
    pub fn pick_several(&mut self, words: &[&'static str], count: usize) -> Vec<&'static str> {
        let mut picked: Vec<&str> = (0..count).map(|_| self.pick(words)).collect();
        picked.sort_unstable();
        picked.dedup();
        picked
    }
}
