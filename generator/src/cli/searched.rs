//! What is searched: the working tree, or a catalog that was built.

use std::path::Path;

use super::signer::Keys;
use super::{Failure, now, output};
use crate::index::Index;
use crate::library;
use crate::source::Origin;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Searched {
    /// Search a built catalog in place of the working tree: a folder, `s3://BUCKET/PREFIX`, or `https://HOST/PATH`.
    #[arg(long, value_name = "DIR")]
    catalog: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

impl Searched {
    pub(super) fn index(&self, repository: &Path) -> Result<Index, Failure> {
        if let Some(place) = &self.catalog {
            return Ok(Index::open(&Store::open(place)?, &self.keys.pinned(repository)?)?);
        }
        let checked = library::read(repository, Origin::Worktree, now()?)?;
        if checked.errors() > 0 {
            output::note("skills with errors may be missing here: `guildhall check` tells them");
        }
        Ok(Index::of(&checked)?)
    }
}
