//! `guildhall eval`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use registry_core::search::relevance::{DEPTH, Relevance};
use serde::Serialize;

use super::searched::Searched;
use super::skills::one_line;
use super::{Failure, output, table};
use crate::evaluation::{self, Comparison, Moved, Names, Run};
use crate::index::{Fields, Index};
use crate::report::printable;

/// Most queries that are told of those that moved.
const MOST_TOLD: usize = 20;
/// Most skills that are named of those that are not there.
const MOST_NAMED: usize = 5;
/// How deep a right answer can be looked for.
const DEEPEST: usize = 1000;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Queries with what they should find, a JSON object on each line.
    #[arg(value_name = "QUERIES.jsonl")]
    queries: PathBuf,
    #[command(flatten)]
    searched: Searched,
    /// What `guildhall adopt --format json` printed, where queries name skills by the paths that they were adopted from;
    /// may be given several times.
    #[arg(long = "map", value_name = "ADOPT.json")]
    maps: Vec<PathBuf>,
    /// Index these fields of the skills alone: `name`, `description` and `tags`, with commas between them. `all` takes
    /// what the catalog has, with aliases and descriptions in Chinese.
    #[arg(long, value_name = "FIELDS", default_value = "all", value_parser = parse_fields)]
    fields: Chosen,
    /// How deep right answers are looked for, to tell what moved. The figures count the first ten.
    #[arg(short, value_name = "N", default_value_t = DEPTH, value_parser = parse_k)]
    k: usize,
    /// Print figures and ranks as JSON.
    #[arg(long)]
    json: bool,
    /// Keep figures and ranks in this file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Tell what moved since the run that was saved in this file.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

const EXAMPLES: &str = "\
A line is {\"query\": \"money back\", \"relevant\": [\"support/refund-resolver\"]}: what somebody says, and the skills that
should be found, by slug, or with --map by the path of their source. MRR@10 is one over the place of the first right
answer, recall@5 the share of the right ones among the first five, nDCG@10 the share among ten, discounted by place; all
are means over the queries. Everything is searched, as by an author.

Examples:
  guildhall eval queries.jsonl --save before.json
  guildhall eval queries.jsonl --against before.json      after a change: what moved
  guildhall eval queries.jsonl --catalog dist --json | jq '.\"ndcg@10\"'
  guildhall adopt ../skills --team support --format json > adopt.json
  guildhall eval queries.jsonl --map adopt.json --fields name,description,tags

Exit codes: 0 measured, whatever the figures, 2 could not measure.";

/// The fields that are indexed; nothing for what is indexed anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chosen(Option<Fields>);

fn parse_fields(text: &str) -> Result<Chosen, String> {
    if text == "all" {
        return Ok(Chosen(None));
    }
    let mut fields = Fields::default();
    for name in text.split(',') {
        *match name.trim() {
            "name" => &mut fields.name,
            "description" => &mut fields.description,
            "tags" => &mut fields.tags,
            other => {
                return Err(format!(
                    "there is no field `{other}`; write `all`, or some of `name,description,tags`"
                ));
            }
        } = true;
    }
    Ok(Chosen(Some(fields)))
}

fn parse_k(text: &str) -> Result<usize, String> {
    let k = text.parse().ok().filter(|k| (DEPTH..=DEEPEST).contains(k));
    k.ok_or_else(|| format!("{DEPTH} to {DEEPEST} are possible: the figures count {DEPTH}"))
}

/// A run that was saved cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not what `guildhall eval --save` writes")]
struct NotSaved(PathBuf, #[source] serde_json::Error);

/// What is printed for machines.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    run: &'a Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a Comparison>,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let questions = evaluation::read(&arguments.queries)?;
    let former = arguments.against.as_deref().map(saved).transpose()?;
    let index = arguments.index(repository)?;
    let mut names = Names::of(index.listings().map(|listing| listing.slug));
    arguments.maps.iter().try_for_each(|file| names.add_map(file))?;
    let run = evaluation::evaluate(&questions, &index.seen(|_| true), &names, arguments.k);
    warn_unknown(&run, &names);
    let compared = former.map(|former| (former.figures, Comparison::of(&former, &run)));
    if let Some(file) = &arguments.save {
        fs::write(file, serde_json::to_string_pretty(&run)?)
            .map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    }
    if arguments.json {
        let against = compared.as_ref().map(|(_, comparison)| comparison);
        output::line(&serde_json::to_string_pretty(&Told { run: &run, against })?);
    } else {
        print(&run.figures, compared.as_ref());
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn index(&self, repository: &Path) -> Result<Index, Failure> {
        let index = self.searched.index(repository)?;
        Ok(match self.fields {
            Chosen(Some(fields)) => index.by_fields(fields)?,
            Chosen(None) => index,
        })
    }
}

fn saved(file: &Path) -> Result<Run, Failure> {
    let bytes = fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| NotSaved(file.to_owned(), error))?)
}

fn warn_unknown(run: &Run, names: &Names) {
    if run.unknown.is_empty() {
        return;
    }
    let touched =
        run.results.iter().filter(|judged| judged.relevant.iter().any(|name| names.slug(name).is_none()));
    let named: Vec<String> =
        run.unknown.iter().take(MOST_NAMED).map(|name| format!("`{}`", printable(name))).collect();
    let more = if run.unknown.len() > MOST_NAMED { " and others" } else { "" };
    output::note(&format!(
        "warning: the catalog lacks {}, which count as not found in {} of {} queries: {}{more}",
        output::count(run.unknown.len(), "relevant skill"),
        touched.count(),
        run.results.len(),
        named.join(", ")
    ));
}

fn print(figures: &Relevance, compared: Option<&(Relevance, Comparison)>) {
    let Some((former, comparison)) = compared else {
        return lines(figures)
            .iter()
            .for_each(|(name, value)| output::line(&format!("{name:<9} {value:.4}")));
    };
    for ((name, value), (_, before)) in lines(figures).iter().zip(lines(former)) {
        output::line(&format!("{name:<9} {value:.4}  {:+.4}", value - before));
    }
    let Comparison { better, worse, same, unmatched, .. } = comparison;
    let only_one = if *unmatched > 0 { format!(", {unmatched} in one run only") } else { String::new() };
    output::line(&format!("{better} better, {worse} worse, {same} the same{only_one}"));
    let rows: Vec<[String; 3]> = comparison.extremes(MOST_TOLD).into_iter().map(cells).collect();
    if !rows.is_empty() {
        let (header, lines) = table::laid_out(&["BEFORE", "AFTER", "QUERY"], &rows, 0);
        [header].iter().chain(&lines).for_each(|line| output::line(line));
    }
}

fn lines(figures: &Relevance) -> [(&'static str, f64); 3] {
    [("MRR@10", figures.reciprocal_rank), ("recall@5", figures.recall), ("nDCG@10", figures.gain)]
}

fn cells(moved: &Moved) -> [String; 3] {
    let place = |rank: Option<usize>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
    [place(moved.before), place(moved.after), one_line(&moved.query)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_chosen_by_name() {
        let some = Fields { name: true, description: false, tags: true };
        assert_eq!(parse_fields("name, tags"), Ok(Chosen(Some(some))));
        assert_eq!(parse_fields("all"), Ok(Chosen(None)));
        assert!(parse_fields("name,body").unwrap_err().contains("`body`"));
    }
}
