//! `cargo xtask test`: every check, with a count of the tests of each suite at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::fuzz;
use crate::output::{line, note};
use crate::process::{cargo, read, root, run, target};
use crate::setup;

/// Crates that the core must never depend on, and the programs that must never depend on each other.
const BANS: [(&str, &[&str]); 5] = [
    ("registry-core", &["tokio", "worker", "gix", "tera", "reqwest", "axum"]),
    ("generator", &["edge-worker", "sandbox", "worker"]),
    ("edge-worker", &["generator", "sandbox", "gix", "tera", "pulldown-cmark"]),
    ("browser-search", &["tokio", "worker", "gix", "tera", "reqwest", "axum", "generator"]),
    ("sandbox", &["generator", "edge-worker", "gix", "tera"]),
];

/// How long each parser is fuzzed: enough to break a law that a change has made false, not to find a rare input.
const FUZZ_SECONDS: u32 = 10;

/// Every step, in the order in which a mistake shows soonest.
fn run_all() -> Result<BTreeMap<String, u32>> {
    step("tools", || {
        setup::tools()?;
        setup::wasm_target()?;
        setup::npm_packages()
    })?;
    step("formatting", || {
        run(cargo("fmt --all --check"))?;
        run(cargo("fmt --check --manifest-path registry-core/fuzz/Cargo.toml"))
    })?;
    step("dependency bans", dependency_bans)?;
    step("lints", || run(cargo("clippy --quiet --workspace --all-targets -- -D warnings")))?;
    step("lints of the wasm parts", || {
        run(cargo(
            "clippy --quiet --target wasm32-unknown-unknown --package registry-core --package edge-worker --lib -- -D warnings",
        ))?;
        run(cargo(
            "clippy --quiet --target wasm32-unknown-unknown --package browser-search --all-features --lib -- -D warnings",
        ))
    })?;
    step("documentation", || {
        let mut doc = cargo("doc --quiet --workspace --no-deps");
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run(doc)
    })?;
    step("programs", || run(cargo("build --quiet --workspace --bins")))?;
    step("worker bundle", || setup::worker_bundle().map(drop))?;
    step("search engine for browsers", || setup::browser_engine().map(drop))?;
    let mut counts = BTreeMap::new();
    step("tests", || {
        counts = tests()?;
        Ok(())
    })?;
    step("fuzzing", || fuzz::run_each(FUZZ_SECONDS))?;
    Ok(counts)
}

/// The command, with its closing count.
pub fn run_counted() -> Result<()> {
    let started = Instant::now();
    let counts = run_all()?;
    line("\ntests by suite:");
    for (suite, count) in &counts {
        line(&format!("  {count:>4}  {suite}"));
    }
    let total: u32 = counts.values().sum();
    note(&format!("all of it took {} s", started.elapsed().as_secs()));
    line(&format!("{total} passed, 0 failed"));
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    note(&format!("== {name}"));
    work().with_context(|| format!("{name} failed"))?;
    note(&format!("== {name}: {} s", started.elapsed().as_secs()));
    Ok(())
}

/// `cargo tree -i X` fails both when X is absent and when it is misspelt, so the whole tree is read and every
/// banned name must at least be known to the lockfile.
fn dependency_bans() -> Result<()> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    for (package, banned) in BANS {
        let tree =
            read(cargo(&format!("tree --package {package} --edges normal --target all --prefix none")))?;
        let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        for name in banned {
            if !lock.contains(&format!("name = \"{name}\"")) {
                bail!("the ban of `{name}` is misspelt: Cargo.lock does not know it");
            }
            if names.contains(name) {
                bail!("`{package}` must not depend on `{name}`");
            }
        }
    }
    Ok(())
}

/// Runs all tests, and holds that every file in `snapshots/` was claimed by one.
fn tests() -> Result<BTreeMap<String, u32>> {
    let claimed = target().join("claimed-snapshots.txt");
    let _ = fs::remove_file(&claimed);
    let mut test = cargo("test --workspace --no-fail-fast");
    test.env("INSTA_SNAPSHOT_REFERENCES_FILE", &claimed)
        .env("INSTA_UPDATE", "no")
        .env("INSTA_WORKSPACE_ROOT", root());
    let counts = count_tests(test)?;
    let claimed = fs::read_to_string(&claimed).unwrap_or_default();
    let claimed: BTreeSet<&str> = claimed.lines().filter_map(|path| path.rsplit('/').next()).collect();
    for entry in fs::read_dir(root().join("snapshots"))? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !claimed.contains(&*name) {
            bail!("no test claims snapshots/{name}: remove it");
        }
    }
    Ok(counts)
}

/// Runs a `cargo test`, passing its output on, and counts the tests of each suite.
fn count_tests(mut test: Command) -> Result<BTreeMap<String, u32>> {
    // Cargo names the suite on standard error, the harness counts on standard output: one pipe keeps the order.
    let (reader, writer) = std::io::pipe()?;
    let mut child = test.stdout(Stdio::from(writer.try_clone()?)).stderr(Stdio::from(writer)).spawn()?;
    drop(test);
    let mut counts = BTreeMap::new();
    let mut suite = String::new();
    for text in BufReader::new(reader).lines() {
        let text = text?;
        if let Some(name) = suite_name(&text) {
            suite = name;
        }
        if let Some(passed) = passed(&text) {
            *counts.entry(suite.clone()).or_default() += passed;
        }
        line(&text);
    }
    if !child.wait()?.success() {
        bail!("there are failing tests");
    }
    counts.retain(|_, count| *count > 0);
    Ok(counts)
}

/// The suite of a line like `Running tests/thread.rs (target/debug/deps/thread-0a1b)`.
fn suite_name(text: &str) -> Option<String> {
    if let Some(doc) = text.trim().strip_prefix("Doc-tests ") {
        return Some(format!("{doc} (documentation)"));
    }
    let (source, rest) = text.trim().strip_prefix("Running ")?.split_once(" (")?;
    let program = rest.trim_end_matches(')').rsplit('/').next()?;
    let (name, _) = program.rsplit_once('-')?;
    Some(if source.starts_with("unittests") { format!("{name} (unit)") } else { name.to_owned() })
}

fn passed(text: &str) -> Option<u32> {
    text.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}
