//! The search of one shard.

use std::collections::BTreeMap;

use super::super::cosines::Cosines;
use super::super::embedding::Vector;
use super::super::shard::Shard;
use super::best::{Best, Found};
use super::fusion::Fusion;
use super::{NAME_SCORE, PREFIX_SCORE, Query, REST_RANGE, SLUG_SCORE};

/// How far the skills of a tier lie apart.
const TIER_RANGE: f32 = 99_999.0;
/// What each unit of a score takes of a sum, or a little less. The score of 1 takes none: any word is enough.
const LEAST_SUM: f32 = 0.999_99 / REST_RANGE;
/// Shortest query that is taken for the start of a name, in bytes.
const MIN_PREFIX: usize = 2;

/// A shard, and what the query is to its documents.
pub(super) struct Part<'a> {
    query: &'a Query<'a>,
    fusion: Fusion,
    shard: &'a Shard,
    /// By words; 0 for a document without any.
    words: &'a [f32],
    /// None where the meaning does not count.
    cosines: Option<Cosines<'a>>,
    /// The documents that are asked for by slug or name, or whose names start as the query does, with the least score of
    /// their tier.
    named: BTreeMap<usize, u32>,
}

impl<'a> Part<'a> {
    pub(super) fn new(
        query: &'a Query<'a>,
        fusion: Fusion,
        shard: &'a Shard,
        words: &'a [f32],
        vector: Option<&'a Vector>,
    ) -> Self {
        let cosines = vector.map(|vector| shard.cosines(vector));
        Self { query, fusion, shard, words, cosines, named: named(query.text, shard) }
    }

    /// Adds the named documents, and those whose words are promising: they are likely to be the best, and the sooner the
    /// best are known, the fewer others [`Self::add_rest`] must look at.
    pub(super) fn add_promising(&self, best: &mut Best<'a>) {
        for (document, tier) in &self.named {
            let within = self.fusion.score(self.words(*document), self.cosine(*document)) as f32;
            let within = (within / REST_RANGE * TIER_RANGE).min(TIER_RANGE) as u32;
            self.offer(*document, (tier + within).min(SLUG_SCORE), best);
        }
        for (document, words) in self.words.iter().enumerate() {
            if *words >= self.fusion.promising {
                self.add(document, best);
            }
        }
    }

    /// Adds the other documents, looking closely only at those that may be among the best by the bounds of their cosines.
    pub(super) fn add_rest(&self, best: &mut Best<'a>) {
        let mut least = best.least();
        let mut consider = |document: usize, words: f32, at_most: f32| {
            let is_hopeless = least > 1 && self.fusion.sum(words, at_most) < least as f32 * LEAST_SUM;
            if !is_hopeless && words < self.fusion.promising && self.fusion.score(words, at_most) >= least {
                self.add(document, best);
                least = best.least();
            }
        };
        let words = self.words.iter().copied().enumerate();
        match self.cosines {
            Some(cosines) => words.zip(cosines.bounds()).for_each(|((document, words), at_most)| {
                consider(document, words, at_most);
            }),
            None => words.for_each(|(document, words)| consider(document, words, 0.0)),
        }
    }

    fn words(&self, document: usize) -> f32 {
        self.words.get(document).copied().unwrap_or(0.0)
    }

    fn cosine(&self, document: usize) -> f32 {
        self.cosines.map_or(0.0, |cosines| cosines.exact(document))
    }

    fn add(&self, document: usize, best: &mut Best<'a>) {
        if !self.named.contains_key(&document) {
            self.offer(document, self.fusion.score(self.words(document), self.cosine(document)), best);
        }
    }

    fn offer(&self, document: usize, score: u32, best: &mut Best<'a>) {
        if score < best.least() {
            return;
        }
        let row = self.shard.row(document as u32);
        if let Some(row) = row.filter(|row| row.passes(self.query.filters)) {
            let explain = || self.fusion.explanation(self.words(document), self.cosine(document));
            best.insert(Found { score, row, explanation: self.query.explain.then(explain) });
        }
    }
}

fn named(query: &str, shard: &Shard) -> BTreeMap<usize, u32> {
    let asked = query.trim().to_lowercase().replace([' ', '_'], "-");
    let mut named = BTreeMap::new();
    if asked.len() >= MIN_PREFIX {
        for (document, is_whole) in shard.with_name_prefix(&asked) {
            let tier = named.entry(document as usize).or_insert(PREFIX_SCORE);
            *tier = if is_whole { NAME_SCORE } else { *tier };
        }
    }
    named.extend(shard.with_slug(&asked).map(|document| (document as usize, SLUG_SCORE)));
    named
}
