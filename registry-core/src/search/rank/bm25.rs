//! BM25 over several shards as if they were one catalog (Robertson and Zaragoza, 2009).

use super::super::Weights;
use super::super::postings::Postings;
use super::super::shard::{Shard, Terms};

/// A term of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub text: String,
    /// How often the query holds it.
    pub repetitions: f32,
    /// Terms that count beside it, and each one's share, from 0 to 1.
    pub relatives: Vec<(String, f32)>,
}

impl Term {
    fn forms(&self) -> impl Iterator<Item = (&str, f32)> {
        let relatives = self.relatives.iter().map(|(text, share)| (text.as_str(), *share));
        [(self.text.as_str(), 1.0)].into_iter().chain(relatives)
    }
}

/// The terms of all shards of a query.
pub(super) struct Vocabulary<'a> {
    shards: Vec<Terms<'a>>,
    documents: f32,
    average_length: f32,
}

impl<'a> Vocabulary<'a> {
    /// Statistics are sums of integers over the shards of the query alone: no score tells of a skill that the caller
    /// may not see (law 4).
    pub(super) fn new(shards: &[&'a Shard]) -> Self {
        let shards: Vec<Terms<'a>> = shards.iter().filter_map(|shard| shard.terms()).collect();
        let documents: usize = shards.iter().map(Terms::documents).sum();
        let length: u64 = shards.iter().map(|shard| shard.total_length).sum();
        let average_length = (length as f64 / documents.max(1) as f64).max(1.0) as f32;
        Self { shards, documents: documents as f32, average_length }
    }

    /// The number of documents.
    pub(super) fn documents(&self) -> u32 {
        self.documents as u32
    }

    /// In how many documents a term occurs.
    pub(super) fn frequency(&self, term: &str) -> u32 {
        self.shards.iter().filter_map(|shard| shard.postings(term)).map(|list| list.len()).sum()
    }

    /// The terms that start with `prefix`; those of two shards twice.
    pub(super) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = &'a str> {
        self.shards.iter().flat_map(move |shard| shard.with_prefix(prefix))
    }

    /// Every document's score, shard by shard.
    pub(super) fn score(&self, terms: &[Term], weights: &Weights) -> Vec<Vec<f32>> {
        let norms = self.norms(weights);
        let mut scores: Vec<Vec<f32>> =
            self.shards.iter().map(|shard| vec![0.0; shard.documents()]).collect();
        for term in terms {
            let most = term.repetitions * self.rarity(term) * (weights.saturation + 1.0);
            for (form, share) in term.forms() {
                let counts = Counts { most: most * share, norms: &norms };
                for (shard, scores) in self.shards.iter().zip(&mut scores) {
                    if let Some(list) = shard.postings(form) {
                        counts.add(list, shard, scores);
                    }
                }
            }
        }
        scores
    }

    /// The inverse document frequency of a term together with its relatives, so that a rare relative counts no more
    /// than the term.
    fn rarity(&self, term: &Term) -> f32 {
        let with_term: u32 = term.forms().map(|(form, _)| self.frequency(form)).sum();
        let with_term = (with_term as f32).min(self.documents);
        libm::logf(1.0 + (self.documents - with_term + 0.5) / (with_term + 0.5))
    }

    /// What a length counts against a document, for every length up to the longest.
    fn norms(&self, weights: &Weights) -> Vec<f32> {
        let longest = self.shards.iter().map(Terms::longest).max().unwrap_or(0);
        let norm = |length: u16| {
            let relative = f32::from(length) / self.average_length;
            weights.saturation * (1.0 - weights.length + weights.length * relative)
        };
        (0..=longest).map(norm).collect()
    }
}

/// What a form of a term counts in a document.
struct Counts<'a> {
    most: f32,
    /// By the document's length.
    norms: &'a [f32],
}

impl Counts<'_> {
    fn of(&self, frequency: f32, norm: f32) -> f32 {
        self.most * frequency / (frequency + norm)
    }

    /// Adds it to the documents of a list. Most hold the form once: what that counts is reckoned once for each length,
    /// where the list is long enough to pay for it.
    fn add(&self, list: Postings<'_>, shard: &Terms<'_>, scores: &mut [f32]) {
        let is_long = list.len() as usize >= self.norms.len();
        let once: Vec<f32> =
            if is_long { self.norms.iter().map(|norm| self.of(1.0, *norm)).collect() } else { Vec::new() };
        list.for_each(|(document, frequency)| {
            let length = usize::from(shard.length(document));
            let counts = match frequency {
                1 if is_long => once.get(length).copied(),
                _ => self.norms.get(length).map(|norm| self.of(frequency as f32, *norm)),
            };
            if let Some((score, counts)) = scores.get_mut(document as usize).zip(counts) {
                *score += counts;
            }
        });
    }
}
