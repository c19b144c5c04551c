//! The public keys of issuers of identity tokens: Ed25519, P-256 and RSA as JSON Web Keys.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key::verifying;
use super::strict::Verifier;
use super::{Algorithm, PublicKey};

/// Bits of an RSA modulus: fewer can be factored (NIST SP 800-131A), more make every request dear.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The least RSA exponent (NIST SP 800-56B section 6.2): smaller ones have let forged paddings pass.
const MIN_RSA_EXPONENT: u32 = 65_537;
/// Longest name of a key, in bytes.
const MAX_KID_BYTES: usize = 256;

/// Why an issuer's keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityKeyError {
    /// Neither a list of JSON Web Keys nor a JWK set.
    #[error("the keys are neither a list of JSON Web Keys nor a JWK set; give `[…]` or `{{\"keys\": […]}}`")]
    NotKeys,
    /// More keys than are looked at.
    #[error("there are {0} keys, at most {max} are taken; leave out those that no longer sign", max = super::MAX_KEYS)]
    TooMany(usize),
    /// A key without `kid`.
    #[error("a key has no `kid` of 1 to {MAX_KID_BYTES} bytes; tokens name the key that signed them by it")]
    NoKid,
    /// Two keys of one name.
    #[error("the `kid` `{0}` is given to two keys; give each a name of its own")]
    Repeated(String),
    /// The private half stands beside the public one.
    #[error(
        "the key `{0}` comes with its private half; give the public half, and sign with another key from now on"
    )]
    Private(String),
    /// The key is not what it says it is.
    #[error("the key `{kid}` cannot be used: {why}")]
    Unusable {
        /// The key's name.
        kid: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What tells which keys are for us (RFC 7517 section 4), and the private half, which has no business here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    d: Option<IgnoredAny>,
}

impl Jwk {
    /// The algorithm of a key that may verify tokens; `None` for all others.
    fn algorithm(&self) -> Option<Algorithm> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
            ("EC", Some("P-256")) => Algorithm::Es256,
            ("RSA", _) => Algorithm::Rs256,
            _ => return None,
        };
        let is_named =
            |name: &str| name == algorithm.name() || (algorithm, name) == (Algorithm::EdDsa, "Ed25519");
        let is_ours = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|one| one == "verify"))
            && self.alg.as_deref().is_none_or(is_named);
        is_ours.then_some(algorithm)
    }
}

/// The members of a public key (RFC 7518 section 6, RFC 8037 section 2). Decoding is strict, so equal keys have equal
/// members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
enum Members {
    #[serde(rename = "OKP")]
    Okp { crv: String, x: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
}

impl Members {
    fn decoding(&self) -> Result<DecodingKey, &'static str> {
        match self {
            Self::Okp { x, .. } => ed25519(x).ok_or("it is no Ed25519 key"),
            Self::Ec { x, y, .. } => p256(x, y).ok_or("it is no point of P-256"),
            Self::Rsa { n, e } => rsa(n, e),
        }
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn ed25519(x: &str) -> Option<DecodingKey> {
    let bytes: [u8; 32] = decoded(x)?.try_into().ok()?;
    verifying(&bytes)
}

/// The key of a point that lies on the curve: one that does not would verify in another group (RFC 8725 section 3.4).
fn p256(x: &str, y: &str) -> Option<DecodingKey> {
    let (x, y) = (decoded(x)?, decoded(y)?);
    if x.len() != 32 || y.len() != 32 {
        return None;
    }
    let point = [&[4][..], &x, &y].concat();
    p256::PublicKey::from_sec1_bytes(&point).ok()?;
    Some(DecodingKey::from_ec_der(&point))
}

fn rsa(n: &str, e: &str) -> Result<DecodingKey, &'static str> {
    let modulus = decoded(n).filter(|n| is_odd(n)).ok_or("its modulus `n` is malformed")?;
    if !bits(&modulus).is_some_and(|bits| RSA_BITS.contains(&bits)) {
        return Err("its modulus `n` must have 2048 to 4096 bits and no zeros in front");
    }
    let bytes = decoded(e).filter(|e| is_odd(e)).ok_or("its exponent `e` is malformed")?;
    if small(&bytes).is_none_or(|exponent| exponent < MIN_RSA_EXPONENT) {
        return Err("its exponent `e` must be from 65537 to 4294967295, without zeros in front");
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &bytes))
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte % 2 == 1)
}

/// The length of a number without leading zero bytes (RFC 7518 section 2, `Base64urlUInt`).
fn bits(number: &[u8]) -> Option<usize> {
    let zeros = number.first()?.leading_zeros();
    (zeros < 8).then(|| number.len() * 8 - zeros as usize)
}

fn small(number: &[u8]) -> Option<u32> {
    let fits = bits(number)? <= 32;
    fits.then(|| number.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

/// A public key of an issuer, with the one algorithm that it is for. Serialises as its JSON Web Key.
#[derive(Clone, Serialize)]
pub struct IdentityKey {
    kid: String,
    #[serde(flatten)]
    members: Members,
    #[serde(skip)]
    algorithm: Algorithm,
    #[serde(skip)]
    decoding: DecodingKey,
}

impl IdentityKey {
    /// The key of a JSON Web Key; `None` for one that is not meant to verify our tokens: of another `kty`, `crv`, `use`,
    /// `key_ops` or `alg` (RFC 7517 section 5).
    pub(super) fn read(jwk: &Value) -> Result<Option<Self>, IdentityKeyError> {
        let named = Jwk::deserialize(jwk).map_err(|_| IdentityKeyError::NotKeys)?;
        let Some(algorithm) = named.algorithm() else { return Ok(None) };
        let kid = named.kid.filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()));
        let kid = kid.ok_or(IdentityKeyError::NoKid)?;
        if named.d.is_some() {
            return Err(IdentityKeyError::Private(kid));
        }
        let read = || {
            let members = Members::deserialize(jwk).map_err(|_| "a member is missing or no text")?;
            let decoding = members.decoding()?;
            Ok((members, decoding))
        };
        match read() {
            Ok((members, decoding)) => Ok(Some(Self { kid, members, algorithm, decoding })),
            Err(why) => Err(IdentityKeyError::Unusable { kid, why }),
        }
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that it verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the two are one key, whatever their names.
    #[must_use]
    pub fn is_same_pair(&self, other: &Self) -> bool {
        self.members == other.members
    }

    pub(super) fn verifier(&self) -> Verifier<'_> {
        Verifier { algorithm: self.algorithm, decoding: &self.decoding }
    }
}

impl From<&PublicKey> for IdentityKey {
    fn from(key: &PublicKey) -> Self {
        let Verifier { algorithm, decoding } = key.verifier();
        let members = Members::Okp { crv: "Ed25519".to_owned(), x: key.x() };
        Self { kid: key.kid().to_owned(), members, algorithm, decoding: decoding.clone() }
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({}, {})", self.kid, self.algorithm)
    }
}
