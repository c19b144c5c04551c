//! `guildhall gc`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use indicatif::HumanBytes;

use super::signer::Keys;
use super::skills::Format;
use super::{Failure, now, output};
use crate::publish::{self, Collected, Keep};
use crate::store::Store;

const SECONDS_PER_HOUR: u64 = 3600;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the catalog lies: a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// How many roots are kept with all that they need: the current one and those last written.
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    keep: NonZeroUsize,
    /// Keep everything that was written in the last so many hours: a publication may be under way.
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    grace: u32,
    /// Only tell what would be deleted.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    keys: Keys,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const EXAMPLES: &str = "\
Only files that a catalog consists of are ever deleted, and never the head. A root that was deleted cannot be rolled
back to.

Examples:
  guildhall gc --to s3://skills/catalog --head-key head.public.json --dry-run
  guildhall gc --to s3://skills/catalog --head-key head.public.json --keep 30";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let to = Store::open(&arguments.to)?;
    let keep = Keep {
        roots: arguments.keep.get(),
        grace: u64::from(arguments.grace) * SECONDS_PER_HOUR,
        now: now()?,
        dry_run: arguments.dry_run,
    };
    let collected = publish::collect(&to, &arguments.keys.pinned(repository)?, keep)?;
    for root in &collected.unreadable {
        output::note(&format!("the root {root} is damaged or of a foreign schema, and is not kept"));
    }
    output::line(&match arguments.format {
        Format::Json => serde_json::to_string_pretty(&collected)?,
        Format::Human => summary(&to, &collected),
    });
    Ok(ExitCode::SUCCESS)
}

fn summary(to: &Store, collected: &Collected) -> String {
    format!(
        "{} `{to}`: {} ({}); kept {} with {}, and {} too young to go",
        if collected.dry_run { "would delete from" } else { "deleted from" },
        output::count(collected.deleted, "file"),
        HumanBytes(collected.bytes),
        output::count(collected.roots.len(), "root"),
        output::count(collected.kept, "file"),
        output::count(collected.young, "file"),
    )
}
