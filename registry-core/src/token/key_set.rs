//! The keys of an issuer, as a list or as the JWK set that it publishes (RFC 7517 section 5).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::unique::Unique;
use super::{IdentityKey, IdentityKeyError};

/// Most keys of a set, usable or not: every request with a token looks through them.
pub const MAX_KEYS: usize = 64;

/// The keys of an issuer, each under a name of its own. Two or more at once let an issuer change its key while tokens of
/// the former one live.
///
/// Reading passes over keys that are not meant to verify our tokens (another `kty` or `crv`, `use: enc`, another
/// `alg`), and refuses the whole set when one that is meant to cannot be used. Serialises as a list of JSON Web Keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Unique")]
pub struct IdentityKeys(Vec<IdentityKey>);

impl IdentityKeys {
    /// The key of this name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&IdentityKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &IdentityKey> {
        self.0.iter()
    }

    /// Whether none can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<IdentityKey> for IdentityKeys {
    fn from(key: IdentityKey) -> Self {
        Self(vec![key])
    }
}

impl TryFrom<Unique> for IdentityKeys {
    type Error = IdentityKeyError;

    fn try_from(Unique(value): Unique) -> Result<Self, IdentityKeyError> {
        let list = listed(&value).ok_or(IdentityKeyError::NotKeys)?;
        if list.len() > MAX_KEYS {
            return Err(IdentityKeyError::TooMany(list.len()));
        }
        let mut keys = Self(Vec::new());
        for jwk in list {
            match IdentityKey::read(jwk)? {
                Some(key) if keys.get(key.kid()).is_some() => {
                    return Err(IdentityKeyError::Repeated(key.kid().to_owned()));
                }
                Some(key) => keys.0.push(key),
                None => {}
            }
        }
        Ok(keys)
    }
}

fn listed(value: &Value) -> Option<&[Value]> {
    let list = if value.is_object() { value.get("keys")? } else { value };
    list.as_array().map(Vec::as_slice)
}

#[cfg(test)]
mod tests;
