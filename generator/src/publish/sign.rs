//! A new head for the root that is current, before the present one expires.

use registry_core::catalog::{Key, Root, RootError};
use registry_core::digest::Digest;

use super::{PublishError, Signed, expires_days, put_next, refuse_development};
use crate::head::{self, Signer};
use crate::store::Store;
use crate::walk::{Fault, FaultKind, sound};

/// Signs the current root of `to` under the next sequence.
///
/// # Errors
/// When there is no head, or it does not verify, or the destination cannot be read or written.
pub fn sign(to: &Store, signer: Signer<'_>) -> Result<Signed, PublishError> {
    let former = head::must_read(to, &signer.pinned())?;
    let digest = former.0.root;
    let root = read_root(to, digest)?;
    refuse_development(digest, &root, signer)?;
    let days = expires_days(to, digest, &root)?;
    put_next(to, signer, digest, Some(&former), days)
}

fn read_root(to: &Store, digest: Digest) -> Result<Root, PublishError> {
    let key = Key::Root(digest);
    let damaged = |fault| PublishError::Damaged(to.to_string(), fault);
    let bytes = sound(&key, to.get(&key.path())?).map_err(damaged)?;
    Root::decode(&bytes, &digest).map_err(|error: RootError| {
        damaged(Fault { path: key.path(), kind: FaultKind::Undecodable(error.to_string()) })
    })
}
