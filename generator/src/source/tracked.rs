//! What Git tracks below the skill roots, whatever a `.gitignore` says of it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use gix::index::entry::Mode;

use super::ROOTS;

/// Where `folder` lies in the work tree of its repository; empty at the root.
pub(super) fn prefix(repository: &gix::Repository, folder: &Path) -> PathBuf {
    let inside = || {
        let root = fs::canonicalize(repository.workdir()?).ok()?;
        fs::canonicalize(folder).ok()?.strip_prefix(root).ok().map(Path::to_owned)
    };
    inside().unwrap_or_default()
}

/// The tracked files below the skill roots of `folder`, relative to it. None without a repository.
pub(super) fn below(folder: &Path) -> Vec<PathBuf> {
    let Some(repository) = gix::discover(folder).ok() else { return Vec::new() };
    let Some(index) = repository.index_or_empty().ok() else { return Vec::new() };
    let prefix = prefix(&repository, folder);
    let file = |mode| matches!(mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK);
    let entries = index.entries().iter().filter(|entry| file(entry.mode));
    entries
        .filter_map(|entry| {
            let path = Path::new(OsStr::from_bytes(entry.path(&index))).strip_prefix(&prefix).ok()?;
            ROOTS.iter().any(|root| path.starts_with(root)).then(|| path.to_owned())
        })
        .collect()
}

/// Whether only folders of this repository lead to `path`: no link, and no repository of its own.
pub(super) fn is_reached(repository: &Path, path: &Path) -> bool {
    path.ancestors().skip(1).filter(|above| *above != Path::new("")).all(|above| {
        let above = repository.join(above);
        fs::symlink_metadata(&above).is_ok_and(|found| found.is_dir())
            && fs::symlink_metadata(above.join(".git")).is_err()
    })
}
