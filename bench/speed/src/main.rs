//! Times the search engine over made documents, as one JSON line.
//!
//! `speed DOCS.jsonl QUERIES.json TABLE N AUDIENCES`: the first N documents (`{id, title, description, tags}`), dealt to so
//! many audiences, whose shards a caller of all of them searches. Each query counts by the quickest of five runs.
//! It runs as it is, and by `node wasi.mjs` as `wasm32-wasip1`, which needs `RUSTFLAGS=-Ctarget-feature=+simd128` to be
//! what the edge ships.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use registry_core::api::{Filters, Listing};
use registry_core::search::{Embedding, Query, Shard, ShardBuilder, Weights, search};
use serde::Deserialize;
use serde_json::json;

const RUNS: usize = 5;
const RESULTS: usize = 5;

#[derive(Deserialize)]
struct Doc {
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

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [docs, queries, table, count, audiences] = arguments.as_slice() else {
        anyhow::bail!("speed DOCS.jsonl QUERIES.json TABLE N AUDIENCES")
    };
    let (count, audiences): (usize, usize) = (count.parse()?, audiences.parse()?);
    let docs = fs::read_to_string(docs).context("the documents cannot be read")?;
    let listings: Vec<Listing> = docs.lines().take(count).map(listing).collect::<Result<_>>()?;
    let questions: Vec<Question> = serde_json::from_str(&fs::read_to_string(queries)?)?;
    let started = Instant::now();
    let embedding = Embedding::read(fs::read(table)?)?;
    let table_ms = milliseconds(started);

    let started = Instant::now();
    let mut builders: Vec<ShardBuilder> = (0..audiences).map(|_| ShardBuilder::default()).collect();
    for (number, listing) in listings.into_iter().enumerate() {
        builders[number % audiences].add(listing);
    }
    let parts = builders.into_iter().flat_map(|builder| builder.split(Some(&embedding)));
    let files: Vec<Vec<u8>> = parts.map(|part| part.encode(Some(&embedding))).collect::<Result<_, _>>()?;
    let build_ms = milliseconds(started);
    let bytes: usize = files.iter().map(Vec::len).sum();

    let started = Instant::now();
    let shards: Vec<Shard> = files.into_iter().map(Shard::read).collect::<Result<_, _>>()?;
    let read_ms = milliseconds(started);
    let shards: Vec<&Shard> = shards.iter().collect();

    let hybrid = time(&shards, &questions, Some(&embedding));
    let lexical = time(&shards, &questions, None);
    println!(
        "{}",
        json!({
            "skills": count, "audiences": audiences, "shards": shards.len(), "bytes": bytes,
            "bytes_per_skill": bytes / count, "table_ms": table_ms, "build_ms": build_ms, "read_ms": read_ms,
            "hybrid": hybrid, "lexical": lexical,
        })
    );
    Ok(())
}

fn milliseconds(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}

/// Made names repeat: the number in the id keeps slugs apart.
fn listing(line: &str) -> Result<Listing> {
    let Doc { id, title, description, tags } = serde_json::from_str(line)?;
    let slug = id.trim_end_matches(".md").to_lowercase();
    Ok(serde_json::from_value(json!({
        "slug": slug, "name": slug.split('/').next_back().unwrap_or(&title), "version": "1.0.0",
        "description": description, "tags": tags, "access_level": "public", "type": "instructions",
    }))?)
}

/// Microseconds per query, and how many queries have what they need among the first five.
fn time(shards: &[&Shard], questions: &[Question], embedding: Option<&Embedding>) -> serde_json::Value {
    let mut times = Vec::new();
    let mut found = 0;
    for question in questions {
        let filters = &Filters::default();
        let query = Query {
            text: &question.q,
            filters,
            k: RESULTS,
            explain: false,
            embedding,
            weights: &Weights::TUNED,
        };
        let mut quickest = f64::INFINITY;
        for run in 0..RUNS {
            let started = Instant::now();
            let answer = search(shards, &query);
            quickest = quickest.min(started.elapsed().as_secs_f64() * 1e6);
            found += usize::from(
                run == 0 && answer.hits.iter().any(|hit| hit.listing.name.contains(&question.need)),
            );
        }
        times.push(quickest);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].round();
    json!({"p50_us": at(0.5), "p99_us": at(0.99), "hit@5": found as f64 / questions.len() as f64})
}
