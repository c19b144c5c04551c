//! Queries with known answers, and what these are called in a catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use registry_core::id::SkillId;
use serde::Deserialize;
use serde_json::Value;

/// Why queries cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// A file cannot be read.
    #[error("cannot read `{0}`")]
    Io(PathBuf, #[source] io::Error),
    /// A line is no query.
    #[error(
        "{}:{line}: {fault}; write one JSON object on each line, as in {{\"query\": \"money back\", \"relevant\": [\"support/refund\"]}}",
        file.display()
    )]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: String,
    },
    /// There is no query.
    #[error("`{0}` holds no query")]
    Empty(PathBuf),
    /// A map is not what `guildhall adopt` writes.
    #[error("`{0}` is not what `guildhall adopt --format json` prints")]
    Map(PathBuf, #[source] serde_json::Error),
}

/// A query and what should be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is looked for.
    pub query: String,
    /// What should be found: slugs, or paths of sources.
    pub relevant: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    query: String,
    relevant: Vec<Value>,
}

/// The queries of a file, one JSON object on a line; empty lines are passed over.
///
/// # Errors
/// Any [`QuestionError`] but that of maps.
pub fn read(file: &Path) -> Result<Vec<Question>, QuestionError> {
    let text = fs::read_to_string(file).map_err(|error| QuestionError::Io(file.to_owned(), error))?;
    let lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    let read = |(line, text)| {
        question(text).map_err(|fault| QuestionError::Line { file: file.to_owned(), line, fault })
    };
    let questions: Vec<Question> = lines.map(read).collect::<Result<_, _>>()?;
    if questions.is_empty() {
        return Err(QuestionError::Empty(file.to_owned()));
    }
    Ok(questions)
}

fn question(text: &str) -> Result<Question, String> {
    let Line { query, relevant } = serde_json::from_str(text).map_err(|error| said(&error))?;
    if query.trim().is_empty() {
        return Err("the query is empty".to_owned());
    }
    if relevant.is_empty() {
        return Err("`relevant` names no skill".to_owned());
    }
    let name = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("`{other}` in `relevant` is no slug")),
    };
    Ok(Question { query, relevant: relevant.iter().map(name).collect::<Result<_, _>>()? })
}

/// What a parser says, without its own count of lines.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// What skills are called: by their slugs, or by the paths that they were adopted from.
#[derive(Debug, Default)]
pub struct Names {
    slugs: BTreeSet<SkillId>,
    /// The sources by their last part, each in its parts from the last to the first.
    sources: BTreeMap<String, Vec<(Vec<String>, SkillId)>>,
}

/// What of the report of `guildhall adopt` tells where skills came from.
#[derive(Deserialize)]
struct Map {
    adopted: Vec<Entry>,
    #[serde(default)]
    unchanged: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    source: String,
    slug: SkillId,
}

impl Names {
    /// The names of these skills.
    #[must_use]
    pub fn of(slugs: impl IntoIterator<Item = SkillId>) -> Self {
        Self { slugs: slugs.into_iter().collect(), sources: BTreeMap::new() }
    }

    /// Adds the sources that a report of `guildhall adopt` tells.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn add_map(&mut self, file: &Path) -> Result<(), QuestionError> {
        let bytes = fs::read(file).map_err(|error| QuestionError::Io(file.to_owned(), error))?;
        let map: Map =
            serde_json::from_slice(&bytes).map_err(|error| QuestionError::Map(file.to_owned(), error))?;
        for Entry { source, slug } in map.adopted.into_iter().chain(map.unchanged) {
            let parts = parts(&source);
            let Some(last) = parts.first() else { continue };
            self.sources.entry(last.clone()).or_default().push((parts, slug));
        }
        Ok(())
    }

    /// The skill of that slug, or that was adopted from that path. Of two paths one of which ends in the other, both
    /// name the same source; the source that has most parts in common counts.
    #[must_use]
    pub fn slug(&self, name: &str) -> Option<&SkillId> {
        if let Some(slug) = name.parse().ok().and_then(|slug: SkillId| self.slugs.get(&slug)) {
            return Some(slug);
        }
        let parts = parts(name);
        let common = |source: &[String]| source.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        let of_path = self.sources.get(parts.first()?)?.iter();
        let ends = of_path.filter(|(source, _)| common(source) == source.len().min(parts.len()));
        let best = ends.max_by_key(|(source, slug)| (common(source), std::cmp::Reverse(slug)));
        best.and_then(|(_, slug)| self.slugs.get(slug))
    }
}

/// The parts of a skill's folder from the last to the first, without its manifest and what only leads there.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let parts = parts.filter(|part| !part.eq_ignore_ascii_case("SKILL.md"));
    let mut parts: Vec<String> = parts.map(str::to_owned).collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slug: &str) -> SkillId {
        slug.parse().unwrap()
    }

    #[test]
    fn a_line_that_is_no_query_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("q.jsonl");
        let said = |text: &str| {
            fs::write(&file, text).unwrap();
            read(&file).map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
        };
        let good = r#"{"query": "a", "relevant": ["t/a", 97]}"#;
        let read = said(&format!("{good}\n\n{good}\n")).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].relevant, ["t/a", "97"]);
        for (bad, fault) in [
            ("{", "EOF while parsing an object"),
            (r#"{"query": "a"}"#, "missing field `relevant`"),
            (r#"{"query": " ", "relevant": ["t/a"]}"#, "the query is empty"),
            (r#"{"query": "a", "relevant": []}"#, "`relevant` names no skill"),
            (r#"{"query": "a", "relevant": [{}]}"#, "`{}` in `relevant` is no slug"),
        ] {
            let told = said(&format!("{good}\n\n{bad}\n")).unwrap_err();
            assert!(told.starts_with(&format!("/q.jsonl:3: {fault}; write one JSON object")), "{told}");
        }
        assert_eq!(said("\n").unwrap_err(), "`/q.jsonl` holds no query");
    }

    #[test]
    fn a_skill_is_known_by_its_slug_and_by_where_it_came_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("adopt.json");
        let map = serde_json::json!({
            "adopted": [
                {"source": "../corpus/skills/one/refund", "slug": "a/refund"},
                {"source": "../corpus/skills/two/refund", "slug": "a/refund-2"},
                {"source": "97", "slug": "tool/97"},
                {"source": "x/gone", "slug": "a/gone"},
            ],
            "unchanged": [{"source": "./own", "slug": "a/own", "path": "skills/a/own"}],
        });
        fs::write(&file, map.to_string()).unwrap();
        let mut names = Names::of(["a/refund", "a/refund-2", "tool/97", "a/own"].map(id));
        names.add_map(&file).unwrap();
        for (name, slug) in [
            ("a/refund", Some("a/refund")),
            ("skills/one/refund/SKILL.md", Some("a/refund")),
            ("/corpus/skills/two/refund/SKILL.md", Some("a/refund-2")),
            ("/elsewhere/corpus/skills/two/refund", Some("a/refund-2")),
            ("97", Some("tool/97")),
            ("own/SKILL.md", Some("a/own")),
            ("skills/three/refund/SKILL.md", None),
            ("x/gone", None),
            ("a/gone", None),
            ("", None),
        ] {
            assert_eq!(names.slug(name), slug.map(id).as_ref(), "{name}");
        }
        fs::write(&file, "[]").unwrap();
        assert!(names.add_map(&file).is_err());
    }
}
