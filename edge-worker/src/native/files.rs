//! A catalog in a folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use registry_core::catalog::{HEAD_PATH, Key};
use registry_core::usage::UsageRecord;
use tokio::io::AsyncReadExt as _;

use super::claims::Claims;
use super::fetch::{client, exchange};
use super::{LogError, UsageLog};
use crate::claims::{Claim, Claimed};
use crate::host::{FetchError, Host, HostError};

/// One machine.
#[derive(Debug)]
pub struct FilesHost {
    catalog: PathBuf,
    log: UsageLog,
    claims: Claims,
    client: reqwest::Client,
}

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
        let (log, claims, client) = (UsageLog::open(log)?, Claims::default(), client()?);
        Ok(Self { catalog: catalog.to_owned(), log, claims, client })
    }
}

fn failed(what: impl std::fmt::Display) -> HostError {
    HostError(what.to_string())
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
}
