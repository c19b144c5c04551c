//! Makes what is written in Rust and runs elsewhere: the Workers bundle of the edge, and the search engine of browsers.
//!
//! Does offline what `worker-build` does with tools that it downloads: cargo, wasm-bindgen as a library, and the
//! esbuild that comes with wrangler.

mod browser;
mod build;
mod worker;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};

/// Makes the Workers bundle of the edge, or the search engine of browsers.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to make
    #[arg(long, value_enum, default_value_t = Part::Worker)]
    part: Part,
    /// The cargo profile: `edge` or `browser` for what is deployed, `edge-test` to be quick
    #[arg(long)]
    profile: Option<String>,
    /// The folder for what is made
    #[arg(long)]
    out: PathBuf,
}

/// What is made.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// `worker.mjs` and `index_bg.wasm`
    Worker,
    /// `engine.js` and `engine.wasm`
    Browser,
}

/// What every part is made with.
struct Tools {
    repository: PathBuf,
    esbuild: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { part, profile, out }: &Arguments) -> Result<()> {
    // Asked before the long build, not after it.
    let tools = Tools::find()?;
    fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
    let profile = profile.as_deref();
    let wasm = match part {
        Part::Worker => worker::make(&tools, profile.unwrap_or("edge"), out)?,
        Part::Browser => browser::make(&tools, profile.unwrap_or("browser"), out)?,
    };
    let size = fs::metadata(wasm)?.len() / 1024;
    writeln!(std::io::stdout(), "{} ({size} kB of wasm)", out.display())?;
    Ok(())
}

impl Tools {
    /// The repository in which this program was built, and the esbuild in it.
    fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let repository = here.ancestors().nth(2).map(Path::to_owned);
        let repository = repository.context("the repository is not where this program was built")?;
        let esbuild = repository.join("node_modules/.bin/esbuild");
        ensure!(
            esbuild.exists(),
            "`{}` is missing\nhelp: run `npm ci` in `{}`",
            esbuild.display(),
            repository.display()
        );
        Ok(Self { repository, esbuild })
    }

    /// Makes one file of a script and what it imports.
    fn bundle(&self, folder: &Path, script: &str, options: &[&str], out: &Path) -> Result<()> {
        let mut outfile = OsStr::new("--outfile=").to_owned();
        outfile.push(std::path::absolute(out)?);
        let status = Command::new(&self.esbuild)
            .args([script, "--bundle", "--format=esm", "--log-level=warning"])
            .args(options)
            .arg(outfile)
            .current_dir(folder)
            .status()
            .with_context(|| format!("cannot run `{}`", self.esbuild.display()))?;
        ensure!(status.success(), "esbuild failed");
        Ok(())
    }
}

/// An empty folder beside a built file.
fn folder_beside(built: &Path, name: &str) -> Result<PathBuf> {
    let folder = built.with_file_name(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear `{}`", folder.display()))?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}
