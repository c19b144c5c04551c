//! What an edge says of itself under `/.well-known/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::token::PublicKey;

/// Answer of `GET /.well-known/jwks.json`: a JSON Web Key Set (RFC 7517).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<PublishedKey>,
}

/// A public key with what it is for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PublishedKey {
    /// The key.
    #[serde(flatten)]
    pub key: PublicKey,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`: for signatures.
    #[serde(rename = "use")]
    pub purpose: String,
}

impl PublishedKey {
    /// A key for the edge's signatures.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        Self { key, alg: "EdDSA".to_owned(), purpose: "sig".to_owned() }
    }
}

/// Answer of `GET /.well-known/oauth-protected-resource` (RFC 9728).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProtectedResource {
    /// The edge's address.
    pub resource: String,
    /// The issuers whose tokens it takes.
    pub authorization_servers: Vec<String>,
    /// How a token is sent: `header`.
    pub bearer_methods_supported: Vec<String>,
}
