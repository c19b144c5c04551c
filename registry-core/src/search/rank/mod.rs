//! Which skills answer a query, best first: those of that very name, then those whose names start so, then the rest by
//! words and meaning together.
//!
//! Everything that is counted is counted over the shards of the query alone (law 4). Sums run in one fixed order,
//! logarithms come from `libm`, vectors are compared in integers: scores are the same on every machine.

mod bm25;
mod fusion;
mod mending;
mod slip;
mod understanding;

use self::bm25::Vocabulary;
use self::fusion::{Fusion, Halves};
use self::understanding::Understanding;
use super::document::Row;
use super::embedding::Embedding;
use super::shard::Shard;
use super::weights::Weights;
use crate::api::{Filters, SearchHit};

/// The score of a skill that is asked for by its slug, and the least scores of the tiers below.
const SLUG_SCORE: u32 = 1_000_000;
const NAME_SCORE: u32 = 900_000;
const PREFIX_SCORE: u32 = 800_000;
/// How far the skills of a tier lie apart.
const TIER_RANGE: f32 = 99_999.0;
/// The greatest score of a skill that is found by words and meaning.
const REST_RANGE: f32 = 799_999.0;
/// Shortest query that is taken for the start of a name, in bytes.
const MIN_PREFIX: usize = 2;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// What is looked for, in words.
    pub text: &'a str,
    /// What the answers must be.
    pub filters: &'a Filters,
    /// How many answers.
    pub k: usize,
    /// Whether each answer says why it is one.
    pub explain: bool,
    /// What gives words their meaning; without it words alone decide.
    pub embedding: Option<&'a Embedding>,
    /// What counts how much.
    pub weights: &'a Weights,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Best first, equal scores by slug.
    pub hits: Vec<SearchHit>,
    /// The meaning did not count: there is no embedding, or a shard has no vectors of it.
    pub degraded: bool,
}

/// Whether a result's name or slug decided its rank, and not what it is made of.
#[must_use]
pub fn is_by_name(hit: &SearchHit) -> bool {
    hit.score >= PREFIX_SCORE
}

/// The best skills of `shards`, as if they were one.
#[must_use]
pub fn search(shards: &[&Shard], query: &Query<'_>) -> Answer {
    let embedding =
        query.embedding.filter(|embedding| shards.iter().all(|shard| shard.has_vectors_of(embedding)));
    let halves = halves(shards, query, embedding);
    let fusion = Fusion::new(&halves, query.weights);
    let mut scores = fusion.scores();
    let corpus = Corpus::of(shards);
    corpus.lift_names(query.text, &mut scores);
    Answer { hits: corpus.best(query, &scores, &fusion), degraded: embedding.is_none() }
}

fn halves(shards: &[&Shard], query: &Query<'_>, embedding: Option<&Embedding>) -> Halves {
    let vocabulary = Vocabulary::new(shards);
    let Understanding { terms, words, unheard } =
        Understanding::of(query.text, &vocabulary, embedding, query.weights);
    let mut meaning = Vec::new();
    if let Some(vector) = embedding.and_then(|embedding| embedding.vector(&words)) {
        shards.iter().for_each(|shard| shard.add_cosines(&vector, &mut meaning));
    }
    Halves { words: vocabulary.score(&terms, query.weights), meaning, unheard }
}

/// The shards of a query, their documents counted through.
struct Corpus<'a> {
    shards: &'a [&'a Shard],
    /// The number of each shard's first document.
    first: Vec<u32>,
}

impl<'a> Corpus<'a> {
    fn of(shards: &'a [&'a Shard]) -> Self {
        let mut next = 0;
        let first = |shard: &&Shard| {
            next += shard.documents();
            next - shard.documents()
        };
        Self { shards, first: shards.iter().map(first).collect() }
    }

    fn locate(&self, document: u32) -> Option<(&'a Shard, u32)> {
        let index = self.first.partition_point(|first| *first <= document).checked_sub(1)?;
        Some((self.shards.get(index)?, document - self.first.get(index)?))
    }

    /// Lifts the skills that are asked for by slug or name, and those whose names start as the query does, above the
    /// rest, in which they keep their order.
    fn lift_names(&self, query: &str, scores: &mut [u32]) {
        let asked = query.trim().to_lowercase().replace([' ', '_'], "-");
        let mut lift = |document: u32, least: u32| {
            if let Some(score) = scores.get_mut(document as usize).filter(|score| **score < least) {
                let within = (*score as f32 / REST_RANGE * TIER_RANGE).min(TIER_RANGE) as u32;
                *score = (least + within).min(SLUG_SCORE);
            }
        };
        for (shard, first) in self.shards.iter().zip(&self.first) {
            if asked.len() >= MIN_PREFIX {
                for (document, is_whole) in shard.with_name_prefix(&asked) {
                    lift(first + document, if is_whole { NAME_SCORE } else { PREFIX_SCORE });
                }
            }
            if let Some(document) = shard.with_slug(&asked) {
                lift(first + document, SLUG_SCORE);
            }
        }
    }

    fn best(&self, query: &Query<'_>, scores: &[u32], fusion: &Fusion<'_>) -> Vec<SearchHit> {
        let mut best: Vec<Found<'_>> = Vec::new();
        for (document, score) in (0u32..).zip(scores) {
            let least =
                if best.len() < query.k { 1 } else { best.last().map_or(u32::MAX, |last| last.score) };
            if *score < least {
                continue;
            }
            let found = self.locate(document).and_then(|(shard, at)| shard.row(at));
            let Some(row) = found.filter(|row| row.passes(query.filters)) else { continue };
            let found = Found { score: *score, row, document };
            best.insert(best.partition_point(|better| better.is_before(&found)), found);
            best.truncate(query.k);
        }
        let hit = |Found { score, row, document }: Found<'_>| {
            let explanation = query.explain.then(|| fusion.explanation(document));
            Some(SearchHit { listing: row.listing()?, score, explanation })
        };
        best.into_iter().filter_map(hit).collect()
    }
}

/// A document that may be among the best.
struct Found<'a> {
    score: u32,
    row: Row<'a>,
    document: u32,
}

impl Found<'_> {
    /// Equal scores go by slug.
    fn is_before(&self, other: &Self) -> bool {
        self.score > other.score || (self.score == other.score && self.row.slug < other.row.slug)
    }
}

#[cfg(test)]
mod tests;
