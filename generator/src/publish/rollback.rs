//! Going back to a root that the destination holds, under the next sequence.

use std::collections::HashSet;

use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::token::PublicKey;
use serde::Serialize;

use super::{PublishError, Signed, expires_days, put_next, refuse_development, whole};
use crate::head::{self, Signer};
use crate::store::{Entry, Store, StoreError};
use crate::walk::{Fault, FaultKind, Trunks, Walk};

/// A root that a destination holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its digest.
    pub root: Digest,
    /// The commit that was built; absent for a working tree, and where the root cannot be read.
    pub commit: Option<String>,
    /// When it was last written, in seconds since the epoch.
    pub written: u64,
    /// How many skills its branch had; absent where its index is damaged or of a schema that this program does not
    /// read.
    pub skills: Option<usize>,
    /// Whether the head names it.
    pub current: bool,
}

/// The roots of `to`, last written first.
///
/// # Errors
/// When there is no head, or it does not verify, or the destination cannot be read.
pub fn roots(to: &Store, pinned: &[PublicKey]) -> Result<Vec<Held>, PublishError> {
    let (head, _) = head::must_read(to, pinned)?;
    let trunks = Trunks::of(to);
    let held = root_files(to)?.into_iter().map(|(root, entry)| {
        let walk = trunks.walk(root)?;
        let skills = walk.faults.is_empty().then_some(walk.skills);
        let commit = walk.root.and_then(|root| root.commit);
        Ok(Held { root, commit, written: entry.modified, skills, current: root == head.root })
    });
    held.collect()
}

/// The files of the folder `roots`, last written first.
pub(super) fn root_files(to: &Store) -> Result<Vec<(Digest, Entry)>, StoreError> {
    let named = |entry: Entry| Some((entry.path.strip_prefix("roots/")?.parse().ok()?, entry));
    let mut found: Vec<(Digest, Entry)> = to.list("roots")?.into_iter().filter_map(named).collect();
    found.sort_by(|(_, one), (_, other)| other.modified.cmp(&one.modified).then(one.path.cmp(&other.path)));
    Ok(found)
}

/// Makes `root` current again, once it is seen that everything it needs is there.
///
/// # Errors
/// When there is no head, or it does not verify, a file of the root is missing or damaged, or the destination cannot
/// be read or written.
pub fn rollback(to: &Store, root: Digest, signer: Signer<'_>) -> Result<Signed, PublishError> {
    let former = head::must_read(to, &signer.pinned())?;
    if former.0.root == root {
        return Err(PublishError::Current(to.to_string(), root));
    }
    let lost = |fault| PublishError::Incomplete(to.to_string(), root, fault);
    let (walk, decoded) = whole(to, root, lost)?;
    if let Some(key) = missing(to, &walk)? {
        return Err(lost(Fault { path: key.path(), kind: FaultKind::Missing }));
    }
    refuse_development(root, &decoded, signer)?;
    let days = expires_days(to, root, &decoded)?;
    put_next(to, signer, root, Some(&former), days)
}

/// A leaf that is not there, if any.
fn missing(to: &Store, walk: &Walk) -> Result<Option<Key>, StoreError> {
    let paths: Vec<String> = walk.leaves.iter().map(Key::path).collect();
    let there: HashSet<String> = to.find_many(&paths)?.into_iter().map(|entry| entry.path).collect();
    Ok(walk.leaves.iter().find(|key| !there.contains(&key.path())).cloned())
}
