//! `guildhall search`.

use std::path::Path;
use std::process::ExitCode;

use anstyle::Style;
use registry_core::api::{Filters, MAX_RESULTS, SearchHit};
use registry_core::requirement::Requirement;
use registry_core::search::is_by_name;

use super::filter::Filter;
use super::searched::Searched;
use super::skills::one_line;
use super::table::{self, first_sentence};
use super::whom::Whom;
use super::{Failure, now, output};
use crate::index::{Asked, Index, Seen};

const DIM: Style = Style::new().dimmed();

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What is looked for, in words.
    query: String,
    #[command(flatten)]
    caller: Whom,
    /// How many results.
    #[arg(short, value_name = "N", default_value_t = 5, value_parser = parse_k)]
    k: usize,
    #[command(flatten)]
    filter: Filter,
    /// Only skills whose version meets this requirement: `2.x`, `>=1.2.0`.
    #[arg(long, value_name = "REQ")]
    pin: Option<Requirement>,
    /// Tell what each rank is made of.
    #[arg(long)]
    explain: bool,
    /// Print the results as the API does, as a JSON array.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    searched: Searched,
}

const EXAMPLES: &str = "\
The engine, its weights and its table are those of an edge, and so are the ranks: for the same skills and the same
caller both answer alike. Statistics are counted over what the caller sees, so that scores differ from role to role. Without --as everything is
searched.

With --explain each result tells what share of the best possible result its words and its meaning make up, and whether
its name decided: a skill that is asked for by name stands above all others.

Examples:
  guildhall search 'a customer wants their money back'
  guildhall search refund --as support-agent --teams support,shared --explain
  guildhall search 'rotate the certificates' --catalog dist --level public -k 20
  guildhall search invoice --pin 2.x --json | jq -r '.[].slug'";

fn parse_k(text: &str) -> Result<usize, String> {
    let k = text.parse().ok().filter(|k| (1..=MAX_RESULTS).contains(k));
    k.ok_or_else(|| format!("1 to {MAX_RESULTS} results are possible, as at an edge"))
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let index = arguments.searched.index(repository)?;
    let seen = seen(&index, &arguments.caller)?;
    let filters = Filters { version: arguments.pin.clone(), ..arguments.filter.of_search() };
    let asked = Asked { filters: &filters, k: arguments.k, explain: arguments.explain };
    let answer = seen.search(&arguments.query, &asked);
    if answer.degraded {
        output::note("the vectors of this catalog are not of its table: words alone decide");
    }
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&answer.hits)?);
    } else if answer.hits.is_empty() {
        output::note("no skill answers this");
    } else {
        print(&answer.hits, arguments.explain);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the caller sees, without elevation; without a role, everything.
fn seen<'a>(index: &'a Index, whom: &Whom) -> Result<Seen<'a>, Failure> {
    Ok(match whom.caller(&index.policy)? {
        Some(caller) => index.seen_by(&caller, now()?),
        None => index.seen(|_| true),
    })
}

fn print(hits: &[SearchHit], explain: bool) {
    let ranked = || (1..).zip(hits);
    let (header, lines) = if explain {
        let rows: Vec<_> = ranked().map(|(rank, hit)| explained(rank, hit)).collect();
        let header = ["#", "SKILL", "VERSION", "SCORE", "WORDS", "MEANING", "NAME", "DESCRIPTION"];
        table::laid_out(&header, &rows, 0)
    } else {
        let rows: Vec<_> = ranked().map(|(rank, hit)| plain(rank, hit)).collect();
        table::laid_out(&["#", "SKILL", "VERSION", "SCORE", "DESCRIPTION"], &rows, 0)
    };
    output::line(&format!("{DIM}{header}{DIM:#}"));
    lines.iter().for_each(|line| output::line(line));
}

fn plain(rank: usize, hit: &SearchHit) -> [String; 5] {
    let listing = &hit.listing;
    let [slug, version] = [listing.slug.to_string(), listing.version.to_string()];
    [rank.to_string(), slug, version, hit.score.to_string(), described(hit)]
}

fn explained(rank: usize, hit: &SearchHit) -> [String; 8] {
    let [rank, slug, version, score, description] = plain(rank, hit);
    let share = |millionths: u32| format!("{} %", (millionths + 5_000) / 10_000);
    let explanation = hit.explanation.as_ref();
    let [words, meaning] = [
        explanation.map_or_else(String::new, |explanation| share(explanation.words)),
        explanation.map_or_else(String::new, |explanation| share(explanation.meaning)),
    ];
    let name = if is_by_name(hit) { "decided" } else { "-" };
    [rank, slug, version, score, words, meaning, name.to_owned(), description]
}

/// What the skill does, and whether another should be taken.
fn described(hit: &SearchHit) -> String {
    let listing = &hit.listing;
    let text = one_line(&listing.description);
    let text = first_sentence(&text);
    match (&listing.deprecated, &listing.replaced_by) {
        (None, _) => text.to_owned(),
        (Some(_), None) => format!("(deprecated) {text}"),
        (Some(_), Some(successor)) => format!("(deprecated, use {successor}) {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(deprecated: Option<&str>, replaced_by: Option<&str>, score: u32) -> SearchHit {
        serde_json::from_value(serde_json::json!({
            "slug": "support/refund", "name": "refund", "version": "1.2.0", "tags": [],
            "description": "Gives money\u{1b} back. Use it\noften.", "access_level": "team", "type": "instructions",
            "deprecated": deprecated, "replaced_by": replaced_by, "score": score,
            "explain": {"words": 444_999, "meaning": 555_000},
        }))
        .unwrap()
    }

    #[test]
    fn a_result_says_what_to_use_in_its_place() {
        let text = |deprecated, replaced_by| described(&hit(deprecated, replaced_by, 1));
        assert_eq!(text(None, None), r"Gives money\u{1b} back.");
        assert_eq!(text(Some("old"), None), r"(deprecated) Gives money\u{1b} back.");
        assert_eq!(
            text(Some("old"), Some("support/refund:2.x")),
            r"(deprecated, use support/refund:2.x) Gives money\u{1b} back."
        );
    }

    #[test]
    fn an_explanation_tells_shares_and_whether_the_name_decided() {
        let cells = |score| explained(3, &hit(None, None, score));
        assert_eq!(cells(799_999)[..7], ["3", "support/refund", "1.2.0", "799999", "44 %", "56 %", "-"]);
        assert_eq!(cells(800_000)[6], "decided");
    }
}
