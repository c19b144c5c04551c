//! `guildhall build`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use registry_core::token::SigningKey;

use super::{Failure, check, now, output};
use crate::catalog::{self, Input};
use crate::source::{self, Origin};
use crate::write::{self, Signing};
use crate::{keys, library};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the catalog goes. What is there already is kept where it is equal.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
    /// Build the working tree instead of the commit that HEAD names. Only edges in development mode take it.
    #[arg(long)]
    worktree: bool,
    /// The private key that signs the head, a JSON Web Key file. Without it a development key is used.
    #[arg(long, value_name = "FILE", env = "GUILDHALL_HEAD_KEY")]
    head_key: Option<PathBuf>,
    /// A key that signed the catalog's former head, private or public, after a change of keys; may be given several
    /// times.
    #[arg(long = "former-key", value_name = "FILE")]
    former_keys: Vec<PathBuf>,
}

/// The private key that signs heads: that of the file, else one for development.
pub(super) fn head_key(repository: &Path, file: Option<&Path>) -> Result<SigningKey, Failure> {
    Ok(match file {
        Some(file) => keys::read(file)?,
        None => keys::development(repository, "head")?,
    })
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let origin = if arguments.worktree { Origin::Worktree } else { Origin::Head };
    let snapshot = source::read(repository, origin)?;
    let commit = snapshot.commit.clone();
    let checked = library::check(snapshot);
    if !checked.outcome.diagnostics.is_empty() || !checked.outcome.configured {
        check::print(&checked);
    }
    if checked.errors() > 0 {
        output::note("nothing was built: mend the errors first");
        return Ok(ExitCode::from(1));
    }
    let key = head_key(repository, arguments.head_key.as_deref())?;
    if key.public().is_development() {
        output::note("the head is signed by a development key: only edges in development mode take it");
    }
    let catalog = catalog::build(Input {
        library: &checked.library,
        closures: &checked.closures,
        organisation: &checked.organisation,
        commit: commit.as_ref().map(|commit| commit.id.as_str()),
        configured: checked.outcome.configured,
    })?;
    let former_keys =
        arguments.former_keys.iter().map(|file| keys::read_public(file)).collect::<Result<Vec<_>, _>>()?;
    let signing = Signing {
        key: &key,
        former_keys: &former_keys,
        now: now()?,
        expires_days: checked.organisation.expires_days,
    };
    let terminal = std::io::stderr().is_terminal();
    let written = write::write(&catalog, &arguments.out, signing, &mut progress(terminal));
    if terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    let written = written?;
    output::line(&format!(
        "{} in {} ms: {} new, {} unchanged, sequence {}, root {}",
        output::count(checked.library.len(), "skill"),
        started.elapsed().as_millis(),
        output::count(written.new, "file"),
        written.equal,
        written.sequence,
        catalog.root
    ));
    Ok(ExitCode::SUCCESS)
}

/// Shows the progress of writing on a terminal, and nothing elsewhere. A file takes one step or two, so there is no
/// total to show.
fn progress(terminal: bool) -> impl FnMut(usize) {
    move |done| {
        if terminal && done % 500 == 0 {
            let _ = write!(std::io::stderr(), "\rwriting the catalog, step {done}");
        }
    }
}
