//! The program as wasm, by cargo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the library of a package with some of its features; returns where cargo put it.
pub(crate) fn wasm(repository: &Path, package: &str, features: &[&str], profile: &str) -> Result<PathBuf> {
    require_target()?;
    let output = Command::new(tool("CARGO", "cargo"))
        .args(["build", "--lib", "--package", package, "--target", TARGET, "--profile", profile])
        .args(features.iter().flat_map(|feature| ["--features", feature]))
        .arg("--message-format=json-render-diagnostics")
        .current_dir(repository)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo could not build `{package}` for {TARGET}");
    artifact(&output.stdout).with_context(|| format!("cargo names no wasm file of `{package}`"))
}

/// The one wasm file among cargo's messages, one JSON object per line.
fn artifact(messages: &[u8]) -> Option<PathBuf> {
    let messages =
        messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut files = messages.filter_map(|message| match message.get("filenames")? {
        Value::Array(files) => {
            files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
        }
        _ => None,
    });
    files.next_back()
}

/// Says how to install the target, which cargo's own error does only for some toolchains.
fn require_target() -> Result<()> {
    let output = Command::new(tool("RUSTC", "rustc"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot run rustc")?;
    let folder = String::from_utf8(output.stdout).context("rustc's answer is not text")?;
    let folder = Path::new(folder.trim());
    ensure!(
        output.status.success() && folder.is_dir(),
        "the Rust target `{TARGET}` is not installed\nhelp: run `rustup target add {TARGET}`"
    );
    Ok(())
}

/// The program that cargo told its children to use, or the one in the path.
fn tool(variable: &str, name: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasm_file_is_found_among_other_artifacts() {
        let messages = br#"
{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/edge_worker.wasm","/t/libedge_worker.rlib"]}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(artifact(messages), Some(PathBuf::from("/t/edge_worker.wasm")));
        assert_eq!(artifact(b"{}\n"), None);
    }
}
