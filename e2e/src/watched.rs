//! A host over a catalog in a folder that tells of every file before it is read.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use edge_worker::native::FilesHost;
use edge_worker::{Claim, Claimed, FetchError, Host, HostError, LogPage, SeenHead};
use registry_core::catalog::Key;
use registry_core::status::Date;
use registry_core::usage::{LogRange, UsageRecord};

use crate::World;

/// The host; a file is read when what is told of it is done.
#[derive(Debug)]
pub struct Watched<F> {
    files: FilesHost,
    told: F,
}

impl<F> Watched<F> {
    /// The host over a world's files.
    ///
    /// # Errors
    /// When the folders cannot be opened.
    pub fn over(world: &World, told: F) -> Result<Self> {
        Ok(Self { files: FilesHost::new(&world.catalog(), &world.log())?, told })
    }
}

impl<F, W> Host for Watched<F>
where
    F: Fn(Key) -> W + Sync,
    W: Future<Output = ()> + Send,
{
    async fn head(&self) -> Result<Bytes, HostError> {
        self.files.head().await
    }

    async fn get(&self, key: &Key) -> Result<Option<Bytes>, HostError> {
        (self.told)(key.clone()).await;
        self.files.get(key).await
    }

    fn now(&self) -> u64 {
        self.files.now()
    }

    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.files.pause(duration)
    }

    fn random(&self) -> Result<[u8; 16], HostError> {
        self.files.random()
    }

    async fn read_file(&self, path: &str, limit: usize) -> Result<Bytes, HostError> {
        self.files.read_file(path, limit).await
    }

    async fn fetch(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<http::Response<Bytes>, FetchError> {
        self.files.fetch(request, timeout, limit).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, HostError> {
        self.files.claim(claim).await
    }

    async fn settle(&self, claim: &Claim, answer: Option<(String, u64)>) -> Result<(), HostError> {
        self.files.settle(claim, answer).await
    }

    async fn append_log(&self, record: &UsageRecord) -> Result<(), HostError> {
        self.files.append_log(record).await
    }

    async fn read_log(&self, range: &LogRange) -> Result<LogPage, HostError> {
        self.files.read_log(range).await
    }

    async fn prune_log(&self, first_kept: Date) -> Result<(), HostError> {
        self.files.prune_log(first_kept).await
    }

    async fn check_log(&self) -> Result<(), HostError> {
        self.files.check_log().await
    }

    async fn seen_head(&self) -> Result<Option<SeenHead>, HostError> {
        self.files.seen_head().await
    }

    async fn remember_head(&self, head: &SeenHead) -> Result<(), HostError> {
        self.files.remember_head(head).await
    }
}
