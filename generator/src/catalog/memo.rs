//! What a build made before, by the digest of all that it was made of.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use registry_core::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::cache::Folder;

const FILE: &str = "build.json";
/// The largest file that is taken for a memory, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// The objects of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// The archive of the source files.
    pub bundle: Digest,
    /// The served `SKILL.md`.
    pub document: Digest,
    /// The JSON record.
    pub record: Digest,
    /// The page.
    pub page: Digest,
}

/// A build that was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The digest of its input.
    pub input: Digest,
    /// Its root.
    pub root: Digest,
    /// How long its head is valid, in days.
    pub expires_days: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// The program that made it; another one may render otherwise.
    program: String,
    last: Option<Finished>,
    releases: BTreeMap<Digest, Objects>,
}

/// The memory of builds, kept under `.guildhall/cache`. Only digests are remembered: what they name is looked for where
/// the catalog goes, and made again where it is not.
#[derive(Debug, Default)]
pub struct Memo {
    former: Stored,
    releases: Mutex<BTreeMap<Digest, Objects>>,
    /// Where it is kept; nowhere without a folder of its own.
    folder: Option<Folder>,
}

impl Memo {
    /// The memory kept in a repository. One that is missing, damaged or of another program is empty.
    #[must_use]
    pub fn open(repository: &Path) -> Self {
        let Ok(folder) = Folder::of(repository) else { return Self::default() };
        let read =
            folder.read(FILE, MAX_BYTES).and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
        let former = read.filter(|stored| stored.program == folder.program());
        let former =
            former.unwrap_or_else(|| Stored { program: folder.program().to_owned(), ..Stored::default() });
        Self { former, releases: Mutex::default(), folder: Some(folder) }
    }

    /// The last build that was finished, if it was of this input.
    #[must_use]
    pub fn finished(&self, input: Digest) -> Option<Finished> {
        self.former.last.filter(|last| last.input == input)
    }

    pub(super) fn get(&self, input: &Digest) -> Option<Objects> {
        self.former.releases.get(input).copied()
    }

    pub(super) fn remember(&self, input: Digest, objects: Objects) {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner).insert(input, objects);
    }

    /// Keeps what this build made and found; what it had no use for is forgotten.
    ///
    /// # Errors
    /// When it cannot be written: the next build is slower.
    pub fn keep(self, finished: Option<Finished>) -> io::Result<()> {
        let Some(folder) = self.folder else { return Ok(()) };
        let releases = self.releases.into_inner().unwrap_or_else(PoisonError::into_inner);
        if self.former.last == finished && self.former.releases == releases {
            return Ok(());
        }
        let stored = Stored { program: self.former.program, last: finished, releases };
        folder.write(FILE, &[&serde_json::to_vec(&stored)?])
    }
}
