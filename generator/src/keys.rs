//! Key files: JSON Web Keys that only their owner may read, and the development keys under `.guildhall/keys`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use registry_core::token::{DEVELOPMENT_KID_PREFIX, KeyError, PublicKey, SigningKey};
use serde::de::DeserializeOwned;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot use the key file `{0}`")]
    Io(PathBuf, #[source] io::Error),
    /// The file is not an Ed25519 JSON Web Key.
    #[error("`{0}` does not hold an Ed25519 JSON Web Key; make one with `guildhall key new`")]
    Malformed(PathBuf, #[source] serde_json::Error),
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The new key is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Reads a private key.
///
/// # Errors
/// When the file cannot be read or holds no key.
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    read_json(path)
}

/// Reads the public half of a key file, be it private or public.
///
/// # Errors
/// When the file cannot be read or holds no key.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    read_json(path)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, KeyFileError> {
    let text = fs::read(path).map_err(|error| KeyFileError::Io(path.to_owned(), error))?;
    serde_json::from_slice(&text).map_err(|error| KeyFileError::Malformed(path.to_owned(), error))
}

/// Makes a new key named `kid` in a new file that only its owner may read.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn create(path: &Path, kid: &str) -> Result<SigningKey, KeyFileError> {
    let failed = |error| KeyFileError::Io(path.to_owned(), error);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(KeyFileError::Randomness)?;
    let key = SigningKey::from_seed(kid, seed)?;
    let text = serde_json::to_vec(&key).map_err(|error| KeyFileError::Malformed(path.to_owned(), error))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(&text).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(key)
}

/// The development key for `purpose` (`head`, `identity`, `invoke`) of the repository, made at first use.
///
/// # Errors
/// When the key file cannot be used.
pub fn development(repository: &Path, purpose: &str) -> Result<SigningKey, KeyFileError> {
    let (kid, path) = development_file(repository, purpose);
    if path.exists() { read(&path) } else { create(&path, &kid) }
}

/// The public half of a development key that was made before.
///
/// # Errors
/// When there is none, or its file cannot be used.
pub fn existing_development(repository: &Path, purpose: &str) -> Result<PublicKey, KeyFileError> {
    read_public(&development_file(repository, purpose).1)
}

fn development_file(repository: &Path, purpose: &str) -> (String, PathBuf) {
    let kid = format!("{DEVELOPMENT_KID_PREFIX}{purpose}");
    let path = repository.join(".guildhall/keys").join(format!("{kid}.json"));
    (kid, path)
}
