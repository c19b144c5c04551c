//! `guildhall fix`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use registry_core::diagnostic::{Diagnostic, causes};

use super::{Failure, check, now, output};
use crate::fix::{self, LeftAlone, Plan};
use crate::library;
use crate::report::{inert_lines, printable};
use crate::source::{self, Origin};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Mend only what is found in these files and folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print the changes as a diff and make none of them.
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Only changes that need no second look are made; every other finding is printed as by `guildhall check`.

Examples:
  guildhall fix                            mend what can be mended in the whole working tree
  guildhall fix skills/support             only the skills of one team
  guildhall fix --dry-run                  see the changes first
  guildhall fix --dry-run | git apply      and make them

Exit codes: 0 no errors are left, 1 errors are left, 2 could not do it.";

/// A path argument that names nothing in the repository.
#[derive(Debug, thiserror::Error)]
enum PathError {
    #[error("there is no `{0}`")]
    Absent(PathBuf, #[source] io::Error),
    #[error("`{0}` is not in the repository `{1}`")]
    Outside(PathBuf, PathBuf),
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let scope = Scope::new(repository, &arguments.paths)?;
    if arguments.dry_run {
        return dry_run(repository, &scope);
    }
    let mut refused = false;
    // Removing a folder can leave the one around it empty.
    for _ in 0..fix::ROUNDS {
        let (plan, _) = fix::plan(source::read(repository, Origin::Worktree)?, |path| scope.holds(path));
        let left_alone = make(repository, &plan);
        refused = left_alone.values().any(|reason| matches!(reason, LeftAlone::Io(_)));
        report(&plan, &left_alone);
        if plan.mended.is_empty() || !left_alone.is_empty() {
            break;
        }
    }
    let mut checked = library::read(repository, Origin::Worktree, now()?)?;
    checked.outcome.diagnostics.retain(|found| scope.holds(&found.path));
    check::print(&checked);
    Ok(match checked.errors() {
        _ if refused => ExitCode::from(2),
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

type Refusals<'a> = std::collections::BTreeMap<&'a str, LeftAlone>;

/// Makes the planned changes; returns what was left alone.
fn make<'a>(repository: &Path, plan: &'a Plan) -> Refusals<'a> {
    let edits = plan.edits.iter().map(|(path, edit)| (path, fix::write(repository, path, edit)));
    // A folder comes before what lies in it.
    let folders = plan.folders.iter().rev().map(|path| (path, fix::remove_folder(repository, path)));
    edits.chain(folders).filter_map(|(path, done)| Some((path.as_str(), done.err()?))).collect()
}

fn report(plan: &Plan, left_alone: &Refusals<'_>) {
    let whole = |found: &&Diagnostic| fix::touched(found).iter().all(|path| !left_alone.contains_key(path));
    plan.mended.iter().filter(whole).for_each(|found| output::line(&format!("fixed {}", title(found))));
    for (path, reason) in left_alone {
        let reason = inert_lines(&format!("{reason}{}", causes(reason)));
        output::note(&format!("left alone `{}`: {reason}", printable(path)));
    }
}

fn title(found: &Diagnostic) -> String {
    let Diagnostic { path, span, rule, fix, .. } = found;
    let title = fix.as_ref().map_or("", |fix| &fix.title);
    printable(&format!("{path}:{}:{} {}: {title}", span.start.line, span.start.column, rule.code()))
}

fn dry_run(repository: &Path, scope: &Scope) -> Result<ExitCode, Failure> {
    let (plan, mut checked) =
        fix::plan(source::read(repository, Origin::Worktree)?, |path| scope.holds(path));
    for (path, edit) in &plan.edits {
        output::patch(fix::diff(path, edit).trim_end_matches('\n'));
    }
    plan.mended.iter().for_each(|found| output::note(&format!("would fix {}", title(found))));
    checked.outcome.diagnostics.retain(|found| scope.holds(&found.path));
    output::note(&format!("after these changes: {}", check::summary(&checked)));
    Ok(if checked.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The files and folders to mend, relative to the repository; none means all.
struct Scope {
    paths: BTreeSet<PathBuf>,
}

impl Scope {
    fn new(repository: &Path, paths: &[PathBuf]) -> Result<Self, PathError> {
        let real =
            |path: &Path| path.canonicalize().map_err(|error| PathError::Absent(path.to_owned(), error));
        let root = real(repository)?;
        let relative = |path: &PathBuf| match real(path)?.strip_prefix(&root) {
            Ok(relative) => Ok(relative.to_owned()),
            Err(_) => Err(PathError::Outside(path.clone(), repository.to_owned())),
        };
        Ok(Self { paths: paths.iter().map(relative).collect::<Result<_, _>>()? })
    }

    fn holds(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|held| Path::new(path).starts_with(held))
    }
}
