//! What a browser keeps for the edge while its user signs in elsewhere.

use serde::{Deserialize, Serialize};

use super::{Expected, PublicKey, SigningKey, TokenError, sign, verify};

/// The header's `typ`.
pub const LOGIN_TYPE: &str = "guildhall-login+jwt";
/// How long a sign-in may take, in seconds.
pub const LOGIN_LIFETIME: u64 = 10 * 60;

/// The claims of a sign-in that has begun. They are signed and can be read: all of it is the browser's own, and nothing of
/// it is of use without the code that comes back to the same browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginClaims {
    /// The edge that signed.
    pub iss: String,
    /// The edge that reads: the same.
    pub aud: String,
    /// Issued, seconds since the epoch.
    pub iat: u64,
    /// Not accepted after, seconds since the epoch.
    pub exp: u64,
    /// Comes back beside the code (RFC 6749 section 10.12): a code that someone else brought lacks it.
    pub state: String,
    /// Comes back within the ID token (OpenID Connect Core 1.0 section 15.5.2).
    pub nonce: String,
    /// The code verifier (RFC 7636).
    pub verifier: String,
    /// The path to show in the end.
    pub to: String,
}

impl LoginClaims {
    /// The claims as a token.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn sign(&self, key: &SigningKey) -> Result<String, TokenError> {
        sign(self, LOGIN_TYPE, key)
    }

    /// Verifies what a browser brings back to the edge `origin`.
    ///
    /// # Errors
    /// Any rule of [`verify`].
    pub fn verify(token: &str, key: PublicKey, origin: &str, now: u64) -> Result<Self, TokenError> {
        let expected =
            Expected { issuer: origin, audience: origin, types: &[LOGIN_TYPE], max_lifetime: LOGIN_LIFETIME };
        verify(token, &[key], expected, now)
    }
}
