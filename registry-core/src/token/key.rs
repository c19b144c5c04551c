//! Ed25519 keys (RFC 8032) as JSON Web Keys (RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{DecodingKey, EncodingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Algorithm;
use super::strict::Verifier;

/// Keys with such a `kid` are made by the program for trying it out and are refused outside development mode.
pub const DEVELOPMENT_KID_PREFIX: &str = "development-";

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an Ed25519 key in the form of RFC 8037.
    #[error("`{0}` is not an Ed25519 JSON Web Key")]
    Malformed(String),
    /// A development key in production.
    #[error("`{0}` is a development key, and this is not development mode")]
    Development(String),
}

/// Exactly what a key file or a configuration holds.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JsonWebKey")]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    d: Option<String>,
}

impl Jwk {
    fn new(kid: &str, public: [u8; 32], seed: Option<[u8; 32]>) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: kid.to_owned(),
            x: URL_SAFE_NO_PAD.encode(public),
            d: seed.map(|seed| URL_SAFE_NO_PAD.encode(seed)),
        }
    }

    fn bytes(&self, field: Option<&String>) -> Result<[u8; 32], KeyError> {
        let malformed = || KeyError::Malformed(self.kid.clone());
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(malformed());
        }
        let decoded = URL_SAFE_NO_PAD.decode(field.ok_or_else(malformed)?).map_err(|_| malformed())?;
        decoded.try_into().map_err(|_| malformed())
    }
}

/// The public key of these bytes. One of small order is none: under it signatures verify that nobody made.
pub(super) fn verifying(bytes: &[u8; 32]) -> Option<DecodingKey> {
    let point = ed25519_dalek::VerifyingKey::from_bytes(bytes).ok()?;
    (!point.is_weak()).then(|| DecodingKey::from_ed_der(bytes))
}

/// A public key. Serialises as its JSON Web Key.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Jwk", into = "Jwk")]
pub struct PublicKey {
    kid: String,
    bytes: [u8; 32],
    decoding: DecodingKey,
}

impl PublicKey {
    fn from_bytes(kid: String, bytes: [u8; 32]) -> Result<Self, KeyError> {
        match verifying(&bytes) {
            Some(decoding) => Ok(Self { kid, bytes, decoding }),
            None => Err(KeyError::Malformed(kid)),
        }
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether the program made the key for trying it out.
    #[must_use]
    pub fn is_development(&self) -> bool {
        is_development(&self.kid)
    }

    /// Whether `signature` (base64url, no padding) is this key's over `message`. Any error is a no.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        Algorithm::EdDsa.verifies(message, signature, &self.decoding)
    }

    /// The member `x` of its JSON Web Key.
    pub(super) fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes)
    }

    pub(super) fn verifier(&self) -> Verifier<'_> {
        Verifier { algorithm: Algorithm::EdDsa, decoding: &self.decoding }
    }
}

impl TryFrom<Jwk> for PublicKey {
    type Error = KeyError;
    fn try_from(jwk: Jwk) -> Result<Self, KeyError> {
        let bytes = jwk.bytes(Some(&jwk.x))?;
        Self::from_bytes(jwk.kid, bytes)
    }
}

impl From<PublicKey> for Jwk {
    fn from(key: PublicKey) -> Self {
        Self::new(&key.kid, key.bytes, None)
    }
}

/// A private key. Serialises as its JSON Web Key with `d`; never printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Jwk", into = "Jwk")]
pub struct SigningKey {
    public: PublicKey,
    seed: [u8; 32],
    encoding: EncodingKey,
}

