//! Words and meaning brought to one scale: words from 0 to the best skill's, cosines from the least to the greatest
//! (min-max normalisation; Fox and Shaw, 1994).

use super::super::Weights;
use super::REST_RANGE;
use crate::api::Explanation;

/// What each half of the engine says of each document, the shards' one after the other.
pub(super) struct Halves {
    /// By words; 0 for a document without any.
    pub words: Vec<f32>,
    /// Cosines; empty where the meaning does not count.
    pub meaning: Vec<f32>,
    /// Of the query's words, the share that no skill holds.
    pub unheard: f32,
}

/// What the halves are multiplied by.
pub(super) struct Fusion<'a> {
    halves: &'a Halves,
    words: f32,
    meaning: f32,
    least_cosine: f32,
    /// The cosine with which a document is an answer whatever its words.
    sufficient: f32,
}

impl<'a> Fusion<'a> {
    pub(super) fn new(halves: &'a Halves, weights: &Weights) -> Self {
        let least_cosine = extreme(&halves.meaning, 1.0, |value, least| value < least);
        let most = |values| extreme(values, 0.0, |value, most| value > most);
        let (words, meaning) = (most(&halves.words), most(&halves.meaning) - least_cosine);
        let weigh = |weight: f32, range: f32| if range > 0.0 { weight } else { 0.0 };
        let word_weight = weigh(weights.words, words);
        let meaning_weight =
            weigh(weights.meaning * (1.0 + weights.meaning_unheard * halves.unheard), meaning);
        let whole = word_weight + meaning_weight;
        let factor = |weight: f32, range: f32| if weight > 0.0 { weight / whole / range } else { 0.0 };
        Self {
            halves,
            words: factor(word_weight, words),
            meaning: factor(meaning_weight, meaning),
            least_cosine,
            sufficient: weights.least_meaning,
        }
    }

    /// Every document's score from 0, for no answer, to [`REST_RANGE`]. Rounding to an integer before sorting leaves
    /// ties to the slug alone.
    pub(super) fn scores(&self) -> Vec<u32> {
        let Halves { words, meaning, .. } = self.halves;
        if meaning.is_empty() {
            return words.iter().map(|words| self.score(*words, f32::MIN)).collect();
        }
        words.iter().zip(meaning).map(|(words, cosine)| self.score(*words, *cosine)).collect()
    }

    fn score(&self, words: f32, cosine: f32) -> u32 {
        if words > 0.0 || cosine >= self.sufficient {
            let fused = words * self.words + (cosine - self.least_cosine).max(0.0) * self.meaning;
            ((fused * REST_RANGE) as u32).max(1)
        } else {
            0
        }
    }

    pub(super) fn explanation(&self, document: u32) -> Explanation {
        let at =
            |values: &[f32], least: f32| values.get(document as usize).map_or(0.0, |value| value - least);
        let millionths = |share: f32| (share * 1_000_000.0) as u32;
        Explanation {
            words: millionths(at(&self.halves.words, 0.0) * self.words),
            meaning: millionths(at(&self.halves.meaning, self.least_cosine) * self.meaning),
        }
    }
}

/// The value that is before all others, or the first one; in lanes, which compilers make vector instructions of.
fn extreme(values: &[f32], first: f32, is_before: impl Fn(f32, f32) -> bool) -> f32 {
    let choose = |extreme: f32, value: f32| if is_before(value, extreme) { value } else { extreme };
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [first; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane = choose(*lane, *value));
    }
    lanes.iter().chain(rest).fold(first, |extreme, value| choose(extreme, *value))
}
