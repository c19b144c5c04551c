//! A catalog in a folder.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use registry_core::catalog::{HEAD_PATH, Key};
use registry_core::status::Date;
use registry_core::usage::{LogRange, UsageRecord};
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::claims::Claims;
use super::fetch::{client, exchange};
use super::{LogError, UsageLog, reading};
use crate::claims::{Claim, Claimed};
use crate::host::{FetchError, Host, HostError, LogPage};
use crate::seen::SeenHead;

/// One machine.
#[derive(Debug)]
pub struct FilesHost {
    catalog: PathBuf,
    pub(super) log: UsageLog,
    /// When the log was last tried, and what came of it.
    tried: Mutex<Option<(Instant, Result<(), String>)>>,
    /// Held by who remembers a head: one at a time, and never an earlier one after a later.
    remembering: Mutex<()>,
    claims: Claims,
    client: reqwest::Client,
}

/// How long a trial of the log holds, so that probes do not wear out the disk.
const TRIAL_HOLDS: Duration = Duration::from_secs(1);

/// Why a host cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HostSetupError {
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

impl FilesHost {
    /// A host that reads the catalog in one folder and writes the usage log to another.
    ///
    /// # Errors
    /// Any [`HostSetupError`].
    pub fn new(catalog: &Path, log: &Path) -> Result<Self, HostSetupError> {
        let (log, client) = (UsageLog::open(log)?, client()?);
        Ok(Self {
            catalog: catalog.to_owned(),
            log,
            tried: Mutex::default(),
            remembering: Mutex::default(),
            claims: Claims::default(),
            client,
        })
    }
}

fn failed(what: impl std::fmt::Display) -> HostError {
    HostError(what.to_string())
}

/// Work on the disk, off the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, HostError> {
    spawn_blocking(work).await.map_err(failed)?.map_err(failed)
}

impl Host for FilesHost {
    async fn head(&self) -> Result<Bytes, HostError> {
        let path = self.catalog.join(HEAD_PATH);
        tokio::fs::read(&path)
            .await
            .map(Bytes::from)
            .map_err(|error| failed(format!("{}: {error}", path.display())))
    }

    async fn get(&self, key: &Key) -> Result<Option<Bytes>, HostError> {
        match tokio::fs::read(self.catalog.join(key.path())).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(format!("{}: {error}", key.path()))),
        }
    }

    fn now(&self) -> u64 {
        // A clock before 1970 gives 0, at which no token is valid: it denies.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn random(&self) -> Result<[u8; 16], HostError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    async fn read_file(&self, path: &str, limit: usize) -> Result<Bytes, HostError> {
        let file = tokio::fs::File::open(path).await.map_err(failed)?;
        let (mut bytes, most) = (Vec::new(), u64::try_from(limit).unwrap_or(u64::MAX));
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).await.map_err(failed)?;
        if bytes.len() > limit {
            return Err(failed(format!("the file has more than {limit} bytes")));
        }
        Ok(bytes.into())
    }

    async fn fetch(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<http::Response<Bytes>, FetchError> {
        exchange(&self.client, request, timeout, limit).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, HostError> {
        self.claims.claim(claim)
    }

    async fn settle(&self, claim: &Claim, answer: Option<(String, u64)>) -> Result<(), HostError> {
        self.claims.settle(claim, answer)
    }

    async fn append_log(&self, record: &UsageRecord) -> Result<(), HostError> {
        self.log.append(record).await.map_err(failed)
    }

    async fn read_log(&self, range: &LogRange) -> Result<LogPage, HostError> {
        let (folder, range) = (self.log.folder().to_owned(), *range);
        blocking(move || reading::page(&folder, &range)).await
    }

    async fn prune_log(&self, first_kept: Date) -> Result<(), HostError> {
        let folder = self.log.folder().to_owned();
        blocking(move || reading::prune(&folder, first_kept)).await
    }

    async fn check_log(&self) -> Result<(), HostError> {
        let mut tried = self.tried.lock().await;
        if let Some((when, outcome)) = &*tried
            && when.elapsed() < TRIAL_HOLDS
        {
            return outcome.clone().map_err(HostError);
        }
        let outcome = self.log.check(Date::of(self.now() / 1000)).await.map_err(|error| error.to_string());
        *tried = Some((Instant::now(), outcome.clone()));
        outcome.map_err(HostError)
    }

    async fn seen_head(&self) -> Result<Option<SeenHead>, HostError> {
        let path = self.log.folder().join(SEEN_HEAD);
        let named = |what: &dyn std::fmt::Display| {
            failed(format!(
                "{}: {what}; mend it, or delete it to take whatever head there is",
                path.display()
            ))
        };
        match tokio::fs::read(&path).await {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| named(&error)),
            // Where there is no folder, nothing is remembered in it.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(named(&error)),
        }
    }

    async fn remember_head(&self, head: &SeenHead) -> Result<(), HostError> {
        let _turn = self.remembering.lock().await;
        if self.seen_head().await?.is_some_and(|seen| seen.sequence >= head.sequence) {
            return Ok(());
        }
        let bytes = serde_json::to_vec(head).map_err(failed)?;
        let folder = self.log.folder().to_owned();
        blocking(move || replace(&folder, SEEN_HEAD, &bytes)).await
    }
}

/// The file, beside the log, that remembers the highest head.
const SEEN_HEAD: &str = "head-seen.json";

/// Puts a file in the place of another, so that whoever reads meets one of them whole, though the machine lose its power.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), LogError> {
    let (path, made) = (folder.join(name), folder.join(format!(".{name}.{}", std::process::id())));
    let written = File::create(&made).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&made, &path)?;
        File::open(folder)?.sync_all()
    });
    written.map_err(LogError::io(&path))
}
