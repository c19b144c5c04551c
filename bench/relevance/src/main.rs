//! Measures the ranks of search on queries with known answers, and tries weights.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml -p relevance -- ../shared/corpus generator/embedding/table.bin`

mod corpus;
mod export;
mod tune;
mod typos;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use rayon::prelude::*;
use registry_core::api::Filters;
use registry_core::search::relevance::{DEPTH, Relevance};
use registry_core::search::{Embedding, Query, Shard, ShardBuilder, Weights, search};

use crate::corpus::{Corpus, Question};

#[derive(Parser)]
struct Arguments {
    /// The folder of skills and queries.
    corpus: PathBuf,
    /// The embedding table.
    table: PathBuf,
    /// Weights to try, as NAME=VALUE; one run each.
    #[arg(long = "try")]
    tries: Vec<String>,
    /// Tries a grid of weights, and tells how those chosen without a repository do on its queries.
    #[arg(long)]
    tune: bool,
    /// Writes the documents and queries into this folder, for other engines, and measures nothing.
    #[arg(long)]
    export: Option<PathBuf>,
}

/// The corpus, indexed.
struct Setting {
    shard: Shard,
    embedding: Embedding,
    slugs: BTreeMap<String, String>,
    sets: BTreeMap<&'static str, Vec<Question>>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pairs = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../registry-core/tests/data/queries-zh.jsonl"
    ));
    let corpus = Corpus::read(&arguments.corpus, &pairs)?;
    let mut sets = corpus.sets;
    let clean: Vec<Question> =
        ["examples", "whentouse", "metatool"].iter().flat_map(|set| sets[set].clone()).collect();
    sets.insert("typos", clean.iter().map(typos::misspelt).collect());
    if let Some(folder) = arguments.export {
        return export::write(&folder, &corpus.documents, &sets);
    }
    let embedding = Embedding::read(std::fs::read(&arguments.table)?)?;
    let mut builder = ShardBuilder::default();
    corpus.documents.values().for_each(|document| builder.add(document.clone()));
    let bytes = builder.encode(Some(&embedding))?;
    println!("{} skills, {} bytes of shard", corpus.documents.len(), bytes.len());
    let slugs = corpus.documents.into_iter().map(|(key, d)| (key, d.listing.slug.to_string())).collect();
    let setting = Setting { shard: Shard::read(bytes)?, embedding, slugs, sets };
    report(&setting, "tuned", &Weights::TUNED, true);
    report(&setting, "no meaning", &Weights::TUNED, false);
    if arguments.tune {
        tune::run(&setting);
    }
    for tried in &arguments.tries {
        let mut weights = Weights::TUNED;
        for change in tried.split(',') {
            set(&mut weights, change)?;
        }
        report(&setting, tried, &weights, true);
    }
    Ok(())
}

fn set(weights: &mut Weights, change: &str) -> Result<()> {
    let (name, value) =
        change.split_once('=').ok_or_else(|| anyhow::anyhow!("`{change}` is not NAME=VALUE"))?;
    let value: f32 = value.parse()?;
    let weight = match name {
        "saturation" => &mut weights.saturation,
        "length" => &mut weights.length,
        "words" => &mut weights.words,
        "meaning" => &mut weights.meaning,
        "misspelt" => &mut weights.misspelt,
        "kin" => &mut weights.kin,
        "least_meaning" => &mut weights.least_meaning,
        _ => anyhow::bail!("there is no weight `{name}`"),
    };
    *weight = value;
    Ok(())
}

fn report(setting: &Setting, name: &str, weights: &Weights, with_meaning: bool) {
    let figures: BTreeMap<_, _> = setting
        .sets
        .iter()
        .map(|(set, questions)| (*set, measure(setting, questions, weights, with_meaning)))
        .collect();
    let mean = ["examples", "whentouse", "metatool"].iter().map(|set| figures[set].gain).sum::<f64>() / 3.0;
    print!("{name:<28} mean {mean:.4}");
    for (set, figures) in figures {
        print!("  {set} {:.3}", figures.gain);
    }
    println!();
}

fn measure(setting: &Setting, questions: &[Question], weights: &Weights, with_meaning: bool) -> Relevance {
    let judged = questions.par_iter().map(|question| judge(setting, question, weights, with_meaning));
    Relevance::mean(&judged.collect::<Vec<_>>())
}

fn judge(setting: &Setting, question: &Question, weights: &Weights, with_meaning: bool) -> Relevance {
    let query = Query {
        text: &question.text,
        filters: &Filters::default(),
        k: DEPTH,
        explain: false,
        embedding: with_meaning.then_some(&setting.embedding),
        weights,
    };
    let hits = search(&[&setting.shard], &query).hits;
    let right: Vec<&String> = question.relevant.iter().filter_map(|key| setting.slugs.get(key)).collect();
    let is_right = |slug: String| right.contains(&&slug);
    let answers: Vec<bool> = hits.iter().map(|hit| is_right(hit.listing.slug.to_string())).collect();
    Relevance::of(&answers, question.relevant.len())
}
