//! Skills of different teams whose descriptions say the same.
//!
//! Who shares most words is found without comparing all with all: in the order of their rarity, two sets that overlap
//! by a share `t` have one of the first `⌊(1 − t) · n⌋ + 1` words of the larger in common (prefix filtering; Chaudhuri,
//! Ganti and Kaushik, 2006). Only of these is the meaning compared.

use std::collections::{BTreeMap, BTreeSet};

use super::cosines::cosine;
use super::embedding::Embedding;
use super::{Document, analysis, wordpiece};

/// The least share of all words of two descriptions that both have (Jaccard), from 0 to 1.
pub const DUPLICATE_WORDS: f32 = 0.7;
/// The least cosine of the meanings of two descriptions, from 0 to 1.
pub const DUPLICATE_MEANING: f32 = 0.9;
/// Fewer different words than these say too little to be a copy.
const MIN_WORDS: usize = 5;
/// With so many of those that have a rare word in common each description is compared: thousands may copy one text, and
/// a few pairs tell of it.
const MOST_COMPARED: usize = 20;

/// The pairs of documents of different teams whose descriptions have most words in common, by their numbers, the smaller
/// first, sorted. They are near-duplicates where the [`similarity`] is at least [`DUPLICATE_MEANING`].
#[must_use]
pub fn alike_in_words(documents: &[&Document]) -> Vec<(usize, usize)> {
    let texts = Texts::of(documents);
    let team = |at: usize| documents.get(at).map(|document| &document.listing.slug.team);
    let alike = |a, b| team(a) != team(b) && texts.overlap(a, b) >= DUPLICATE_WORDS;
    texts.candidates(alike).into_iter().collect()
}

/// The cosine between the meanings of two descriptions, from -1 to 1; 0 where the table knows no word of one.
#[must_use]
pub fn similarity(a: &Document, b: &Document, embedding: &Embedding) -> f32 {
    let vector = |document: &Document| embedding.vector(&wordpiece::words(&document.listing.description));
    vector(a).zip(vector(b)).map_or(0.0, |(a, b)| cosine(&a, &b))
}

/// The different words of each description, as their ranks by rarity, sorted.
struct Texts(Vec<Vec<usize>>);

impl Texts {
    fn of(documents: &[&Document]) -> Self {
        let words: Vec<BTreeSet<String>> = documents
            .iter()
            .map(|document| analysis::terms(&document.listing.description).into_iter().collect())
            .collect();
        let mut frequencies: BTreeMap<&str, usize> = BTreeMap::new();
        for word in words.iter().flatten() {
            *frequencies.entry(word).or_default() += 1;
        }
        let mut by_rarity: Vec<(usize, &str)> =
            frequencies.into_iter().map(|(word, frequency)| (frequency, word)).collect();
        by_rarity.sort_unstable();
        let ranks: BTreeMap<&str, usize> =
            (0..).zip(&by_rarity).map(|(rank, (_, word))| (*word, rank)).collect();
        let ranked = |words: &BTreeSet<String>| {
            let mut ranked: Vec<usize> =
                words.iter().filter_map(|word| ranks.get(word.as_str())).copied().collect();
            ranked.sort_unstable();
            ranked
        };
        Self(words.iter().map(ranked).collect())
    }

    fn words(&self, at: usize) -> &[usize] {
        self.0.get(at).map_or(&[], Vec::as_slice)
    }

    /// The pairs that `wanted` takes of those that share one of their rarest words.
    fn candidates(&self, wanted: impl Fn(usize, usize) -> bool) -> BTreeSet<(usize, usize)> {
        let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut pairs = BTreeSet::new();
        for (number, words) in self.0.iter().enumerate().filter(|(_, words)| words.len() >= MIN_WORDS) {
            let rarest = ((1.0 - DUPLICATE_WORDS) * words.len() as f32) as usize + 1;
            for word in words.iter().take(rarest) {
                let holders = holders.entry(*word).or_default();
                let near = holders.iter().rev().take(MOST_COMPARED);
                pairs.extend(near.map(|near| (*near, number)).filter(|(a, b)| wanted(*a, *b)));
                holders.push(number);
            }
        }
        pairs
    }

