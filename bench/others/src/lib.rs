//! What engines read and write, in whatever language they are: documents and queries as JSON lines, and one line of
//! answers. Each is called as `ENGINE NAME DOCUMENTS QUERIES RUNS`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What is indexed of a skill.
#[derive(Serialize, Deserialize)]
pub struct Document {
    /// Its slug.
    pub id: String,
    pub name: String,
    pub description: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A query and the ids of its right answers.
#[derive(Serialize, Deserialize)]
pub struct Query {
    /// The queries that are counted together with it.
    pub set: String,
    pub query: String,
    pub relevant: Vec<String>,
}

/// What an engine says of the queries, in their order.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    /// From the documents in memory to an index that can be asked.
    pub build_ms: f64,
    /// What is stored or sent of the index.
    pub bytes: usize,
    pub answers: Vec<Answer>,
}

/// The first ten answers to a query.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    pub ids: Vec<String>,
    /// How long the quickest run took, in microseconds.
    pub us: f64,
}

/// Reads a file of JSON lines.
///
/// # Errors
/// If it cannot be read, or a line is not such an item.
pub fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
