//! What a query means in the words of the catalog: slips of the hand mended, words of one kin together.

use std::cmp::Reverse;

use super::super::embedding::Embedding;
use super::super::{Weights, analysis, wordpiece};
use super::bm25::{Term, Vocabulary};
use super::slip::{first_letters, is_one_slip};

/// Most terms of a query that are scored: a bound on the work of one request.
const MAX_TERMS: usize = 64;
/// Most words of a query that are mended: a bound likewise.
const MAX_MENDED: usize = 32;
/// Most terms that stand for one that no skill holds.
const MAX_NEIGHBOURS: usize = 3;
/// Shortest term, in bytes, that has kin, and the least share of the longer that the shorter makes up.
const MIN_KIN: usize = 4;
const MIN_SHARE: f32 = 0.5;

/// A query, understood.
pub(super) struct Understanding {
    /// Its terms, once each.
    pub terms: Vec<Term>,
    /// Its words, mended.
    pub words: Vec<String>,
    /// Of its terms, the share that no skill holds.
    pub unheard: f32,
}

impl Understanding {
    pub(super) fn of(
        text: &str,
        vocabulary: &Vocabulary<'_>,
        embedding: Option<&Embedding>,
        weights: &Weights,
    ) -> Self {
        let is_unheard = |term: &str| vocabulary.frequency(term) == 0;
        let mut terms = analysis::terms(text);
        let mut words = wordpiece::words(text);
        for (word, right) in
            embedding.map(|embedding| mend(&mut words, vocabulary, embedding)).unwrap_or_default()
        {
            let wrong = analysis::terms(&word);
            terms.retain(|term| !(wrong.contains(term) && is_unheard(term)));
            terms.extend(analysis::terms(&right));
        }
        let mut terms = counted(terms);
        let unheard = terms.iter().filter(|term| is_unheard(&term.text)).count();
        let unheard = unheard as f32 / terms.len().max(1) as f32;
        terms.iter_mut().for_each(|term| term.relatives = relatives(&term.text, vocabulary, weights));
        Self { terms, words, unheard }
    }
}

/// The terms once each, in the order of their first occurrence.
fn counted(texts: Vec<String>) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for text in texts {
        if let Some(term) = terms.iter_mut().find(|term| term.text == text) {
            term.repetitions += 1.0;
        } else if terms.len() < MAX_TERMS {
            terms.push(Term { text, repetitions: 1.0, relatives: Vec::new() });
        }
    }
    terms
}

/// Puts words of the language in the place of those that are in neither the language nor the catalog and are one slip
/// away, and tells both.
fn mend(words: &mut [String], vocabulary: &Vocabulary<'_>, embedding: &Embedding) -> Vec<(String, String)> {
    let is_known = |word: &str| embedding.knows(word) || least_frequency(word, vocabulary) > 0;
    let unknown = words.iter_mut().filter(|word| !is_known(word)).take(MAX_MENDED);
    let mended = unknown.filter_map(|word| {
        let right = usual_neighbour(word, vocabulary, embedding)?;
        Some((std::mem::replace(word, right.clone()), right))
    });
    mended.collect()
}

/// The word one slip away, of the language or of the skills: the one that most skills hold; of those that none holds the
/// most usual one.
fn usual_neighbour(word: &str, vocabulary: &Vocabulary<'_>, embedding: &Embedding) -> Option<String> {
    let letters = first_letters(word);
    let stem = analysis::terms(word).pop().unwrap_or_default();
    let of_language = letters.iter().flat_map(|letter| embedding.words_with_prefix(letter));
    let of_skills =
        letters.iter().flat_map(|letter| vocabulary.with_prefix(letter)).map(|term| (term, f32::MAX));
    let near = of_language
        .chain(of_skills)
        .filter(|(known, _)| is_one_slip(word, known) || is_one_slip(&stem, known));
    let frequency = |near: &str| least_frequency(near, vocabulary).max(vocabulary.frequency(near));
    let ranked = near.map(|(near, weight)| (Reverse(frequency(near)), weight, near));
    let best = ranked.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(b.2)));
    best.map(|(_, _, near)| near.to_owned())
}

fn least_frequency(word: &str, vocabulary: &Vocabulary<'_>) -> u32 {
    analysis::terms(word).iter().map(|term| vocabulary.frequency(term)).min().unwrap_or(0)
}

/// The terms that count beside a term: its kin or, where it has none and no skill holds it, those one slip away.
fn relatives(term: &str, vocabulary: &Vocabulary<'_>, weights: &Weights) -> Vec<(String, f32)> {
    let mut relatives = kin(term, vocabulary);
    relatives.iter_mut().for_each(|(_, share)| *share *= weights.kin);
    if relatives.is_empty() && vocabulary.frequency(term) == 0 {
        relatives = neighbours(term, vocabulary).into_iter().map(|near| (near, weights.misspelt)).collect();
    }
    relatives
}

/// The terms that start with a term or that it starts with, and of the longer the share that the shorter makes up.
fn kin(term: &str, vocabulary: &Vocabulary<'_>) -> Vec<(String, f32)> {
    if term.len() < MIN_KIN || !term.is_ascii() {
        return Vec::new();
    }
    let longer = vocabulary.with_prefix(term).filter(|known| known.len() > term.len());
    let shorter = (MIN_KIN..term.len()).filter_map(|end| term.get(..end));
    let mut kin: Vec<&str> = longer.chain(shorter.filter(|known| vocabulary.frequency(known) > 0)).collect();
    kin.sort_unstable();
    kin.dedup();
    let share = |known: &str| known.len().min(term.len()) as f32 / known.len().max(term.len()) as f32;
    kin.into_iter()
        .map(|known| (known.to_owned(), share(known)))
        .filter(|(_, share)| *share >= MIN_SHARE)
        .collect()
}

/// The terms one slip away, those that most skills hold.
fn neighbours(term: &str, vocabulary: &Vocabulary<'_>) -> Vec<String> {
    let known = first_letters(term).into_iter().flat_map(|letter| vocabulary.with_prefix(letter));
    let mut near: Vec<&str> = known.filter(|known| is_one_slip(term, known)).collect();
    near.sort_unstable();
    near.dedup();
    near.sort_by_cached_key(|near| Reverse(vocabulary.frequency(near)));
    near.into_iter().take(MAX_NEIGHBOURS).map(str::to_owned).collect()
}
