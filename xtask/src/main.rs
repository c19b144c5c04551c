//! `cargo xtask`: sets up and runs everything, on a fresh machine with Rust and Node.

mod corpus;
mod fuzz;
mod metatool;
mod output;
mod process;
mod prove;
mod setup;
mod suites;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Guildhall's own commands. Each installs what it needs: the wasm target by rustup, npm packages from the lockfile,
/// Debian packages when run as root.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the example catalog, start edge and sandbox on loopback, print tokens and `curl` lines.
    Up(up::Arguments),
    /// Run every check and test: formatting, lints, bans, unit, property, snapshot and end-to-end tests, docs,
    /// a short fuzzing of the parsers.
    Test,
    /// Run the long forms: every mutant of the policy, requests made of the OpenAPI document, property tests with many
    /// cases, minutes of fuzzing.
    Prove(prove::Arguments),
    /// Write made skills in any number, for measuring.
    Corpus(corpus::Arguments),
    /// Write the tools of MetaTool as skills `tool/{id}`, for `guildhall eval` on its queries.
    Metatool(metatool::Arguments),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(arguments) => up::run(&arguments),
        Command::Test => suites::run_counted(),
        Command::Prove(arguments) => prove::run_long(&arguments),
        Command::Corpus(arguments) => corpus::run(&arguments),
        Command::Metatool(arguments) => metatool::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
