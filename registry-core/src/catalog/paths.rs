//! Buckets of public URLs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FormatError, from_json};
use crate::digest::Digest;

/// What a public URL answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    /// The object, filed under the audience `public`.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
}

/// All public URLs (the path part) that hash into one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathBucket {
    /// Format version.
    pub schema: u32,
    /// The URLs.
    pub paths: BTreeMap<String, PublicFile>,
}

impl PathBucket {
    /// Reads a bucket.
    ///
    /// # Errors
    /// When the bytes are not a bucket of a schema that this program reads.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        from_json(bytes, |bucket: &Self| bucket.schema)
    }
}
