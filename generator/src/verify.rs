//! Walks a catalog from its head to every digest.

use registry_core::catalog::{HEAD_PATH, Head, HeadError, Key};
use registry_core::token::PublicKey;

use crate::store::{Store, StoreError, concurrently};
use crate::walk::{Fault, sound, walk};

/// Why a catalog cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its head does not verify, so nothing below it is believed.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// Everything that is wrong with a catalog, a line each: files that the head needs and that are not there, do not have
/// their digest or cannot be decoded, sorted; a head that is not there.
///
/// # Errors
/// When the head does not verify, or the store cannot be read.
pub fn verify(store: &Store, pinned: &[PublicKey]) -> Result<Vec<String>, VerifyError> {
    let Some(bytes) = store.get(HEAD_PATH)? else { return Ok(vec![format!("missing: {HEAD_PATH}")]) };
    let head = Head::verify(&bytes, pinned)?;
    let read = |key: &Key| store.get(&key.path());
    let walk = walk(head.root, read)?;
    let leaves: Vec<Key> = walk.leaves.into_iter().collect();
    let faults = concurrently(&leaves, |key| Ok::<_, StoreError>(sound(key, read(key)?).err()))?;
    let mut wrong: Vec<String> =
        walk.faults.iter().chain(faults.iter().flatten()).map(Fault::to_string).collect();
    wrong.sort();
    Ok(wrong)
}
