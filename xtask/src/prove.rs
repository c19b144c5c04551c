//! `cargo xtask prove`: the same suites at full length. Slow; its output goes into a release's notes.

use anyhow::Result;

use crate::fuzz;
use crate::output::note;
use crate::process::{cargo, command, exists, run, target};
use crate::setup;

/// Arguments of `cargo xtask prove`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Cases of every property test.
    #[arg(long, default_value_t = 20_000)]
    cases: u32,
    /// Seconds for which each parser of foreign text is fuzzed.
    #[arg(long, default_value_t = 300)]
    fuzz_seconds: u32,
}

/// What makes requests of the OpenAPI document.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Both hosts must answer as the OpenAPI document says.
fn schemathesis() -> Result<()> {
    note("both hosts must answer as the OpenAPI document says");
    let folder = target().join("schemathesis");
    if !folder.join("bin/schemathesis").exists() {
        note("installing Schemathesis");
        let folder = folder.to_string_lossy();
        run(command("python3", ["-m", "venv", &*folder]))?;
        run(command(&format!("{folder}/bin/pip"), ["install", "--quiet", SCHEMATHESIS]))?;
    }
    let mut test = cargo("test --package e2e --test schemathesis -- --ignored --test-threads 1 --nocapture");
    test.env("GUILDHALL_SCHEMATHESIS", folder.join("bin/schemathesis"));
    run(test)
}

/// The command.
pub fn run_long(arguments: &Arguments) -> Result<()> {
    setup::tools()?;
    if !exists("cargo-mutants") {
        note("installing cargo-mutants");
        run(cargo("install --quiet --locked cargo-mutants@27.1.0"))?;
    }
    note("every mutant of the access policy must be caught by a test");
    let mut policy = cargo("mutants --package registry-core --no-shuffle --colors never");
    policy.args(["--file", "registry-core/src/policy/**/*.rs"]);
    run(policy)?;
    note("every mutant of how the edge applies it must be caught too");
    let mut edge = cargo(
        "mutants --package edge-worker --test-package edge-worker,e2e --baseline skip --timeout 300 --no-shuffle --colors never",
    );
    edge.args(["--file", "edge-worker/src/access.rs", "--file", "edge-worker/src/catalog.rs"]);
    edge.args("-- --lib --test decisions --test head --test laws".split(' '));
    run(edge)?;
    schemathesis()?;
    note("property tests at full length");
    let mut test =
        cargo("test --release --package registry-core --package generator --package sandbox --lib");
    test.env("PROPTEST_CASES", arguments.cases.to_string());
    run(test)?;
    let mut laws = cargo("test --release --package e2e --test laws");
    laws.env("PROPTEST_CASES", (arguments.cases / 10).to_string());
    run(laws)?;
    note(
        "a million decisions, and twenty thousand answers of each host, are those of the access rules in Cedar",
    );
    let mut oracle = cargo("test --release --manifest-path e2e/oracle/Cargo.toml");
    oracle.env("GUILDHALL_DECISIONS", "1000000").env("GUILDHALL_REQUESTS", "21000");
    run(oracle)?;
    note("fuzzing the parsers of foreign text");
    fuzz::run_each(arguments.fuzz_seconds)
}
