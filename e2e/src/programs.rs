//! The programs under test, built once per process that tests or measures, with the optimisation of that process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};

/// The root of this workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether this is what a bench is: a program of the profile `release`.
const IS_RELEASE: bool = !cfg!(debug_assertions);

fn cargo(arguments: &[&str]) -> Result<()> {
    let status = Command::new(env!("CARGO")).args(arguments).current_dir(workspace()).status()?;
    if !status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(())
}

/// The folder that holds the built programs.
fn built() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || -> Result<PathBuf> {
        let packages = ["--package", "generator", "--package", "edge-worker", "--package", "sandbox"];
        let release: &[&str] = if IS_RELEASE { &["--release"] } else { &[] };
        cargo(&[&["build", "--quiet", "--bins"], &packages[..], release].concat())?;
        let test = std::env::current_exe()?;
        Ok(test.ancestors().nth(2).context("the test program lies in target/debug/deps")?.to_owned())
    };
    match BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(folder) => Ok(folder),
        Err(error) => bail!("{error}"),
    }
}

/// The path of a built program.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    Ok(built()?.join(name))
}

/// The folder of the built worker.
pub(crate) fn worker_bundle() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || -> Result<PathBuf> {
        let target = built()?.parent().context("target/debug has a parent")?;
        let (profile, name) = if IS_RELEASE { ("edge", "worker-release") } else { ("edge-test", "worker") };
        let folder = target.join(name);
        let out = folder.to_string_lossy();
        cargo(&["run", "--quiet", "--package", "bundle-worker", "--", "--profile", profile, "--out", &out])?;
        Ok(folder)
    };
    match BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(folder) => Ok(folder),
        Err(error) => bail!("{error}"),
    }
}

/// `guildhall` for a repository.
///
/// # Errors
/// When the programs cannot be built.
pub fn guildhall(repository: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program("guildhall")?);
    command.arg("--repository").arg(repository).args(arguments).current_dir(repository);
    Ok(command)
}
