//! The working tree: what authors see before they commit. Files that Git ignores are left out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use registry_core::organisation::CONFIG_PATH;

use super::{MAX_FILE_BYTES, ROOTS, Snapshot, SourceError};

pub(super) fn read(repository: &Path) -> Result<Snapshot, SourceError> {
    let mut snapshot = Snapshot::new(None);
    let starts = ROOTS.iter().chain([&CONFIG_PATH]).map(|path| repository.join(path));
    let starts: Vec<PathBuf> = starts.filter(|start| start.exists()).collect();
    if starts.is_empty() {
        return Err(SourceError::Nothing(repository.to_owned()));
    }
    for start in starts {
        // Hidden files are read, so that `.claude` is; `.git` is never below a skill root.
        let walk = WalkBuilder::new(&start).hidden(false).sort_by_file_name(Ord::cmp).build();
        for entry in walk {
            read_entry(repository, &entry?, &mut snapshot)?;
        }
    }
    Ok(snapshot)
}

fn read_entry(
    repository: &Path,
    entry: &ignore::DirEntry,
    snapshot: &mut Snapshot,
) -> Result<(), SourceError> {
    let full = entry.path();
    let relative = full.strip_prefix(repository).unwrap_or(full);
    let Some(path) = relative.to_str() else {
        let shown = relative.to_string_lossy();
        snapshot.refuse(&shown, "the file name is not UTF-8", "rename the file");
        return Ok(());
    };
    let failed = |error| SourceError::Read(full.to_owned(), error);
    let metadata = fs::symlink_metadata(full).map_err(failed)?;
    if metadata.is_dir() {
        return Ok(());
    }
    if !metadata.is_file() {
        snapshot.refuse(path, "only ordinary files are part of a skill", "put the file itself here");
        return Ok(());
    }
    if metadata.len() > MAX_FILE_BYTES {
        snapshot.refuse(path, "the file is too large", "keep files of a skill under 16 MiB");
        return Ok(());
    }
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let mode = if executable { FileMode::Executable } else { FileMode::Plain };
    let bytes = fs::read(full).map_err(failed)?;
    snapshot.add(path.to_owned(), SourceFile { mode, bytes });
    Ok(())
}
