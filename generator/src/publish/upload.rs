//! Copies the files of a root, those that are named before those that name them.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use indicatif::ProgressBar;
use registry_core::catalog::Key;
use serde::Serialize;

use super::PublishError;
use crate::store::{Entry, Store, StoreError, concurrently};
use crate::walk::{Walk, sound};

/// A file that no current catalog needs is written again when it is older than this, in seconds: otherwise `guildhall
/// gc`, which spares what is young, might delete it while it is being published again.
const WRITE_AGAIN_AFTER: u64 = 6 * 3600;

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Files that were written.
    pub written: usize,
    /// Their size, in bytes.
    pub bytes: u64,
    /// Files that the destination had.
    pub present: usize,
}

/// Copies what `fresh` has and `there` has not, stage by stage. Those that the destination has nevertheless, from an
/// interrupted publication or an earlier one, are left if they are young and of the right size.
pub(super) fn upload(
    from: &Store,
    to: &Store,
    fresh: &Walk,
    there: Option<&Walk>,
    now: u64,
    progress: &ProgressBar,
) -> Result<Copied, PublishError> {
    let present: HashSet<&Key> = there.into_iter().flat_map(Walk::keys).collect();
    let mut stages: BTreeMap<Stage, Vec<&Key>> = BTreeMap::new();
    for key in fresh.keys().filter(|key| !present.contains(key)) {
        stages.entry(stage(key)).or_default().push(key);
    }
    let missing: usize = stages.values().map(Vec::len).sum();
    progress.set_length(u64::try_from(missing).unwrap_or(u64::MAX));
    let mut copied = Copied { present: fresh.keys().count() - missing, ..Copied::default() };
    for keys in stages.values() {
        let young = young(to, keys, now)?;
        let written = concurrently(keys, |key| {
            let written = copy(from, to, key, &young)?;
            progress.inc(1);
            Ok::<_, PublishError>(written)
        })?;
        copied.add(&written);
    }
    Ok(copied)
}

impl Copied {
    fn add(&mut self, written: &[Option<u64>]) {
        let new = written.iter().flatten().count();
        self.written += new;
        self.present += written.len() - new;
        self.bytes += written.iter().flatten().sum::<u64>();
    }
}

/// In the order in which they are written; the head follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Objects,
    WhatNamesThem,
    Root,
}

fn stage(key: &Key) -> Stage {
    match key {
        Key::Object(..) => Stage::Objects,
        Key::Paths(..) | Key::Shard(..) | Key::Table(_) | Key::Index(..) | Key::Policy(_) => {
            Stage::WhatNamesThem
        }
        Key::Root(_) => Stage::Root,
    }
}

/// The sizes of those files that the destination has already and that are young.
fn young(to: &Store, keys: &[&Key], now: u64) -> Result<HashMap<String, u64>, StoreError> {
    let paths: Vec<String> = keys.iter().map(|key| key.path()).collect();
    let young = |entry: &Entry| entry.modified.saturating_add(WRITE_AGAIN_AFTER) > now;
    let entries = to.find_many(&paths)?.into_iter().filter(young);
    Ok(entries.map(|entry| (entry.path, entry.size)).collect())
}

/// Copies a file and returns its size; `None` when the destination has it.
fn copy(
    from: &Store,
    to: &Store,
    key: &Key,
    young: &HashMap<String, u64>,
) -> Result<Option<u64>, PublishError> {
    let path = key.path();
    let bytes: Bytes =
        sound(key, from.get(&path)?).map_err(|fault| PublishError::NotWhole(from.to_string(), fault))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if young.get(&path) == Some(&size) {
        return Ok(None);
    }
    to.put(&path, bytes)?;
    Ok(Some(size))
}
