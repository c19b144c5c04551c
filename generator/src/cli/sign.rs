//! `guildhall sign`.

use std::path::Path;
use std::process::ExitCode;

use super::signer::{Keys, described, warn_unconditional};
use super::skills::Format;
use super::{Failure, output};
use crate::publish;
use crate::store::Store;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the catalog lies: a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "PLACE")]
    to: String,
    #[command(flatten)]
    keys: Keys,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const EXAMPLES: &str = "\
Edges stop executions once the head has expired, after `publish.expires_days` of guildhall.yaml. Run this every night:
it names the same root under the next sequence, for as many days again.

Examples:
  guildhall sign --to s3://skills/catalog --head-key head.json
  guildhall sign --to s3://skills/catalog --head-key head-2.json --former-key head-1.public.json
                                          the first time after a change of keys";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let to = Store::open(&arguments.to)?;
    let head = arguments.keys.sign(repository, |signer| publish::sign(&to, signer))??;
    warn_unconditional(&to, &head);
    output::line(&match arguments.format {
        Format::Json => serde_json::to_string_pretty(&head)?,
        Format::Human => format!("signed in `{to}`: {}", described(&head)),
    });
    Ok(ExitCode::SUCCESS)
}
