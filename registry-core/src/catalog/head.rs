//! `head.json`: which root is current. The only mutable and the only signed file of a catalog.

use serde::{Deserialize, Serialize};

use super::{FORMER_SCHEMA, SCHEMA, is_read};
use crate::digest::Digest;
use crate::token::{KeyError, PublicKey, SigningKey};

/// Largest head that is read, in bytes.
pub const MAX_HEAD_BYTES: usize = 4096;

/// The head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Format version.
    pub schema: u32,
    /// The root that is current.
    pub root: Digest,
    /// Rises by one with every publication; an edge never goes back.
    pub sequence: u64,
    /// When it ceases to be valid, in seconds since the epoch.
    pub expires: u64,
    /// Which key signed.
    pub kid: String,
    /// Ed25519 over `guildhall-head-v1\n{root}\n{sequence}\n{expires}\n{kid}\n`, base64url without padding.
    pub signature: String,
}

/// Why a head is not taken.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// Larger than [`MAX_HEAD_BYTES`] or not the JSON of this format.
    #[error("head.json is not a head")]
    Malformed,
    /// Written by a program that is too new or too old.
    #[error("head.json has schema {0}, this program reads {FORMER_SCHEMA} and {SCHEMA}")]
    Schema(u32),
    /// No pinned key has its `kid`.
    #[error("head.json is signed by the key `{0}`, which is not pinned here")]
    UnknownKey(String),
    /// The signature does not fit.
    #[error("the signature of head.json does not verify")]
    Signature,
    /// The key itself cannot be used.
    #[error("the signing key cannot be used")]
    Key(#[from] KeyError),
}

impl Head {
    /// Signs a head.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn sign(root: Digest, sequence: u64, expires: u64, key: &SigningKey) -> Result<Self, HeadError> {
        let kid = key.kid().to_owned();
        let signature = key.sign(message(&root, sequence, expires, &kid).as_bytes())?;
        Ok(Self { schema: SCHEMA, root, sequence, expires, kid, signature })
    }

    /// Reads `bytes` and verifies the signature with the pinned keys. Says nothing about expiry: reads go on after
    /// it, with an alarm.
    ///
    /// # Errors
    /// When the bytes are not a head or no pinned key made the signature.
    pub fn verify(bytes: &[u8], pinned: &[PublicKey]) -> Result<Self, HeadError> {
        if bytes.len() > MAX_HEAD_BYTES {
            return Err(HeadError::Malformed);
        }
        let head: Self = serde_json::from_slice(bytes).map_err(|_| HeadError::Malformed)?;
        if !is_read(head.schema) {
            return Err(HeadError::Schema(head.schema));
        }
        let key = pinned
            .iter()
            .find(|key| key.kid() == head.kid)
            .ok_or_else(|| HeadError::UnknownKey(head.kid.clone()))?;
        let message = message(&head.root, head.sequence, head.expires, &head.kid);
        if key.verifies(message.as_bytes(), &head.signature) { Ok(head) } else { Err(HeadError::Signature) }
    }

    /// Whether the head is no longer valid at `now` (seconds since the epoch).
    #[must_use]
    pub fn has_expired(&self, now: u64) -> bool {
        now >= self.expires
    }
}

/// The signed bytes.
fn message(root: &Digest, sequence: u64, expires: u64, kid: &str) -> String {
    format!("guildhall-head-v1\n{root}\n{sequence}\n{expires}\n{kid}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(kid, [seed; 32]).unwrap()
    }

    fn head() -> Head {
        Head::sign(Digest::of(b"root"), 7, 1_900_000_000, &key("head-1", 1)).unwrap()
    }

    fn verify(head: &Head) -> Result<Head, HeadError> {
        Head::verify(
            &serde_json::to_vec(head).unwrap(),
            &[key("head-1", 1).public(), key("head-2", 2).public()],
        )
    }

    #[test]
    fn a_signed_head_verifies() {
        assert_eq!(verify(&head()).unwrap(), head());
    }

    #[test]
    fn every_signed_field_is_covered() {
        let changes: [fn(&mut Head); 4] = [
            |head| head.root = Digest::of(b"other"),
            |head| head.sequence += 1,
            |head| head.expires += 1,
            |head| head.kid = "head-2".to_owned(),
        ];
        for change in changes {
            let mut head = head();
            change(&mut head);
            assert!(matches!(verify(&head), Err(HeadError::Signature)));
        }
    }

    #[test]
    fn only_pinned_keys_count() {
        let foreign = Head::sign(Digest::of(b"root"), 7, 1, &key("head-9", 9)).unwrap();
        assert!(matches!(verify(&foreign), Err(HeadError::UnknownKey(_))));
        let borrowed = Head::sign(Digest::of(b"root"), 7, 1, &key("head-1", 9)).unwrap();
        assert!(matches!(verify(&borrowed), Err(HeadError::Signature)));
    }

    #[test]
    fn bytes_that_are_no_head() {
        for bytes in [b"".as_slice(), b"{}", b"[]", &[b' '; MAX_HEAD_BYTES + 1]] {
            assert!(matches!(Head::verify(bytes, &[]), Err(HeadError::Malformed)));
        }
        let future = Head { schema: 99, ..head() };
        assert!(matches!(verify(&future), Err(HeadError::Schema(99))));
    }
}
