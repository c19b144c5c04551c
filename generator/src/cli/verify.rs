//! `guildhall verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Failure, output};
use crate::{keys, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The catalog's folder.
    #[arg(default_value = "dist")]
    folder: PathBuf,
    /// The key that signed the head, private or public. Without it the development key is used.
    #[arg(long, value_name = "FILE", env = "GUILDHALL_HEAD_KEY")]
    head_key: Option<PathBuf>,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let key = match &arguments.head_key {
        Some(file) => keys::read_public(file)?,
        None => keys::existing_development(repository, "head")?,
    };
    let wrong = verify::verify(&arguments.folder, &[key])?;
    for path in &wrong {
        output::line(&format!("missing or altered: {path}"));
    }
    if wrong.is_empty() {
        output::line("every file that the head needs has its digest");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
