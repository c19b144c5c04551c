//! The tokens that were used: each `jti` is taken once, durably, also across restarts.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{Database, Durability, TableDefinition};
use registry_core::token::SKEW_SECONDS;

/// `jti` → the second from which it may be forgotten.
const USED: TableDefinition<'_, &str, u64> = TableDefinition::new("used_tokens");
/// How much longer than its token is accepted a `jti` is kept, in seconds. Without it, a clock that steps back, or a
/// request that waits between the check of its token and this store, would find its own use forgotten.
const MARGIN: u64 = 600;
/// How often forgotten tokens are swept out, in seconds.
const PRUNE_EVERY: u64 = 60;

/// Why the store does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the store of used tokens failed")]
pub struct StoreError(#[source] redb::Error);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

pub(crate) struct UsedTokens {
    database: Database,
    next_prune: AtomicU64,
}

impl UsedTokens {
    /// Opens the store, locked: a second process on the same file is refused.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::create(path)?, next_prune: AtomicU64::new(0) })
    }

    /// Takes `jti`; `false` when it was taken before. When this returns, the answer is on the disk: a token
    /// that is only in memory could be used again after a crash.
    pub(crate) fn take(&self, jti: &str, exp: u64, now: u64) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let fresh = {
            let mut used = transaction.open_table(USED)?;
            if self.prune_is_due(now) {
                used.retain(|_, forgotten_from| forgotten_from > now)?;
            }
            used.insert(jti, exp.saturating_add(SKEW_SECONDS + MARGIN))?.is_none()
        };
        if fresh {
            transaction.commit()?
        } else {
            transaction.abort()?
        }
        Ok(fresh)
    }

    fn prune_is_due(&self, now: u64) -> bool {
        let due = now >= self.next_prune.load(Ordering::Relaxed);
        if due {
            self.next_prune.store(now.saturating_add(PRUNE_EVERY), Ordering::Relaxed);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_once_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("used.redb");
        let store = UsedTokens::open(&path).unwrap();
        assert!(store.take("a", 1060, 1000).unwrap());
        assert!(!store.take("a", 1060, 1000).unwrap());
        assert!(store.take("b", 1060, 1000).unwrap());
        drop(store);
        assert!(!UsedTokens::open(&path).unwrap().take("a", 1060, 1001).unwrap());
    }

    #[test]
    fn a_token_is_forgotten_only_long_after_it_would_be_refused_as_expired() {
        let dir = tempfile::tempdir().unwrap();
        let store = UsedTokens::open(&dir.path().join("used.redb")).unwrap();
        let last_second = 1060 + SKEW_SECONDS + MARGIN - 1;
        assert!(store.take("a", 1060, 1000).unwrap());
        assert!(!store.take("a", 1060, last_second).unwrap());
        assert!(store.take("other", 2000, last_second + PRUNE_EVERY).unwrap());
        assert!(store.take("a", 1060, last_second + PRUNE_EVERY).unwrap());
    }

    #[test]
    fn a_second_service_on_the_same_state_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("used.redb");
        let _first = UsedTokens::open(&path).unwrap();
        assert!(UsedTokens::open(&path).is_err());
    }
}
