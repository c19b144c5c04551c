//! `guildhall key`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, output};
use crate::keys;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a private Ed25519 key in a new file that only you may read; prints the public half.
    New {
        /// The key's name, as it will stand in `kid`.
        kid: String,
        /// The file to make.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print the public half of a key file, for the configuration of edge and sandbox.
    Public {
        /// The key file.
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let public = match command {
        Command::New { kid, out } => keys::create(out, kid)?.public(),
        Command::Public { file } => keys::read_public(file)?,
    };
    output::line(&serde_json::to_string(&public)?);
    Ok(ExitCode::SUCCESS)
}
