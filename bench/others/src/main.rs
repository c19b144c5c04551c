//! Compares engines on the same input in one run: how well they answer real queries, and how fast.
//!
//! `bench/others/run.sh` builds what this needs, and runs it.

mod contender;
mod quality;
mod speed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use crate::contender::{CONTENDERS, Contender, Places};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    places: Places,
    /// The folder that `relevance --export` wrote: how well engines answer its queries.
    #[arg(long)]
    real: Option<PathBuf>,
    /// Made skills, as JSON lines of `id`, `title`, `description` and `tags`: how fast they are searched.
    #[arg(long, requires = "queries")]
    made: Option<PathBuf>,
    /// Queries for them, as a JSON list of `q` and `need`, a part of the right answers' ids.
    #[arg(long)]
    queries: Option<PathBuf>,
    /// How many of the made skills to index.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// How often everything is timed, one engine after the other; the quickest counts.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Engines whose names start so, instead of all.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> Result<()> {
    let Arguments { places, real, made, queries, sizes, rounds, only } = Arguments::parse();
    let is_wanted =
        |one: &&Contender| only.is_empty() || only.iter().any(|start| one.name.starts_with(start.as_str()));
    let contenders: Vec<&Contender> = CONTENDERS.iter().filter(is_wanted).collect();
    if let Some(folder) = real {
        quality::table(&places, &folder, &contenders)?;
    }
    if let (Some(documents), Some(queries)) = (made, queries) {
        let made = speed::Made::read(&documents, &queries)?;
        speed::table(&places, &made, &sizes, rounds, &contenders)?;
    }
    Ok(())
}
