//! `guildhall list`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use registry_core::Version;
use registry_core::check::Skill;
use registry_core::diagnostic::Diagnostic;
use registry_core::id::TeamName;
use registry_core::manifest::SkillType;
use registry_core::policy::AccessLevel;
use serde::Serialize;
use serde::de::DeserializeOwned;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::skills::{Count, Format, View, findings_by_skill, one_line};
use super::{Failure, output};
use crate::library::Checked;
use crate::report::inert;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only skills of this team.
    #[arg(long)]
    team: Option<TeamName>,
    /// Only skills with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// Only skills of this level.
    #[arg(long, value_parser = word::<AccessLevel>(["public", "team", "role-restricted", "sensitive"]))]
    level: Option<AccessLevel>,
    /// Only skills of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = word::<SkillType>(TYPES.map(SkillType::as_str)))]
    skill_type: Option<SkillType>,
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

const TYPES: [SkillType; 5] = [
    SkillType::Instructions,
    SkillType::CodeInline,
    SkillType::CodeSession,
    SkillType::Conversation,
    SkillType::PromptInline,
];

/// Takes one of the words that a skill file may hold.
fn word<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
) -> impl clap::builder::TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(|text| serde_json::from_value(text.into()))
}

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
        let of_team = |team: &TeamName| {
            entry.slug.strip_prefix(team.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let is = |wanted: bool| entry.error.is_some() || wanted;
        self.team.as_ref().is_none_or(of_team)
            && is(self.tag.as_ref().is_none_or(|tag| entry.tags.contains(tag)))
            && is(self.level.is_none_or(|level| entry.access_level == Some(level)))
            && is(self.skill_type.is_none_or(|wanted| entry.skill_type == Some(wanted)))
    }
}

/// Every skill, and everything that should be one, by slug.
fn entries(checked: &Checked) -> Vec<Entry> {
    let mut by_skill = findings_by_skill(&checked.outcome.diagnostics);
    let mut entries: Vec<Entry> = checked
        .library
        .iter()
        .map(|(id, skill)| sound(skill, &by_skill.remove(&id.to_string()).unwrap_or_default()))
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
        findings: Count::of(findings),
    })
}

fn print(entries: &[Entry]) {
    let header = ["SKILL", "VERSION", "LEVEL", "TYPE", "DESCRIPTION"].map(str::to_owned);
    let rows: Vec<[String; 5]> = entries.iter().map(cells).collect();
    let all = || rows.iter().chain([&header]);
    let [slug, version, level, kind, _] = [0, 1, 2, 3, 4].map(|column| {
        all().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or_default()
    });
    let columns = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let row = |[a, b, c, d, text]: &[String; 5]| {
        let fixed =
            [(a, slug), (b, version), (c, level), (d, kind)].map(|(cell, width)| pad(cell, width)).concat();
        // Two columns go to the mark.
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(fixed.width() + 2));
        format!("{fixed}{}", cut(text, room))
    };
    output::line(&format!("{DIM}  {}{DIM:#}", row(&header)));
    for (entry, cells) in entries.iter().zip(&rows) {
        output::line(&format!("{} {}", mark(entry.findings), row(cells)));
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

fn pad(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()) + 2))
}

/// The start of a text that fits `room` columns.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or_default();
        used <= room
    };
    let start: String = text.chars().take_while(fits).collect();
    format!("{}…", start.trim_end())
}

/// Up to the first full stop that a new sentence follows.
fn first_sentence(text: &str) -> &str {
    let ends = |(at, letter): (usize, char)| {
        let end = at + letter.len_utf8();
        let next = || text.get(end..)?.strip_prefix(' ')?.chars().next();
        let ended = letter == '。'
            || (matches!(letter, '.' | '!' | '?') && next().is_some_and(|c| !c.is_lowercase()));
        ended.then_some(end)
    };
    text.char_indices().find_map(ends).and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_where_another_starts() {
        for (text, expected) in [
            ("Plans a rollout. Use it before a release.", "Plans a rollout."),
            ("Answers e.g. refunds, in v1.2 style", "Answers e.g. refunds, in v1.2 style"),
            ("Ready? Go.", "Ready?"),
            ("回答退款。使用", "回答退款。"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), expected);
        }
    }

    #[test]
    fn a_cut_text_fits() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abc def", 5), "abc…");
        assert_eq!(cut("回答退款", 6), "回答…");
        assert_eq!(cut("abc", 0), "…");
    }
}
