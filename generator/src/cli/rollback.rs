//! `guildhall rollback`.

use std::path::Path;
use std::process::ExitCode;

use registry_core::digest::Digest;
use registry_core::status::Date;

use super::signer::{Keys, described, warn_unconditional};
use super::skills::Format;
use super::{Failure, output};
use crate::publish::{self, Held};
use crate::store::Store;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the catalog lies: a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// The root to go back to. Without it the roots that are there are listed, last written first.
    #[arg(long, value_name = "DIGEST")]
    root: Option<Digest>,
    #[command(flatten)]
    keys: Keys,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const EXAMPLES: &str = "\
Edges never take a lower sequence, so an earlier root is signed under the next one, once it is seen that every file that
it needs is there.

Examples:
  guildhall rollback --to s3://skills/catalog --head-key head.json
                                          list the roots; the current one has a `*`
  guildhall rollback --to s3://skills/catalog --head-key head.json --root DIGEST";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let to = Store::open(&arguments.to)?;
    let Some(root) = arguments.root else { return list(repository, &to, arguments) };
    let head = arguments.keys.sign(repository, |signer| publish::rollback(&to, root, signer))??;
    warn_unconditional(&to, &head);
    output::line(&match arguments.format {
        Format::Json => serde_json::to_string_pretty(&head)?,
        Format::Human => format!("rolled back in `{to}`: {}", described(&head)),
    });
    Ok(ExitCode::SUCCESS)
}

fn list(repository: &Path, to: &Store, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let roots = publish::roots(to, &arguments.keys.pinned(repository)?)?;
    match arguments.format {
        Format::Json => output::line(&serde_json::to_string_pretty(&roots)?),
        Format::Human => roots.iter().for_each(|root| output::line(&row(root))),
    }
    Ok(ExitCode::SUCCESS)
}

fn row(held: &Held) -> String {
    let mark = if held.current { '*' } else { ' ' };
    let skills = held.skills.map_or_else(|| "damaged".to_owned(), |number| output::count(number, "skill"));
    let commit =
        held.commit.as_deref().map_or_else(|| "no commit".to_owned(), |commit| format!("commit {commit}"));
    format!("{mark} {}  {}  {skills}, {commit}", held.root, Date::of(held.written))
}
