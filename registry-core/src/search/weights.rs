//! What counts how much in a rank. Chosen on queries with known answers; see docs/search.md.

/// The weights of a rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// How fast repetitions of a term stop to count (BM25's `k1`).
    pub saturation: f32,
    /// How much a long text is held against it, from 0 to 1 (BM25's `b`).
    pub length: f32,
    /// What the words count for.
    pub words: f32,
    /// What the meaning counts for.
    pub meaning: f32,
    /// What a word counts for that is one slip away from an unknown one of the query, from 0 to 1.
    pub misspelt: f32,
    /// What a word counts for that starts with one of the query, or that one of the query starts with, times the share
    /// of the longer that the shorter makes up; from 0 to 1.
    pub kin: f32,
    /// The least cosine, from 0 to 1, with which a skill that shares no word is an answer.
    pub least_meaning: f32,
}

impl Weights {
    /// The weights of every search.
    pub const TUNED: Self = Self {
        saturation: 0.4,
        length: 0.2,
        words: 1.0,
        meaning: 3.0,
        misspelt: 1.0,
        kin: 0.8,
        least_meaning: 0.35,
    };
}

impl Default for Weights {
    fn default() -> Self {
        Self::TUNED
    }
}
