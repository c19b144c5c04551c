//! Fuzzing the parsers of foreign bytes, each against its law. `registry-core/fuzz` holds the laws and the seeds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::output::{line, note};
use crate::process::{cargo, command, exists, read, root, run, target};

/// The targets, and whether what they parse is YAML.
const TARGETS: [(&str, bool); 7] = [
    ("frontmatter", true),
    ("requirement", false),
    ("organisation", true),
    ("shard", false),
    ("embedding", false),
    ("jwks", false),
    ("prompt", false),
];
/// Longest input tried, seconds after which one counts as hanging, MiB of memory.
const BOUNDS: [&str; 3] = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"];

/// Runs every target for so many seconds.
pub fn run_each(seconds: u32) -> Result<()> {
    let programs = build()?;
    for (name, is_yaml) in TARGETS {
        fuzz(&programs.join(name), name, is_yaml, seconds)?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    root().join("registry-core/fuzz")
}

/// Builds all targets and returns the folder of their programs. Without a sanitizer stable Rust will do, and there is
/// no `unsafe` to look into.
fn build() -> Result<PathBuf> {
    if !exists("cargo-fuzz") {
        note("installing cargo-fuzz");
        run(cargo("install --quiet --locked cargo-fuzz@=0.13.2"))?;
    }
    same_versions()?;
    let out = target().join("fuzz/build");
    let mut build = cargo("fuzz build --sanitizer none --fuzz-dir registry-core/fuzz --target-dir");
    run_quietly(build.arg(&out))?;
    let host = read(command("rustc", ["--print", "host-tuple"]))?;
    Ok(out.join(host).join("release"))
}

/// Holds that the parsers are fuzzed in the versions that ship: cargo-fuzz has no `--locked`, and the lockfile of the
/// targets is another than the workspace's.
fn same_versions() -> Result<()> {
    read(cargo("metadata --quiet --locked --format-version 1 --manifest-path registry-core/fuzz/Cargo.toml"))
        .context("registry-core/fuzz/Cargo.lock is out of date: run `cargo metadata` there")?;
    let packages = |path: PathBuf| -> Result<BTreeSet<String>> {
        let lock = fs::read_to_string(path)?;
        let lines: Vec<&str> = lock.lines().collect();
        Ok(lines
            .windows(2)
            .filter_map(|pair| match pair {
                [name, version] => {
                    let name = name.strip_prefix("name = ")?.trim_matches('"');
                    Some(format!("{name} {}", version.strip_prefix("version = ")?.trim_matches('"')))
                }
                _ => None,
            })
            .collect())
    };
    let shipped = packages(root().join("Cargo.lock"))?;
    let names: BTreeSet<&str> = shipped.iter().filter_map(|package| package.split(' ').next()).collect();
    for package in packages(folder().join("Cargo.lock"))? {
        let known = package.split(' ').next().is_some_and(|name| names.contains(name));
        if known && !shipped.contains(&package) {
            bail!(
                "registry-core/fuzz/Cargo.lock has `{package}`, the workspace another version: copy Cargo.lock"
            );
        }
    }
    Ok(())
}

/// Runs a program and shows what it printed only if it fails.
fn run_quietly(command: &mut Command) -> Result<()> {
    let done = command.output()?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr).trim_end());
    }
    Ok(())
}

/// Starts from the seeds and from what earlier runs on this machine found. Nothing is written into the tree.
fn fuzz(program: &Path, name: &str, is_yaml: bool, seconds: u32) -> Result<()> {
    let scratch = target().join("fuzz");
    let (corpus, artifacts) = (scratch.join("corpus").join(name), scratch.join("artifacts").join(name));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut fuzzer = Command::new(program);
    fuzzer.args([&corpus, &folder().join("seeds").join(name)]).args(BOUNDS);
    fuzzer.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
    if is_yaml {
        fuzzer.arg(format!("-dict={}", folder().join("yaml.dict").display()));
    }
    let done = fuzzer.output().with_context(|| format!("cannot run `{}`", program.display()))?;
    let log = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        bail!("{}", failure(name, &log));
    }
    let [runs, rate] = ["number_of_executed_units", "average_exec_per_sec"].map(|key| statistic(&log, key));
    line(&format!("fuzzing {name}: {runs} executions in {seconds} s, {rate} per second"));
    Ok(())
}

fn statistic<'a>(log: &'a str, key: &str) -> &'a str {
    let value = |text: &'a str| text.strip_prefix("stat::")?.strip_prefix(key)?.strip_prefix(':');
    log.lines().find_map(value).map_or("?", str::trim)
}

/// What broke the law, and the file that holds the input.
fn failure(name: &str, log: &str) -> String {
    let told = log.lines().skip_while(|text| !text.contains("panicked at") && !text.contains("ERROR:"));
    let what: Vec<&str> = told.take(3).collect();
    let file = log.lines().find_map(|text| text.split("Test unit written to ").nth(1)).unwrap_or("?");
    format!("fuzzing {name} found an input that breaks its law\n{}\nthe input: {file}", what.join("\n"))
}
