//! The working tree: what authors see before they commit. Files that Git ignores are left out, unless it tracks them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use registry_core::organisation::CONFIG_PATH;

use super::empty::Folders;
use super::room::Room;
use super::rules::{self, Rules};
use super::tracked;
use super::{MAX_FILE_BYTES, ROOTS, Snapshot, SourceError, bytes, mode};

pub(super) fn read(repository: &Path) -> Result<Snapshot, SourceError> {
    let starts: Vec<&str> = ROOTS.into_iter().chain([CONFIG_PATH]).collect();
    let is_there = |start: &&&str| match fs::symlink_metadata(repository.join(start)) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    };
    let starts: Vec<&str> = starts.iter().filter(is_there).copied().collect();
    if starts.is_empty() {
        return Err(SourceError::Nothing(repository.to_owned()));
    }
    let mut rules = rules::above(repository);
    loop {
        let mut tree = Tree::of(repository);
        starts.iter().for_each(|start| tree.start(start, rules));
        if !tree.misruled {
            tree.add_tracked();
            return Ok(tree.finish());
        }
        rules = Rules::Off;
    }
}

/// What was read so far.
struct Tree<'a> {
    repository: &'a Path,
    snapshot: Snapshot,
    folders: Folders,
    room: Room,
    /// The files that were met, whether or not they were read.
    met: BTreeSet<PathBuf>,
    /// Whether a file of rules was met that must not be opened.
    misruled: bool,
}

impl<'a> Tree<'a> {
    fn of(repository: &'a Path) -> Self {
        let (snapshot, folders, room) = (Snapshot::new(None), Folders::default(), Room::default());
        Self { repository, snapshot, folders, room, met: BTreeSet::new(), misruled: false }
    }

    /// Reads a folder of skills or the configuration.
    fn start(&mut self, start: &str, rules: Rules) {
        let above = start.match_indices('/').filter_map(|(slash, _)| start.get(..slash));
        if let Some(link) = above.into_iter().find(|above| self.repository.join(above).is_symlink()) {
            return self.snapshot.refuse(link, IS_LINK, PUT_FOLDER);
        }
        match fs::symlink_metadata(self.repository.join(start)) {
            Ok(metadata) if metadata.is_dir() && start == CONFIG_PATH => {
                self.snapshot.refuse(start, "a folder has the name of this file", "put the file itself here");
            }
            Ok(metadata) if metadata.is_file() && start != CONFIG_PATH => {
                self.snapshot.refuse(start, "a file has the name of this folder", PUT_FOLDER);
            }
            Ok(metadata) if metadata.is_symlink() && start != CONFIG_PATH => {
                self.snapshot.refuse(start, IS_LINK, PUT_FOLDER);
            }
            _ if start == CONFIG_PATH => self.read(&self.repository.join(start)),
            _ => self.walk(start, rules),
        }
    }

    fn walk(&mut self, start: &str, rules: Rules) {
        let start = self.repository.join(start);
        let mut walk = WalkBuilder::new(&start);
        // Hidden files are read: many tools keep theirs below `.claude`.
        walk.hidden(false).ignore(false).sort_by_file_name(Ord::cmp);
        let watch = rules::guard(&mut walk, rules, &start);
        for entry in walk.build() {
            match entry {
                Ok(entry) => self.read(entry.path()),
                Err(error) => {
                    let path = place(&error).unwrap_or(&start).to_owned();
                    self.unreadable(&path, error.io_error().map(io::Error::kind));
                }
            }
        }
        for met in watch.try_iter() {
            match met {
                rules::Met::Rules => self.misruled = true,
                rules::Met::Repository(folder) => {
                    let (message, help) =
                        ("submodules are not part of a skill", "put the files themselves here");
                    self.refuse(&folder, message, help);
                }
            }
        }
    }

    /// Reads what a rule leaves out although Git tracks it: it is part of the next commit.
    fn add_tracked(&mut self) {
        for path in tracked::below(self.repository) {
            if !self.met.contains(&path) && tracked::is_reached(self.repository, &path) {
                self.read(&self.repository.join(path));
            }
        }
    }

    fn read(&mut self, full: &Path) {
        let relative = self.relative(full);
        let Some(path) = relative.to_str() else {
            // What lies below a folder of such a name has that fault and no other.
            if relative.parent().is_none_or(|parent| parent.to_str().is_some()) {
                self.refuse(full, "the file name is not UTF-8", "rename the file");
            }
            return;
        };
        let metadata = match fs::symlink_metadata(full) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            // The names in its folder can be read, and nothing else.
            Err(error) => return self.unreadable(full.parent().unwrap_or(full), Some(error.kind())),
        };
        if metadata.is_dir() {
            return self.folders.add(path);
        }
        self.folders.hold(path);
        self.met.insert(relative.clone());
        if metadata.is_symlink() {
            self.snapshot.refuse(path, IS_LINK, "put the file itself here");
        } else if !metadata.is_file() {
            let message = "only ordinary files are part of a skill";
            self.snapshot.refuse(path, message, "put an ordinary file here, or remove it");
        } else if self.room.has(path) {
            self.file(full, path, mode(&metadata));
        }
    }

    fn file(&mut self, full: &Path, path: &str, mode: FileMode) {
        let most = if rules::is_name(path) { rules::MAX_BYTES } else { MAX_FILE_BYTES };
        match bytes(full, most) {
            Ok(Some(bytes)) => {
                self.room.take(bytes.len() as u64);
                self.snapshot.add(path.to_owned(), SourceFile { mode, bytes });
            }
            Ok(None) => self.snapshot.refuse_size(path, most),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.unreadable(full, Some(error.kind())),
        }
    }

    fn relative(&self, full: &Path) -> PathBuf {
        full.strip_prefix(self.repository).unwrap_or(full).to_owned()
    }

    fn refuse(&mut self, full: &Path, message: &str, help: &str) {
        let path = self.relative(full).to_string_lossy().into_owned();
        if self.snapshot.diagnostics.iter().all(|found| found.path != path) {
            self.snapshot.refuse(&path, message, help);
        }
    }

    fn unreadable(&mut self, full: &Path, kind: Option<ErrorKind>) {
        let why = kind.map_or_else(String::new, |kind| format!(": {kind}"));
        self.refuse(full, &format!("this cannot be read{why}"), "give yourself leave to read it");
    }

    fn finish(mut self) -> Snapshot {
        rules::refuse_above(self.repository, &mut self.snapshot);
        self.snapshot.diagnostics.extend(self.folders.findings(self.repository));
        self.snapshot
    }
}

const IS_LINK: &str = "symbolic links are not part of a skill";
const PUT_FOLDER: &str = "put the folder itself here";

/// What an error of the walk is about.
fn place(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
        _ => None,
    }
}
