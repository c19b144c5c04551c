//! The search engine of browsers, and the small part of it that suggests names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{Tools, build, copy, folder_beside};

const PACKAGE: &str = "browser-search";
/// Its features, each of which makes a wasm file of its own; the larger one last.
const PARTS: [&str; 2] = ["names", "engine"];

/// Writes `{part}.js`, an ES module that is told where the wasm file lies, and `{part}.wasm` for both parts. Returns the
/// path of the larger wasm file.
pub(crate) fn make(tools: &Tools, profile: &str, out: &Path) -> Result<PathBuf> {
    for part in PARTS {
        let built = build::wasm(&tools.repository, PACKAGE, &[part], profile)?;
        let bindings = folder_beside(&built, part)?;
        let mut bindgen = Bindgen::new();
        bindgen.web(true)?.input_path(&built).out_name(part).typescript(false).omit_default_module_path(true);
        bindgen.remove_name_section(true).remove_producers_section(true);
        bindgen.generate(&bindings).context("wasm-bindgen failed")?;
        let script = format!("{part}.js");
        tools.bundle(&bindings, &script, &["--minify"], &out.join(&script))?;
        copy(&bindings.join(format!("{part}_bg.wasm")), &wasm(out, part))?;
    }
    let [.., largest] = PARTS;
    Ok(wasm(out, largest))
}

fn wasm(folder: &Path, part: &str) -> PathBuf {
    folder.join(format!("{part}.wasm"))
}
