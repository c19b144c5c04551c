//! What `guildhall.yaml` says before anything is written for a team.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use registry_core::diagnostic::Diagnostic;
use registry_core::id::TeamName;
use registry_core::organisation::{CONFIG_PATH, Organisation};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("cannot read `{0}`")]
    Io(PathBuf, #[source] io::Error),
    /// The file is wrong.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
}

/// The organisation, where a configuration exists.
///
/// # Errors
/// When it exists and cannot be used.
pub fn read(repository: &Path) -> Result<Option<Organisation>, ConfigurationError> {
    let path = repository.join(CONFIG_PATH);
    match fs::read_to_string(&path) {
        Ok(text) => Organisation::parse(&text).map(Some).map_err(ConfigurationError::Invalid),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigurationError::Io(path, error)),
    }
}

/// A warning where the configuration does not list the team.
#[must_use]
pub fn unlisted(organisation: &Organisation, team: &TeamName) -> Option<String> {
    if organisation.teams.contains_key(team) {
        return None;
    }
    let teams: Vec<String> = organisation.teams.keys().map(|team| format!("`{team}`")).collect();
    Some(format!(
        "the team `{team}` is not listed in {CONFIG_PATH}, which `guildhall check` will refuse; listed: {}",
        teams.join(", ")
    ))
}
