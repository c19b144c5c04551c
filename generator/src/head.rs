//! The head of a place: reading it, making the next, and putting that there unless another has come first.

use bytes::Bytes;
use registry_core::catalog::{FormatError, HEAD_PATH, Head, HeadError, Key, to_json};
use registry_core::digest::Digest;
use registry_core::token::{PublicKey, SigningKey};

use crate::store::{Store, StoreError, Version};

const SECONDS_PER_DAY: u64 = 86_400;

/// Who signs heads, and when.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The key.
    pub key: &'a SigningKey,
    /// Keys that may have signed the former head, beside this one.
    pub former_keys: &'a [PublicKey],
    /// Now, in seconds since the epoch.
    pub now: u64,
}

/// Why a head is not written.
#[derive(Debug, thiserror::Error)]
pub enum HeadFault {
    /// The place cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What lies there is not signed by a known key.
    #[error(
        "the head of `{0}` does not verify, so nothing is written over it; name the key that signed it with --former-key"
    )]
    Foreign(String, #[source] HeadError),
    /// There is none.
    #[error("`{0}` has no head: `guildhall publish` puts a catalog there")]
    Absent(String),
    /// Another head came first.
    #[error("`{0}` got another head meanwhile, so this command stopped: run it again")]
    Overtaken(String),
    /// The head cannot be signed.
    #[error("cannot sign the head")]
    Sign(#[from] HeadError),
    /// The head has no bytes.
    #[error("cannot write the head")]
    Format(#[from] FormatError),
}

impl Signer<'_> {
    /// The keys by which a former head is known.
    #[must_use]
    pub fn pinned(&self) -> Vec<PublicKey> {
        let mut pinned = self.former_keys.to_vec();
        pinned.push(self.key.public());
        pinned
    }

    /// The head after `former` that names `root`, valid for `expires_days`.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn succeed(&self, root: Digest, former: Option<&Head>, expires_days: u32) -> Result<Head, HeadError> {
        let sequence = former.map_or(1, |head| head.sequence + 1);
        Head::sign(root, sequence, self.expires(expires_days), self.key)
    }

    /// Whether a head for the same root needs no new signature yet: this key made it, and more than half of a full life
    /// is left.
    #[must_use]
    pub fn is_fresh(&self, head: &Head, expires_days: u32) -> bool {
        let left = |end: u64| end.saturating_sub(self.now);
        head.kid == self.key.kid() && left(head.expires) * 2 > left(self.expires(expires_days))
    }

    fn expires(&self, days: u32) -> u64 {
        self.now + u64::from(days) * SECONDS_PER_DAY
    }
}

/// The head of a place with the version under which it may be replaced; `None` when there is none.
///
/// # Errors
/// When the place cannot be read, or what lies there is not signed by a pinned key.
pub fn read(store: &Store, pinned: &[PublicKey]) -> Result<Option<(Head, Version)>, HeadFault> {
    let Some((bytes, version)) = store.get_versioned(HEAD_PATH)? else { return Ok(None) };
    let head = Head::verify(&bytes, pinned).map_err(|error| HeadFault::Foreign(store.to_string(), error))?;
    Ok(Some((head, version)))
}

/// The same of a place that must have one.
///
/// # Errors
/// As [`read`], and when there is none.
pub fn must_read(store: &Store, pinned: &[PublicKey]) -> Result<(Head, Version), HeadFault> {
    read(store, pinned)?.ok_or_else(|| HeadFault::Absent(store.to_string()))
}

/// Puts a head in the place of the one that was read, or of none. Says whether the store keeps the condition that
/// nothing else came there meanwhile; where it does not, only a look just before is left.
///
/// # Errors
/// When the place cannot be written, or has another head by now.
pub fn replace(store: &Store, head: &Head, former: Option<&Version>) -> Result<bool, HeadFault> {
    let overtaken = || HeadFault::Overtaken(store.to_string());
    let bytes = Bytes::from(to_json(head)?);
    let root = Key::Root(head.root).path();
    let there = store.get(&root)?.ok_or_else(overtaken)?;
    if store.holds_conditions(&root, there)? {
        return if store.put_if(HEAD_PATH, bytes, former)? { Ok(true) } else { Err(overtaken()) };
    }
    let now = store.get_versioned(HEAD_PATH)?.map(|(_, version)| version);
    if now.as_ref() != former {
        return Err(overtaken());
    }
    store.put(HEAD_PATH, bytes)?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_fresh_until_half_of_its_life_is_over_and_for_its_own_key_only() {
        let (one, other) = ("head-1", "head-2");
        let key = |kid: &str| SigningKey::from_seed(kid, [1; 32]).unwrap();
        let (one, other) = (key(one), key(other));
        let at = |key, now| Signer { key, former_keys: &[], now };
        let head = at(&one, 1000).succeed(Digest::of(b"root"), None, 2).unwrap();
        assert_eq!((head.sequence, head.expires), (1, 1000 + 2 * SECONDS_PER_DAY));
        assert!(at(&one, 1000 + SECONDS_PER_DAY - 1).is_fresh(&head, 2));
        assert!(!at(&one, 1000 + SECONDS_PER_DAY).is_fresh(&head, 2));
        assert!(!at(&other, 1000).is_fresh(&head, 2));
        let next = at(&other, 2000).succeed(Digest::of(b"next"), Some(&head), 2).unwrap();
        assert_eq!((next.sequence, next.kid.as_str()), (2, "head-2"));
    }
}
