//! The Workers bundle of the edge.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{Tools, build, copy, folder_beside};

const PACKAGE: &str = "edge-worker";
/// The entry around the bindings, beside which they are written.
const SHIM: &str = "edge-worker/worker/shim.mjs";
/// What wasm-bindgen names the module for the compiled program.
const WASM: &str = "index_bg.wasm";

/// Writes `worker.mjs` and the wasm file, whose path it returns.
pub(crate) fn make(tools: &Tools, profile: &str, out: &Path) -> Result<PathBuf> {
    let built = build::wasm(&tools.repository, PACKAGE, &[], profile)?;
    let bindings = folder_beside(&built, "bindings")?;
    bind(&built, &bindings)?;
    copy(&tools.repository.join(SHIM), &bindings.join("shim.mjs"))?;
    let options = [&format!("--external:./{WASM}"), "--external:cloudflare:*"];
    tools.bundle(&bindings, "shim.mjs", &options, &out.join("worker.mjs"))?;
    copy(&bindings.join(WASM), &out.join(WASM))?;
    Ok(out.join(WASM))
}

/// Writes the JavaScript side of the program, and the program without what only wasm-bindgen needs.
fn bind(wasm: &Path, out: &Path) -> Result<()> {
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
