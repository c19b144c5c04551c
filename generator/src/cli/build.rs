//! `guildhall build`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use registry_core::status::Date;
use registry_core::token::{PublicKey, SigningKey};

use super::progress::Progress;
use super::{Failure, check, now, output};
use crate::catalog::{self, Input, Step};
use crate::ledger::Ledger;
use crate::library::{self, Checked, Setting};
use crate::pages::Memo;
use crate::source::{self, Commit, Origin, Snapshot};
use crate::write::{Signing, Writer, Written};
use crate::{keys, releases};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the catalog goes. What is there already is kept where it is equal.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
    /// Build the working tree instead of the commit that HEAD names. Only edges in development mode take it.
    #[arg(long)]
    worktree: bool,
    /// The catalog that was published before: its releases are carried over, and can never change. A folder, or
    /// `s3://bucket/prefix`, or `https://…`; where there is none yet, this is the first.
    #[arg(long, value_name = "DIR|URL", conflicts_with = "worktree")]
    previous: Option<String>,
    /// Write `site/` too: the public pages for a plain static host. No edge needs it.
    #[arg(long)]
    site: bool,
    /// The day for which statuses hold, instead of that of the commit.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// Say how long each part of the work took, on standard error.
    #[arg(long)]
    timings: bool,
    /// The private key that signs the head, a JSON Web Key file. Without it a development key is used.
    #[arg(long, value_name = "FILE", env = "GUILDHALL_HEAD_KEY")]
    head_key: Option<PathBuf>,
    /// A key that signed a former head, private or public, after a change of keys; may be given several times.
    #[arg(long = "former-key", value_name = "FILE")]
    former_keys: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  guildhall build                                    build every release that HEAD has led to
  guildhall build --previous https://dist.example.com
                                                     carry over what was published; a shallow clone is enough when it
                                                     reaches back to the commit that was published
  guildhall build --worktree --out /tmp/try          build what lies in the folder, for trying it out
  guildhall build --site                             and write the public pages for a plain static host

Releases are found at tags `{team}/{name}@{version}` on the history of HEAD, else at the first commit of the branch that
carries a version. Exit codes: 0 built, 1 errors in the skills or their releases, 2 could not build.";

pub(super) fn head_key(repository: &Path, file: Option<&Path>) -> Result<SigningKey, Failure> {
    Ok(match file {
        Some(file) => keys::read(file)?,
        None => keys::development(repository, "head")?,
    })
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let progress = Progress::new(arguments.timings);
    let key = head_key(repository, arguments.head_key.as_deref())?;
    let former_keys =
        arguments.former_keys.iter().map(|file| keys::read_public(file)).collect::<Result<Vec<_>, _>>()?;
    let former = former(arguments, &key, &former_keys)?;
    progress.phase("reading");
    let origin = if arguments.worktree { Origin::Worktree } else { Origin::Head };
    let snapshot = source::read(repository, origin)?;
    let commit = snapshot.commit.clone();
    progress.phase("checking");
    let checked = checked(repository, arguments, snapshot, commit.as_ref(), former.as_ref())?;
    for note in &checked.notes {
        output::note(note);
    }
    if !checked.outcome.diagnostics.is_empty() || !checked.outcome.configured {
        check::print(&checked);
    }
    if checked.errors() > 0 {
        output::note("nothing was built: mend the errors first");
        return Ok(ExitCode::from(1));
    }
    if key.public().is_development() {
        output::note("the head is signed by a development key: only edges in development mode take it");
    }
    let expires_days = checked.organisation.expires_days;
    let signing = Signing { key: &key, former_keys: &former_keys, now: now()?, expires_days };
    let writer = Writer::open(&arguments.out, signing, &|_| {})?;
    let observe = |step| match step {
        Step::Phase(name) => progress.phase(name),
        Step::Skill => progress.done(),
    };
    progress.expect(checked.library.len());
    let commit = commit.as_ref().map(|commit| commit.id.as_str());
    let memo = Memo::of(repository);
    let input = Input {
        checked: &checked,
        commit,
        former: former.as_ref(),
        memo: memo.as_ref().ok(),
        observe: &observe,
    };
    let catalog = catalog::build(input, &writer)?;
    progress.phase("head");
    let written = writer.finish(&catalog, arguments.site)?;
    if let Err(error) = memo.and_then(Memo::keep) {
        output::note(&format!(
            "the next build will take as long as this one: cannot write the cache: {error}"
        ));
    }
    progress.finish();
    output::line(&summary(&checked, written, started, &catalog.root.to_string()));
    Ok(ExitCode::SUCCESS)
}

/// The former catalog; none where there is none yet.
fn former(arguments: &Arguments, key: &SigningKey, others: &[PublicKey]) -> Result<Option<Ledger>, Failure> {
    let Some(location) = &arguments.previous else { return Ok(None) };
    let pinned: Vec<PublicKey> = others.iter().cloned().chain([key.public()]).collect();
    let former = Ledger::open(location, &pinned)?;
    if former.is_none() {
        output::note(&format!("there is no catalog at `{location}` yet: this is the first"));
    }
    Ok(former)
}

fn checked(
    folder: &Path,
    arguments: &Arguments,
    snapshot: Snapshot,
    commit: Option<&Commit>,
    former: Option<&Ledger>,
) -> Result<Checked, Failure> {
    let as_of = match (arguments.as_of, commit) {
        (Some(day), _) => day.start(),
        (None, Some(commit)) => commit.time,
        (None, None) => now()?,
    };
    let releases = releases::Source { folder, former, committed: commit.is_some() };
    // What `check` says of texts has no part in a catalog.
    Ok(library::check_released(snapshot, Setting { releases, as_of }, &|_, _, _| Vec::new())?)
}

fn summary(checked: &Checked, written: Written, started: Instant, root: &str) -> String {
    let former: usize = checked.past.releases.values().map(std::collections::BTreeMap::len).sum();
    format!(
        "{} in {} in {} ms: {} new, {} unchanged, sequence {}, root {root}",
        output::count(checked.library.len() + former, "release"),
        output::count(checked.library.len(), "skill"),
        started.elapsed().as_millis(),
        output::count(written.new, "file"),
        written.equal,
        written.sequence,
    )
}
