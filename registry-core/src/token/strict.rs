//! The rules that hold for every token we read (RFC 8725): the algorithm comes from the key, issuer, audience and
//! type are exact, life is bounded, nothing is written twice.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{PublicKey, SigningKey};

/// Largest token that is looked at, in bytes. A larger one would make every request pay for its decoding.
pub const MAX_TOKEN_BYTES: usize = 8 << 10;
/// How far clocks may differ, in seconds. Every second more keeps an expired token usable.
pub const SKEW_SECONDS: u64 = 60;

/// What a token must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`, exactly.
    pub issuer: &'a str,
    /// `aud`, exactly and alone.
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
}

/// The header of a token; `jku`, `jwk` and `x5u` are deliberately not among its fields.
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
    aud: String,
    exp: u64,
    iat: u64,
    nbf: Option<u64>,
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
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLarge);
    }
    let key = key_for(token, keys, expected.types)?;
    let claims = verified_claims(token, key)?;
    let common: CommonClaims = from_object(&claims)?;
    check_common(&common, expected, now)?;
    from_object(&claims)
}

fn key_for<'a>(token: &str, keys: &'a [PublicKey], types: &[&str]) -> Result<&'a PublicKey, TokenError> {
    let encoded = token.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed)?;
    let NoDuplicates(header) = serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)?;
    let header: JoseHeader = serde_json::from_value(header).map_err(|_| TokenError::Malformed)?;
    let typ = header.typ.as_deref().ok_or(TokenError::Type)?;
    if header.alg != "EdDSA" || header.crit.is_some() || !types.contains(&typ) {
        return Err(TokenError::Type);
    }
    let kid = header.kid.ok_or(TokenError::UnknownKey)?;
    keys.iter().find(|key| key.kid() == kid).ok_or(TokenError::UnknownKey)
}

fn verified_claims(token: &str, key: &PublicKey) -> Result<Map<String, Value>, TokenError> {
    use jsonwebtoken::errors::ErrorKind;
    // Issuer, audience and times are ours to check: the library would read the system's clock.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let data =
        jsonwebtoken::decode::<NoDuplicates>(token, key.decoding(), &validation).map_err(
            |error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                _ => TokenError::Malformed,
            },
        )?;
    match data.claims {
        NoDuplicates(Value::Object(claims)) => Ok(claims),
        NoDuplicates(_) => Err(TokenError::Malformed),
    }
}

fn from_object<T: DeserializeOwned>(claims: &Map<String, Value>) -> Result<T, TokenError> {
    T::deserialize(claims).map_err(|_| TokenError::Claims)
}

fn check_common(claims: &CommonClaims, expected: Expected<'_>, now: u64) -> Result<(), TokenError> {
    if claims.iss != expected.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != expected.audience {
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
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(typ.to_owned());
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, claims, key.encoding()).map_err(|_| TokenError::Claims)
}

/// A JSON value in which no object, at any depth, has one key twice (RFC 7519 section 4 leaves it to the parser;
/// two parsers that choose differently would see two different tokens).
struct NoDuplicates(Value);

impl<'de> Deserialize<'de> for NoDuplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoDuplicatesVisitor)
    }
}

struct NoDuplicatesVisitor;

impl<'de> Visitor<'de> for NoDuplicatesVisitor {
    type Value = NoDuplicates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated keys")
    }

    fn visit_bool<E>(self, value: bool) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(value.into()))
    }

    fn visit_unit<E>(self) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NoDuplicates, A::Error> {
        let mut list = Vec::new();
        while let Some(NoDuplicates(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(NoDuplicates(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<NoDuplicates, A::Error> {
        let mut object = Map::new();
        while let Some((key, NoDuplicates(value))) = entries.next_entry::<String, NoDuplicates>()? {
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key is written twice"));
            }
        }
        Ok(NoDuplicates(object.into()))
    }
}

#[cfg(test)]
mod tests;
