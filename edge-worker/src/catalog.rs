//! The catalog as the edge holds it: head verified, root current, every file checked against its digest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use registry_core::api::Fault;
use registry_core::catalog::{Head, IndexBucket, Key, PathBucket, PublicFile, Root};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::organisation::Organisation;
use registry_core::policy::Audience;
use registry_core::search::Shard;

use crate::config::EdgeConfig;
use crate::damage::{Damage, broken, read, unavailable};
use crate::host::Host;
use crate::reply::{LogNote, Refusal};
use crate::seen::SeenHead;
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
    pub(crate) damage: Damage,
    /// Whether the host will know this head after its own end.
    is_remembered: AtomicBool,
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
        damage: &Damage,
        key: &Key,
        decode: impl FnOnce(Bytes) -> Result<T, E>,
    ) -> Result<Arc<T>, Refusal> {
        if let Some(value) = self.get(key.digest()) {
            return Ok(value);
        }
        let value = decode(damage.read(host, key).await?).map_err(|error| {
            damage.note(key, Fault::Unreadable);
            broken(key, error)
        })?;
        Ok(self.put(key.digest(), value))
    }
}

/// What is wrong with the head: once for everybody, once for the operator.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) public: String,
    pub(crate) note: LogNote,
}

impl Alarm {
    fn alike(text: &str) -> Self {
        Self { public: text.to_owned(), note: LogNote(text.to_owned()) }
    }
}

/// Why a head was not taken.
#[derive(Debug)]
pub(crate) struct NotTaken {
    /// In words that name no file and no machine.
    pub(crate) alarm: String,
    pub(crate) refusal: Refusal,
}

impl NotTaken {
    fn because(alarm: &str, why: impl ToString) -> Self {
        Self { alarm: alarm.to_owned(), refusal: unavailable(why) }
    }

    fn into_alarm(self) -> Alarm {
        let note = self.refusal.into_note().unwrap_or_else(|| LogNote(self.alarm.clone()));
        Alarm { public: self.alarm, note }
    }
}

const FORGOTTEN: &str = "which head was the last cannot be read";
const INCOMPLETE: &str = "the catalog that head.json names cannot be read";

/// The catalog that was current at the last request.
#[derive(Debug, Default)]
pub(crate) struct Current(Mutex<Option<Arc<Catalog>>>);

impl Current {
    fn get(&self) -> Option<Arc<Catalog>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what an answer had no time for; what failed is for the operator.
    pub(crate) async fn catch_up<H: Host>(&self, host: &H) -> Option<LogNote> {
        let catalog = self.get()?;
        catalog.table.as_ref()?.catch_up(host, &catalog.damage).await.err()?.into_note()
    }

    /// Has the host remember the head that was taken, once. It is done after an answer: a tightening must not wait for a
    /// disk that is full.
    pub(crate) async fn remember<H: Host>(&self, host: &H) -> Option<LogNote> {
        let catalog = self.get()?;
        if catalog.is_remembered.load(Ordering::Relaxed) {
            return None;
        }
        match host.remember_head(&SeenHead::of(&catalog.head)).await {
            Ok(()) => {
                catalog.is_remembered.store(true, Ordering::Relaxed);
                None
            }
            Err(error) => Some(LogNote(format!("the head cannot be remembered: {error}"))),
        }
    }

    /// The bytes of a file that an answer consists of.
    pub(crate) async fn read<H: Host>(&self, host: &H, key: &Key) -> Result<Bytes, Refusal> {
        match self.get() {
            Some(catalog) => catalog.damage.read(host, key).await,
            None => read(host, key).await,
        }
    }

    /// Notes that a file could not be sent.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn note(&self, key: &Key, fault: Fault) {
        if let Some(catalog) = self.get() {
            catalog.damage.note(key, fault);
        }
    }

    /// The current catalog, and an alarm for the operator. A head that is older than the one held, or that does not
    /// verify, is not taken: the catalog held goes on.
    pub(crate) async fn load<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
        now: u64,
    ) -> Result<(Arc<Catalog>, Option<Alarm>), NotTaken> {
        let held = self.get();
        let (catalog, alarm) = match (self.load_newer(host, config, held.as_ref()).await, held) {
            (Ok(catalog), _) => (catalog, None),
            (Err(not_taken), Some(held)) => (held, Some(not_taken.into_alarm())),
            (Err(not_taken), None) => return Err(not_taken),
        };
        let expired = catalog.head.has_expired(now).then(|| Alarm::alike("head.json has expired"));
        Ok((catalog, alarm.or(expired)))
    }

    async fn load_newer<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
        held: Option<&Arc<Catalog>>,
    ) -> Result<Arc<Catalog>, NotTaken> {
        let bytes =
            host.head().await.map_err(|error| NotTaken::because("head.json cannot be read", error))?;
        if let Some(held) = held.filter(|held| held.head_bytes == bytes) {
            return Ok(Arc::clone(held));
        }
        let head = Head::verify(&bytes, &config.head_keys)
            .map_err(|error| NotTaken { alarm: error.to_string(), refusal: unavailable(error) })?;
        let highest = match held {
            Some(held) => Some(SeenHead::of(&held.head)),
            None => host.seen_head().await.map_err(|error| NotTaken::because(FORGOTTEN, error))?,
        };
        if highest.is_some_and(|highest| !highest.allows(&head)) {
            let back = "head.json goes back to an earlier sequence, or is another one of the same; where that is meant, \
                        have the edge forget the higher one (docs/operations.md, `head-seen.json`)";
            return Err(NotTaken::because(back, back));
        }
        let incomplete = |refusal| NotTaken { alarm: INCOMPLETE.to_owned(), refusal };
        let catalog = Catalog::open(host, config, head, bytes, held).await.map_err(incomplete)?;
        let catalog = Arc::new(catalog);
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
            damage: Damage::default(),
            is_remembered: AtomicBool::new(false),
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
        self.index.load(host, &self.damage, &key, |bytes| IndexBucket::decode(&bytes)).await
    }

    /// What a public URL answers.
    pub(crate) async fn public_file<H: Host>(
        &self,
        host: &H,
        url: &str,
    ) -> Result<Option<PublicFile>, Refusal> {
        let key = self.root.paths_key(url).ok_or_else(|| unavailable("the root lacks a paths bucket"))?;
        let bucket = self.paths.load(host, &self.damage, &key, |bytes| PathBucket::decode(&bytes)).await?;
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
        self.shards.load(host, &self.damage, &key, |bytes| Shard::read(bytes.into())).await
    }
}
