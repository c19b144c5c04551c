//! The embedding table. It is large: a search waits for it only so long, and one that could not be read is not asked for
//! again at once.

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use registry_core::api::Fault;
use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::search::Embedding;

use crate::damage::{Damage, broken};
use crate::host::Host;
use crate::reply::{LogNote, Refusal};

/// How long a search waits for it.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long one that could not be read in time is not waited for again.
const REST_SECONDS: u64 = 10;

/// A table that a root names.
#[derive(Debug)]
pub(crate) struct Table {
    digest: Digest,
    read: OnceLock<Embedding>,
    /// Seconds since the epoch.
    rests_until: AtomicU64,
    is_late: AtomicBool,
}

impl Table {
    pub(crate) fn new(digest: Digest) -> Self {
        Self {
            digest,
            read: OnceLock::new(),
            rests_until: AtomicU64::new(0),
            is_late: AtomicBool::new(false),
        }
    }

    pub(crate) fn is(&self, digest: Digest) -> bool {
        self.digest == digest
    }

    /// The table, if it can be had in time, and what the operator is told where not.
    pub(crate) async fn get<H: Host>(
        &self,
        host: &H,
        damage: &Damage,
        now: u64,
    ) -> (Option<&Embedding>, Option<LogNote>) {
        if self.read.get().is_some() || now < self.rests_until.load(Ordering::Relaxed) {
            return (self.read.get(), None);
        }
        let (note, is_late) = match select(pin!(self.load(host, damage)), pin!(host.pause(PATIENCE))).await {
            Either::Left((Ok(table), _)) => return (Some(table), None),
            Either::Left((Err(refusal), _)) => (refusal.into_note(), false),
            Either::Right(_) => (Some(LogNote(format!("{}: it is late", self.key().path()))), true),
        };
        let is_first = self.rests_until.fetch_max(now + REST_SECONDS, Ordering::Relaxed) <= now;
        // Of all that waited, one catches up.
        self.is_late.fetch_or(is_late && is_first, Ordering::Relaxed);
        (None, note)
    }

    /// Reads it for the searches to come, if one did not wait for it.
    pub(crate) async fn catch_up<H: Host>(&self, host: &H, damage: &Damage) -> Result<(), Refusal> {
        if self.is_late.swap(false, Ordering::Relaxed) {
            self.load(host, damage).await?;
        }
        Ok(())
    }

    fn key(&self) -> Key {
        Key::Table(self.digest)
    }

    async fn load<H: Host>(&self, host: &H, damage: &Damage) -> Result<&Embedding, Refusal> {
        let bytes = damage.read(host, &self.key()).await?;
        let table = Embedding::read(bytes.into()).map_err(|error| {
            damage.note(&self.key(), Fault::Unreadable);
            broken(&self.key(), error)
        })?;
        Ok(self.read.get_or_init(|| table))
    }
}
