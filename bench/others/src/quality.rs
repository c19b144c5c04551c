//! How well engines answer real queries.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use others::{Answer, Outcome, Query, lines};
use registry_core::search::relevance::Relevance;

use crate::contender::{Contender, Places};

/// The sets whose mean counts, and that of misspelt queries.
const SETS: [&str; 3] = ["examples", "whentouse", "metatool"];
const SLIPS: &str = "typos";

/// Prints the table.
pub fn table(places: &Places, folder: &Path, contenders: &[&Contender]) -> Result<()> {
    let (documents, queries) = (folder.join("documents.jsonl"), folder.join("queries.jsonl"));
    let asked: Vec<Query> = lines(&queries)?;
    println!("| nDCG@10, MRR@10, recall@5 | mean | {} | slips |", SETS.join(" | "));
    println!("|---|---|---|---|---|---|");
    for one in contenders.iter().filter(|one| one.is_judged) {
        let outcome = one.run(places, &documents, &queries, 1)?.outcome;
        let sets = judged(&asked, &outcome);
        let mean = Relevance::mean(&SETS.map(|set| Relevance { queries: 1, ..sets[set] }));
        let cells = SETS.map(|set| triple(&sets[set])).join(" | ");
        println!("| {} | {} | {cells} | {} |", one.label(), triple(&mean), share(sets[SLIPS].gain));
    }
    println!();
    Ok(())
}

/// The mean of each set of queries.
fn judged<'a>(queries: &'a [Query], outcome: &Outcome) -> BTreeMap<&'a str, Relevance> {
    let mut sets: BTreeMap<&str, Vec<Relevance>> = BTreeMap::new();
    for (query, answer) in queries.iter().zip(&outcome.answers) {
        sets.entry(&query.set).or_default().push(judge(query, answer));
    }
    sets.into_iter().map(|(set, judged)| (set, Relevance::mean(&judged))).collect()
}

fn judge(query: &Query, answer: &Answer) -> Relevance {
    let is_right: Vec<bool> = answer.ids.iter().map(|id| query.relevant.contains(id)).collect();
    Relevance::of(&is_right, query.relevant.len())
}

fn triple(judged: &Relevance) -> String {
    [judged.gain, judged.reciprocal_rank, judged.recall].map(share).join(", ")
}

fn share(value: f64) -> String {
    format!("{:.3}", value.abs()).trim_start_matches('0').to_owned()
}
