//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the name that a caller gives to one invocation, so that
//! it can ask again without having it done twice.

use std::str::FromStr;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::digest::Digest;
use crate::policy::Caller;

/// Longest key, in characters.
pub const MAX_KEY: usize = 128;
/// How long a key and the answer that was given under it are known, in seconds.
pub const KEEP_SECONDS: u64 = 600;

/// A key, as a structured field of type string (RFC 8941, 3.3.3) or bare: `"8e03978e"` and `8e03978e` are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an `Idempotency-Key` has 1 to {MAX_KEY} visible ASCII characters without `\"`, `\\`, `,` and `;`, in quotes or \
     bare: take a UUID"
)]
pub struct IdempotencyKeyError;

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let key = quoted.unwrap_or(text);
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',' | b';');
        if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(fits) {
            Ok(Self(key.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }
}

impl IdempotencyKey {
    /// What a key stands for: HMAC-SHA-256 (RFC 2104) of the caller, the route and the key under a key that only the
    /// operator has. Another caller's same key is another one, and nobody can make it up.
    #[must_use]
    pub fn scoped(&self, caller: &Caller, route: &str, secret: &[u8; 32]) -> Option<Digest> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        // The subject, the only part that may hold any character, comes last. No issuer's pseudonym begins like this.
        for part in ["idempotency-v1", &caller.issuer, route, &self.0] {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        mac.update(caller.subject.as_bytes());
        Some(Digest::from(<[u8; 32]>::from(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_key_is_short_visible_text_in_quotes_or_bare() {
        let key = |text: &str| text.parse::<IdempotencyKey>();
        let uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
        assert_eq!(key(uuid), key(&format!("\"{uuid}\"")));
        assert!(key(&"x".repeat(MAX_KEY)).is_ok());
        let long = "x".repeat(MAX_KEY + 1);
        for wrong in
            ["", "\"\"", "\"", "a b", "a,b", "\"a\", \"b\"", "\"a\";b=1", "a\\b", "é", "a\0", "\"a", &long]
        {
            assert_eq!(key(wrong), Err(IdempotencyKeyError), "{wrong}");
        }
    }

    #[test]
    fn a_key_stands_for_something_else_for_every_caller_route_and_operator() {
        let caller = |issuer: &str, subject: &str| Caller {
            client: None,
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            role: "r".parse().unwrap(),
            teams: BTreeSet::new(),
            elevated_until: None,
        };
        let scoped = |caller: &Caller, route: &str, key: &str, secret: u8| {
            key.parse::<IdempotencyKey>().unwrap().scoped(caller, route, &[secret; 32]).unwrap()
        };
        let all = [
            scoped(&caller("i", "s"), "POST /invoke", "k", 1),
            scoped(&caller("j", "s"), "POST /invoke", "k", 1),
            scoped(&caller("i", "t"), "POST /invoke", "k", 1),
            scoped(&caller("i", "s"), "POST /invoke/token", "k", 1),
            scoped(&caller("i", "s"), "POST /invoke", "l", 1),
            scoped(&caller("i", "s"), "POST /invoke", "k", 2),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all[0], scoped(&caller("i", "s"), "POST /invoke", "\"k\"", 1));
    }
}
