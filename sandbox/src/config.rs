//! The configuration file.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use registry_core::token::{KeyError, PublicKey, development_keys_only_in};
use serde::Deserialize;

/// What the operator decides. Keys are pinned here: the sandbox never fetches one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: std::net::SocketAddr,
    /// This sandbox's name: the `aud` of the tokens that it accepts. Replicas that share it must share the state.
    pub audience: String,
    /// The `iss` of the tokens that it accepts.
    pub edge_issuer: String,
    /// Where bundles are fetched, without a trailing slash.
    pub edge_url: String,
    /// The edge's public keys for invoke tokens.
    pub edge_keys: Vec<PublicKey>,
    /// Whether development keys will do.
    #[serde(default)]
    pub development: bool,
    /// Where used tokens are remembered and skills unpacked. One service at a time uses it.
    pub state_dir: PathBuf,
    /// Directories outside `/usr` that skills may read, at the same place; their `bin` is appended to `PATH`.
    #[serde(default)]
    pub runtimes: Vec<PathBuf>,
    /// How many executions run at a time; two per core when absent.
    #[serde(default = "two_per_core")]
    pub max_concurrent: NonZeroU16,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{0}`")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file is not the JSON of a configuration.
    #[error("`{0}` is not a valid configuration")]
    Json(PathBuf, #[source] serde_json::Error),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No key is given.
    #[error("`edge_keys` is empty, no token could be accepted")]
    NoKeys,
    /// The edge's address is not one.
    #[error("`edge_url` must start with http:// or https://, this is `{0}`")]
    EdgeUrl(String),
    /// A runtime cannot be shown to skills.
    #[error("`{0}` in `runtimes` must be the absolute path of a directory below `/`, without `..` or `:`")]
    Runtime(PathBuf),
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Any [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = fs::read(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
        let config: Self =
            serde_json::from_slice(&bytes).map_err(|error| ConfigError::Json(path.to_owned(), error))?;
        config.check()?;
        Ok(config)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.edge_keys.is_empty() {
            return Err(ConfigError::NoKeys);
        }
        development_keys_only_in(self.development, self.edge_keys.iter().map(PublicKey::kid))?;
        if !self.edge_url.starts_with("https://") && !self.edge_url.starts_with("http://") {
            return Err(ConfigError::EdgeUrl(self.edge_url.clone()));
        }
        match self.runtimes.iter().find(|path| !can_be_shown(path)) {
            Some(path) => Err(ConfigError::Runtime(path.clone())),
            None => Ok(()),
        }
    }
}

fn can_be_shown(path: &Path) -> bool {
    use std::path::Component;
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.clone().next().is_some()
        && components.all(|part| matches!(part, Component::Normal(_)))
        && path.to_str().is_some_and(|text| !text.contains(':'))
        && path.is_dir()
}

fn two_per_core() -> NonZeroU16 {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u16::try_from(cores)
        .ok()
        .and_then(|cores| NonZeroU16::new(cores.saturating_mul(2)))
        .unwrap_or(NonZeroU16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_below_the_root_can_be_runtimes() {
        assert!(can_be_shown(Path::new("/usr/lib")));
        for bad in ["/", "usr", "/usr/../etc", "/usr/bin/env", "/no/such", ""] {
            assert!(!can_be_shown(Path::new(bad)), "{bad}");
        }
    }
}
