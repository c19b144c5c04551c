//! `guildhall`, the program that skill authors and CI run.

use std::process::ExitCode;

use clap::Parser as _;
use generator::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