    /// The share of the words of both that each has.
    fn overlap(&self, a: usize, b: usize) -> f32 {
        let (a, b) = (self.words(a), self.words(b));
        let common = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
        common as f32 / (a.len() + b.len() - common).max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::embedding::example;
    use super::*;
    use crate::api::Listing;

    fn document(slug: &str, description: &str) -> Document {
        let listing: Listing = serde_json::from_value(serde_json::json!({
            "slug": slug, "name": "n", "version": "1.0.0", "description": description,
            "tags": [], "access_level": "public", "type": "instructions",
        }))
        .unwrap();
        listing.into()
    }

    fn pairs(texts: &[(&str, &str)], embedding: &Embedding) -> Vec<(usize, usize)> {
        let documents: Vec<Document> = texts.iter().map(|(slug, text)| document(slug, text)).collect();
        let mut pairs = alike_in_words(&documents.iter().collect::<Vec<_>>());
        pairs.retain(|(a, b)| similarity(&documents[*a], &documents[*b], embedding) >= DUPLICATE_MEANING);
        pairs
    }

    #[test]
    fn a_description_that_another_team_wrote_almost_so_is_a_near_duplicate() {
        let embedding =
            example(&[&["refund", "refunds"], &["order"], &["customer", "customers"], &["chess"]]);
        let text = "Resolves a refund for the customer by the order number and the payment.";
        let found = |other: &str| pairs(&[("a/x", text), ("b/y", other)], &embedding);
        assert_eq!(found(text), [(0, 1)]);
        assert_eq!(found("Resolves refunds for customers by the order number and payment date."), [(0, 1)]);
        assert_eq!(found("Plans a release of the billing service and its rollout to customers."), []);
        let own = pairs(&[("a/x", text), ("a/y", text)], &embedding);
        assert_eq!(own, [], "a team knows its own skills");
        assert_eq!(pairs(&[("a/x", "A refund."), ("b/x", "A refund.")], &embedding), [], "too short");
    }

    #[test]
    fn words_in_common_with_another_meaning_are_no_duplicate() {
        let embedding = example(&[&["refund"], &["chess"]]);
        let text = |word: &str| format!("Resolves every open {word} case within seven working days.");
        let (a, b) = (text("refund"), text("chess"));
        assert_eq!(pairs(&[("a/x", &a), ("b/x", &b)], &embedding), []);
        assert_eq!(pairs(&[("a/x", &a), ("b/x", &a)], &embedding), [(0, 1)]);
    }

    #[test]
    fn thousands_of_copies_are_told_by_a_few_pairs_each() {
        let embedding = example(&[&["refund"]]);
        let text = "Resolves a refund for the customer by the order number.";
        let slugs: Vec<String> = (0..2000).map(|number| format!("t{number}/x")).collect();
        let texts: Vec<(&str, &str)> = slugs.iter().map(|slug| (slug.as_str(), text)).collect();
        let found = pairs(&texts, &embedding);
        assert!((1999..=2000 * MOST_COMPARED).contains(&found.len()), "{}", found.len());
    }

    proptest! {
        #[test]
        fn no_pair_with_enough_words_in_common_is_passed_over(
            texts in prop::collection::vec(prop::collection::btree_set(0u8..12, 5..10), 2..12),
        ) {
            let texts: Vec<String> = texts
                .iter()
                .map(|words| words.iter().map(|word| format!("q{}z", char::from(b'a' + word))).collect::<Vec<_>>().join(" "))
                .collect();
            let documents: Vec<Document> = texts.iter().map(|text| document("a/x", text)).collect();
            let texts = Texts::of(&documents.iter().collect::<Vec<_>>());
            let wanted = |a: usize, b: usize| texts.overlap(a, b) >= DUPLICATE_WORDS;
            let all: BTreeSet<(usize, usize)> = (0..documents.len())
                .flat_map(|b| (0..b).map(move |a| (a, b)))
                .filter(|(a, b)| wanted(*a, *b))
                .collect();
            prop_assert_eq!(texts.candidates(wanted), all);
        }
    }
}
