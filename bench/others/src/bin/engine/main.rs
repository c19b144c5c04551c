//! Runs one engine: `engine NAME DOCUMENTS.jsonl QUERIES.jsonl RUNS TABLE`.
//!
//! It runs as it is, and this project's engine by `node wasi.mjs` as `wasm32-wasip1` too. Having written its answers, it
//! stays until its input ends, so that its memory can be looked at.

mod guildhall;
#[cfg(not(target_family = "wasm"))]
mod rivals;

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use others::{Answer, Document, Outcome, Query, lines};

/// How many answers count.
const RESULTS: usize = 10;
/// What took so long, in microseconds, is not done again.
const LONG: f64 = 100_000.0;

/// The ids of the answers to a query.
type Asked = dyn Fn(&str) -> Vec<String>;

/// An index that can be asked.
struct Engine {
    bytes: usize,
    answer: Box<Asked>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, documents, queries, runs, table] = arguments.as_slice() else {
        bail!("engine NAME DOCUMENTS.jsonl QUERIES.jsonl RUNS TABLE")
    };
    let documents: Vec<Document> = lines(Path::new(documents))?;
    let queries: Vec<Query> = lines(Path::new(queries))?;
    let runs = runs.parse()?;
    let started = Instant::now();
    let engine = built(name, documents, table)?;
    let build_ms = started.elapsed().as_secs_f64() * 1e3;
    let answers = queries.iter().map(|query| ask(&engine, &query.query, runs)).collect();
    let outcome = serde_json::to_string(&Outcome { build_ms, bytes: engine.bytes, answers })?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{outcome}")?;
    output.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn built(name: &str, documents: Vec<Document>, table: &str) -> Result<Engine> {
    match name {
        "guildhall" => guildhall::build(documents, 1, Some(table)),
        "guildhall-20-audiences" => guildhall::build(documents, 20, Some(table)),
        "guildhall-words" => guildhall::build(documents, 1, None),
        #[cfg(not(target_family = "wasm"))]
        "tantivy" => rivals::tantivy(&documents, false),
        #[cfg(not(target_family = "wasm"))]
        "tantivy-tuned" => rivals::tantivy(&documents, true),
        #[cfg(not(target_family = "wasm"))]
        "tinysearch" => rivals::tinysearch(&documents, false),
        #[cfg(not(target_family = "wasm"))]
        "tinysearch-tuned" => rivals::tinysearch(&documents, true),
        _ => bail!("there is no engine `{name}`"),
    }
}

fn ask(engine: &Engine, query: &str, runs: usize) -> Answer {
    let mut quickest = Answer { ids: Vec::new(), us: f64::INFINITY };
    for _ in 0..runs {
        let started = Instant::now();
        quickest.ids = (engine.answer)(query);
        let us = started.elapsed().as_secs_f64() * 1e6;
        quickest.us = quickest.us.min(us);
        if us > LONG {
            break;
        }
    }
    quickest
}
