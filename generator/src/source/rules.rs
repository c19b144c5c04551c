//! The files that say what Git ignores. They are opened by the walk, before anything is known of them: a pipe would
//! never end, and neither would a link to a device.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use ignore::WalkBuilder;

use super::Snapshot;

/// Their name.
const NAME: &str = ".gitignore";
/// The folders above those of skills, relative to the repository.
const ABOVE: [&str; 2] = ["", ".claude"];
/// Largest one that is read, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Whether files are left out as they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    On,
    /// Everything is read: some of them cannot be.
    Off,
}

/// What a walk does not go into.
#[derive(Debug)]
pub(super) enum Met {
    /// A folder with rules that must not be opened.
    Rules,
    /// Another repository.
    Repository(PathBuf),
}

pub(super) fn is_name(path: &str) -> bool {
    path.rsplit('/').next() == Some(NAME)
}

/// Whether the rules of a folder must not be opened.
fn unsound(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(NAME)).is_ok_and(|file| !file.is_file() || file.len() > MAX_BYTES)
}

/// Whether the rules above the folders of skills can be read.
pub(super) fn above(repository: &Path) -> Rules {
    if ABOVE.iter().any(|folder| unsound(&repository.join(folder))) { Rules::Off } else { Rules::On }
}

pub(super) fn refuse_above(repository: &Path, snapshot: &mut Snapshot) {
    for folder in ABOVE.into_iter().filter(|folder| unsound(&repository.join(folder))) {
        let path = Path::new(folder).join(NAME).to_string_lossy().into_owned();
        let message = "what is ignored can only be read from an ordinary file of at most 1 MiB";
        snapshot.refuse(&path, message, "put such a file here, or remove it");
    }
}

/// Keeps a walk out of folders that it must not enter, and tells of each.
pub(super) fn guard(walk: &mut WalkBuilder, rules: Rules, start: &Path) -> Receiver<Met> {
    let (sender, receiver) = channel();
    if rules == Rules::Off || unsound(start) {
        walk.standard_filters(false);
        if rules == Rules::On {
            let _ = sender.send(Met::Rules);
        }
    }
    walk.filter_entry(move |entry| {
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return true;
        }
        let met = if fs::symlink_metadata(entry.path().join(".git")).is_ok() {
            Met::Repository(entry.path().to_owned())
        } else if rules == Rules::On && unsound(entry.path()) {
            Met::Rules
        } else {
            return true;
        };
        // The receiver outlives the walk.
        let _ = sender.send(met);
        false
    });
    receiver
}
