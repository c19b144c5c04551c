//! The keys of a published catalog's head, as several commands take them.

use std::path::{Path, PathBuf};

use registry_core::token::{PublicKey, SigningKey};

use super::{Failure, now, output};
use crate::head::Signer;
use crate::keys;
use crate::publish::{PublishError, Signed};
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Keys {
    /// The key of the head, a JSON Web Key file: the private half for commands that sign, either half for those that
    /// only check. Without it a development key is used.
    #[arg(long, value_name = "FILE", env = "GUILDHALL_HEAD_KEY")]
    head_key: Option<PathBuf>,
    /// A key that signed the present head, private or public, after a change of keys; may be given several times.
    #[arg(long = "former-key", value_name = "FILE")]
    former_keys: Vec<PathBuf>,
}

impl Keys {
    /// The public halves, for commands that only check.
    pub(super) fn pinned(&self, repository: &Path) -> Result<Vec<PublicKey>, Failure> {
        let mut pinned = self.former()?;
        pinned.push(match &self.head_key {
            Some(file) => keys::read_public(file)?,
            None => keys::existing_development(repository, "head")?,
        });
        Ok(pinned)
    }

    /// The keys of former heads.
    pub(super) fn former(&self) -> Result<Vec<PublicKey>, Failure> {
        Ok(self.former_keys.iter().map(|file| keys::read_public(file)).collect::<Result<_, _>>()?)
    }

    /// The private key: that of the file, else one for development, said aloud.
    pub(super) fn key(&self, repository: &Path) -> Result<SigningKey, Failure> {
        let key = match &self.head_key {
            Some(file) => keys::read(file)?,
            None => keys::development(repository, "head")?,
        };
        if key.public().is_development() {
            output::note("the head is signed by a development key: only edges in development mode take it");
        }
        Ok(key)
    }

    /// Does what needs a signature.
    pub(super) fn sign<T>(
        &self,
        repository: &Path,
        work: impl FnOnce(Signer<'_>) -> Result<T, PublishError>,
    ) -> Result<Result<T, PublishError>, Failure> {
        let key = self.key(repository)?;
        let former_keys = self.former()?;
        Ok(work(Signer { key: &key, former_keys: &former_keys, now: now()? }))
    }
}

/// Says so when a destination cannot keep two publishers apart.
pub(super) fn warn_unconditional(to: &Store, head: &Signed) {
    if !head.conditional {
        output::note(&format!(
            "`{to}` does not keep the condition under which heads are written: let only one command write to it at a time"
        ));
    }
}

/// The head, for the summary of a command.
pub(super) fn described(head: &Signed) -> String {
    let expires = registry_core::status::Date::of(head.expires);
    format!("root {}, sequence {}, valid until {expires}", head.root, head.sequence)
}
