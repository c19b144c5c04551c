//! Warnings that were there when a rule came, so that only new ones are shown.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use registry_core::diagnostic::Severity;
use registry_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::Finding;
use crate::fix::replace_file;

/// The number of the file's format.
const SCHEMA: u32 = 1;

/// A baseline file: warnings that are known. Errors are never part of it, because a catalog cannot be built with
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    warnings: BTreeSet<Entry>,
}

/// One warning; the fields come in the order in which the file is sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    /// A text and no [`registry_core::diagnostic::Rule`]: a rule may be gone since.
    code: String,
    message: String,
    fingerprint: Digest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    warnings: Vec<Entry>,
}

/// Why a baseline file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It cannot be read.
    #[error("cannot read the baseline `{0}`; `--update-baseline` makes one")]
    Read(PathBuf, #[source] io::Error),
    /// It is not what this program writes.
    #[error("the baseline `{0}` is damaged; restore it, or remove it and run with `--update-baseline`")]
    Damaged(PathBuf, #[source] serde_json::Error),
    /// Another version of this program wrote it.
    #[error("the baseline `{0}` has the schema {1}, this program reads {SCHEMA}")]
    Schema(PathBuf, u32),
    /// It cannot be written.
    #[error("cannot write the baseline `{0}`")]
    Write(PathBuf, #[source] io::Error),
}

/// What a baseline did to findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silenced {
    /// Warnings that it left out.
    pub warnings: usize,
    /// Its entries that no longer occur.
    pub mended: usize,
}

impl Baseline {
    /// The warnings among `findings`.
    #[must_use]
    pub fn of(findings: &[Finding<'_>]) -> Self {
        let warnings = findings.iter().filter(|found| is_warning(found));
        let entry = |found: &Finding<'_>| Entry {
            path: found.diagnostic.path.clone(),
            code: found.diagnostic.rule.code().to_owned(),
            message: found.diagnostic.message.clone(),
            fingerprint: found.fingerprint,
        };
        Self { warnings: warnings.map(entry).collect() }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or of another version.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let bytes = fs::read(path).map_err(|error| BaselineError::Read(path.to_owned(), error))?;
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| BaselineError::Damaged(path.to_owned(), error))?;
        if file.schema != SCHEMA {
            return Err(BaselineError::Schema(path.to_owned(), file.schema));
        }
        Ok(Self { warnings: file.warnings.into_iter().collect() })
    }

    /// Writes the file at `path`, sorted, a warning a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let lines: Result<Vec<String>, _> = self.warnings.iter().map(serde_json::to_string).collect();
        let failed = |error| BaselineError::Write(path.to_owned(), error);
        let lines = lines.map_err(|error| failed(error.into()))?.join(",\n");
        let text = format!("{{\"schema\": {SCHEMA}, \"warnings\": [\n{lines}\n]}}\n");
        replace_file(path, text.as_bytes()).map_err(failed)
    }

    /// How many warnings it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.warnings.len()
    }

    /// Whether it lists none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.warnings.is_empty()
    }

    /// Leaves out of `findings` the warnings that it lists.
    pub fn silence(&self, findings: &mut Vec<Finding<'_>>) -> Silenced {
        let mut unseen: BTreeSet<Digest> = self.warnings.iter().map(|entry| entry.fingerprint).collect();
        let before = findings.len();
        findings.retain(|found| !(is_warning(found) && unseen.remove(&found.fingerprint)));
        Silenced { warnings: before - findings.len(), mended: unseen.len() }
    }
}

fn is_warning(found: &Finding<'_>) -> bool {
    found.diagnostic.severity == Severity::Warning
}

#[cfg(test)]
mod tests;