impl SigningKey {
    /// The key of a 32-byte seed, which must come from a good source of randomness.
    ///
    /// # Errors
    /// When the key cannot be encoded, which no seed causes.
    pub fn from_seed(kid: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(kid.to_owned());
        let pair = ed25519_dalek::SigningKey::from_bytes(&seed);
        let pkcs8 = pair.to_pkcs8_der().map_err(|_| malformed())?;
        Ok(Self {
            public: PublicKey::from_bytes(kid.to_owned(), pair.verifying_key().to_bytes())?,
            seed,
            encoding: EncodingKey::from_ed_der(pkcs8.as_bytes()),
        })
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// The signature over `message`, base64url without padding.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        jsonwebtoken::crypto::sign(message, &self.encoding, jsonwebtoken::Algorithm::EdDSA)
            .map_err(|_| KeyError::Malformed(self.kid().to_owned()))
    }

    pub(super) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
}

impl TryFrom<Jwk> for SigningKey {
    type Error = KeyError;
    fn try_from(jwk: Jwk) -> Result<Self, KeyError> {
        let key = Self::from_seed(&jwk.kid, jwk.bytes(jwk.d.as_ref())?)?;
        if key.public.bytes == jwk.bytes(Some(&jwk.x))? { Ok(key) } else { Err(KeyError::Malformed(jwk.kid)) }
    }
}

impl From<SigningKey> for Jwk {
    fn from(key: SigningKey) -> Self {
        Self::new(key.kid(), key.public.bytes, Some(key.seed))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid())
    }
}

/// Whether the program made the key of this name for trying it out.
fn is_development(kid: &str) -> bool {
    kid.starts_with(DEVELOPMENT_KID_PREFIX)
}

/// Refuses development keys, which their names tell, outside development mode.
///
/// # Errors
/// [`KeyError::Development`] naming the first such key.
pub fn development_keys_only_in<'a>(
    development: bool,
    kids: impl IntoIterator<Item = &'a str>,
) -> Result<(), KeyError> {
    match kids.into_iter().find(|kid| is_development(kid)) {
        Some(kid) if !development => Err(KeyError::Development(kid.to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_as_json_web_keys() {
        let key = SigningKey::from_seed("k1", [7; 32]).unwrap();
        let read: SigningKey = serde_json::from_str(&serde_json::to_string(&key).unwrap()).unwrap();
        let public: PublicKey = serde_json::from_str(&serde_json::to_string(&key.public()).unwrap()).unwrap();
        let signature = read.sign(b"message").unwrap();
        assert!(public.verifies(b"message", &signature));
        assert!(!public.verifies(b"other", &signature));
        assert!(!public.verifies(b"message", "not a signature"));
        assert!(!serde_json::to_string(&key.public()).unwrap().contains("\"d\""));
        assert_eq!(format!("{key:?}"), "SigningKey(k1)");
    }

    #[test]
    fn a_private_key_whose_halves_disagree_is_refused() {
        let one = serde_json::to_value(SigningKey::from_seed("k", [1; 32]).unwrap()).unwrap();
        let mut two = serde_json::to_value(SigningKey::from_seed("k", [2; 32]).unwrap()).unwrap();
        two["x"] = one["x"].clone();
        assert!(serde_json::from_value::<SigningKey>(two).is_err());
        let mut rsa = one;
        rsa["kty"] = "RSA".into();
        assert!(serde_json::from_value::<SigningKey>(rsa).is_err());
    }

    #[test]
    fn a_public_key_under_which_anything_verifies_is_refused() {
        for bytes in [[0; 32], std::array::from_fn(|at| u8::from(at == 0))] {
            let jwk = Jwk::new("weak", bytes, None);
            assert_eq!(PublicKey::try_from(jwk).unwrap_err(), KeyError::Malformed("weak".to_owned()));
        }
    }

    #[test]
    fn development_keys_are_for_development() {
        let key = SigningKey::from_seed("development-head", [1; 32]).unwrap().public();
        assert!(development_keys_only_in(true, [key.kid()]).is_ok());
        assert_eq!(
            development_keys_only_in(false, [key.kid()]),
            Err(KeyError::Development("development-head".to_owned()))
        );
    }
}
