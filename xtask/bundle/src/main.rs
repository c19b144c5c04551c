//! Makes the Workers bundle of the edge: `worker.mjs` and `index_bg.wasm`.
//!
//! Does offline what `worker-build` does with tools that it downloads: cargo, wasm-bindgen as a library, and the
//! esbuild that comes with wrangler.

mod build;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use wasm_bindgen_cli_support::Bindgen;

/// The entry around the bindings, beside which they are written.
const SHIM: &str = "edge-worker/worker/shim.mjs";
/// What wasm-bindgen names the module for the compiled program.
const WASM: &str = "index_bg.wasm";

/// Makes the Workers bundle of the edge.
#[derive(Debug, Parser)]
struct Arguments {
    /// The cargo profile: `edge` for what is deployed, `edge-test` to be quick
    #[arg(long, default_value = "edge")]
    profile: String,
    /// The folder for `worker.mjs` and `index_bg.wasm`
    #[arg(long)]
    out: PathBuf,
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

fn run(Arguments { profile, out }: &Arguments) -> Result<()> {
    // Asked before the long build, not after it.
    let esbuild = esbuild(&repository()?)?;
    let built = build::wasm(&repository()?, profile)?;
    let bindings = built.with_file_name("bindings");
    bind(&built, &bindings)?;
    fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
    bundle(&esbuild, &bindings, out)?;
    copy(&bindings.join(WASM), &out.join(WASM))?;
    let size = fs::metadata(out.join(WASM))?.len() / 1024;
    writeln!(std::io::stdout(), "{} ({size} kB of wasm)", out.display())?;
    Ok(())
}

/// The repository in which this program was built.
fn repository() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_owned).context("the repository is not where this program was built")
}

fn esbuild(repository: &Path) -> Result<PathBuf> {
    let path = repository.join("node_modules/.bin/esbuild");
    ensure!(
        path.exists(),
        "`{}` is missing\nhelp: run `npm ci` in `{}`",
        path.display(),
        repository.display()
    );
    Ok(path)
}

/// Writes the JavaScript side of the program, and the program without what only wasm-bindgen needs.
fn bind(wasm: &Path, out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot clear `{}`", out.display()))?;
    }
    let mut bindgen = Bindgen::new();
    bindgen.module(true)?.input_path(wasm).out_name("index").typescript(false);
    // So that the shim can start afresh after a panic, and hears of one.
    bindgen.reset_state_function(true).force_enable_abort_handler(true);
    bindgen.generate(out).context("wasm-bindgen failed")?;

    let index = out.join("index.js");
    let text = fs::read_to_string(&index).with_context(|| format!("cannot read `{}`", index.display()))?;
    // Workers import a compiled module as the default export of its file.
    let Some((before, after)) = text.split_once("import source ") else {
        bail!("`{}` has no `import source`: wasm-bindgen writes something else now", index.display());
    };
    fs::write(&index, format!("{before}import {after}"))
        .with_context(|| format!("cannot write `{}`", index.display()))
}

fn bundle(esbuild: &Path, bindings: &Path, out: &Path) -> Result<()> {
    copy(&repository()?.join(SHIM), &bindings.join("shim.mjs"))?;
    let mut outfile = OsStr::new("--outfile=").to_owned();
    outfile.push(out.canonicalize()?.join("worker.mjs"));
    let status = Command::new(esbuild)
        .args(["shim.mjs", "--bundle", "--format=esm", "--log-level=warning"])
        .arg(format!("--external:./{WASM}"))
        .arg("--external:cloudflare:*")
        .arg(outfile)
        .current_dir(bindings)
        .status()
        .with_context(|| format!("cannot run `{}`", esbuild.display()))?;
    ensure!(status.success(), "esbuild failed");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}
