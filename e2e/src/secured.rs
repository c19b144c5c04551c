//! A native edge that speaks TLS.

use std::fs;
use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::process::Process;
use crate::programs::program;
use crate::repository::Repository;
use crate::stand::edge_config;

/// The edge, which ends with the value.
#[derive(Debug)]
pub struct Secured {
    edge: Process,
    _state: TempDir,
}

impl Secured {
    /// Builds the repository's `HEAD` and starts an edge over it, with a certificate and its key in PEM files.
    ///
    /// # Errors
    /// When the edge does not start.
    pub fn start(repository: &Repository, certificate: &Path, key: &Path) -> Result<Self> {
        repository.build()?;
        let state = tempfile::tempdir()?;
        let config = state.path().join("edge.json");
        let edge = edge_config(repository, "https://localhost", "http://127.0.0.1:9")?;
        fs::write(&config, serde_json::to_vec(&edge)?)?;
        let (catalog, log) = (repository.catalog(), state.path().join("logs"));
        let paths = [("--config", &*config), ("--catalog", &catalog), ("--log", &log)];
        let paths = paths.into_iter().chain([("--tls-cert", certificate), ("--tls-key", key)]);
        let arguments = paths.flat_map(|(name, path)| [name.as_ref(), path.as_os_str()]);
        let arguments: Vec<_> = arguments.chain(["--listen".as_ref(), "127.0.0.1:0".as_ref()]).collect();
        Ok(Self { edge: Process::start(program("guildhall-edge")?.as_ref(), &arguments)?, _state: state })
    }

    /// The edge's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.edge.url
    }

    /// Lets it read certificate and key again (SIGHUP).
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn hang_up(&self) -> Result<()> {
        self.edge.signal("HUP")
    }
}
