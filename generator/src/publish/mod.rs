//! Puts a built catalog where edges read it, in an order in which an interruption at any moment leaves the former one
//! whole: objects, then what names them, the root, and the head last. Every file but the head is named by its digest,
//! so nothing that a reader may be reading is ever changed.

mod compare;
mod gc;
mod rollback;
mod sign;
mod upload;

use indicatif::ProgressBar;
use registry_core::catalog::{HEAD_PATH, Head, Key, Root};
use registry_core::digest::Digest;
use registry_core::organisation::Organisation;
use serde::Serialize;

pub use compare::Clash;
pub use gc::{Collected, Keep, collect};
pub use rollback::{Held, rollback, roots};
pub use sign::sign;
pub use upload::Copied;

use crate::head::{self, HeadFault, Signer};
use crate::store::{Store, StoreError, Version};
use crate::walk::{Fault, FaultKind, Walk, sound, walk};

/// Why a catalog is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A place cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The destination's head cannot be continued.
    #[error(transparent)]
    Head(#[from] HeadFault),
    /// There is no catalog.
    #[error("`{0}` holds no catalog: run `guildhall build` first")]
    NoCatalog(String),
    /// The catalog to publish is not whole.
    #[error("the catalog in `{0}` is not whole: run `guildhall build` again ({1})")]
    NotWhole(String, Fault),
    /// What the destination has released cannot be read.
    #[error(
        "the current catalog of `{0}` is damaged, so nothing can be compared with it: see `guildhall verify {0}`, then `guildhall rollback --to {0}` to a root that is whole ({1})"
    )]
    Damaged(String, Fault),
    /// The root's policy is no policy.
    #[error("the policy of the root {0} cannot be read")]
    Policy(Digest, #[source] serde_json::Error),
    /// The root was built from a working tree, or without a configuration, and the key is none for development.
    #[error(
        "the root {0} is for development: build it from a commit of a repository with a guildhall.yaml, without --worktree"
    )]
    Development(Digest),
    /// There is nothing to go back to.
    #[error("the root {1} is current in `{0}`: `guildhall sign` signs it again")]
    Current(String, Digest),
    /// A root is not there with all that it needs.
    #[error(
        "`{0}` does not hold the root {1} with everything that it needs ({2}): `guildhall rollback --to {0}` lists the roots"
    )]
    Incomplete(String, Digest, Fault),
    /// The catalog would change or lose what was released.
    #[error("the catalog does not keep what `{0}` has released")]
    Clashes(String, Vec<Clash>),
}

/// What a publication did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The head that is current now.
    #[serde(flatten)]
    pub head: Signed,
    /// Whether that head is new.
    pub signed: bool,
    /// The files below it.
    #[serde(flatten)]
    pub copied: Copied,
    /// Whether the root is for development, so that only edges in development mode take it.
    pub development: bool,
}

/// A head as it lies at the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// The root that it names.
    pub root: Digest,
    /// Its sequence.
    pub sequence: u64,
    /// When it expires, in seconds since the epoch.
    pub expires: u64,
    /// Whether the destination kept the condition under which it was written. One that does not may let two
    /// publishers overwrite each other's head.
    pub conditional: bool,
}

impl Signed {
    fn of(head: &Head, conditional: bool) -> Self {
        Self { root: head.root, sequence: head.sequence, expires: head.expires, conditional }
    }
}

/// Publishes the catalog in `from` to `to`. `progress` gets its length and its steps, a step for each file.
///
/// # Errors
/// Any [`PublishError`]; the destination's former catalog is then still whole.
pub fn publish(
    from: &Store,
    to: &Store,
    signer: Signer<'_>,
    progress: &ProgressBar,
) -> Result<Published, PublishError> {
    let digest = built(from)?;
    let (fresh, root) = whole(from, digest, |fault| PublishError::NotWhole(from.to_string(), fault))?;
    refuse_development(digest, &root, signer)?;
    let expires_days = expires_days(from, digest, &root)?;
    let former = head::read(to, &signer.pinned())?;
    let copied = match former.as_ref().map(|(head, _)| head.root) {
        Some(current) if current == digest => Copied { present: fresh.keys().count(), ..Copied::default() },
        current => {
            let there = current.map(|current| released(to, current)).transpose()?;
            refuse_clashes(to, &fresh, there.as_ref())?;
            upload::upload(from, to, &fresh, there.as_ref(), signer.now, progress)?
        }
    };
    let (head, signed) = match former {
        Some((head, _)) if head.root == digest && signer.is_fresh(&head, expires_days) => {
            (Signed::of(&head, true), false)
        }
        former => (put_next(to, signer, digest, former.as_ref(), expires_days)?, true),
    };
    Ok(Published { head, signed, copied, development: root.development })
}

/// Signs the head after `former` and puts it in its place.
fn put_next(
    to: &Store,
    signer: Signer<'_>,
    root: Digest,
    former: Option<&(Head, Version)>,
    expires_days: u32,
) -> Result<Signed, PublishError> {
    let head = signer.succeed(root, former.map(|(head, _)| head), expires_days).map_err(HeadFault::from)?;
    let conditional = head::replace(to, &head, former.map(|(_, version)| version))?;
    Ok(Signed::of(&head, conditional))
}

/// The root that the local head names. Its signature is not asked for: publishing signs the root itself, so the job
/// that builds need not have the key.
fn built(from: &Store) -> Result<Digest, PublishError> {
    let none = || PublishError::NoCatalog(from.to_string());
    let bytes = from.get(HEAD_PATH)?.ok_or_else(none)?;
    serde_json::from_slice::<Head>(&bytes).map(|head| head.root).map_err(|_| none())
}

/// A root with everything that it names; each file of the trunk was read and is whole.
fn whole(
    store: &Store,
    root: Digest,
    failed: impl Fn(Fault) -> PublishError,
) -> Result<(Walk, Root), PublishError> {
    let mut walk = walk(root, |key: &Key| store.get(&key.path()))?;
    match (walk.faults.pop(), walk.root.clone()) {
        (None, Some(root)) => Ok((walk, root)),
        (Some(fault), _) => Err(failed(fault)),
        (None, None) => Err(failed(Fault { path: Key::Root(root).path(), kind: FaultKind::Missing })),
    }
}

fn released(to: &Store, current: Digest) -> Result<Walk, PublishError> {
    Ok(whole(to, current, |fault| PublishError::Damaged(to.to_string(), fault))?.0)
}

fn refuse_clashes(to: &Store, fresh: &Walk, there: Option<&Walk>) -> Result<(), PublishError> {
    match there.map(|there| compare::clashes(fresh, there)) {
        Some(clashes) if !clashes.is_empty() => Err(PublishError::Clashes(to.to_string(), clashes)),
        _ => Ok(()),
    }
}

fn refuse_development(digest: Digest, root: &Root, signer: Signer<'_>) -> Result<(), PublishError> {
    if root.development && !signer.key.public().is_development() {
        return Err(PublishError::Development(digest));
    }
    Ok(())
}

/// How long the head of a root is to be valid, by the policy that the root names.
fn expires_days(store: &Store, digest: Digest, root: &Root) -> Result<u32, PublishError> {
    let key = Key::Policy(root.policy);
    let bytes = sound(&key, store.get(&key.path())?)
        .map_err(|fault| PublishError::Damaged(store.to_string(), fault))?;
    let policy: Organisation =
        serde_json::from_slice(&bytes).map_err(|error| PublishError::Policy(digest, error))?;
    Ok(policy.expires_days)
}
