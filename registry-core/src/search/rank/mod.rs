//! Which skills answer a query, best first: those of that very name, then those whose names start so, then the rest by
//! words and meaning together.
//!
//! Everything that is counted is counted over the shards of the query alone (law 4). Sums run in one fixed order,
//! logarithms come from `libm`, vectors are compared in integers: scores are the same on every machine.

mod best;
mod bm25;
mod fusion;
mod mending;
mod part;
mod slip;
mod understanding;

use self::best::Best;
use self::bm25::Vocabulary;
use self::fusion::Fusion;
use self::part::Part;
use self::understanding::Understanding;
use super::embedding::Embedding;
use super::shard::Shard;
use super::weights::Weights;
use crate::api::{Filters, SearchHit};

/// The greatest score: of a skill that is asked for by its slug. The least scores of the tiers below, and the greatest of
/// a skill that is found by words and meaning.
const SLUG_SCORE: u32 = 1_000_000;
const NAME_SCORE: u32 = 900_000;
const PREFIX_SCORE: u32 = 800_000;
const REST_RANGE: f32 = 799_999.0;

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
    let vocabulary = Vocabulary::new(shards);
    let Understanding { terms, words } = Understanding::of(query.text, &vocabulary, embedding, query.weights);
    let vector = embedding.and_then(|embedding| embedding.vector(&words));
    let scores = vocabulary.score(&terms, query.weights);
    let most_words = scores.iter().map(|of_shard| greatest(of_shard)).fold(0.0, f32::max);
    let fusion = Fusion::new(most_words, vector.is_some(), query.weights);
    let parts = shards.iter().zip(&scores);
    let parts: Vec<Part<'_>> =
        parts.map(|(shard, words)| Part::new(query, fusion, shard, words, vector.as_ref())).collect();
    let mut best = Best::new(query.k);
    parts.iter().for_each(|part| part.add_promising(&mut best));
    parts.iter().for_each(|part| part.add_rest(&mut best));
    Answer { hits: best.into_hits(), degraded: embedding.is_none() }
}

/// The greatest of values above 0; in lanes, which compilers make vector instructions of.
fn greatest(values: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane = greater(*lane, *value));
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(0.0, greater)
}

#[cfg(test)]
mod tests;
