//! The published catalog: its files, their formats and where they lie. Encode and decode stand side by side.

mod head;
mod index;
mod location;
mod paths;
mod root;

pub use head::{Head, HeadError, MAX_HEAD_BYTES};
pub use index::{IndexBucket, Member, ReleaseRecord, Released, SkillRecord, preference};
pub use location::{HEAD_PATH, Key};
pub use paths::{PathBucket, PublicFile};
pub use root::{Root, RootError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The schema that this program writes. It reads this one and the one before.
pub const SCHEMA: u32 = 3;
/// The schema before it, which is still read.
const FORMER_SCHEMA: u32 = 2;
/// How many buckets the index and the public paths are each cut into: one per first byte of a SHA-256.
pub const BUCKETS: usize = 256;

/// Why bytes are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not the JSON of this format.
    #[error("not valid JSON of this format")]
    Json(#[from] serde_json::Error),
    /// Written by a program that is too new or too old.
    #[error("schema {0} cannot be read, this program reads {FORMER_SCHEMA} and {SCHEMA}")]
    Schema(u32),
}

/// The bytes of a catalog file: compact JSON, keys in the order of the type, maps sorted.
///
/// # Errors
/// Never for the formats of this module; the signature is honest about serde.
pub fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, FormatError> {
    Ok(serde_json::to_vec(value)?)
}

fn from_json<T: DeserializeOwned>(bytes: &[u8], schema_of: impl Fn(&T) -> u32) -> Result<T, FormatError> {
    let value: T = serde_json::from_slice(bytes)?;
    match schema_of(&value) {
        schema if is_read(schema) => Ok(value),
        other => Err(FormatError::Schema(other)),
    }
}

fn is_read(schema: u32) -> bool {
    schema == SCHEMA || schema == FORMER_SCHEMA
}
