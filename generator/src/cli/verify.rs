//! `guildhall verify`.

use std::path::Path;
use std::process::ExitCode;

use super::signer::Keys;
use super::{Failure, output};
use crate::store::Store;
use crate::verify;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the catalog lies: a folder, `s3://BUCKET/PREFIX`, or `https://HOST/PATH`.
    #[arg(value_name = "PLACE", default_value = "dist")]
    place: String,
    #[command(flatten)]
    keys: Keys,
}

const EXAMPLES: &str = "\
Reads the head, verifies its signature, and reads every file that it needs: each must be there, have its digest, and,
where it names others, be of its format.

Examples:
  guildhall verify dist
  guildhall verify s3://skills/catalog --head-key head.public.json

Exit codes: 0 everything is whole, 1 something is not, 2 could not check (no good signature, no connection).";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let store = Store::open(&arguments.place)?;
    let wrong = verify::verify(&store, &arguments.keys.pinned(repository)?)?;
    for line in &wrong {
        output::line(line);
    }
    if wrong.is_empty() {
        output::line("every file that the head needs has its digest");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
