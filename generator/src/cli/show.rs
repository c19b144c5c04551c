//! `guildhall show`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anstyle::Style;
use registry_core::Version;
use registry_core::api::{FileDetail, ReleaseDetail};
use registry_core::check::Skill;
use registry_core::diagnostic::Diagnostic;
use registry_core::digest::Digest;
use registry_core::id::{SkillId, SkillName};
use registry_core::organisation::Organisation;
use registry_core::policy::{Audience, PublicAccess};
use serde::Serialize;

use super::skills::{Format, View, findings_by_skill, one_line};
use super::{Failure, output};
use crate::catalog::{self, Family};
use crate::findable::HitRate;
use crate::library::Checked;
use crate::lint;
use crate::report::{self, inert, printable};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Most letters that a misspelt name may differ by.
const NEAR: usize = 3;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The skill, as `team/name`.
    #[arg(value_name = "TEAM/NAME")]
    skill: String,
    #[command(flatten)]
    view: View,
}

const EXAMPLES: &str = "\
Exits with 1 when the skill has a file that cannot be read, and prints why; with 2 when there is no such skill.

Examples:
  guildhall show support/refund-resolver
  guildhall show support/refund-resolver --format json | jq -r '.closure[] | .skill'";

/// The skill is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no skill `{name}`{}", did_you_mean(near))]
struct NoSuchSkill {
    name: String,
    near: Vec<String>,
}

fn did_you_mean(near: &[String]) -> String {
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "; `guildhall list` names those that there are".to_owned(),
        _ => format!("; did you mean {}?", names.join(" or ")),
    }
}

/// A skill in full: what an edge's JSON says of its release, and what only its authors see.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    release: ReleaseDetail,
    path: &'a str,
    audience: &'a Audience,
    open_to: String,
    aliases: &'a BTreeSet<SkillName>,
    dependents: Vec<&'a SkillId>,
    invocation: Vec<String>,
    /// How many of its examples find it first, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    triggers: Option<HitRate>,
    findings: &'a [&'a Diagnostic],
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let checked = arguments.view.read(repository)?;
    let mut by_skill = findings_by_skill(&checked.outcome.diagnostics);
    let findings = by_skill.remove(&arguments.skill).unwrap_or_default();
    let skill = checked.library.values().find(|skill| skill.manifest.id.to_string() == arguments.skill);
    let Some(skill) = skill else {
        let unread = by_skill.into_keys();
        return absent(&checked, &arguments.skill, &findings, unread);
    };
    let shown = shown(&checked, skill, &findings)?;
    match arguments.view.format {
        Format::Json => output::line(&serde_json::to_string_pretty(&shown)?),
        Format::Human => print(&checked, skill, &shown),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells why a skill that is there cannot be shown, or that there is none.
fn absent(
    checked: &Checked,
    name: &str,
    findings: &[&Diagnostic],
    unread: impl Iterator<Item = String>,
) -> Result<ExitCode, Failure> {
    if findings.is_empty() {
        let near = near(checked, name, unread);
        return Err(NoSuchSkill { name: name.to_owned(), near }.into());
    }
    print_findings(checked, findings);
    output::note(&format!("`{}` cannot be read", printable(name)));
    Ok(ExitCode::from(1))
}

/// The skills that somebody may have meant: of that name in another team or under an alias, else those that are
/// written almost so.
fn near(checked: &Checked, wanted: &str, unread: impl Iterator<Item = String>) -> Vec<String> {
    let bare = wanted.rsplit('/').next().unwrap_or(wanted);
    let named = |skill: &&Skill| {
        let manifest = &skill.manifest;
        manifest.id.name.as_str() == bare || manifest.aliases.iter().any(|alias| alias.as_str() == bare)
    };
    let same: Vec<String> =
        checked.library.values().filter(named).map(|skill| skill.manifest.id.to_string()).collect();
    if !same.is_empty() {
        return same;
    }
    let distance = |slug: &str| {
        let name = slug.rsplit('/').next().unwrap_or(slug);
        let of_name = if wanted.contains('/') { usize::MAX } else { strsim::osa_distance(name, bare) };
        strsim::osa_distance(slug, wanted).min(of_name)
    };
    let slugs: BTreeSet<String> = checked.library.keys().map(SkillId::to_string).chain(unread).collect();
    let near: Vec<(usize, String)> = slugs.into_iter().map(|slug| (distance(&slug), slug)).collect();
    let least = near.iter().map(|(distance, _)| *distance).min().filter(|least| *least <= NEAR);
    near.into_iter().filter(|(distance, _)| Some(*distance) == least).map(|(_, slug)| slug).collect()
}

fn shown<'a>(
    checked: &'a Checked,
    skill: &'a Skill,
    findings: &'a [&'a Diagnostic],
) -> Result<Shown<'a>, std::io::Error> {
    let manifest = &skill.manifest;
    let closures = checked.closures.get(&manifest.id);
    let closure = closures.and_then(|of| of.get(&manifest.version));
    let closure = closure.cloned().unwrap_or_default();
    let family = Family::of(checked, &manifest.id, skill);
    let bundle = Digest::of(&registry_core::bundle::pack(&skill.source.files)?);
    let dependents = catalog::needed_by(&checked.library).remove(&manifest.id).unwrap_or_default();
    let detail = catalog::detail(
        &checked.organisation,
        &family,
        skill,
        closure.members,
        bundle,
        catalog::files(skill),
    );
    Ok(Shown {
        release: ReleaseDetail {
            template: manifest.prompt.clone(),
            tokens: Some(lint::tokens(manifest)),
            ..detail
        },
        path: &skill.source.manifest_path,
        audience: &manifest.audience,
        open_to: open_to(&manifest.audience, &checked.organisation),
        aliases: &manifest.aliases,
        dependents: dependents.into_iter().map(|skill| &skill.manifest.id).collect(),
        invocation: catalog::permissions(&checked.organisation, skill),
        triggers: checked.outcome.triggers.get(&manifest.id).copied(),
        findings,
    })
}

