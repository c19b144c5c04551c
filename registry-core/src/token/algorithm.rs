//! The signature algorithms of tokens.

use std::fmt;

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

/// A signature algorithm, by its name in RFC 7518 section 3.1 and RFC 8037 section 3.1. It is always that of a
/// configured key: a token that could choose would choose `none`, or a key's public half as a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256; verified only, never signed (RUSTSEC-2023-0071).
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// The name in headers and configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether `signature` (base64url, no padding) is that of `key` over `message`. Any error is a no.
    pub(super) fn verifies(self, message: &[u8], signature: &str, key: &DecodingKey) -> bool {
        let algorithm = match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        };
        jsonwebtoken::crypto::verify(signature, message, key, algorithm).unwrap_or(false)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
