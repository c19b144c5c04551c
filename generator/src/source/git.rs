//! A commit, read with gix: the bytes that Git stores, whatever the checkout settings.

use std::path::Path;

use gix::objs::tree::EntryKind;
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use registry_core::organisation::CONFIG_PATH;

use super::room::Room;
use super::tracked;
use super::{Commit, MAX_FILE_BYTES, ROOTS, Snapshot, SourceError};

/// Longest path of a folder that is gone into, in bytes: no system of files takes a longer one.
const MAX_PATH: usize = 4096;

/// Bases of deltas that are kept while a pack is read. The default makes old versions of a file five times as slow.
const DELTA_CACHE: &str = "core.deltaBaseCacheLimit=96m";

/// The repository that `folder` lies in.
pub(super) fn open(folder: &Path) -> Result<gix::Repository, SourceError> {
    let found = gix::discover(folder).map_err(|error| SourceError::NoRepository(folder.to_owned(), error))?;
    let options = found.open_options().clone().config_overrides([DELTA_CACHE]);
    gix::open_opts(found.path(), options).map_err(|error| SourceError::NoRepository(folder.to_owned(), error))
}

pub(super) fn read_head(folder: &Path) -> Result<Snapshot, SourceError> {
    let repository = open(folder)?;
    let commit = repository.head_commit().map_err(SourceError::NoCommit)?;
    let id = commit.id().to_string();
    let broken = |error| SourceError::Git(id.clone(), error);
    let time = u64::try_from(commit.time().map_err(broken)?.seconds).unwrap_or(0);
    let tree = commit.tree().map_err(broken)?;
    let mut reading = Reading::of(&repository, Some(Commit { id: id.clone(), time }));
    let above = tracked::prefix(&repository, folder);
    let mut nothing = true;
    for path in ROOTS.iter().chain([&CONFIG_PATH]) {
        if let Some(entry) = tree.lookup_entry_by_path(above.join(path)).map_err(broken)? {
            nothing = false;
            reading.start(path, entry.mode().kind(), entry.object_id()).map_err(broken)?;
        }
    }
    // A folder that has none may be the wrong one; a repository may be new.
    if nothing && above != Path::new("") {
        return Err(SourceError::Nothing(folder.to_owned()));
    }
    Ok(reading.snapshot)
}

/// Takes files out of trees.
pub(super) struct Reading<'a> {
    repository: &'a gix::Repository,
    pub(super) snapshot: Snapshot,
    room: Room,
}

impl<'a> Reading<'a> {
    pub(super) fn of(repository: &'a gix::Repository, commit: Option<Commit>) -> Self {
        Self { repository, snapshot: Snapshot::new(commit), room: Room::default() }
    }

    /// Reads a folder of skills or the configuration.
    fn start(&mut self, path: &str, kind: EntryKind, id: gix::ObjectId) -> Result<(), gix::Error> {
        match (kind, path == CONFIG_PATH) {
            (EntryKind::Tree, true) => {
                self.snapshot.refuse(path, "a folder has the name of this file", "commit the file itself");
            }
            (EntryKind::Blob | EntryKind::BlobExecutable, false) => {
                self.snapshot.refuse(path, "a file has the name of this folder", "commit the folder itself");
            }
            _ => self.entry(path, kind, id)?,
        }
        Ok(())
    }

    pub(super) fn entry(&mut self, path: &str, kind: EntryKind, id: gix::ObjectId) -> Result<(), gix::Error> {
        match kind {
            EntryKind::Tree => self.folder(path, id)?,
            EntryKind::Blob => self.file(path, FileMode::Plain, id)?,
            EntryKind::BlobExecutable => self.file(path, FileMode::Executable, id)?,
            EntryKind::Link => {
                let message = "symbolic links are not part of a skill";
                self.snapshot.refuse(path, message, "commit the file itself");
            }
            EntryKind::Commit => {
                let message = "submodules are not part of a skill";
                self.snapshot.refuse(path, message, "commit the files themselves");
            }
        }
        Ok(())
    }

    /// Few objects can make up a tree without measure, for a folder may hold another many times over.
    fn folder(&mut self, path: &str, id: gix::ObjectId) -> Result<(), gix::Error> {
        if path.len() > MAX_PATH {
            self.snapshot.refuse(path, "the path is too long", "move the folder further up");
            return Ok(());
        }
        for entry in self.repository.find_tree(id)?.iter() {
            let entry = entry?;
            let name = String::from_utf8_lossy(entry.filename());
            let inner = format!("{path}/{name}");
            if std::str::from_utf8(entry.filename()).is_err() {
                self.snapshot.refuse(&inner, "the file name is not UTF-8", "rename the file");
            } else if self.room.has(&inner) {
                self.entry(&inner, entry.mode().kind(), entry.object_id())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, mode: FileMode, id: gix::ObjectId) -> Result<(), gix::Error> {
        let size = self.repository.find_header(id)?.size();
        if size > MAX_FILE_BYTES {
            self.snapshot.refuse_size(path, MAX_FILE_BYTES);
            return Ok(());
        }
        self.room.take(size);
        let bytes = self.repository.find_blob(id)?.take_data();
        self.snapshot.add(path.to_owned(), SourceFile { mode, bytes });
        Ok(())
    }
}
