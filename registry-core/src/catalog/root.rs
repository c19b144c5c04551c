//! A root: everything that one catalog consists of, by digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{BUCKETS, FormatError, Key, from_json};
use crate::digest::Digest;
use crate::policy::Audience;

/// Largest root that is written or read, in bytes.
const MAX_ROOT_BYTES: usize = 64 << 10;

/// The root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Format version.
    pub schema: u32,
    /// Built from a working tree: no edge outside development mode takes it.
    pub development: bool,
    /// The commit that was built; absent for a working tree.
    pub commit: Option<String>,
    /// The root that was current when this one was built: its releases are carried over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Digest>,
    /// The organisation's policy, as the edge reads it.
    pub policy: Digest,
    /// Digest of what made the catalog: program version, templates, style sheet.
    pub program: Digest,
    /// Index buckets by first byte of the SHA-256 of the skill's id; always [`BUCKETS`].
    pub index: Vec<Digest>,
    /// Buckets of public URLs by first byte of the SHA-256 of the URL; always [`BUCKETS`].
    pub paths: Vec<Digest>,
    /// The search shards of each audience, which together hold each of its skills once.
    #[serde(deserialize_with = "one_or_many")]
    pub shards: BTreeMap<Audience, Vec<Digest>>,
    /// The embedding table of the shards' vectors; absent in schema 2, whose shards have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Digest>,
}

/// Why bytes are not a root.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Not the JSON of this format, or another schema.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Not [`BUCKETS`] buckets.
    #[error("a root has {BUCKETS} buckets of each kind")]
    Buckets,
    /// The bytes do not have the digest under which they were asked for.
    #[error("the bytes of the root do not have its digest")]
    Digest,
    /// Larger than 64 KiB.
    #[error("a root has at most {MAX_ROOT_BYTES} bytes, this one has {0}")]
    TooLarge(usize),
}

impl Root {
    /// The bytes of the root.
    ///
    /// # Errors
    /// When there are so many audiences that the root would be too large.
    pub fn encode(&self) -> Result<Vec<u8>, RootError> {
        let bytes = super::to_json(self)?;
        if bytes.len() > MAX_ROOT_BYTES { Err(RootError::TooLarge(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads the root that `digest` names.
    ///
    /// # Errors
    /// When the bytes are not that root.
    pub fn decode(bytes: &[u8], digest: &Digest) -> Result<Self, RootError> {
        if bytes.len() > MAX_ROOT_BYTES {
            return Err(RootError::TooLarge(bytes.len()));
        }
        if Digest::of(bytes) != *digest {
            return Err(RootError::Digest);
        }
        let root: Self = from_json(bytes, |root: &Self| root.schema)?;
        if root.index.len() == BUCKETS && root.paths.len() == BUCKETS {
            Ok(root)
        } else {
            Err(RootError::Buckets)
        }
    }

    /// The index bucket of a skill.
    #[must_use]
    pub fn index_key(&self, skill: &crate::id::SkillId) -> Option<Key> {
        let bucket = Digest::of(skill.to_string().as_bytes()).bucket();
        self.index.get(usize::from(bucket)).map(|digest| Key::Index(bucket, *digest))
    }

    /// The bucket of a public URL.
    #[must_use]
    pub fn paths_key(&self, url: &str) -> Option<Key> {
        let bucket = Digest::of(url.as_bytes()).bucket();
        self.paths.get(usize::from(bucket)).map(|digest| Key::Paths(bucket, *digest))
    }
}

/// A list of shards per audience; schema 2 had one shard each.
fn one_or_many<'de, D: Deserializer<'de>>(read: D) -> Result<BTreeMap<Audience, Vec<Digest>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shards {
        One(Digest),
        Many(Vec<Digest>),
    }
    let all: BTreeMap<Audience, Shards> = BTreeMap::deserialize(read)?;
    let many = |(audience, shards)| match shards {
        Shards::One(digest) => (audience, vec![digest]),
        Shards::Many(digests) => (audience, digests),
    };
    Ok(all.into_iter().map(many).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::SCHEMA;

    fn root() -> Root {
        Root {
            schema: SCHEMA,
            development: false,
            commit: Some("0".repeat(40)),
            former: Some(Digest::of(b"former")),
            policy: Digest::of(b"policy"),
            program: Digest::of(b"program"),
            index: vec![Digest::of(b"index"); BUCKETS],
            paths: vec![Digest::of(b"paths"); BUCKETS],
            shards: [(Audience::Public, vec![Digest::of(b"shard")])].into(),
            table: Some(Digest::of(b"table")),
        }
    }

    #[test]
    fn encode_and_decode_round_trip() {
        let bytes = root().encode().unwrap();
        assert_eq!(Root::decode(&bytes, &Digest::of(&bytes)).unwrap(), root());
    }

    #[test]
    fn a_root_of_the_schema_before_is_read() {
        let mut former = serde_json::to_value(root()).unwrap();
        former["schema"] = 2.into();
        former["shards"]["public"] = former["shards"]["public"][0].clone();
        former.as_object_mut().unwrap().remove("table");
        let bytes = serde_json::to_vec(&former).unwrap();
        let read = Root::decode(&bytes, &Digest::of(&bytes)).unwrap();
        assert_eq!(read, Root { schema: 2, table: None, ..root() });
    }

    #[test]
    fn what_is_not_that_root_is_refused() {
        let bytes = root().encode().unwrap();
        let digest = Digest::of(&bytes);
        let mut altered = bytes.clone();
        altered[20] ^= 1;
        assert!(matches!(Root::decode(&altered, &digest), Err(RootError::Digest)));
        let short = Root { index: vec![], ..root() }.encode().unwrap();
        assert!(matches!(Root::decode(&short, &Digest::of(&short)), Err(RootError::Buckets)));
        let future = Root { schema: 99, ..root() }.encode().unwrap();
        assert!(matches!(
            Root::decode(&future, &Digest::of(&future)),
            Err(RootError::Format(FormatError::Schema(99)))
        ));
    }
}
