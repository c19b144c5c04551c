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

pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
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
    bundle(&BUILT, "worker", if IS_RELEASE { "edge" } else { "edge-test" })
}

/// The folder of the search engine for browsers.
///
/// # Errors
/// When it cannot be built.
pub fn browser_engine() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    bundle(&BUILT, "browser", if IS_RELEASE { "browser" } else { "edge-test" })
}

/// The folder of what `bundle-worker` makes.
fn bundle(
    made: &'static OnceLock<Result<PathBuf, String>>,
    part: &str,
    profile: &str,
) -> Result<&'static Path> {
    let build = || -> Result<PathBuf> {
        let target = built()?.parent().context("target/debug has a parent")?;
        let folder = target.join(if IS_RELEASE { format!("{part}-release") } else { part.to_owned() });
        let out = folder.to_string_lossy();
        let program = ["run", "--quiet", "--package", "bundle-worker", "--", "--part", part];
        cargo(&[&program[..], &["--profile", profile, "--out", &out]].concat())?;
        Ok(folder)
    };
    match made.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
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
