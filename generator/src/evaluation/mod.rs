//! How well search does, on queries with known answers.

mod comparison;
mod questions;

pub use comparison::{Comparison, Moved};
pub use questions::{Names, Question, QuestionError, read};

use std::collections::BTreeSet;

use rayon::prelude::*;
use registry_core::api::Filters;
use registry_core::search::relevance::Relevance;
use serde::{Deserialize, Serialize};

use crate::index::{Asked, Seen};

/// What came of every query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The means.
    #[serde(flatten)]
    pub figures: Relevance,
    /// The relevant skills, as they are written, that nobody can find: there are none of that name.
    pub unknown: BTreeSet<String>,
    /// Each query, in the order of the file.
    pub results: Vec<Judged>,
}

/// What came of one query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What was looked for.
    pub query: String,
    /// What should be found, as it is written.
    pub relevant: Vec<String>,
    /// In what place the first right answer is, from 1; nothing where it is beyond those that were looked at.
    pub rank: Option<usize>,
}

/// Searches for every question, `k` answers deep; `names` tells what their answers are called here.
#[must_use]
pub fn evaluate(questions: &[Question], seen: &Seen<'_>, names: &Names, k: usize) -> Run {
    let judged: Vec<(Judged, Relevance)> =
        questions.par_iter().map(|question| judge(question, seen, names, k)).collect();
    let relevant = questions.iter().flat_map(|question| &question.relevant);
    let unknown = relevant.filter(|name| names.slug(name).is_none()).cloned().collect();
    let (results, figures): (Vec<Judged>, Vec<Relevance>) = judged.into_iter().unzip();
    Run { figures: Relevance::mean(&figures), unknown, results }
}

fn judge(question: &Question, seen: &Seen<'_>, names: &Names, k: usize) -> (Judged, Relevance) {
    let Question { query, relevant } = question.clone();
    // What cannot be found counts as one answer each that was not.
    let wanted: BTreeSet<String> = relevant
        .iter()
        .map(|name| names.slug(name).map_or_else(|| name.clone(), ToString::to_string))
        .collect();
    let asked = Asked { filters: &Filters::default(), k, explain: false };
    let hits = seen.search(&query, &asked).hits;
    let right: Vec<bool> = hits.iter().map(|hit| wanted.contains(&hit.listing.slug.to_string())).collect();
    let rank = right.iter().position(|right| *right).map(|place| place + 1);
    (Judged { query, relevant, rank }, Relevance::of(&right, wanted.len()))
}
