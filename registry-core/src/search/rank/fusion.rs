//! Words and meaning on one scale: words from 0 to the best skill's, and cosines as they are.

use super::super::Weights;
use super::REST_RANGE;
use crate::api::Explanation;

/// What the halves are multiplied by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fusion {
    words: f32,
    meaning: f32,
    /// The cosine with which a document is an answer whatever its words.
    sufficient: f32,
    /// Words with which a document is likely to be among the best: half the best words.
    pub promising: f32,
}

impl Fusion {
    /// For words that score `most_words` at most, and meanings that count or not.
    pub(super) fn new(most_words: f32, has_meaning: bool, weights: &Weights) -> Self {
        let meaning = if has_meaning { weights.meaning } else { 0.0 };
        let whole = weights.words + meaning;
        let (words, promising) = match most_words {
            0.0 => (0.0, f32::INFINITY),
            most => (weights.words / whole / most, most / 2.0),
        };
        Self { words, meaning: meaning / whole, sufficient: weights.least_meaning, promising }
    }

    /// What words and cosine come to, from 0 to 1; the greater they are, the greater.
    pub(super) fn sum(&self, words: f32, cosine: f32) -> f32 {
        words * self.words + if cosine > 0.0 { cosine } else { 0.0 } * self.meaning
    }

    /// A document's score from 0, for no answer, to [`REST_RANGE`]. An integer before sorting leaves ties to the slug alone.
    pub(super) fn score(&self, words: f32, cosine: f32) -> u32 {
        if words > 0.0 || cosine >= self.sufficient {
            ((self.sum(words, cosine) * REST_RANGE) as u32).max(1)
        } else {
            0
        }
    }

    pub(super) fn explanation(&self, words: f32, cosine: f32) -> Explanation {
        let millionths = |share: f32| (share * 1_000_000.0) as u32;
        Explanation { words: millionths(words * self.words), meaning: millionths(cosine * self.meaning) }
    }
}
