//! `guildhall build`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use registry_core::digest::Digest;
use registry_core::status::Date;

use super::progress::Progress;
use super::signer::Keys;
use super::{Failure, check, now, output};
use crate::catalog::{self, Finished, Input, Memo, Step};
use crate::head::Signer;
use crate::ledger::Ledger;
use crate::library::{self, Checked, Setting};
use crate::pages;
use crate::releases;
use crate::site::{Engine, StaticSite};
use crate::source::{self, Commit, Origin, Snapshot, history};
use crate::write::{Writer, Written};

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
    /// The search engine for browsers, with which the search page of `site/` works without an edge.
    #[arg(long, value_name = "DIR", requires = "site")]
    engine: Option<PathBuf>,
    /// The day for which statuses hold, instead of that of the commit.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// Make everything anew instead of taking what has not changed from `.guildhall/cache`.
    #[arg(long)]
    no_cache: bool,
    /// Say how long each part of the work took, on standard error.
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    keys: Keys,
}

const EXAMPLES: &str = "\
Examples:
  guildhall build                                    build every release that HEAD has led to
  guildhall build --previous https://dist.example.com
                                                     carry over what was published; a shallow clone is enough when it
                                                     reaches back to the commit that was published
  guildhall build --worktree --out /tmp/try          build what lies in the folder, for trying it out
  guildhall build --site --engine engine             and write the public pages for a plain static host, which search
                                                     in the browser

Releases are found at tags `{team}/{name}@{version}` on the history of HEAD, else at the first commit of the branch that
carries a version. Exit codes: 0 built, 1 errors in the skills or their releases, 2 could not build.";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let progress = Progress::new(arguments.timings);
    let key = arguments.keys.key(repository)?;
    let former_keys = arguments.keys.former()?;
    let signer = Signer { key: &key, former_keys: &former_keys, now: now()? };
    let former = former(arguments, signer)?;
    let remembered = Remembered::open(repository, arguments.no_cache);
    let input = input(repository, arguments, former.as_ref());
    if let Some(said) =
        unchanged(&arguments.out, signer, input.and_then(|input| remembered.made.finished(input)))?
    {
        output::line(&said);
        return Ok(ExitCode::SUCCESS);
    }
    // Asked before the long build, not after it.
    let engine = arguments.engine.as_deref().map(Engine::open).transpose()?;
    progress.phase("reading");
    let origin = if arguments.worktree { Origin::Worktree } else { Origin::Head };
    let snapshot = source::read(repository, origin)?;
    let commit = snapshot.commit.clone();
    progress.phase("checking");
    let checked = checked(repository, arguments, snapshot, commit.as_ref(), former.as_ref())?;
    checked.notes.iter().for_each(|note| output::note(note));
    if !checked.outcome.diagnostics.is_empty() || !checked.outcome.configured {
        check::print(&checked);
    }
    if checked.errors() > 0 && !(arguments.worktree && checked.can_be_shown()) {
        output::note("nothing was built: mend the errors first");
        return Ok(ExitCode::from(1));
    }
    // Where nothing can be built, nothing is written.
    let writer = Writer::open(&arguments.out, signer, &|_| {})?;
    let observe = |step| match step {
        Step::Phase(name) => progress.phase(name),
        Step::Skill => progress.done(),
    };
    progress.expect(checked.library.len());
    let commit = commit.as_ref().map(|commit| commit.id.as_str());
    let catalog = catalog::build(
        Input {
            checked: &checked,
            commit,
            former: former.as_ref(),
            memo: &remembered.made,
            code: Some(&remembered.code),
            observe: &observe,
        },
        &writer,
    )?;
    progress.phase("site and head");
    let expires_days = checked.organisation.expires_days;
    let site = arguments.site.then(|| StaticSite::new(&catalog, &checked, &arguments.out, engine.as_ref()));
    let written = writer.finish(catalog.root, expires_days, site.transpose()?.as_ref())?;
    // What was found is said at every build.
    let silent = checked.notes.is_empty() && checked.outcome.diagnostics.is_empty();
    let finished = input.filter(|_| silent).map(|input| Finished { input, root: catalog.root, expires_days });
    if let Err(error) = remembered.keep(finished) {
        output::note(&format!(
            "the next build will take as long as this one: cannot write the cache: {error}"
        ));
    }
    progress.finish();
    output::line(&summary(&checked, written, started, &catalog.root.to_string()));
    Ok(ExitCode::SUCCESS)
}

/// What former builds made, and highlighted.
#[derive(Default)]
struct Remembered {
    made: Memo,
    code: pages::Memo,
}

impl Remembered {
    fn open(repository: &Path, nothing: bool) -> Self {
        if nothing {
            return Self::default();
        }
        Self { made: Memo::open(repository), code: pages::Memo::of(repository).unwrap_or_default() }
    }

    fn keep(self, finished: Option<Finished>) -> io::Result<()> {
        self.made.keep(finished)?;
        self.code.keep()
    }
}

/// Continues the head of the last build, if that was of the same input and its catalog is still there.
fn unchanged(out: &Path, signer: Signer<'_>, last: Option<Finished>) -> Result<Option<String>, Failure> {
    let Some(last) = last.filter(|_| out.exists()) else { return Ok(None) };
    let writer = Writer::open(out, signer, &|_| {})?;
    if !writer.continues(last.root) {
        return Ok(None);
    }
    let written = writer.finish(last.root, last.expires_days, None)?;
    Ok(Some(format!("nothing has changed: sequence {}, root {}", written.sequence, last.root)))
}

/// The digest of all that a catalog is made of, without reading any of it. Nothing where files of a working tree count,
/// or where there is more to write than the catalog.
fn input(repository: &Path, arguments: &Arguments, former: Option<&Ledger>) -> Option<Digest> {
    if arguments.worktree || arguments.site {
        return None;
    }
    let history = history::fingerprint(repository)?;
    let former = former.map(|former| former.root);
    let folder = std::fs::canonicalize(repository).ok()?;
    Some(Digest::of(format!("{history}\n{former:?} {:?} {}", arguments.as_of, folder.display()).as_bytes()))
}

/// The former catalog; none where there is none yet.
fn former(arguments: &Arguments, signer: Signer<'_>) -> Result<Option<Ledger>, Failure> {
    let Some(location) = &arguments.previous else { return Ok(None) };
    let former = Ledger::open(location, &signer.pinned())?;
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
