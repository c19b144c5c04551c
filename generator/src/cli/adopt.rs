//! `guildhall adopt`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use registry_core::diagnostic::Diagnostic;
use registry_core::id::TeamName;

use super::{Failure, output};
use crate::adopt::{Adopted, Refused, Report, Request, adopt};
use crate::configuration;
use crate::report::{inert, printable};

const EXAMPLES: &str = "\
A skill keeps its text, its comments and its files. It gets what it lacks: a version, tags and an access level, a name
that fits. Every change is told; a skill that would still break a rule is refused and not written. Nothing is
overwritten: where a name is taken the skill gets another.

Examples:
  guildhall adopt ../agent-skills --team platform --dry-run    tell what would be done
  guildhall adopt .claude/skills --team support                bring skills of one agent under the registry";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder to search for `SKILL.md`, at any depth. It may be a skill itself.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The team that the skills will belong to.
    #[arg(long, value_name = "TEAM")]
    team: TeamName,
    /// Tell everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON object, for machines.
    Json,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Arguments { folder, team, dry_run, format } = arguments;
    let organisation = configuration::read(repository)?;
    let report = adopt(Request { folder, repository, team, dry_run: *dry_run })?;
    match format {
        Format::Human => {
            print(&report, *dry_run);
            if !dry_run && leaves_originals(repository, &report) {
                output::note(LEFT_BEHIND);
            }
        }
        Format::Json => output::line(&serde_json::to_string_pretty(&report)?),
    }
    match organisation {
        Some(organisation) => configuration::unlisted(&organisation, team)
            .iter()
            .for_each(|warning| output::note(&format!("warning: {warning}"))),
        None => output::note("no guildhall.yaml here: `guildhall init` writes one"),
    }
    Ok(if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

const LEFT_BEHIND: &str = "the originals below `.claude/skills` are still there, outside any team: remove them, or `guildhall check` will refuse them";

/// Whether a skill now lies in the repository twice, once where no skill may lie.
fn leaves_originals(repository: &Path, report: &Report) -> bool {
    let flat = repository.join(".claude/skills").canonicalize().ok();
    let adopted = report.adopted.iter().map(|adopted| &adopted.source);
    let mut sources = adopted.chain(report.unchanged.iter().map(|unchanged| &unchanged.source));
    flat.is_some_and(|flat| {
        let is_flat = |folder: PathBuf| folder.parent() == Some(&flat);
        sources.any(|source| Path::new(source).canonicalize().is_ok_and(is_flat))
    })
}

fn print(report: &Report, dry_run: bool) {
    let verb = if dry_run { "would adopt" } else { "adopted" };
    for Adopted { source, slug, path, access_level, access_level_of_source, changes } in &report.adopted {
        let mut text = format!("{verb} {} → {} (slug {slug})", printable(source), printable(path));
        changes.iter().for_each(|change| {
            text.push_str(&format!(
                "
  {change}"
            ))
        });
        if *access_level_of_source {
            text.push_str(&format!(
                "
  = access_level: {access_level} (as the source says)"
            ));
        }
        output::line(&text);
    }
    for unchanged in &report.unchanged {
        output::line(&format!(
            "unchanged {} → {} (slug {})",
            printable(&unchanged.source),
            printable(&unchanged.path),
            unchanged.slug
        ));
    }
    for skipped in &report.skipped {
        output::line(&format!("skipped {}: {}", printable(&skipped.path), printable(&skipped.reason)));
    }
    for Refused { source, findings } in &report.refused {
        let findings: String = findings
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| format!("\n  {}", refusal(finding)))
            .collect();
        output::line(&format!("refused {}{findings}", printable(source)));
    }
    output::line(&summary(report, verb));
    if !report.adopted.is_empty() && !dry_run {
        output::line("next: guildhall check");
    }
}

/// An error on one line, its help on another.
fn refusal(finding: &Diagnostic) -> String {
    let help = finding.help.iter().map(|help| format!("\n    help: {}", printable(help)));
    let help: String = help.collect();
    format!("{}{help}", inert(&Diagnostic { help: None, ..finding.clone() }.to_string()))
}

fn summary(report: &Report, verb: &str) -> String {
    let Report { adopted, refused, unchanged, .. } = report;
    let mut text = format!("{verb} {}", adopted.len());
    if !unchanged.is_empty() {
        text.push_str(&format!(", unchanged {}", unchanged.len()));
    }
    text.push_str(&format!(", refused {}", refused.len()));
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for Refused { findings, .. } in refused {
        let errors = findings.iter().filter(|finding| finding.is_error());
        let of_one: std::collections::BTreeSet<&str> = errors.map(|finding| finding.rule.code()).collect();
        of_one.into_iter().for_each(|code| *codes.entry(code).or_default() += 1);
    }
    let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    if codes.is_empty() { text } else { format!("{text} ({})", codes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::{Rule, Span};

    use super::*;

    #[test]
    fn no_text_of_a_refused_skill_is_a_command() {
        let found = Diagnostic::new(Rule::UnknownKey, "::a\n", Span::START, "x\n::error::y");
        let shown = refusal(&found.with_help("\u{1b}\n::b"));
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(shown.starts_with(r"./::a\n:1:1: ") && !shown.contains('\u{1b}'), "{shown}");
    }
}
