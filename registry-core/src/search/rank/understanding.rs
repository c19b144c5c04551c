//! What a query means in the words of the catalog: slips of the hand mended, words of one kin together.

use std::cmp::Reverse;

use super::super::embedding::Embedding;
use super::super::{Weights, analysis, wordpiece};
use super::bm25::{Term, Vocabulary};
use super::mending::mend;
use super::slip::{beginnings, is_one_slip};

/// Most terms of a query that are scored: a bound on the work of one request.
const MAX_TERMS: usize = 64;
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
}

impl Understanding {
    pub(super) fn of(
        text: &str,
        vocabulary: &Vocabulary<'_>,
        embedding: Option<&Embedding>,
        weights: &Weights,
    ) -> Self {
        let mut terms = analysis::terms(text);
        let mut words = wordpiece::words(text);
        for (word, right) in
            embedding.map(|embedding| mend(&mut words, vocabulary, embedding)).unwrap_or_default()
        {
            let wrong = analysis::terms(&word);
            terms.retain(|term| !(wrong.contains(term) && vocabulary.frequency(term) == 0));
            terms.extend(analysis::terms(&right));
        }
        let mut terms = counted(terms);
        for term in &mut terms {
            term.relatives = relatives(&term.text, vocabulary, weights);
        }
        Self { terms, words }
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
    let shorter = (MIN_KIN.max(term.len() / 2)..term.len()).filter_map(|end| term.get(..end));
    let share = |known: &str| known.len().min(term.len()) as f32 / known.len().max(term.len()) as f32;
    let mut kin: Vec<&str> = longer
        .chain(shorter.filter(|known| vocabulary.frequency(known) > 0))
        .filter(|known| share(known) >= MIN_SHARE)
        .collect();
    kin.sort_unstable();
    kin.dedup();
    kin.into_iter().map(|known| (known.to_owned(), share(known))).collect()
}

/// The terms one slip away, those that most skills hold.
fn neighbours(term: &str, vocabulary: &Vocabulary<'_>) -> Vec<String> {
    let beginnings = beginnings(term);
    let known = beginnings.iter().flat_map(|beginning| vocabulary.with_prefix(beginning));
    let mut near: Vec<&str> = known.filter(|known| is_one_slip(term.as_bytes(), known.as_bytes())).collect();
    near.sort_unstable();
    near.dedup();
    near.sort_by_cached_key(|near| Reverse(vocabulary.frequency(near)));
    near.into_iter().take(MAX_NEIGHBOURS).map(str::to_owned).collect()
}
