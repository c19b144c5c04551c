//! The invoke token: the edge's word to one sandbox that this execution was decided.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Expected, MAX_INVOKE_LIFETIME, PublicKey, TokenError, verify};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Permissions, SkillType};
use crate::organisation::Limits;

/// The header's `typ`.
pub const INVOKE_TYPE: &str = "skill-invoke+jwt";

/// The claims of an invoke token. It is good for one execution: the sandbox keeps `jti`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvokeClaims {
    /// The edge.
    pub iss: String,
    /// The one sandbox that may accept it.
    pub aud: String,
    /// Pseudonym of the caller.
    pub sub: String,
    /// The caller's role.
    pub act: String,
    /// Unique per token: makes it one-use.
    pub jti: String,
    /// Names the invocation in every log.
    pub txn: String,
    /// What the sandbox runs once for, however many tokens name it: made of the caller's `Idempotency-Key` where there
    /// is one, else `txn`.
    pub idem: String,
    /// Issued, seconds since the epoch.
    pub iat: u64,
    /// Not before, seconds since the epoch.
    pub nbf: u64,
    /// Not accepted after, seconds since the epoch.
    pub exp: u64,
    /// The skill.
    pub skill: SkillId,
    /// The release's version.
    pub version: Version,
    /// The release's source digest: what the sandbox unpacks must have it.
    pub digest: Digest,
    /// Digest of the closure that travels in the body.
    pub closure_digest: Digest,
    /// SHA-256 of the exact request body.
    pub payload_sha256: Digest,
    /// What is to be done.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// What the execution may use.
    pub limits: Limits,
    /// What the execution may touch.
    pub permissions: Permissions,
}

impl InvokeClaims {
    /// Verifies an invoke token presented with `body` to the sandbox `audience`.
    ///
    /// # Errors
    /// Any rule of [`verify`], or [`TokenError::Claims`] when the body is not the one that was signed for.
    pub fn verify(
        token: &str,
        body: &[u8],
        keys: &[PublicKey],
        issuer: &str,
        audience: &str,
        now: u64,
    ) -> Result<Self, TokenError> {
        let expected =
            Expected { issuer, audience, types: &[INVOKE_TYPE], max_lifetime: MAX_INVOKE_LIFETIME };
        let claims: Self = verify(token, keys, expected, now)?;
        if claims.payload_sha256 == Digest::of(body) { Ok(claims) } else { Err(TokenError::Claims) }
    }
}
