//! The catalog as the edge holds it: head verified, root current, every file checked against its digest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use registry_core::api::Code;
use registry_core::catalog::{Head, IndexBucket, Key, PathBucket, PublicFile, Root};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::organisation::Organisation;
use registry_core::policy::Audience;
use registry_core::search::Shard;

use crate::config::EdgeConfig;
use crate::host::Host;
use crate::reply::{LogNote, Refusal};
use crate::table::Table;

/// One catalog root and what has been read of it. A request holds one from start to end (law 9).
#[derive(Debug)]
pub(crate) struct Catalog {
    head_bytes: Bytes,
    pub(crate) head: Head,
    pub(crate) root: Root,
    pub(crate) organisation: Organisation,
    index: Memo<IndexBucket>,
    paths: Memo<PathBucket>,
    shards: Memo<Shard>,
    /// What gives words their meaning; that of the catalog before, where it has the same.
    pub(crate) table: Option<Arc<Table>>,
}

/// Values by digest, read once. A root bounds how many there are.
#[derive(Debug)]
struct Memo<T>(Mutex<BTreeMap<Digest, Arc<T>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Memo<T> {
    fn get(&self, digest: Digest) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
    }

    fn put(&self, digest: Digest, value: T) -> Arc<T> {
        let value = Arc::new(value);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::clone(&value));
        value
    }

    /// The remembered value of a file, or the one that `decode` makes of its bytes.
    async fn load<H: Host, E: ToString>(
        &self,
        host: &H,
        key: &Key,
        decode: impl FnOnce(Bytes) -> Result<T, E>,
    ) -> Result<Arc<T>, Refusal> {
        if let Some(value) = self.get(key.digest()) {
            return Ok(value);
        }
        let value = decode(read(host, key).await?).map_err(|error| broken(key, error))?;
        Ok(self.put(key.digest(), value))
    }
}

/// The catalog that was current at the last request.
#[derive(Debug, Default)]
pub(crate) struct Current(Mutex<Option<Arc<Catalog>>>);

impl Current {
    fn get(&self) -> Option<Arc<Catalog>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what an answer had no time for; what failed is for the operator.
    pub(crate) async fn catch_up<H: Host>(&self, host: &H) -> Option<LogNote> {
        self.get()?.table.as_ref()?.catch_up(host).await.err()?.into_note()
    }

    /// The current catalog, and an alarm for the operator. A head that is older than the one held, or that does not
    /// verify, is not taken: the catalog held goes on.
    pub(crate) async fn load<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
        now: u64,
    ) -> Result<(Arc<Catalog>, Option<LogNote>), Refusal> {
        let held = self.get();
        let (catalog, alarm) = match (self.load_newer(host, config, held.as_ref()).await, held) {
            (Ok(catalog), _) => (catalog, None),
            (Err(refusal), Some(held)) => (held, refusal.into_note()),
            (Err(refusal), None) => return Err(refusal),
        };
        let expired = catalog.head.has_expired(now).then(|| LogNote("head.json has expired".to_owned()));
        Ok((catalog, alarm.or(expired)))
    }

    async fn load_newer<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
        held: Option<&Arc<Catalog>>,
    ) -> Result<Arc<Catalog>, Refusal> {
        let bytes = host.head().await.map_err(unavailable)?;
        if let Some(held) = held.filter(|held| held.head_bytes == bytes) {
            return Ok(Arc::clone(held));
        }
        let head = Head::verify(&bytes, &config.head_keys).map_err(unavailable)?;
        if held.is_some_and(|held| head.sequence <= held.head.sequence) {
            return Err(unavailable("head.json goes back to an earlier sequence"));
        }
        let catalog = Arc::new(Catalog::open(host, config, head, bytes, held).await?);
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request may have taken a newer one while this one was read.
        match &*current {
            Some(held) if held.head.sequence >= catalog.head.sequence => Ok(Arc::clone(held)),
            _ => Ok(Arc::clone(current.insert(catalog))),
        }
    }
}

impl Catalog {
    async fn open<H: Host>(
        host: &H,
        config: &EdgeConfig,
        head: Head,
        head_bytes: Bytes,
        former: Option<&Arc<Self>>,
    ) -> Result<Self, Refusal> {
        let bytes = read(host, &Key::Root(head.root)).await?;
        let root = Root::decode(&bytes, &head.root).map_err(unavailable)?;
        if root.development && !config.development {
            return Err(unavailable(
                "the catalog was built from a working tree, and this is not development mode",
            ));
        }
        let key = Key::Policy(root.policy);
        let organisation =
            serde_json::from_slice(&read(host, &key).await?).map_err(|error| broken(&key, error))?;
        let former = former.and_then(|former| former.table.clone());
        let table = root.table.map(|digest| {
            let same = former.filter(|former| former.is(digest));
            same.unwrap_or_else(|| Arc::new(Table::new(digest)))
        });
        Ok(Self {
            head_bytes,
            head,
            root,
            organisation,
            index: Memo::default(),
            paths: Memo::default(),
            shards: Memo::default(),
            table,
        })
    }

    /// The bucket in which a skill's record lies, if there is such a skill. Opens the same file for a name that
    /// does not exist.
    pub(crate) async fn bucket<H: Host>(
        &self,
        host: &H,
        skill: &SkillId,
    ) -> Result<Arc<IndexBucket>, Refusal> {
        let key = self.root.index_key(skill).ok_or_else(|| unavailable("the root lacks an index bucket"))?;
        self.index.load(host, &key, |bytes| IndexBucket::decode(&bytes)).await
    }

    /// What a public URL answers.
    pub(crate) async fn public_file<H: Host>(
        &self,
        host: &H,
        url: &str,
    ) -> Result<Option<PublicFile>, Refusal> {
        let key = self.root.paths_key(url).ok_or_else(|| unavailable("the root lacks a paths bucket"))?;
        let bucket = self.paths.load(host, &key, |bytes| PathBucket::decode(&bytes)).await?;
        Ok(bucket.paths.get(url).cloned())
    }

    /// The shard of an audience that the root lists.
    pub(crate) async fn shard<H: Host>(
        &self,
        host: &H,
        audience: &Audience,
        digest: Digest,
    ) -> Result<Arc<Shard>, Refusal> {
        let key = Key::Shard(audience.clone(), digest);
        self.shards.load(host, &key, |bytes| Shard::read(bytes.into())).await
    }
}

/// The bytes of a file, which must be there and have its digest.
pub(crate) async fn read<H: Host>(host: &H, key: &Key) -> Result<Bytes, Refusal> {
    let bytes = host.get(key).await.map_err(unavailable)?.ok_or_else(|| broken(key, "it is missing"))?;
    if Digest::of(&bytes) == key.digest() {
        Ok(bytes)
    } else {
        Err(broken(key, "it does not have its digest"))
    }
}

/// The refusal where a file is not what it should be.
pub(crate) fn broken(key: &Key, why: impl ToString) -> Refusal {
    unavailable(format!("{}: {}", key.path(), why.to_string()))
}

fn unavailable(why: impl ToString) -> Refusal {
    Refusal::unavailable(
        Code::CatalogUnavailable,
        "the catalog cannot be read at the moment; try again later",
        why,
    )
}
