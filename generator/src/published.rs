//! A catalog that was built, opened at its head. Every file that is read has its digest.

use std::collections::BTreeMap;

use bytes::Bytes;
use registry_core::catalog::{
    FormatError, HEAD_PATH, Head, HeadError, IndexBucket, Key, Root, RootError, SkillRecord,
};
use registry_core::id::SkillId;
use registry_core::organisation::Organisation;
use registry_core::token::PublicKey;

use crate::store::{Store, StoreError, concurrently};
use crate::walk::{Fault, sound};

/// Why a catalog cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file of the catalog cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no catalog.
    #[error("there is no catalog in `{0}`: `guildhall build --out DIR` makes one")]
    NoCatalog(String),
    /// The head is not one that these keys signed.
    #[error("the head of the catalog cannot be trusted; name the key that signed it with --head-key")]
    Head(#[from] HeadError),
    /// A file is missing or altered.
    #[error("a file of the catalog is {0}; see `guildhall verify`")]
    Damaged(Fault),
    /// The root cannot be read.
    #[error("the root of the catalog cannot be read")]
    Root(#[from] RootError),
    /// A file has not its format.
    #[error("a file of the catalog cannot be read")]
    Format(#[from] FormatError),
}

/// A catalog whose head was verified.
#[derive(Debug)]
pub struct Published<'a> {
    store: &'a Store,
    /// Its root.
    pub root: Root,
    /// The rules that it was built with.
    pub organisation: Organisation,
}

impl<'a> Published<'a> {
    /// The catalog of a store, whose head one of these keys signed.
    ///
    /// # Errors
    /// Any [`OpenError`].
    pub fn open(store: &'a Store, pinned: &[PublicKey]) -> Result<Self, OpenError> {
        let bytes = store.get(HEAD_PATH)?.ok_or_else(|| OpenError::NoCatalog(store.to_string()))?;
        let head = Head::verify(&bytes, pinned)?;
        let root = Root::decode(&take(store, &Key::Root(head.root))?, &head.root)?;
        let policy = take(store, &Key::Policy(root.policy))?;
        let organisation = serde_json::from_slice(&policy).map_err(FormatError::Json)?;
        Ok(Self { store, root, organisation })
    }

    /// A file that the root names.
    ///
    /// # Errors
    /// When it is missing or altered, or cannot be had.
    pub fn take(&self, key: &Key) -> Result<Bytes, OpenError> {
        take(self.store, key)
    }

    /// The records of every skill.
    ///
    /// # Errors
    /// When a bucket cannot be read.
    pub fn skills(&self) -> Result<BTreeMap<SkillId, SkillRecord>, OpenError> {
        let numbered = (0..=u8::MAX).zip(&self.root.index);
        let keys: Vec<Key> = numbered.map(|(number, digest)| Key::Index(number, *digest)).collect();
        let buckets = concurrently(&keys, |key| Ok::<_, OpenError>(IndexBucket::decode(&self.take(key)?)?))?;
        Ok(buckets.into_iter().flat_map(|bucket| bucket.skills).collect())
    }
}

fn take(store: &Store, key: &Key) -> Result<Bytes, OpenError> {
    sound(key, store.get(&key.path())?).map_err(OpenError::Damaged)
}
