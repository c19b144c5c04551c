//! The bundle token: lets a sandbox fetch the bundles of one execution from the edge, and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Expected, MAX_INVOKE_LIFETIME, PublicKey, TokenError, verify};
use crate::digest::Digest;

/// The header's `typ`.
pub const BUNDLE_TYPE: &str = "skill-bundle+jwt";

/// The claims of a bundle token. It may be used many times within its minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleClaims {
    /// The edge that signed.
    pub iss: String,
    /// The edge that serves: the same.
    pub aud: String,
    /// Names the invocation in every log.
    pub txn: String,
    /// Issued, seconds since the epoch.
    pub iat: u64,
    /// Not accepted after, seconds since the epoch.
    pub exp: u64,
    /// The bundles that may be fetched.
    pub digests: BTreeSet<Digest>,
}

impl BundleClaims {
    /// Verifies a bundle token presented to the edge `origin`.
    ///
    /// # Errors
    /// Any rule of [`verify`].
    pub fn verify(token: &str, keys: &[PublicKey], origin: &str, now: u64) -> Result<Self, TokenError> {
        let expected = Expected {
            issuer: origin,
            audience: origin,
            types: &[BUNDLE_TYPE],
            max_lifetime: MAX_INVOKE_LIFETIME,
        };
        verify(token, keys, expected, now)
    }
}
