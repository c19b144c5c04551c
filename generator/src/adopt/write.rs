//! Puts skills into the repository: each appears whole or not at all, and never in the place of another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use registry_core::manifest::{SkillSource, SourceFile};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};

use super::AdoptError;

/// Where files are written before they are put in place: on the same file system, and ignored by Git.
pub(super) const ASIDE: &str = ".guildhall";
/// How the folder of one run is named, before some letters and digits.
const PREFIX: &str = "tmp-";
const RANDOM: usize = 6;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> AdoptError + '_ {
    move |error| AdoptError::Write(path.to_owned(), error)
}

pub(super) fn write(repository: &Path, skills: &[&SkillSource]) -> Result<(), AdoptError> {
    let aside = repository.join(ASIDE);
    fs::create_dir_all(&aside).map_err(failed(&aside))?;
    clear(&aside);
    let temporary = tempfile::Builder::new()
        .prefix(PREFIX)
        .rand_bytes(RANDOM)
        .tempdir_in(&aside)
        .map_err(failed(&aside))?;
    // Until this run ends, however it does.
    let _lock = lock(temporary.path());
    let written = skills.par_iter().try_for_each(|skill| {
        let fresh = temporary.path().join(skill.id.name.as_str());
        for (path, file) in &skill.files {
            put(&fresh.join(path), file)?;
        }
        let target = folder(repository, skill);
        let team = target.parent().unwrap_or(repository);
        fs::create_dir_all(team).map_err(failed(team))?;
        renameat_with(CWD, &fresh, CWD, &target, RenameFlags::NOREPLACE)
            .map_err(|error| failed(&target)(error.into()))
    });
    drop(temporary);
    // Only goes where it was made just now, and is empty.
    let _ = fs::remove_dir(&aside);
    written
}

/// Removes what runs that were killed have left, as far as that can be done. A run that goes on has its folder locked.
fn clear(aside: &Path) {
    for entry in fs::read_dir(aside).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let ours =
            entry.file_name().to_str().and_then(|name| name.strip_prefix(PREFIX)).is_some_and(|rest| {
                rest.len() == RANDOM && rest.chars().all(|letter| letter.is_ascii_alphanumeric())
            });
        if is_folder && ours && lock(&entry.path()).is_some() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Locks a folder, unless another process has.
fn lock(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok().map(|()| folder)
}

/// Where a skill goes.
pub(super) fn folder(repository: &Path, skill: &SkillSource) -> PathBuf {
    repository.join(super::path(skill))
}

fn put(path: &Path, file: &SourceFile) -> Result<(), AdoptError> {
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed(path))?;
    let mode = file.mode.permissions();
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    made.and_then(|mut made| made.write_all(&file.bytes)).map_err(failed(path))
}
