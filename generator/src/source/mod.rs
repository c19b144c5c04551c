//! Where skills come from: a commit or the working tree.

mod empty;
mod git;
pub mod history;
mod room;
mod rules;
#[cfg(test)]
mod tests;
mod tracked;
mod worktree;

use std::collections::BTreeMap;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use registry_core::diagnostic::{Diagnostic, Rule, Span, utf8};
use registry_core::digest::FileMode;
use registry_core::manifest::{MAX_MANIFEST_BYTES, SourceFile};
use registry_core::organisation::CONFIG_PATH;
use rustix::fs::OFlags;

/// The paths that are read, relative to the repository.
const ROOTS: [&str; 2] = ["skills", ".claude/skills"];
/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// When it was made, in seconds since the epoch.
    pub time: u64,
}

/// The files of one state of a repository.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The commit, or `None` for a working tree.
    pub commit: Option<Commit>,
    /// Files below the skill roots by path relative to the repository.
    pub files: BTreeMap<String, SourceFile>,
    /// The text of `guildhall.yaml`.
    pub config: Option<String>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a repository cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not inside a Git repository.
    #[error("`{0}` is not in a Git repository; build from the working tree with --worktree")]
    NoRepository(PathBuf, #[source] gix::Error),
    /// No commit yet.
    #[error("the repository has no commit yet; commit first, or build from the working tree with --worktree")]
    NoCommit(#[source] gix::Error),
    /// An object is missing or damaged.
    #[error("cannot read the commit `{0}`")]
    Git(String, #[source] gix::Error),
    /// Nothing that this program reads is there.
    #[error(
        "there is neither `skills/` nor `guildhall.yaml` in `{0}`; is it the right folder? (see --repository)"
    )]
    Nothing(PathBuf),
}

/// Which state of a repository to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The commit that `HEAD` names, as Git stores it.
    Head,
    /// The files as they lie in the folder.
    Worktree,
}

/// Reads the skills and the configuration of the repository at `repository`.
///
/// # Errors
/// When the repository as a whole cannot be read. A single bad file is a diagnostic of the snapshot.
pub fn read(repository: &Path, origin: Origin) -> Result<Snapshot, SourceError> {
    match origin {
        Origin::Head => git::read_head(repository),
        Origin::Worktree => worktree::read(repository),
    }
}

/// The mode of a file: executable where anybody may run it.
pub(crate) fn mode(metadata: &Metadata) -> FileMode {
    if metadata.permissions().mode() & 0o111 != 0 { FileMode::Executable } else { FileMode::Plain }
}

/// The content of an ordinary file; nothing where it is none, or has more than `most` bytes.
pub(crate) fn bytes(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // Something else can be put in its place, which must neither be followed nor waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    // A file can grow while it is read.
    let read = file.take(most + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= most).then_some(bytes))
}

/// What stands behind the skill root in a path relative to the repository.
pub(crate) fn inner(path: &str) -> Option<&str> {
    ROOTS.iter().find_map(|root| path.strip_prefix(root)?.strip_prefix('/'))
}

impl Snapshot {
    fn new(commit: Option<Commit>) -> Self {
        Self { commit, files: BTreeMap::new(), config: None, diagnostics: Vec::new() }
    }

    fn refuse(&mut self, path: &str, message: &str, help: &str) {
        let finding = Diagnostic::new(Rule::Unreadable, path, Span::START, message);
        self.diagnostics.push(finding.with_help(help));
    }

    /// Refuses a file of more than `most` bytes.
    fn refuse_size(&mut self, path: &str, most: u64) {
        let help = format!("keep it within {most} bytes");
        self.refuse(path, "the file is too large", &help);
    }

    fn add(&mut self, path: String, file: SourceFile) {
        if path != CONFIG_PATH {
            self.files.insert(path, file);
            return;
        }
        if file.bytes.len() > MAX_MANIFEST_BYTES {
            return self.refuse_size(&path, MAX_MANIFEST_BYTES as u64);
        }
        match utf8(&path, &file.bytes) {
            Ok(text) => self.config = Some(text.to_owned()),
            Err(found) => self.diagnostics.push(*found),
        }
    }
}
