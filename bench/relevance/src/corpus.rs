//! The corpus of real skills and queries, as documents of the engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use registry_core::api::Listing;
use registry_core::search::Document;
use serde::Deserialize;

/// Skills and queries.
pub struct Corpus {
    /// Skills and tools, by path or id.
    pub documents: BTreeMap<String, Document>,
    /// Queries by set.
    pub sets: BTreeMap<&'static str, Vec<Question>>,
}

/// A query and its right answers.
#[derive(Clone)]
pub struct Question {
    pub text: String,
    pub relevant: Vec<String>,
    /// The repository that its answer is of; queries of one repository are held out together.
    pub group: String,
}

#[derive(Deserialize)]
struct Frontmatter {
    name: serde_yaml::Value,
    description: String,
}

#[derive(Deserialize)]
struct Line {
    query: String,
    relevant: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Tool {
    id: u32,
    name: String,
    description: String,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    query_zh: String,
    description_zh: String,
    relevant: serde_json::Value,
}

impl Corpus {
    /// Reads the corpus in a folder and the Chinese pairs of the project.
    pub fn read(folder: &Path, pairs: &Path) -> Result<Self> {
        let mut documents = BTreeMap::new();
        let mut manifests = Vec::new();
        find(&folder.join("skills"), &mut manifests)?;
        manifests.sort();
        for (number, path) in manifests.iter().enumerate() {
            let key = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            if let Some((name, description)) = skill(path)? {
                documents.insert(key, document(&name, &description, number)?);
            }
        }
        for (number, line) in lines(&folder.join("queries/metatool-docs.jsonl"))?.into_iter().enumerate() {
            let tool: Tool = serde_json::from_str(&line)?;
            documents.insert(tool.id.to_string(), document(&tool.name, &tool.description, 10_000 + number)?);
        }
        let mut sets = BTreeMap::new();
        for set in ["examples", "whentouse", "metatool"] {
            let path = folder.join(format!("queries/{set}.jsonl"));
            sets.insert(set, lines(&path)?.iter().map(|line| question(line)).collect::<Result<_>>()?);
        }
        let pairs: Vec<Pair> =
            lines(pairs)?.iter().map(|line| Ok(serde_json::from_str(line)?)).collect::<Result<_>>()?;
        for (set, is_chinese) in [("pairs-en", false), ("pairs-zh", true)] {
            sets.insert(set, pairs.iter().map(|pair| of_pair(pair, is_chinese)).collect());
        }
        for pair in &pairs {
            let document = documents.get_mut(&name_of(&pair.relevant)).context("a pair of no skill")?;
            document.description_zh = Some(pair.description_zh.clone());
        }
        Ok(Self { documents, sets })
    }
}

fn of_pair(pair: &Pair, is_chinese: bool) -> Question {
    let text = if is_chinese { &pair.query_zh } else { &pair.query };
    Question { text: text.clone(), relevant: vec![name_of(&pair.relevant)], group: String::new() }
}

fn name_of(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn question(line: &str) -> Result<Question> {
    let Line { query, relevant } = serde_json::from_str(line)?;
    let relevant: Vec<String> = relevant.iter().map(name_of).collect();
    let group = relevant.first().and_then(|path| path.split('/').nth(1)).unwrap_or("tools").to_owned();
    Ok(Question { text: query, relevant, group })
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.ends_with("SKILL.md") {
            found.push(path);
        }
    }
    Ok(())
}

/// Name and description; nothing for a file whose frontmatter does not read.
fn skill(path: &Path) -> Result<Option<(String, String)>> {
    let text = fs::read_to_string(path)?;
    let frontmatter =
        text.trim_start_matches('\u{feff}').strip_prefix("---").and_then(|t| t.split_once("\n---"));
    let Some((frontmatter, _)) = frontmatter else { return Ok(None) };
    let read: Result<Frontmatter, _> = serde_yaml::from_str(frontmatter);
    Ok(read.ok().map(|read| {
        let name = read.name.as_str().map_or_else(|| format!("{:?}", read.name), str::to_owned);
        (name, read.description)
    }))
}

/// A document whose slug is made up: names of the corpus repeat.
fn document(name: &str, description: &str, number: usize) -> Result<Document> {
    let simple: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let simple = simple.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let mut listing: Listing = serde_json::from_value(serde_json::json!({
        "slug": format!("t{number}/{}", if simple.is_empty() { "x" } else { &simple }),
        "name": name, "version": "1.0.0", "description": description,
        "tags": [], "access_level": "public", "type": "instructions",
    }))?;
    listing.name = name.to_owned();
    Ok(listing.into())
}
