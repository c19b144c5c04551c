//! Puts skills into the repository: each appears whole or not at all, and never in the place of another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use registry_core::digest::FileMode;
use registry_core::manifest::{SkillSource, SourceFile};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::AdoptError;

/// Where files are written before they are put in place: on the same file system, and ignored by Git.
const ASIDE: &str = ".guildhall";

fn failed(path: &Path) -> impl FnOnce(io::Error) -> AdoptError + '_ {
    move |error| AdoptError::Write(path.to_owned(), error)
}

pub(super) fn write(repository: &Path, skills: &[&SkillSource]) -> Result<(), AdoptError> {
    let aside = repository.join(ASIDE);
    fs::create_dir_all(&aside).map_err(failed(&aside))?;
    let temporary = tempfile::Builder::new().prefix("tmp-").tempdir_in(&aside).map_err(failed(&aside))?;
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

/// Where a skill goes.
pub(super) fn folder(repository: &Path, skill: &SkillSource) -> PathBuf {
    repository.join(super::path(skill))
}

fn put(path: &Path, file: &SourceFile) -> Result<(), AdoptError> {
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed(path))?;
    let mode = match file.mode {
        FileMode::Executable => 0o755,
        FileMode::Plain => 0o644,
    };
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    made.and_then(|mut made| made.write_all(&file.bytes)).map_err(failed(path))
}
