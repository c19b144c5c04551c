//! Where each file of a catalog lies. Every file but the head is named by the SHA-256 of its bytes.

use crate::digest::Digest;
use crate::policy::Audience;

/// The one mutable file.
pub const HEAD_PATH: &str = "head.json";

/// A content-addressed file of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A page, bundle, served `SKILL.md` or record, filed under the audience of its skill's head.
    Object(Audience, Digest),
    /// A bucket of public URLs.
    Paths(u8, Digest),
    /// A search shard of an audience.
    Shard(Audience, Digest),
    /// The embedding table.
    Table(Digest),
    /// A bucket of skill records; only the edge reads it.
    Index(u8, Digest),
    /// The organisation's policy; only the edge reads it.
    Policy(Digest),
    /// A root.
    Root(Digest),
}

impl Key {
    /// The path relative to the catalog's folder or bucket.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Object(audience, digest) => format!("objects/{audience}/{digest}"),
            Self::Paths(bucket, digest) => format!("paths/{bucket:02x}/{digest}"),
            Self::Shard(audience, digest) => format!("shards/{audience}/{digest}"),
            Self::Table(digest) => format!("tables/{digest}"),
            Self::Index(bucket, digest) => format!("index/{bucket:02x}/{digest}"),
            Self::Policy(digest) => format!("index/policy/{digest}"),
            Self::Root(digest) => format!("roots/{digest}"),
        }
    }

    /// The digest that the bytes must have.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Object(_, digest)
            | Self::Paths(_, digest)
            | Self::Shard(_, digest)
            | Self::Table(digest)
            | Self::Index(_, digest)
            | Self::Policy(digest)
            | Self::Root(digest) => *digest,
        }
    }
}
