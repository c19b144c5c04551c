//! `guildhall check`.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use registry_core::diagnostic::Diagnostic;

use super::{Failure, output};
use crate::library::{self, Checked};
use crate::source::{self, Origin};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Check the commit that HEAD names instead of the working tree.
    #[arg(long)]
    head: bool,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON array, for machines.
    Json,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let origin = if arguments.head { Origin::Head } else { Origin::Worktree };
    let checked = library::check(source::read(repository, origin)?);
    match arguments.format {
        Format::Human => print(&checked),
        Format::Json => output::line(&serde_json::to_string_pretty(&checked.diagnostics)?),
    }
    Ok(if checked.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints findings and a summary for people.
pub(super) fn print(checked: &Checked) {
    for found in &checked.diagnostics {
        output::line(&output::finding(found));
    }
    if !checked.configured {
        output::note(
            "no guildhall.yaml: development defaults hold (every team folder is a team, `shared` is for everyone), and only edges in development mode take the catalog",
        );
    }
    output::line(&summary(checked.library.len(), &checked.diagnostics, checked.errors()));
}

fn summary(sound: usize, findings: &[Diagnostic], errors: usize) -> String {
    format!(
        "{} sound, {}, {}",
        output::count(sound, "skill"),
        output::count(errors, "error"),
        output::count(findings.len() - errors, "warning")
    )
}
