//! The documents and judged queries as `bench/others` reads them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use registry_core::search::Document;
use serde_json::json;

use crate::corpus::Question;

/// The sets of queries in English.
const SETS: [&str; 4] = ["examples", "whentouse", "metatool", "typos"];

/// Writes `documents.jsonl`, with slugs as ids and without what is Chinese, and `queries.jsonl`.
pub fn write(
    folder: &Path,
    documents: &BTreeMap<String, Document>,
    sets: &BTreeMap<&'static str, Vec<Question>>,
) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = BufWriter::new(File::create(folder.join("documents.jsonl"))?);
    for Document { listing, .. } in documents.values() {
        let line = json!({"id": listing.slug, "name": listing.name, "description": listing.description});
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("queries.jsonl"))?);
    for (set, question) in SETS.iter().flat_map(|set| sets[set].iter().map(move |one| (set, one))) {
        let slugs = question.relevant.iter().filter_map(|key| documents.get(key));
        let slugs: Vec<_> = slugs.map(|document| &document.listing.slug).collect();
        writeln!(file, "{}", json!({"set": set, "query": question.text, "relevant": slugs}))?;
    }
    Ok(file.flush()?)
}
