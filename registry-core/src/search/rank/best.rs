//! The best documents so far, as many as are asked for.

use super::super::document::Row;
use crate::api::{Explanation, SearchHit};

/// A document that may be among the answers.
pub(super) struct Found<'a> {
    pub score: u32,
    pub row: Row<'a>,
    pub explanation: Option<Explanation>,
}

impl Found<'_> {
    pub(super) fn hit(self) -> Option<SearchHit> {
        Some(SearchHit { listing: self.row.listing()?, score: self.score, explanation: self.explanation })
    }

    /// Equal scores go by slug.
    fn is_before(&self, other: &Self) -> bool {
        self.score > other.score || (self.score == other.score && self.row.slug < other.row.slug)
    }
}

/// At most `k` documents, best first.
pub(super) struct Best<'a> {
    k: usize,
    found: Vec<Found<'a>>,
}

impl<'a> Best<'a> {
    pub(super) fn new(k: usize) -> Self {
        Self { k, found: Vec::new() }
    }

    /// The least score with which a document may still be one of them.
    pub(super) fn least(&self) -> u32 {
        if self.found.len() < self.k { 1 } else { self.found.last().map_or(u32::MAX, |last| last.score) }
    }

    pub(super) fn insert(&mut self, found: Found<'a>) {
        self.found.insert(self.found.partition_point(|better| better.is_before(&found)), found);
        self.found.truncate(self.k);
    }

    pub(super) fn into_hits(self) -> Vec<SearchHit> {
        self.found.into_iter().filter_map(Found::hit).collect()
    }
}
