//! The rules that hold for every token we read (RFC 8725): the algorithm comes from the key, issuer, audience and
//! type are exact, life is bounded, nothing is written twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::unique::Unique;
use super::{Algorithm, PublicKey, SigningKey};

/// Largest token that is looked at, in bytes. A larger one would make every request pay for its decoding.
pub const MAX_TOKEN_BYTES: usize = 8 << 10;
/// How far clocks may differ, in seconds. Every second more keeps an expired token usable.
pub const SKEW_SECONDS: u64 = 60;

/// What a token must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`, exactly.
    pub issuer: &'a str,
    /// `aud`, exactly and alone: as a text, or as a list of one.
    pub audience: &'a str,
    /// The header's `typ`, one of these.
    pub types: &'a [&'a str],
    /// `exp − iat` at most, in seconds.
    pub max_lifetime: u64,
}

/// Why a token is refused. The texts are safe to send to whoever presented it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Larger than [`MAX_TOKEN_BYTES`].
    #[error("the token is too large")]
    TooLarge,
    /// Not a compact JWS of strict base64url parts with objects in them, or something is written twice.
    #[error("the token is malformed")]
    Malformed,
    /// The header's `alg`, `typ` or `crit` is not what this key and use demand.
    #[error("the token is of another type")]
    Type,
    /// No key has the header's `kid`.
    #[error("the token is signed by an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature does not verify")]
    Signature,
    /// Another `iss`.
    #[error("the token is from another issuer")]
    Issuer,
    /// Another `aud`.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `exp − iat` is over the bound.
    #[error("the token lives too long")]
    Lifetime,
    /// A claim that this use needs is missing or of the wrong form.
    #[error("the token lacks a claim or has one of the wrong form")]
    Claims,
    /// A claim that the issuer may not make; it names what of.
    #[error("the token claims {0} that its issuer may not give")]
    OutOfBounds(&'static str),
}

/// The header of a token; `jku`, `jwk`, `x5c` and `x5u` are deliberately not among its fields.
#[derive(Deserialize)]
struct JoseHeader {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims that every token has.
#[derive(Deserialize)]
struct CommonClaims {
    iss: String,
    aud: Audience,
    exp: u64,
    iat: u64,
    nbf: Option<u64>,
}

/// One audience, alone or as a list of one (RFC 7519 section 4.1.3). A token for several could be carried by one of
/// them to another.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Alone(String),
    Listed([String; 1]),
}

impl Audience {
    fn as_str(&self) -> &str {
        match self {
            Self::Alone(name) | Self::Listed([name]) => name,
        }
    }
}

/// A key with the one algorithm that it is for.
#[derive(Clone, Copy)]
pub(super) struct Verifier<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: &'a DecodingKey,
}

/// A compact JWS (RFC 7515 section 7.1), taken apart and not believed yet.
pub(super) struct Jws<'a> {
    header: JoseHeader,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Jws<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        decoded(signature)?;
        let header = JoseHeader::deserialize(object(header)?).map_err(|_| TokenError::Malformed)?;
        Ok(Self { header, claims: object(claims)?, signed, signature })
    }

    /// The issuer that the token names, which nothing proves yet.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// The name of the key that the token asks for.
    pub(super) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The same with this `typ` where the header has none, which RFC 7519 section 5.1 leaves to the application.
    pub(super) fn or_type(mut self, typ: &str) -> Self {
        self.header.typ.get_or_insert_with(|| typ.to_owned());
        self
    }

    /// The claims, once everything about them is verified at `now` (seconds since the epoch).
    pub(super) fn verify(
        self,
        key: Verifier<'_>,
        expected: Expected<'_>,
        now: u64,
    ) -> Result<Map<String, Value>, TokenError> {
        let typ = self.header.typ.as_deref().ok_or(TokenError::Type)?;
        let is_ours = self.header.alg == key.algorithm.name() && expected.types.contains(&typ);
        if !is_ours || self.header.crit.is_some() {
            return Err(TokenError::Type);
        }
        if !key.algorithm.verifies(self.signed.as_bytes(), self.signature, key.decoding) {
            return Err(TokenError::Signature);
        }
        check_common(&from_object(&self.claims)?, expected, now)?;
        Ok(self.claims)
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    match serde_json::from_slice(&decoded(part)?) {
        Ok(Unique(Value::Object(object))) => Ok(object),
        _ => Err(TokenError::Malformed),
    }
}

/// Verifies `token` at `now` (seconds since the epoch) and returns its claims.
///
/// # Errors
/// Any rule of this module that the token breaks.
pub fn verify<T: DeserializeOwned>(
    token: &str,
    keys: &[PublicKey],
    expected: Expected<'_>,
    now: u64,
) -> Result<T, TokenError> {
    let jws = Jws::parse(token)?;
    let key = keys.iter().find(|key| jws.kid() == Some(key.kid())).ok_or(TokenError::UnknownKey)?;
    from_object(&jws.verify(key.verifier(), expected, now)?)
}

fn from_object<T: DeserializeOwned>(claims: &Map<String, Value>) -> Result<T, TokenError> {
    T::deserialize(claims).map_err(|_| TokenError::Claims)
}

fn check_common(claims: &CommonClaims, expected: Expected<'_>, now: u64) -> Result<(), TokenError> {
    if claims.iss != expected.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud.as_str() != expected.audience {
        return Err(TokenError::Audience);
    }
    if now >= claims.exp.saturating_add(SKEW_SECONDS) {
        return Err(TokenError::Expired);
    }
    if claims.iat.max(claims.nbf.unwrap_or(0)) > now.saturating_add(SKEW_SECONDS) {
        return Err(TokenError::NotYetValid);
    }
    match claims.exp.checked_sub(claims.iat) {
        Some(lifetime) if lifetime <= expected.max_lifetime => Ok(()),
        _ => Err(TokenError::Lifetime),
    }
}

/// Signs `claims` as a compact JWS with the header `typ`.
///
/// # Errors
/// [`TokenError::Claims`] when the claims are no JSON object or the key cannot be used.
pub fn sign<T: Serialize>(claims: &T, typ: &str, key: &SigningKey) -> Result<String, TokenError> {
    let mut header = Header::new(jsonwebtoken::Algorithm::EdDSA);
    header.typ = Some(typ.to_owned());
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, claims, key.encoding()).map_err(|_| TokenError::Claims)
}

#[cfg(test)]
mod tests;
