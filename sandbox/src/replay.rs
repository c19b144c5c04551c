//! The tokens that were used: each `jti` is taken once.

use redb::{TableDefinition, WriteTransaction};
use registry_core::token::SKEW_SECONDS;

use crate::ledger::StoreError;

/// `jti` → the second from which it may be forgotten.
const USED: TableDefinition<'_, &str, u64> = TableDefinition::new("used_tokens");
/// How much longer than its token is accepted a `jti` is kept, in seconds. Without it, a clock that steps back, or a
/// request that waits between the check of its token and this store, would find its own use forgotten.
pub(crate) const MARGIN: u64 = 600;

/// Takes `jti`; `false` when it was taken before.
pub(crate) fn take(transaction: &WriteTransaction, jti: &str, exp: u64) -> Result<bool, StoreError> {
    let mut used = transaction.open_table(USED)?;
    Ok(used.insert(jti, exp.saturating_add(SKEW_SECONDS + MARGIN))?.is_none())
}

/// Forgets what may be forgotten.
pub(crate) fn prune(transaction: &WriteTransaction, now: u64) -> Result<(), StoreError> {
    transaction.open_table(USED)?.retain(|_, forgotten_from| forgotten_from > now)?;
    Ok(())
}
