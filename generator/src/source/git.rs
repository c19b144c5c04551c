//! A commit, read with gix: the bytes that Git stores, whatever the checkout settings.

use std::path::Path;

use gix::objs::tree::EntryKind;
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use registry_core::organisation::CONFIG_PATH;

use super::{MAX_FILE_BYTES, ROOTS, Snapshot, SourceError};

pub(super) fn read_head(folder: &Path) -> Result<Snapshot, SourceError> {
    let repository =
        gix::discover(folder).map_err(|error| SourceError::NoRepository(folder.to_owned(), error))?;
    let commit = repository.head_commit().map_err(SourceError::NoCommit)?;
    let id = commit.id().to_string();
    let mut snapshot = Snapshot::new(Some(id.clone()));
    let broken = |error| SourceError::Git(id.clone(), error);
    let tree = commit.tree().map_err(broken)?;
    for path in ROOTS.iter().chain([&CONFIG_PATH]) {
        if let Some(entry) = tree.lookup_entry_by_path(path).map_err(broken)? {
            read_entry(&repository, path, entry.mode().kind(), entry.object_id(), &mut snapshot)
                .map_err(broken)?;
        }
    }
    Ok(snapshot)
}

fn read_entry(
    repository: &gix::Repository,
    path: &str,
    kind: EntryKind,
    id: gix::ObjectId,
    snapshot: &mut Snapshot,
) -> Result<(), gix::Error> {
    match kind {
        EntryKind::Tree => {
            for entry in repository.find_tree(id)?.iter() {
                let entry = entry?;
                let Ok(name) = std::str::from_utf8(entry.filename()) else {
                    snapshot.refuse(path, "a file name here is not UTF-8", "rename the file");
                    continue;
                };
                let inner = format!("{path}/{name}");
                read_entry(repository, &inner, entry.mode().kind(), entry.object_id(), snapshot)?;
            }
        }
        EntryKind::Blob => read_blob(repository, path, FileMode::Plain, id, snapshot)?,
        EntryKind::BlobExecutable => read_blob(repository, path, FileMode::Executable, id, snapshot)?,
        EntryKind::Link => {
            snapshot.refuse(path, "symbolic links are not part of a skill", "commit the file itself")
        }
        EntryKind::Commit => {
            snapshot.refuse(path, "submodules are not part of a skill", "commit the files themselves")
        }
    }
    Ok(())
}

fn read_blob(
    repository: &gix::Repository,
    path: &str,
    mode: FileMode,
    id: gix::ObjectId,
    snapshot: &mut Snapshot,
) -> Result<(), gix::Error> {
    if repository.find_header(id)?.size() > MAX_FILE_BYTES {
        snapshot.refuse(path, "the file is too large", "keep files of a skill under 16 MiB");
        return Ok(());
    }
    let bytes = repository.find_blob(id)?.take_data();
    snapshot.add(path.to_owned(), SourceFile { mode, bytes });
    Ok(())
}
