//! `guildhall publish`.

use std::path::Path;
use std::process::ExitCode;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;

use super::signer::{Keys, described, warn_unconditional};
use super::skills::Format;
use super::{Failure, output};
use crate::publish::{self, Clash, PublishError, Published};
use crate::store::Store;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The catalog that `guildhall build` made.
    #[arg(long, value_name = "PLACE", default_value = "dist")]
    from: String,
    /// Where edges read it: a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "PLACE")]
    to: String,
    #[command(flatten)]
    keys: Keys,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const EXAMPLES: &str = "\
Writes the files that the destination lacks, those that are named before those that name them, and the head last. An
interruption at any moment leaves the former catalog whole, and a second run completes. What was released cannot be
changed or lost: such a catalog is refused.

A bucket's endpoint and credentials come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY.

Examples:
  guildhall publish --to /srv/catalog --head-key head.json
  guildhall publish --to s3://skills/catalog --head-key head.json
  guildhall publish --to s3://skills --head-key head-2.json --former-key head-1.public.json
                                          after a change of keys

Exit codes: 0 published, or nothing to do; 1 refused, for what was released; 2 could not publish.";

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (from, to) = (Store::open(&arguments.from)?, Store::open(&arguments.to)?);
    let progress = progress()?;
    let done = arguments.keys.sign(repository, |signer| publish::publish(&from, &to, signer, &progress))?;
    progress.finish_and_clear();
    match done {
        Err(PublishError::Clashes(_, clashes)) => refused(&to, &clashes, arguments.format),
        done => published(&to, &done?, arguments.format),
    }
}

/// A bar on standard error, which is hidden where that is no terminal.
fn progress() -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("publishing {bar:30} {pos}/{len} files")?;
    Ok(ProgressBar::new(0).with_style(style))
}

fn refused(to: &Store, clashes: &[Clash], format: Format) -> Result<ExitCode, Failure> {
    let texts: Vec<String> = clashes.iter().map(Clash::to_string).collect();
    match format {
        Format::Json => output::line(&serde_json::to_string_pretty(&json!({ "refused": texts }))?),
        Format::Human => {
            texts.iter().for_each(|text| output::line(text));
            output::note(&format!("nothing was published to `{to}`: what was released stays as it is"));
        }
    }
    Ok(ExitCode::from(1))
}

fn published(to: &Store, published: &Published, format: Format) -> Result<ExitCode, Failure> {
    warn_unconditional(to, &published.head);
    if published.development {
        output::note("the root is for development: only edges in development mode take it");
    }
    output::line(&match format {
        Format::Json => serde_json::to_string_pretty(published)?,
        Format::Human => summary(to, published),
    });
    Ok(ExitCode::SUCCESS)
}

fn summary(to: &Store, published: &Published) -> String {
    let (copied, head) = (&published.copied, described(&published.head));
    if !published.signed {
        return format!("`{to}` has this catalog already, nothing was written: {head}");
    }
    format!(
        "published to `{to}`: {} new ({}), {} there already, {head}",
        output::count(copied.written, "file"),
        HumanBytes(copied.bytes),
        copied.present,
    )
}
