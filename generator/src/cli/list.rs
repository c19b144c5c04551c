//! `guildhall list`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use registry_core::Version;
use registry_core::check::Skill;
use registry_core::diagnostic::Diagnostic;
use registry_core::id::TeamName;
use registry_core::manifest::SkillType;
use registry_core::policy::AccessLevel;
use serde::Serialize;

use super::filter::Filter;
use super::skills::{Count, Format, View, findings_by_skill, one_line};
use super::table::{self, first_sentence};
use super::{Failure, output};
use crate::findable::HitRate;
use crate::library::Checked;
use crate::report::inert;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    view: View,
}

const EXAMPLES: &str = "\
A skill with findings has `!` before it when they are errors and `?` when they are warnings. One that cannot be read
is listed with its first error, under every tag, level and type: what it has is not known.

Examples:
  guildhall list --team support
  guildhall list --level sensitive --type code_inline
  guildhall list --format json | jq -r '.[] | select(.findings.errors > 0).path'";

/// A skill as it is listed; what cannot be read has an `error` and little else.
#[derive(Debug, Serialize)]
struct Entry {
    slug: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_level: Option<AccessLevel>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    skill_type: Option<SkillType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<String>,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How many of its examples find it first, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    triggers: Option<HitRate>,
    findings: Count,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let checked = arguments.view.read(repository)?;
    let mut entries = entries(&checked);
    entries.retain(|entry| arguments.wants(entry));
    match arguments.view.format {
        Format::Json => output::line(&serde_json::to_string_pretty(&entries)?),
        Format::Human => print(&entries),
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn wants(&self, entry: &Entry) -> bool {
        let Filter { team, tag, level, skill_type } = &self.filter;
        let of_team = |team: &TeamName| {
            entry.slug.strip_prefix(team.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let is = |wanted: bool| entry.error.is_some() || wanted;
        team.as_ref().is_none_or(of_team)
            && is(tag.as_ref().is_none_or(|tag| entry.tags.contains(tag)))
            && is(level.is_none_or(|level| entry.access_level == Some(level)))
            && is(skill_type.is_none_or(|wanted| entry.skill_type == Some(wanted)))
    }
}

/// Every skill, and everything that should be one, by slug.
fn entries(checked: &Checked) -> Vec<Entry> {
    let mut by_skill = findings_by_skill(&checked.outcome.diagnostics);
    let mut entries: Vec<Entry> = checked
        .library
        .iter()
        .map(|(id, skill)| {
            let findings = by_skill.remove(&id.to_string()).unwrap_or_default();
            Entry { triggers: checked.outcome.triggers.get(id).copied(), ..sound(skill, &findings) }
        })
        .collect();
    entries.extend(by_skill.iter().filter_map(|(slug, findings)| unread(slug, findings)));
    entries.sort_by(|a, b| a.slug.cmp(&b.slug));
    entries
}

fn sound(skill: &Skill, findings: &[&Diagnostic]) -> Entry {
    let manifest = &skill.manifest;
    Entry {
        slug: manifest.id.to_string(),
        version: Some(manifest.version.clone()),
        access_level: Some(manifest.audience.level()),
        skill_type: Some(manifest.skill_type),
        description: Some(manifest.description.trim().to_owned()),
        tags: manifest.tags.clone(),
        path: skill.source.manifest_path.clone(),
        deprecated: manifest.deprecated.as_ref().map(|deprecation| deprecation.message.clone()),
        error: None,
        triggers: None,
        findings: Count::of(findings),
    }
}

fn unread(slug: &str, findings: &[&Diagnostic]) -> Option<Entry> {
    let first = findings.iter().find(|found| found.is_error())?;
    Some(Entry {
        slug: slug.to_owned(),
        version: None,
        access_level: None,
        skill_type: None,
        description: None,
        tags: BTreeSet::new(),
        path: first.path.clone(),
        deprecated: None,
        error: Some(first.message.clone()),
        triggers: None,
        findings: Count::of(findings),
    })
}

fn print(entries: &[Entry]) {
    let rows: Vec<[String; 5]> = entries.iter().map(cells).collect();
    // Two columns go to the mark.
    let (header, lines) = table::laid_out(&["SKILL", "VERSION", "LEVEL", "TYPE", "DESCRIPTION"], &rows, 2);
    output::line(&format!("{DIM}  {header}{DIM:#}"));
    for (entry, line) in entries.iter().zip(&lines) {
        output::line(&format!("{} {line}", mark(entry.findings)));
    }
    output::note(&summary(entries));
}

fn cells(entry: &Entry) -> [String; 5] {
    let text = match (&entry.error, &entry.deprecated, &entry.description) {
        (Some(error), _, _) => format!("cannot be read: {}", one_line(error)),
        (None, Some(_), Some(description)) => {
            format!("(deprecated) {}", first_sentence(&one_line(description)))
        }
        (None, _, description) => {
            first_sentence(&one_line(description.as_deref().unwrap_or_default())).to_owned()
        }
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        inert(&entry.slug),
        or_dash(entry.version.as_ref().map(Version::to_string)),
        or_dash(entry.access_level.map(|level| level.to_string())),
        or_dash(entry.skill_type.map(|kind| kind.as_str().to_owned())),
        text,
    ]
}

fn mark(findings: Count) -> String {
    match findings {
        Count { errors: 0, warnings: 0 } => " ".to_owned(),
        Count { errors: 0, .. } => format!("{YELLOW}?{YELLOW:#}"),
        Count { .. } => format!("{RED}!{RED:#}"),
    }
}

fn summary(entries: &[Entry]) -> String {
    let troubled = entries.iter().filter(|entry| entry.findings != Count::default()).count();
    let all = output::count(entries.len(), "skill");
    match troubled {
        0 => all,
        _ => format!("{all}, {troubled} with findings: `guildhall check` tells them"),
    }
}
