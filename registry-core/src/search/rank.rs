//! BM25 over several shards as if they were one catalog (Robertson and Zaragoza, 2009).
//!
//! Document counts, lengths and frequencies are summed over the shards of the query alone, so that no score tells of
//! a skill that the caller may not see (law 4). All sums run in one fixed order over IEEE doubles and `ln` comes
//! from `libm`, so that scores are the same natively and in wasm.

use std::cmp::Reverse;

use crate::api::{Filters, Listing, SearchHit};
use crate::search::{Shard, query_terms};

/// How fast repetitions of a term stop to count.
const K1: f64 = 1.2;
/// How much a long document is held against it.
const B: f64 = 0.75;
/// Most terms of a query that are scored: a bound on the work of one request.
const MAX_TERMS: usize = 64;
/// The score of a document that no other could beat.
const FULL_SCORE: f64 = 1_000_000.0;

/// The best `k` skills of `shards` for `query` among those that `filters` let through, best first, equal scores by
/// slug.
#[must_use]
pub fn search(shards: &[&Shard], query: &str, filters: &Filters, k: usize) -> Vec<SearchHit> {
    let mut terms: Vec<Term> = Vec::new();
    for text in query_terms(query).into_iter().take(MAX_TERMS) {
        match terms.iter_mut().find(|term| term.text == text) {
            Some(term) => term.repetitions += 1,
            None => terms.push(Term { text, repetitions: 1 }),
        }
    }
    let statistics = Statistics::of(shards);
    let mut scores: Vec<Vec<f64>> = shards.iter().map(|shard| vec![0.0; shard.documents as usize]).collect();
    let mut ceiling = 0.0;
    for term in &terms {
        let weight = statistics.weight(shards, term);
        ceiling += weight * (K1 + 1.0);
        for (shard, scores) in shards.iter().zip(&mut scores) {
            for (document, frequency) in shard.postings(&term.text) {
                if let Some(score) = scores.get_mut(document as usize) {
                    *score += weight * statistics.saturation(frequency, shard.length(document));
                }
            }
        }
    }
    best(shards, &scores, ceiling, filters, k)
}

struct Term {
    text: String,
    repetitions: u32,
}

/// The statistics of all shards of a query together.
struct Statistics {
    documents: f64,
    average_length: f64,
}

impl Statistics {
    fn of(shards: &[&Shard]) -> Self {
        let documents: u64 = shards.iter().map(|shard| u64::from(shard.documents)).sum();
        let length: u64 = shards.iter().map(|shard| shard.total_length).sum();
        let documents = documents as f64;
        Self { documents, average_length: (length as f64 / documents.max(1.0)).max(1.0) }
    }

    /// How much a term counts: its inverse document frequency, once per repetition in the query.
    fn weight(&self, shards: &[&Shard], term: &Term) -> f64 {
        let with_term: usize = shards.iter().map(|shard| shard.postings(&term.text).len()).sum();
        let with_term = with_term as f64;
        let odds = (self.documents - with_term + 0.5) / (with_term + 0.5);
        libm::log(1.0 + odds) * f64::from(term.repetitions)
    }

    /// How much `frequency` occurrences in a document of `length` terms count; below `K1 + 1`.
    fn saturation(&self, frequency: u32, length: u32) -> f64 {
        let frequency = f64::from(frequency);
        let norm = 1.0 - B + B * f64::from(length) / self.average_length;
        frequency * (K1 + 1.0) / (frequency + K1 * norm)
    }
}

fn best(shards: &[&Shard], scores: &[Vec<f64>], ceiling: f64, filters: &Filters, k: usize) -> Vec<SearchHit> {
    let mut candidates: Vec<(Reverse<u32>, usize, u32)> = Vec::new();
    for (index, scores) in scores.iter().enumerate() {
        for (document, score) in (0u32..).zip(scores) {
            // Rounding to an integer before sorting leaves ties to the slug alone.
            let score = (score / ceiling * FULL_SCORE) as u32;
            if score > 0 {
                candidates.push((Reverse(score), index, document));
            }
        }
    }
    candidates.sort_unstable();
    let mut hits: Vec<SearchHit> = Vec::new();
    let mut last_score = 0;
    for (Reverse(score), index, document) in candidates {
        if hits.len() >= k && score < last_score {
            break;
        }
        let Some(listing) = shards.get(index).and_then(|shard| shard.listing(document)) else { continue };
        if passes(filters, &listing) {
            last_score = score;
            hits.push(SearchHit { listing, score });
        }
    }
    hits.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.listing.slug.cmp(&b.listing.slug)));
    hits.truncate(k);
    hits
}

fn passes(filters: &Filters, listing: &Listing) -> bool {
    let Filters { team, access_level, tag, skill_type, version } = filters;
    team.as_ref().is_none_or(|team| *team == listing.slug.team)
        && access_level.is_none_or(|level| level == listing.access_level)
        && tag.as_ref().is_none_or(|tag| listing.tags.contains(tag))
        && skill_type.is_none_or(|skill_type| skill_type == listing.skill_type)
        && version.as_ref().is_none_or(|version| version.matches(&listing.version))
}

#[cfg(test)]
mod tests;
