//! How fast engines answer, over made skills.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use others::{Document, Query};
use serde::Deserialize;

use crate::contender::{Contender, Places, Run};

const RUNS: usize = 5;
/// How many answers may hold what a query needs.
const FIRST: usize = 5;
/// Of the index of so many skills the last columns tell.
const DETAILED: usize = 10_000;

/// Made skills and queries.
pub struct Made {
    documents: Vec<Document>,
    questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Skill {
    id: String,
    title: String,
    description: String,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Question {
    q: String,
    need: String,
}

/// What was measured of one engine with so many skills.
struct Timed {
    /// Of each query, in microseconds.
    us: Vec<f64>,
    build_ms: f64,
    bytes: usize,
    peak: u64,
    /// The share of queries that have what they need among the first answers.
    hits: f64,
}

impl Made {
    pub fn read(documents: &Path, questions: &Path) -> Result<Self> {
        let lines = BufReader::new(File::open(documents)?).lines();
        let documents = lines.map(|line| {
            let Skill { id, title, description, tags } = serde_json::from_str(&line?)?;
            Ok(Document { id: id.to_lowercase(), name: title, description, tags })
        });
        let questions = serde_json::from_str(&fs::read_to_string(questions)?)?;
        Ok(Self { documents: documents.collect::<Result<_>>()?, questions })
    }

    /// Writes the first skills and the queries as engines read them.
    fn write(&self, count: usize) -> Result<(PathBuf, PathBuf)> {
        let folder = std::env::temp_dir().join("guildhall-others").join(count.to_string());
        fs::create_dir_all(&folder)?;
        let (documents, queries) = (folder.join("documents.jsonl"), folder.join("queries.jsonl"));
        let mut file = BufWriter::new(File::create(&documents)?);
        for document in self.documents.iter().take(count) {
            writeln!(file, "{}", serde_json::to_string(document)?)?;
        }
        file.flush()?;
        let mut file = BufWriter::new(File::create(&queries)?);
        for Question { q, .. } in &self.questions {
            let query = Query { set: "made".to_owned(), query: q.clone(), relevant: Vec::new() };
            writeln!(file, "{}", serde_json::to_string(&query)?)?;
        }
        file.flush()?;
        Ok((documents, queries))
    }

    fn timed(&self, Run { outcome, peak }: Run) -> Timed {
        let is_hit = |(question, answer): &(&Question, &others::Answer)| {
            answer.ids.iter().take(FIRST).any(|id| id.contains(&question.need))
        };
        let hits = self.questions.iter().zip(&outcome.answers).filter(is_hit).count();
        Timed {
            us: outcome.answers.iter().map(|answer| answer.us).collect(),
            build_ms: outcome.build_ms,
            bytes: outcome.bytes,
            peak,
            hits: hits as f64 / self.questions.len() as f64,
        }
    }
}

impl Timed {
    fn keep_quickest(&mut self, other: &Self) {
        self.us.iter_mut().zip(&other.us).for_each(|(mine, other)| *mine = mine.min(*other));
        self.build_ms = self.build_ms.min(other.build_ms);
    }

    /// The median and the slowest but one in a hundred.
    fn times(&self) -> String {
        let mut sorted = self.us.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize] / 1e3;
        [0.5, 0.99].map(|share| three_digits(at(share))).join(", ")
    }

    fn details(&self, count: usize) -> String {
        let (seconds, bytes, mib) = (self.build_ms / 1e3, self.bytes / count, self.peak / 1024);
        format!("{} s | {bytes} | {mib} MiB | {:.2}", three_digits(seconds), self.hits)
    }
}

fn three_digits(value: f64) -> String {
    let decimals = if value < 0.1 { 3 } else { usize::from(value < 100.0) + usize::from(value < 10.0) };
    format!("{value:.decimals$}")
}

/// Prints the table; what is measured, as it is measured, goes to standard error.
pub fn table(
    places: &Places,
    made: &Made,
    sizes: &[usize],
    rounds: usize,
    contenders: &[&Contender],
) -> Result<()> {
    let mut rows: Vec<BTreeMap<usize, Timed>> = contenders.iter().map(|_| BTreeMap::new()).collect();
    for size in sizes {
        let (documents, queries) = made.write(*size)?;
        for _ in 0..rounds {
            for (one, row) in contenders.iter().zip(&mut rows).filter(|(one, _)| *size <= one.largest) {
                let timed = made.timed(one.run(places, &documents, &queries, RUNS)?);
                eprintln!("| {} | {size} | {} | {} |", one.label(), timed.times(), timed.details(*size));
                row.entry(*size).and_modify(|best| best.keep_quickest(&timed)).or_insert(timed);
            }
        }
    }
    let heads: String = sizes.iter().map(|size| format!(" {size} |")).collect();
    println!("| p50, p99 in ms |{heads} build | bytes a skill | peak memory | hit@5 |");
    println!("|---|{}---|---|---|---|", "---|".repeat(sizes.len()));
    for (one, row) in contenders.iter().zip(&rows).filter(|(_, row)| !row.is_empty()) {
        let times = |size| row.get(size).map_or_else(|| "–".to_owned(), Timed::times);
        let cells: String = sizes.iter().map(|size| format!(" {} |", times(size))).collect();
        let details = row.get(&DETAILED).map_or_else(|| " | | | ".to_owned(), |one| one.details(DETAILED));
        println!("| {} |{cells} {details} |", one.label());
    }
    Ok(())
}
