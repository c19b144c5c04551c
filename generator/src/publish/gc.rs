//! Deletes what no root needs that is worth keeping. A file is deleted only if it is older than a grace period too,
//! so that what a publication under way has written stays.

use std::collections::HashSet;

use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::token::PublicKey;
use serde::Serialize;

use super::PublishError;
use super::rollback::root_files;
use crate::head::{self, HeadFault};
use crate::store::{Entry, Store, StoreError};
use crate::walk::{Fault, FaultKind, Trunks};

/// The folders in which files of a catalog lie, and those that were being written when a publication into a folder was
/// killed. Nothing else is ever deleted.
const FOLDERS: [&str; 6] = ["objects", "paths", "shards", "index", "roots", ".tmp"];
/// How many files are deleted with one call.
const BATCH: usize = 1000;

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// How many roots, the current one among them; at least one.
    pub roots: usize,
    /// For how long everything is, in seconds.
    pub grace: u64,
    /// Now, in seconds since the epoch.
    pub now: u64,
    /// Whether all is.
    pub dry_run: bool,
}

/// What was deleted, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The roots that are kept whole, the current one first.
    pub roots: Vec<Digest>,
    /// Roots that are damaged, or of a schema that this program does not read, and so are not kept.
    pub unreadable: Vec<Digest>,
    /// Files that the kept roots need.
    pub kept: usize,
    /// Files that nothing needs, and that are too young to go.
    pub young: usize,
    /// Files that are deleted.
    pub deleted: usize,
    /// Their size, in bytes.
    pub bytes: u64,
    /// Whether nothing was really deleted.
    pub dry_run: bool,
}

/// Clears up `to`: keeps the current root, those last written up to the number of `keep`, those within the grace
/// period, and everything that they need.
///
/// # Errors
/// When there is no head, or it does not verify, the current root is damaged, another head is written meanwhile, or the
/// destination cannot be read or written.
pub fn collect(to: &Store, pinned: &[PublicKey], keep: Keep) -> Result<Collected, PublishError> {
    let (head, version) = head::must_read(to, pinned)?;
    let old = |entry: &Entry| entry.modified.saturating_add(keep.grace) <= keep.now;
    // Listed before the roots are read: what is written from now on is not among these.
    let files = files(to)?;
    let mut collected = Collected { dry_run: keep.dry_run, ..Collected::default() };
    let needed = needed(to, head.root, keep.roots, &old, &mut collected)?;
    let mut doomed = Vec::new();
    for entry in files {
        if needed.contains(&entry.path) {
            collected.kept += 1;
        } else if old(&entry) {
            collected.deleted += 1;
            collected.bytes += entry.size;
            doomed.push(entry.path);
        } else {
            collected.young += 1;
        }
    }
    if !keep.dry_run {
        if head::read(to, pinned)?.is_none_or(|(_, now)| now != version) {
            return Err(HeadFault::Overtaken(to.to_string()).into());
        }
        doomed.chunks(BATCH).try_for_each(|paths| to.delete(paths))?;
    }
    Ok(collected)
}

fn files(to: &Store) -> Result<Vec<Entry>, StoreError> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        files.extend(to.list(folder)?.into_iter().filter(|entry| is_of_a_catalog(&entry.path)));
    }
    Ok(files)
}

/// Whether a path below [`FOLDERS`] is named as a catalog's files are, by a digest.
fn is_of_a_catalog(path: &str) -> bool {
    path.starts_with(".tmp/") || path.rsplit('/').next().is_some_and(|name| name.parse::<Digest>().is_ok())
}

/// The paths that the kept roots need; which these are is noted in `collected`.
fn needed(
    to: &Store,
    current: Digest,
    number: usize,
    old: &impl Fn(&Entry) -> bool,
    collected: &mut Collected,
) -> Result<HashSet<String>, PublishError> {
    let trunks = Trunks::of(to);
    let mut needed = HashSet::new();
    let mut roots = root_files(to)?;
    // The sort is stable: the others stay in the order in which they were written.
    roots.sort_by_key(|(root, _)| *root != current);
    for (root, entry) in roots {
        if collected.roots.len() >= number && old(&entry) {
            continue;
        }
        let mut walk = trunks.walk(root)?;
        match walk.faults.pop() {
            Some(fault) if root == current => return Err(PublishError::Damaged(to.to_string(), fault)),
            Some(_) => collected.unreadable.push(root),
            None => {
                needed.extend(walk.keys().map(Key::path));
                collected.roots.push(root);
            }
        }
    }
    if collected.roots.first() != Some(&current) {
        let fault = Fault { path: Key::Root(current).path(), kind: FaultKind::Missing };
        return Err(PublishError::Damaged(to.to_string(), fault));
    }
    Ok(needed)
}
