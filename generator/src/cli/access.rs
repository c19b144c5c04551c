//! `guildhall access`.

use std::path::Path;
use std::process::ExitCode;

use anstyle::Style;
use clap::ValueEnum;
use registry_core::id::RoleName;
use registry_core::policy::{Caller, MAX_ELEVATION_SECONDS};
use registry_core::requirement::{Requirement, Spec};
use serde::Serialize;

use super::signer::Keys;
use super::whom::{Whom, of_role};
use super::{Failure, check, now, output, table};
use crate::library;
use crate::rights::{Rights, Ruling, Subject, Verdict};
use crate::source::Origin;
use crate::store::Store;

const DIM: Style = Style::new().dimmed();
/// The column of callers without a token.
const ANONYMOUS: &str = "anonymous";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("callers").required(true).args(["role", "anonymous", "matrix"]))]
pub(super) struct Arguments {
    /// The skills, as `team/name` or `team/name:REQ`. Without any, all of them.
    #[arg(value_name = "SKILL")]
    skills: Vec<Spec>,
    #[command(flatten)]
    caller: Whom,
    /// Ask for a caller without a token.
    #[arg(long)]
    anonymous: bool,
    /// Ask for every configured role, and for callers without a token.
    #[arg(long)]
    matrix: bool,
    /// The caller is elevated, as `sensitive` skills demand.
    #[arg(long, conflicts_with = "anonymous")]
    elevated: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Ask a built catalog in place of the working tree: a folder, `s3://BUCKET/PREFIX`, or `https://HOST/PATH`.
    #[arg(long, value_name = "DIR")]
    catalog: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// Comma-separated values with a header (RFC 4180), for spreadsheets.
    Csv,
    /// JSON, for machines.
    Json,
}

const EXAMPLES: &str = "\
The answers are those of an edge over the same skills, by the same function: one right covers to find, to read and to
invoke. What is asked about is the release that `*`, or the requirement, chooses. `elevated` says that the caller may
while they are elevated; `blocked`, that nobody can use the release, because what it needs is gone or closed to some.

A role counts with the teams that guildhall.yaml gives it. Tokens may claim further ones, within the bounds of their
issuer; --teams adds those.

Exit codes: 0 done, and every skill that was named is open to the caller of --as or --anonymous; 1 one is not.

Examples:
  guildhall access --matrix --format csv > access.csv
  guildhall access --as support-agent
  guildhall access finance/budget-approval --as finance-lead --elevated
  guildhall access support/refund-resolver:1.x --anonymous --catalog dist";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Some(rights) = rights(repository, arguments)? else { return Ok(ExitCode::from(1)) };
    let now = now()?;
    let elevated_until = arguments.elevated.then_some(now + MAX_ELEVATION_SECONDS);
    let specs = specs(&rights, &arguments.skills);
    if arguments.matrix {
        let of_role = |role: &RoleName| of_role(role.clone(), &arguments.caller.teams);
        let callers: Vec<Caller> =
            rights.policy.roles.keys().map(|role| Caller { elevated_until, ..of_role(role) }).collect();
        let matrix = specs.iter().map(|spec| Row::new(&rights, spec, &callers, now)).collect::<Vec<_>>();
        print(&matrix, arguments.format)?;
        return Ok(ExitCode::SUCCESS);
    }
    let caller = arguments.caller.caller(&rights.policy)?.map(|caller| Caller { elevated_until, ..caller });
    let rulings: Vec<Ruling> = specs.iter().map(|spec| rights.rule(spec, caller.as_ref(), now)).collect();
    print(&rulings, arguments.format)?;
    let open = rulings.iter().all(|ruling| ruling.verdict == Verdict::Open);
    Ok(ExitCode::from(u8::from(!arguments.skills.is_empty() && !open)))
}

/// Nothing where the working tree has errors, which are printed.
fn rights(repository: &Path, arguments: &Arguments) -> Result<Option<Rights>, Failure> {
    if let Some(place) = &arguments.catalog {
        return Ok(Some(Rights::open(&Store::open(place)?, &arguments.keys.pinned(repository)?)?));
    }
    let checked = library::read(repository, Origin::Worktree, now()?)?;
    if checked.errors() > 0 && !checked.can_be_shown() {
        check::print(&checked);
        output::note("mend the errors first: no catalog can be built of these skills");
        return Ok(None);
    }
    Ok(Some(Rights::of(&checked)?))
}

fn specs(rights: &Rights, named: &[Spec]) -> Vec<Spec> {
    if !named.is_empty() {
        return named.to_vec();
    }
    rights.skills().map(|skill| Spec { skill: skill.clone(), requirement: Requirement::any() }).collect()
}

/// A release, and what each kind of caller may do with it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    subject: Subject,
    verdicts: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    caller: String,
    verdict: Verdict,
}

impl Row {
    fn new(rights: &Rights, spec: &Spec, callers: &[Caller], now: u64) -> Self {
        let column = |caller: Option<&Caller>| Column {
            caller: caller.map_or_else(|| ANONYMOUS.to_owned(), |caller| caller.role.to_string()),
            verdict: rights.rule(spec, caller, now).verdict,
        };
        let verdicts = [None].into_iter().chain(callers.iter().map(Some)).map(column).collect();
        Self { subject: rights.subject(spec), verdicts }
    }
}

/// What has a line in a table.
trait Line: Serialize {
    /// The name and the value of each cell.
    fn cells(&self) -> Vec<(&str, String)>;
}

impl Line for Row {
    fn cells(&self) -> Vec<(&str, String)> {
        let verdicts =
            self.verdicts.iter().map(|column| (column.caller.as_str(), column.verdict.to_string()));
        named(&self.subject).into_iter().chain(verdicts).collect()
    }
}

impl Line for Ruling {
    fn cells(&self) -> Vec<(&str, String)> {
        let reason = self.reason.clone().unwrap_or_default();
        let told = [("verdict", self.verdict.to_string()), ("reason", reason)];
        named(&self.subject).into_iter().chain(told).collect()
    }
}

/// The cells that tell which release is meant. The audience is that of all who may: by the head's rule, and the
/// release's where it is another.
fn named(subject: &Subject) -> Vec<(&'static str, String)> {
    let rules = subject.audience.iter().chain(&subject.release_audience);
    let version = subject.version.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        ("skill", subject.skill.to_string()),
        ("version", version),
        ("audience", rules.map(ToString::to_string).collect::<Vec<_>>().join(" & ")),
    ]
}

fn print(lines: &[impl Line], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        output::line(&serde_json::to_string_pretty(lines)?);
        return Ok(());
    }
    let Some(first) = lines.first() else {
        output::note("there are no skills");
        return Ok(());
    };
    let header: Vec<String> = first.cells().iter().map(|(name, _)| (*name).to_owned()).collect();
    let rows: Vec<Vec<String>> =
        lines.iter().map(|line| line.cells().into_iter().map(|(_, cell)| cell).collect()).collect();
    if format == Format::Csv {
        let mut csv = csv::Writer::from_writer(Vec::new());
        [&header].into_iter().chain(&rows).try_for_each(|row| csv.write_record(row))?;
        output::line(String::from_utf8(csv.into_inner()?)?.trim_end());
        return Ok(());
    }
    let header: Vec<String> = header.iter().map(|name| name.to_uppercase()).collect();
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let (header, lines) = table::laid_out(&names, &rows, 0);
    output::line(&format!("{DIM}{header}{DIM:#}"));
    lines.iter().for_each(|line| output::line(line));
    Ok(())
}
