//! A catalog that was published before: what it lists can never change, and is carried over by digest.

use std::collections::BTreeMap;

use rayon::prelude::*;
use registry_core::Version;
use registry_core::bundle::{self, BundleError};
use registry_core::catalog::{
    FormatError, HEAD_PATH, Head, HeadError, IndexBucket, Key, ReleaseRecord, Root, RootError, SkillRecord,
};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::manifest::SkillSource;
use registry_core::policy::Audience;
use registry_core::token::PublicKey;

use crate::store::{Store, StoreError};

/// Why a former catalog cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file cannot be had.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// The head is not one that these keys signed.
    #[error("the former catalog in `{0}` cannot be trusted; name the key that signed it with --former-key")]
    Head(String, #[source] HeadError),
    /// The root cannot be read.
    #[error("the root of the former catalog cannot be read")]
    Root(#[from] RootError),
    /// It was built from a working tree, whose skills nobody released.
    #[error(
        "the former catalog in `{0}` was built with --worktree, and lists no releases; name one that was built from a commit"
    )]
    Worktree(String),
    /// A bucket cannot be read.
    #[error("`{0}` of the former catalog cannot be read")]
    Bucket(String, #[source] FormatError),
    /// A file is not there, or has not its digest.
    #[error("`{0}` of the former catalog is missing or altered; see `guildhall verify`")]
    Damaged(String),
    /// A bundle cannot be unpacked, or holds other files than the release.
    #[error("the bundle of `{0}` in the former catalog is not that release")]
    Bundle(String, #[source] Option<BundleError>),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

/// The former catalog.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    /// Its root.
    pub root: Digest,
    /// The root before it.
    pub former: Option<Digest>,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// Every skill that it lists.
    pub skills: BTreeMap<SkillId, SkillRecord>,
}

impl Ledger {
    /// Opens the catalog at a location (see [`Store::open`]), whose head one of these keys signed. Nothing where there is
    /// no catalog yet.
    ///
    /// # Errors
    /// Any [`LedgerError`]: a catalog that cannot be trusted as a whole is not used in parts.
    pub fn open(location: &str, pinned: &[PublicKey]) -> Result<Option<Self>, LedgerError> {
        let store = Store::open(location)?;
        let Some(bytes) = store.get(HEAD_PATH)? else { return Ok(None) };
        let head =
            Head::verify(&bytes, pinned).map_err(|error| LedgerError::Head(location.to_owned(), error))?;
        let bytes = take(&store, &Key::Root(head.root))?;
        let root = Root::decode(&bytes, &head.root)?;
        if root.commit.is_none() {
            return Err(LedgerError::Worktree(location.to_owned()));
        }
        let keys: Vec<Key> =
            (0..=u8::MAX).zip(&root.index).map(|(number, digest)| Key::Index(number, *digest)).collect();
        let buckets: Vec<IndexBucket> = keys
            .par_iter()
            .map(|key| {
                let bytes = take(&store, key)?;
                IndexBucket::decode(&bytes).map_err(|error| LedgerError::Bucket(key.path(), error))
            })
            .collect::<Result<_, _>>()?;
        let skills = buckets.into_iter().flat_map(|bucket| bucket.skills).collect();
        Ok(Some(Self { store, root: head.root, former: root.former, commit: root.commit, skills }))
    }

    /// The files of a release, out of its bundle.
    ///
    /// # Errors
    /// When the bundle is not there, or is not that release's.
    pub fn source(
        &self,
        skill: &SkillId,
        version: &Version,
        audience: &Audience,
        release: &ReleaseRecord,
    ) -> Result<SkillSource, LedgerError> {
        let bytes = self.object(audience, release.bundle)?;
        let wrong = |error| LedgerError::Bundle(format!("{skill}@{version}"), error);
        let files = bundle::unpack(&bytes).map_err(|error| wrong(Some(error)))?;
        let names = files.keys().map(String::as_str);
        let manifest = SkillSource::manifest_among(skill, names).ok_or_else(|| wrong(None))?.to_owned();
        let source = SkillSource {
            id: skill.clone(),
            manifest_path: manifest.clone(),
            manifest_file: manifest,
            files,
        };
        if source.digest() == release.digest { Ok(source) } else { Err(wrong(None)) }
    }

    /// An object of the catalog.
    ///
    /// # Errors
    /// When it is not there, or has not its digest.
    pub fn object(&self, audience: &Audience, digest: Digest) -> Result<Vec<u8>, LedgerError> {
        take(&self.store, &Key::Object(audience.clone(), digest))
    }
}

fn take(store: &Store, key: &Key) -> Result<Vec<u8>, LedgerError> {
    let bytes = store.get(&key.path())?.filter(|bytes| Digest::of(bytes) == key.digest());
    Ok(bytes.ok_or_else(|| LedgerError::Damaged(key.path()))?.into())
}