/// An audience in words.
fn open_to(audience: &Audience, organisation: &Organisation) -> String {
    let policy = &organisation.policy;
    match audience {
        Audience::Public if policy.public == PublicAccess::Anonymous => "anyone".to_owned(),
        Audience::Public => "anyone who is signed in".to_owned(),
        Audience::Team(team) if policy.open_teams.contains(team) => {
            format!("anyone who is signed in, as all belong to the team {team}")
        }
        Audience::Team(team) => format!("members of the team {team}"),
        Audience::Sensitive(team) => format!("members of the team {team} while they are elevated"),
        Audience::Roles(roles) => {
            let names: Vec<String> = roles.iter().map(ToString::to_string).collect();
            format!("callers with the role {}", names.join(" or "))
        }
    }
}

fn print(checked: &Checked, skill: &Skill, shown: &Shown<'_>) {
    let listing = &shown.release.listing;
    output::line(&format!("{BOLD}{}{BOLD:#} {}", listing.slug, listing.version));
    output::line(&inert(&one_line(&listing.description)));
    if let Some(notice) = &listing.deprecated {
        output::line(&format!("{BOLD}Deprecated{BOLD:#}: {}", one_line(notice)));
    }
    output::line("");
    facts(skill, shown);
    section("Depends on", &tree(checked, skill), "nothing");
    section("Needed by", &texts(&shown.dependents), "no skill");
    section("An invocation", &shown.invocation, "runs nothing");
    section("Files", &files(&shown.release.files), "none");
    section("Findings", &[], if shown.findings.is_empty() { "none" } else { "" });
    print_findings(checked, shown.findings);
}

fn print_findings(checked: &Checked, wanted: &[&Diagnostic]) {
    let mut findings = report::findings(&checked.outcome);
    findings.retain(|found| wanted.contains(&found.diagnostic));
    output::findings(&findings);
}

fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn facts(skill: &Skill, shown: &Shown<'_>) {
    let listing = &shown.release.listing;
    let joined =
        |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { one_line(&items.join(", ")) };
    let of_team = if skill.manifest.owners.is_empty() && !shown.release.owners.is_empty() {
        " (the team's)"
    } else {
        ""
    };
    let facts = [
        ("Path", shown.path.to_owned()),
        ("Type", listing.skill_type.as_str().to_owned()),
        ("Access", format!("{}: {}", listing.access_level, shown.open_to)),
        ("Owners", format!("{}{of_team}", joined(shown.release.owners.clone()))),
        ("Tags", joined(listing.tags.iter().cloned().collect())),
        ("Aliases", joined(shown.aliases.iter().map(ToString::to_string).collect())),
        ("Tokens", shown.release.tokens.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("Digest", shown.release.digest.to_string()),
    ];
    let triggers = shown.triggers.map(|rate| ("Triggers", rate.to_string()));
    for (name, value) in facts.into_iter().chain(triggers) {
        output::line(&format!("{DIM}{name:<9}{DIM:#}{}", printable(&value)));
    }
}

fn section(title: &str, lines: &[String], none: &str) {
    if lines.is_empty() {
        return output::line(&format!("\n{BOLD}{title}{BOLD:#}: {none}"));
    }
    output::line(&format!("\n{BOLD}{title}{BOLD:#}"));
    for line in lines.iter().flat_map(|text| text.lines()) {
        output::line(&format!("  {}", inert(line)));
    }
}

fn files(files: &[FileDetail]) -> Vec<String> {
    let width = files.iter().map(|file| file.size.to_string().len()).max().unwrap_or_default();
    let line = |file: &FileDetail| {
        let mode = if file.executable { "0755" } else { "0644" };
        format!("{mode}  {:>width$}  {}", file.size, printable(&file.path))
    };
    files.iter().map(line).collect()
}

/// The dependencies of a skill with the versions that its closure chose, a line each.
fn tree(checked: &Checked, skill: &Skill) -> Vec<String> {
    let closures = checked.closures.get(&skill.manifest.id);
    let closure = closures.and_then(|of| of.get(&skill.manifest.version)).map(|closure| &closure.members);
    let chosen = closure.into_iter().flatten().map(|member| (&member.skill, &member.version)).collect();
    let mut branches =
        Branches { checked, chosen, shown: BTreeSet::from([&skill.manifest.id]), lines: Vec::new() };
    branches.add(skill, "");
    branches.lines
}

struct Branches<'a> {
    checked: &'a Checked,
    chosen: BTreeMap<&'a SkillId, &'a Version>,
    /// Whose own dependencies stand in the tree already; it also ends a circle.
    shown: BTreeSet<&'a SkillId>,
    lines: Vec<String>,
}

impl<'a> Branches<'a> {
    fn add(&mut self, skill: &'a Skill, indent: &str) {
        let mut needed = skill.manifest.depends_on.iter().peekable();
        while let Some(dependency) = needed.next() {
            let (branch, below) =
                if needed.peek().is_some() { ("├─ ", "│  ") } else { ("└─ ", "   ") };
            let id = &dependency.spec.skill;
            let version =
                self.chosen.get(id).map_or_else(|| "not resolved".to_owned(), |version| version.to_string());
            let found = self.checked.library.get(id);
            let again =
                found.is_some_and(|found| !found.manifest.depends_on.is_empty()) && !self.shown.insert(id);
            let note = if again { " (see above)" } else { "" };
            self.lines
                .push(format!("{indent}{branch}{id} {version} ({}){note}", dependency.spec.requirement));
            if let Some(found) = found.filter(|_| !again) {
                self.add(found, &format!("{indent}{below}"));
            }
        }
    }
}
