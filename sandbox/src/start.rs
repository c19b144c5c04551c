//! Starting: everything that can be missing is missed now, not at the first execution.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use registry_core::api::ExecutionOutcome;
use registry_core::manifest::Command;
use registry_core::organisation::Limits;
use tokio::sync::Semaphore;

use crate::config::{Config, ConfigError};
use crate::isolation::{self, Host, PROGRAMS};
use crate::ledger::{Ledger, StoreError};
use crate::release::Release;
use crate::server::Service;
use crate::spawner::Spawner;
use crate::{bundle, process};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A program is not installed.
    #[error(
        "`{program}` is missing; install the Debian package `{package}` (needed: bubblewrap, util-linux)"
    )]
    Missing {
        /// Where it should be.
        program: &'static str,
        /// What brings it.
        package: &'static str,
    },
    /// The service is the init of its process namespace.
    #[error("the sandbox must not be process 1; start it under an init, as with `docker run --init`")]
    FirstProcess,
    /// The state directory cannot be used.
    #[error("cannot use the state directory `{0}`")]
    State(PathBuf, #[source] io::Error),
    /// The store of what was accepted does not open.
    #[error("cannot open the store of what was accepted; does another sandbox use the same `state_dir`?")]
    Store(#[from] StoreError),
    /// The client for the edge cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
    /// The thread or the first process does not start.
    #[error("cannot start processes")]
    Spawn(#[source] io::Error),
    /// Isolation does not work on this host.
    #[error("isolation does not work here: {0}")]
    Isolation(String),
}

pub(crate) async fn service(config: Config) -> Result<Service, StartError> {
    config.check()?;
    check_programs(Path::new("/"))?;
    // Bubblewrap leaves its inner process to the init. This service reaps only what it has started itself.
    if std::process::id() == 1 {
        return Err(StartError::FirstProcess);
    }
    // What the service's own parent left open would be open in every skill: bubblewrap hands descriptors on.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let host = Host { runtimes: config.runtimes.clone(), is_root: rustix::process::geteuid().is_root() };
    let in_state = |error| StartError::State(config.state_dir.clone(), error);
    prepare_state(&config.state_dir, host.is_root).map_err(in_state)?;
    let ledger = Arc::new(Ledger::open(&config.state_dir.join("ledger.redb"))?);
    // Only now: the store's lock says that no other service unpacks here.
    let runs = emptied_runs(&config.state_dir).map_err(in_state)?;
    let spawner = Spawner::start().map_err(StartError::Spawn)?;
    first_run(&spawner, &host, &runs).await?;
    let permits = Semaphore::new(config.max_concurrent.get().into());
    Ok(Service { client: bundle::client()?, config, ledger, spawner, permits, host, runs })
}

fn check_programs(root: &Path) -> Result<(), StartError> {
    let missing = |program: &str| !root.join(program.trim_start_matches('/')).is_file();
    match PROGRAMS.into_iter().find(|(program, _)| missing(program)) {
        Some((program, package)) => Err(StartError::Missing { program, package }),
        None => Ok(()),
    }
}

/// When the service is root, skills run as another user, who must be able to pass through to what is theirs.
fn prepare_state(state_dir: &Path, is_root: bool) -> io::Result<()> {
    fs::create_dir_all(state_dir)?;
    fs::set_permissions(state_dir, Permissions::from_mode(if is_root { 0o711 } else { 0o700 }))
}

fn emptied_runs(state_dir: &Path) -> io::Result<PathBuf> {
    let runs = state_dir.canonicalize()?.join("runs");
    match fs::remove_dir_all(&runs) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir(&runs)?,
    }
    fs::set_permissions(&runs, Permissions::from_mode(0o711))?;
    Ok(runs)
}

async fn first_run(spawner: &Spawner, host: &Host, runs: &Path) -> Result<(), StartError> {
    let command = Command { command: "true".to_owned(), args: Vec::new(), environment: BTreeMap::new() };
    let limits = Limits::default();
    let release = Release { files: BTreeMap::new(), command, limits, process_spawn: false };
    let folder = tempfile::tempdir_in(runs).map_err(StartError::Spawn)?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).map_err(StartError::Spawn)?;
    let command = isolation::command(host, &release, folder.path()).map_err(StartError::Spawn)?;
    let result = process::run(spawner, command, Vec::new(), limits).await.map_err(StartError::Spawn)?;
    match result.outcome {
        ExecutionOutcome::Success => Ok(()),
        ExecutionOutcome::Error | ExecutionOutcome::Timeout | ExecutionOutcome::ResourceLimit => {
            Err(StartError::Isolation(result.stderr.trim().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let empty = tempfile::tempdir().unwrap();
        assert!(check_programs(Path::new("/")).is_ok());
        assert_eq!(
            check_programs(empty.path()).unwrap_err().to_string(),
            "`/usr/bin/bwrap` is missing; install the Debian package `bubblewrap` (needed: bubblewrap, util-linux)"
        );
    }
}
