//! What the edge needs of the machine it runs on.

use std::time::Duration;

use bytes::Bytes;
use registry_core::catalog::Key;
use registry_core::status::Date;
use registry_core::usage::{Cursor, LogRange, UsageRecord};

use crate::claims::{Claim, Claimed};
use crate::seen::SeenHead;

/// A host could not do what was asked; the text is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// Why a request to another server has no answer. The texts are for the operator's log.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing of it has left: no address, no connection, no TLS.
    #[error("it was not sent: {0}")]
    Unsent(String),
    /// There was no whole answer in time; the other side may have taken the request.
    #[error("there was no answer within {0:?}")]
    TimedOut(Duration),
    /// The answer's body has more than these many bytes.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// Anything else; the other side may have taken the request.
    #[error("{0}")]
    Lost(String),
}

impl From<FetchError> for HostError {
    fn from(error: FetchError) -> Self {
        Self(error.to_string())
    }
}

/// Records of the usage log, as they were appended.
#[derive(Debug, Default)]
pub struct LogPage {
    /// JSON lines, each with its end.
    pub lines: Vec<u8>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

/// The machine: Cloudflare Workers or one process.
pub trait Host: Sync {
    /// The bytes of the catalog's head.
    fn head(&self) -> impl Future<Output = Result<Bytes, HostError>> + Send;

    /// The bytes of a file of the catalog, or `None` when it is not there. The caller checks the digest.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Bytes>, HostError>> + Send;

    /// Milliseconds since the epoch.
    fn now(&self) -> u64;

    /// Completes after a while.
    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// Sixteen random bytes.
    ///
    /// # Errors
    /// When the system gives none; what needed them is then refused.
    fn random(&self) -> Result<[u8; 16], HostError>;

    /// The bytes of a file of the operator's own, `limit` at most.
    fn read_file(&self, path: &str, limit: usize) -> impl Future<Output = Result<Bytes, HostError>> + Send;

    /// Sends a request once, follows no redirect, gives up after `timeout` or when the answer's body is over `limit`
    /// bytes.
    fn fetch(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> impl Future<Output = Result<http::Response<Bytes>, FetchError>> + Send;

    /// Claims an idempotency key; returns once that is durable, as far as the host can.
    fn claim(&self, claim: &Claim) -> impl Future<Output = Result<Claimed, HostError>> + Send;

    /// Ends a claim, if it is still the holder's: with an answer and until when it is kept (milliseconds since the
    /// epoch), or without, so that the key can be claimed anew.
    fn settle(
        &self,
        claim: &Claim,
        answer: Option<(String, u64)>,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Appends a record to the usage log; returns once it is durable.
    fn append_log(&self, record: &UsageRecord) -> impl Future<Output = Result<(), HostError>> + Send;

    /// A page of the usage log, ordered by time as far as the host's clocks agree.
    fn read_log(&self, range: &LogRange) -> impl Future<Output = Result<LogPage, HostError>> + Send;

    /// Deletes the records of all days before this one.
    fn prune_log(&self, first_kept: Date) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Whether a record could be appended now.
    fn check_log(&self) -> impl Future<Output = Result<(), HostError>> + Send;

    /// The highest head that was ever taken here, or `None` where none was.
    fn seen_head(&self) -> impl Future<Output = Result<Option<SeenHead>, HostError>> + Send;

    /// Remembers a head beyond the life of this process.
    fn remember_head(&self, head: &SeenHead) -> impl Future<Output = Result<(), HostError>> + Send;
}
