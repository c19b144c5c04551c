//! The repositories of a page's examples, laid out in a temporary folder and checked as every other.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use registry_core::catalog::{HEAD_PATH, Head, HeadError, to_json};
use registry_core::organisation::CONFIG_PATH;
use registry_core::token::{DEVELOPMENT_KID_PREFIX, SigningKey};
use tempfile::TempDir;

use super::ExplainError;
use super::history::{AS_OF, CATALOG, History};
use super::page::{Form, Page, Sample};
use crate::catalog::{self, BuildError, Input, Memo, Memory};
use crate::ledger::Ledger;
use crate::library::{self, Checked, Setting};
use crate::releases::{self, GatherError};
use crate::source::{self, Origin};

/// The configuration of examples that have none of their own.
pub const CONFIG: &str = include_str!("../../rules/guildhall.yaml");

/// An example in a temporary folder, which goes when this is dropped.
pub struct Example {
    folder: TempDir,
    /// Nothing where the folder is in no repository.
    history: Option<History>,
    /// Whether a catalog was published, which the next one carries on.
    published: bool,
}

/// Lays out the repository that breaks the rule.
///
/// # Errors
/// When it cannot be made.
pub fn failing(page: &Page) -> Result<Example, ExplainError> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join(CONFIG_PATH), CONFIG)?;
    let history = match page.before.is_empty() {
        true => None,
        false => Some(History::begin(folder.path())?),
    };
    let mut example = Example { folder, history, published: false };
    for before in &page.before {
        example.lay_out(&before.samples, true)?;
        if before.published {
            example.publish()?;
        }
    }
    example.lay_out(&page.fails, page.is_committed(&page.fails))?;
    Ok(example)
}

/// Lays out the repository that keeps it.
///
/// # Errors
/// When it cannot be made.
pub fn mended(page: &Page) -> Result<Example, ExplainError> {
    let mut example = failing(page)?;
    example.lay_out(&page.mended, page.is_committed(&page.mended))?;
    Ok(example)
}

impl Example {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The ids of its commits in hexadecimal digits, oldest first.
    #[must_use]
    pub fn commits(&self) -> Vec<String> {
        self.history.iter().flat_map(|history| &history.commits).map(ToString::to_string).collect()
    }

    /// Checks the working tree, or, with a published catalog, the commit that the next one is to be built from.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn check(&self) -> Result<Checked, ExplainError> {
        if !self.published {
            return Ok(library::read(self.path(), Origin::Worktree, AS_OF)?);
        }
        let location = self.path().join(CATALOG);
        let former = Ledger::open(&location.to_string_lossy(), &[key()?.public()])?;
        let releases = releases::Source { folder: self.path(), former: former.as_ref(), committed: true };
        let snapshot = source::read(self.path(), Origin::Head).map_err(GatherError::from)?;
        let setting = Setting { releases, as_of: AS_OF };
        Ok(library::check_released(snapshot, setting, &|_, _, _| Vec::new())?)
    }

    /// Lays out files, commits them where that is asked for, and sets tags.
    fn lay_out(&mut self, samples: &[Sample], committed: bool) -> Result<(), ExplainError> {
        let root = self.folder.path();
        samples.iter().try_for_each(|sample| place(root, sample))?;
        if let Some(history) = self.history.as_mut().filter(|_| committed) {
            history.commit(root)?;
        }
        for Sample { path, form, .. } in samples {
            if let Form::Tag(commit) = form {
                let history = self.history.as_ref().ok_or_else(|| ExplainError::NoCommit(path.clone()))?;
                history.tag(path, *commit)?;
            }
        }
        Ok(())
    }

    /// Builds the catalog of the last commit.
    fn publish(&mut self) -> Result<(), ExplainError> {
        let checked = library::read(self.path(), Origin::Head, AS_OF)?;
        let commits = self.commits();
        let memory = Memory::default();
        let catalog = catalog::build(
            Input::new(&checked, commits.last().map(String::as_str), &Memo::default()),
            &memory,
        )?;
        // What is thrown away at once need not be safe on the disk.
        let folder = self.path().join(CATALOG);
        for (key, bytes) in memory.into_files() {
            put(&folder.join(key.path()), bytes)?;
        }
        let head = Head::sign(catalog.root, 1, AS_OF, &key()?)?;
        put(&folder.join(HEAD_PATH), to_json(&head).map_err(BuildError::from)?)?;
        self.published = true;
        Ok(())
    }
}

/// What it signs is not for use.
fn key() -> Result<SigningKey, HeadError> {
    Ok(SigningKey::from_seed(&format!("{DEVELOPMENT_KID_PREFIX}example"), [0; 32])?)
}

fn place(root: &Path, Sample { path, text, form }: &Sample) -> io::Result<()> {
    let target = root.join(path);
    match form {
        Form::Plain => put(&target, text),
        Form::Executable => {
            put(&target, text)?;
            fs::set_permissions(&target, Permissions::from_mode(0o755))
        }
        Form::Latin1 => put(&target, latin_1(text)?),
        Form::Repeat(times) => put(&target, repeated(text, *times)),
        Form::Copies(times) => {
            (1..=*times).try_for_each(|n| put(&root.join(numbered(path, n)), numbered(text, n)))
        }
        Form::Link(to) => {
            make_way(&target)?;
            symlink(to, &target)
        }
        Form::From(from) => {
            let from = root.join(from);
            put(&target, if text.is_empty() { fs::read(&from)? } else { text.clone().into() })?;
            remove(&from)
        }
        Form::Removed => remove(&target),
        Form::Tag(_) => Ok(()),
    }
}

fn put(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    make_way(path)?;
    fs::write(path, bytes)
}

/// Makes the folders above a file and removes what is in its place, so that no link is written through.
fn make_way(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Removes a file and the folders that it was alone in.
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    for folder in path.ancestors().skip(1) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

fn numbered(text: &str, n: usize) -> String {
    text.replace("{n}", &n.to_string()).replace("{next}", &(n + 1).to_string())
}

fn repeated(text: &str, times: usize) -> String {
    let before = text.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
    let (head, last) = text.split_at(before);
    format!("{head}{}", last.repeat(times))
}

fn latin_1(text: &str) -> io::Result<Vec<u8>> {
    let byte = |letter: char| u8::try_from(u32::from(letter)).map_err(io::Error::other);
    text.chars().map(byte).collect()
}
