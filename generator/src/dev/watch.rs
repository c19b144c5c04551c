//! Tells that something below the skill folders may have changed. Folders are watched, not files: editors write a
//! new file and rename it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _, recommended_watcher};
use registry_core::organisation::CONFIG_PATH;

/// A burst of changes ends when nothing happened for this long.
const QUIET: Duration = Duration::from_millis(100);
/// A burst that does not end is looked at after this long.
const LONGEST: Duration = Duration::from_secs(1);
/// The folders below the repository that are watched when they exist. The repository's own folder is watched alone,
/// so nothing in `.git` or `dist` is ever seen.
const FOLDERS: [(&str, RecursiveMode); 3] = [
    (".claude", RecursiveMode::NonRecursive),
    ("skills", RecursiveMode::Recursive),
    (".claude/skills", RecursiveMode::Recursive),
];
/// Files whose change may change what is read.
const FILES: [&str; 2] = [CONFIG_PATH, ".gitignore"];

#[derive(Debug)]
pub(super) struct Watch {
    repository: PathBuf,
    watcher: RecommendedWatcher,
    /// Whether a watched folder itself came or went.
    changes: Receiver<bool>,
}

impl Watch {
    pub(super) fn start(repository: &Path) -> Result<Self, notify::Error> {
        let (sender, changes) = channel();
        let root = repository.to_owned();
        let mut watcher = recommended_watcher(move |event| tell(&sender, &root, event))?;
        watcher.watch(repository, RecursiveMode::NonRecursive)?;
        let mut watch = Self { repository: repository.to_owned(), watcher, changes };
        watch.follow()?;
        Ok(watch)
    }

    /// Waits for a burst of changes to end. False when there will be none any more.
    pub(super) fn changed(&mut self) -> bool {
        let Ok(mut folders) = self.changes.recv() else { return false };
        let started = Instant::now();
        while started.elapsed() < LONGEST {
            match self.changes.recv_timeout(QUIET) {
                Ok(folder) => folders |= folder,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        if folders {
            // A folder that goes away while it is taken up tells of that by another change.
            let _ = self.follow();
        }
        true
    }

    /// Watches the folders that exist now. One that was moved away and came back is another folder to the system.
    fn follow(&mut self) -> Result<(), notify::Error> {
        for (folder, mode) in FOLDERS {
            let folder = self.repository.join(folder);
            let _ = self.watcher.unwatch(&folder);
            if folder.is_dir() {
                self.watcher.watch(&folder, mode)?;
            }
        }
        Ok(())
    }
}

fn tell(sender: &Sender<bool>, root: &Path, event: notify::Result<Event>) {
    // An error or an event without a path stands for changes that the system lost count of.
    let paths = match event {
        Ok(event) if event.kind.is_access() => return,
        Ok(event) => event.paths,
        Err(error) => error.paths,
    };
    let paths: Vec<&Path> = paths.iter().map(|path| path.strip_prefix(root).unwrap_or(path)).collect();
    if paths.is_empty() || paths.iter().any(|path| matters(path)) {
        let is_folder = |path: &&Path| FOLDERS.iter().any(|(folder, _)| *path == Path::new(folder));
        // A receiver that has gone away ends the program anyway.
        let _ = sender.send(paths.is_empty() || paths.iter().any(is_folder));
    }
}

/// Whether a change at `path`, relative to the repository, may change what is read.
fn matters(path: &Path) -> bool {
    let in_folder = FOLDERS.iter().any(|(folder, _)| path.starts_with(folder));
    in_folder || FILES.iter().any(|file| path == Path::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_matters() {
        for path in [
            "skills",
            "skills/a/b.md",
            ".claude",
            ".claude/skills/a/b/SKILL.md",
            "guildhall.yaml",
            ".gitignore",
        ] {
            assert!(matters(Path::new(path)), "{path}");
        }
        for path in [".git", "dist", "skills2/a.md", "README.md", "", "docs/guildhall.yaml"] {
            assert!(!matters(Path::new(path)), "{path}");
        }
    }
}
