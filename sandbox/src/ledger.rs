//! What was accepted, durably, also across restarts: each token once ([`crate::replay`]), each `idem` one execution.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, Durability, ReadableTable, TableDefinition, WriteTransaction};
use registry_core::api::ExecutionResult;
use registry_core::digest::Digest;
use registry_core::token::InvokeClaims;

use crate::replay;

/// The second from which an execution may be forgotten, what was to be run, the length of its result in bytes where
/// that is kept.
type Row = (u64, [u8; 32], Option<u64>);
/// `idem` → its execution.
const EXECUTIONS: TableDefinition<'_, &str, Row> = TableDefinition::new("executions");
/// `idem` → the result as JSON.
const RESULTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("results");
/// How long an execution is remembered after its end, in seconds: as long as an edge knows an `Idempotency-Key`.
const KEEP: u64 = 600;
/// Largest result that is kept, in bytes of JSON.
const MAX_RESULT: usize = 4 << 20;
/// Most bytes of results that are kept together.
const MAX_RESULTS: u64 = 256 << 20;
/// How often what may be forgotten is swept out, in seconds.
const PRUNE_EVERY: u64 = 60;

/// Why the store does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the store of what was accepted failed")]
pub struct StoreError(#[source] redb::Error);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// What a token that was presented for the first time or again is good for.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// To be run, now and only now.
    Fresh(Running),
    /// The token itself was used before.
    Replayed,
    /// Another token for the same execution runs at the moment.
    Running,
    /// The same execution has ended like this.
    Done(Box<ExecutionResult>),
    /// The same execution was begun, and there is no result of it.
    Gone,
    /// The `idem` was used for something else.
    Reused,
}

/// The store.
#[derive(Debug)]
pub(crate) struct Ledger {
    database: Database,
    /// What this process runs: `idem` → `jti`. What was begun and is not here has ended, or was cut off.
    running: Mutex<BTreeMap<String, String>>,
    next_prune: AtomicU64,
}

/// An execution that was accepted. When it is dropped without having ended, nothing else ever runs for its `idem`.
#[derive(Debug)]
pub(crate) struct Running {
    ledger: Arc<Ledger>,
    idem: String,
    jti: String,
    fingerprint: [u8; 32],
    /// Whether the caller chose the `idem`: nobody else can come again for the result.
    is_chosen: bool,
}

impl Ledger {
    /// Opens the store, locked: a second process on the same file is refused.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::create(path)?;
        // There are results in it.
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(redb::Error::Io)?;
        Ok(Self { database, running: Mutex::default(), next_prune: AtomicU64::new(0) })
    }

    /// Takes a token for an execution whose content has this digest. When this returns, the answer is on the disk: a
    /// token that is only in memory could be used again after a crash.
    pub(crate) fn accept(
        self: &Arc<Self>,
        claims: &InvokeClaims,
        content: Digest,
        now: u64,
    ) -> Result<Accepted, StoreError> {
        let fingerprint = *content.as_bytes();
        let transaction = self.begin()?;
        if self.prune_is_due(now) {
            replay::prune(&transaction, now)?;
            prune(&transaction, now)?;
        }
        if !replay::take(&transaction, &claims.jti, claims.exp)? {
            transaction.abort()?;
            return Ok(Accepted::Replayed);
        }
        let forget = now.saturating_add(KEEP + u64::from(claims.limits.max_execution_time));
        let accepted = match enter(&transaction, &claims.idem, (forget, fingerprint, None))? {
            None => Accepted::Fresh(self.runs(claims, fingerprint)),
            Some((_, known, _)) if known != fingerprint => Accepted::Reused,
            Some((.., Some(_))) => kept(&transaction, &claims.idem)?,
            Some(_) if self.running().contains_key(&claims.idem) => Accepted::Running,
            Some(_) => Accepted::Gone,
        };
        transaction.commit()?;
        Ok(accepted)
    }

    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        Ok(transaction)
    }

    fn runs(self: &Arc<Self>, claims: &InvokeClaims, fingerprint: [u8; 32]) -> Running {
        let (idem, jti) = (claims.idem.clone(), claims.jti.clone());
        self.running().insert(idem.clone(), jti.clone());
        Running { ledger: self.clone(), is_chosen: idem != claims.txn, idem, jti, fingerprint }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prune_is_due(&self, now: u64) -> bool {
        let due = now >= self.next_prune.load(Ordering::Relaxed);
        if due {
            self.next_prune.store(now.saturating_add(PRUNE_EVERY), Ordering::Relaxed);
        }
        due
    }
}

impl Running {
    /// Keeps the result for who orders the same again. One that is too large, or for which there is no room, is not
    /// kept: who comes again is told so, and nothing runs again.
    pub(crate) fn ended(&self, result: &ExecutionResult, now: u64) -> Result<(), StoreError> {
        let json = serde_json::to_vec(result).ok().filter(|json| json.len() <= MAX_RESULT && self.is_chosen);
        let Some(json) = json else { return Ok(()) };
        let length = json.len() as u64;
        let transaction = self.ledger.begin()?;
        {
            let mut executions = transaction.open_table(EXECUTIONS)?;
            if held(&executions)? + length <= MAX_RESULTS {
                let row = (now.saturating_add(KEEP), self.fingerprint, Some(length));
                executions.insert(self.idem.as_str(), row)?;
                transaction.open_table(RESULTS)?.insert(self.idem.as_str(), json.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Forgets an execution of which nothing has run, so that another token may try it.
    pub(crate) fn never_ran(&self) -> Result<(), StoreError> {
        let transaction = self.ledger.begin()?;
        transaction.open_table(EXECUTIONS)?.remove(self.idem.as_str())?;
        Ok(transaction.commit()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.ledger.running();
        if running.get(&self.idem) == Some(&self.jti) {
            running.remove(&self.idem);
        }
    }
}

/// Enters an execution, unless there is one under its `idem`, which is then given.
fn enter(transaction: &WriteTransaction, idem: &str, row: Row) -> Result<Option<Row>, StoreError> {
    let mut executions = transaction.open_table(EXECUTIONS)?;
    let known = executions.get(idem)?.map(|known| known.value());
    if known.is_none() {
        executions.insert(idem, row)?;
    }
    Ok(known)
}

fn kept(transaction: &WriteTransaction, idem: &str) -> Result<Accepted, StoreError> {
    let results = transaction.open_table(RESULTS)?;
    let result = results.get(idem)?.and_then(|json| serde_json::from_slice(json.value()).ok());
    Ok(result.map_or(Accepted::Gone, |result| Accepted::Done(Box::new(result))))
}

/// How many bytes of results are kept.
fn held(executions: &impl ReadableTable<&'static str, Row>) -> Result<u64, StoreError> {
    let mut held = 0;
    for row in executions.iter()? {
        held += row?.1.value().2.unwrap_or_default();
    }
    Ok(held)
}

fn prune(transaction: &WriteTransaction, now: u64) -> Result<(), StoreError> {
    let mut results = transaction.open_table(RESULTS)?;
    let mut executions = transaction.open_table(EXECUTIONS)?;
    for forgotten in executions.extract_if(|_, (forgotten_from, ..)| forgotten_from <= now)? {
        results.remove(forgotten?.0.value())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
