//! Installs what is missing, or says how.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::output::note;
use crate::process::{cargo, command, exists, read, root, run, target};

/// A program and the Debian package that holds it.
const TOOLS: [(&str, &str); 8] = [
    ("bwrap", "bubblewrap"),
    ("prlimit", "util-linux"),
    ("setpriv", "util-linux"),
    ("python3", "python3"),
    ("curl", "curl"),
    ("git", "git"),
    ("c++", "g++"),
    ("chromium", "chromium"),
];

/// The programs that sandbox, examples and tests call, the compiler of libFuzzer, and the browser of the tests.
pub fn tools() -> Result<()> {
    let mut missing: Vec<&str> =
        TOOLS.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect();
    missing.dedup();
    if !exists("node") {
        bail!("`node` is missing: install Node.js 20 or later");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let is_root = read(command("id", ["-u"]))? == "0";
    if !is_root || !exists("apt-get") {
        bail!("install these first: sudo apt-get install {packages}");
    }
    note(&format!("installing {packages}"));
    run(command("apt-get", ["update", "-qq"]))?;
    let mut install = command("apt-get", ["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
    run(install).with_context(|| format!("cannot install {packages}"))
}

/// The target that the Workers host is built for.
pub fn wasm_target() -> Result<()> {
    let installed = read(command("rustup", ["target", "list", "--installed"]))?;
    if installed.lines().any(|target| target == "wasm32-unknown-unknown") {
        return Ok(());
    }
    run(command("rustup", ["target", "add", "wasm32-unknown-unknown"]))
}

/// The npm packages of the lockfile: the Workers runtime and its bundler.
pub fn npm_packages() -> Result<()> {
    let (lock, installed) =
        (root().join("package-lock.json"), root().join("node_modules/.package-lock.json"));
    let time = |path| std::fs::metadata(path).and_then(|data| data.modified());
    if let (Ok(wanted), Ok(there)) = (time(&lock), time(&installed))
        && there >= wanted
    {
        return Ok(());
    }
    note("installing the npm packages of package-lock.json");
    run(command("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}

/// Builds the worker for local use and returns its folder.
pub fn worker_bundle() -> Result<PathBuf> {
    bundle("worker")
}

/// Builds the search engine for browsers, and returns its folder.
pub fn browser_engine() -> Result<PathBuf> {
    bundle("browser")
}

fn bundle(part: &str) -> Result<PathBuf> {
    let out = target().join(part);
    let mut bundle =
        cargo(&format!("run --quiet --package bundle-worker -- --part {part} --profile edge-test --out"));
    bundle.arg(&out);
    run(bundle)?;
    Ok(out)
}
