//! `guildhall check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::{Failure, now, output};
use crate::cache;
use crate::findable::HitRate;
use crate::library::{self, Checked, Outcome, Setting};
use crate::releases;
use crate::report::{self, Baseline, Finding, Silenced, Summary};
use crate::source::{self, Origin};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Check the commit that HEAD names instead of the working tree.
    #[arg(long)]
    head: bool,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Leave out the warnings that this file lists. Errors always count: a catalog cannot be built with them.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write every warning of now into the baseline file.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Find everything anew instead of taking what has not changed from `.guildhall/cache`.
    #[arg(long)]
    no_cache: bool,
    /// Fail for warnings too, but for those of the baseline.
    #[arg(long)]
    deny_warnings: bool,
}

const EXAMPLES: &str = "\
Examples:
  guildhall check                          check the working tree
  guildhall check --head --format github   in GitHub Actions: annotate the lines of a pull request
  guildhall check --format sarif > guildhall.sarif
                                           for code scanning
  guildhall check --baseline .guildhall-baseline.json --update-baseline
                                           accept the warnings of today
  guildhall check --baseline .guildhall-baseline.json --deny-warnings
                                           and fail for new ones

Exit codes: 0 no errors, 1 errors (with --deny-warnings also warnings), 2 could not check.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON array, for machines.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let origin = if arguments.head { Origin::Head } else { Origin::Worktree };
    let outcome = outcome(repository, origin, arguments.no_cache)?;
    let mut findings = report::findings(&outcome);
    let silenced = match &arguments.baseline {
        Some(file) => silence(file, arguments.update_baseline, &mut findings)?,
        None => Silenced::default(),
    };
    let summary = Summary { silenced: silenced.warnings, ..Summary::of(outcome.sound, &findings) };
    match arguments.format {
        Format::Human => print_findings(&outcome, &findings, summary),
        Format::Json => output::line(&report::json::render(&findings)?),
        Format::Sarif => output::line(&report::sarif::render(&findings)?),
        Format::Github => {
            output::line(&format!("{}{}{summary}", report::github::render(&findings), triggers(&outcome)));
        }
    }
    let refused = summary.errors > 0 || arguments.deny_warnings && summary.warnings > 0;
    Ok(if refused { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn outcome(folder: &Path, origin: Origin, no_cache: bool) -> Result<Outcome, Failure> {
    if no_cache {
        return Ok(library::read(folder, origin, now()?)?.outcome);
    }
    let releases = releases::Source { folder, former: None, committed: origin == Origin::Head };
    let setting = Setting { releases, as_of: now()? };
    let (outcome, written) = cache::check(folder, source::read(folder, origin)?, setting)?;
    if let Err(error) = written {
        output::note(&format!(
            "the next check will take as long as this one: cannot write the cache: {error}"
        ));
    }
    Ok(outcome)
}

/// Leaves out what the baseline lists, which is first written where that was asked for.
fn silence(file: &Path, update: bool, findings: &mut Vec<Finding<'_>>) -> Result<Silenced, Failure> {
    let baseline = if update { Baseline::of(findings) } else { Baseline::read(file)? };
    if update {
        baseline.write(file)?;
        output::note(&format!("wrote {} to `{}`", report::count(baseline.len(), "warning"), file.display()));
    }
    let silenced = baseline.silence(findings);
    if silenced.mended > 0 {
        let (entries, verb) = match silenced.mended {
            1 => ("1 entry".to_owned(), "is"),
            several => (format!("{several} entries"), "are"),
        };
        output::note(&format!(
            "{entries} of the baseline {verb} mended: run `guildhall check --baseline {} --update-baseline`",
            file.display()
        ));
    }
    Ok(silenced)
}

/// A line about the examples of all skills, if there are any.
fn triggers(outcome: &Outcome) -> String {
    let all: HitRate = outcome.triggers.values().copied().sum();
    if all.examples == 0 { String::new() } else { format!("triggers: {all}\n") }
}

/// Prints findings and a summary for people.
pub(super) fn print(checked: &Checked) {
    print_findings(&checked.outcome, &report::findings(&checked.outcome), summary(checked));
}

/// The summary of all findings.
pub(super) fn summary(checked: &Checked) -> Summary {
    Summary::of(checked.outcome.sound, &report::findings(&checked.outcome))
}

fn print_findings(outcome: &Outcome, findings: &[Finding<'_>], summary: Summary) {
    output::findings(findings);
    if !outcome.configured {
        output::note(
            "no guildhall.yaml: development defaults hold (every team folder is a team, `shared` is for everyone), and only edges in development mode take the catalog",
        );
    }
    output::line(&format!("{}{summary}", triggers(outcome)));
    let error = findings.iter().find(|found| found.diagnostic.is_error());
    if let Some(found) = error.or(findings.first()) {
        output::note(&format!("for more about a code: guildhall explain {}", found.diagnostic.rule.code()));
    }
}
