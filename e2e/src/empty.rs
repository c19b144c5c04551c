//! An empty worker, beside which benchmarks measure the edge.

use anyhow::Result;

use crate::process::Process;
use crate::usage::{Usage, usage};

/// An empty worker in workerd, under Miniflare as the edge is.
#[derive(Debug)]
pub struct EmptyWorker(Process);

impl EmptyWorker {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        let script = "edge-worker/worker/empty.mjs";
        Ok(Self(Process::start("node".as_ref(), &[script.as_ref()])?))
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What it has used.
    ///
    /// # Errors
    /// When `/proc` does not tell.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.0.id())
    }
}
