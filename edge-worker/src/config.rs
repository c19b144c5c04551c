//! The edge's own configuration: keys it holds and keys it trusts. Nothing of it comes from a catalog.

use registry_core::digest::Digest;
use registry_core::token::{Issuer, KeyError, PublicKey, SigningKey, development_keys_only_in};
use serde::{Deserialize, Serialize};

/// Where executions go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxConfig {
    /// Its address, without a trailing slash.
    pub url: String,
    /// The name under which it accepts tokens.
    pub audience: String,
}

/// The configuration, as its file or secret holds it in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeConfig {
    /// The edge's own name: issuer of the tokens that it signs.
    pub origin: String,
    /// Whether development keys and working-tree catalogs are accepted.
    #[serde(default)]
    pub development: bool,
    /// Keys whose signature on a head is believed.
    pub head_keys: Vec<PublicKey>,
    /// Signs invoke and bundle tokens.
    pub invoke_key: SigningKey,
    /// Issuers of identity tokens.
    pub identity: Vec<Issuer>,
    /// Where executions go.
    pub sandbox: SandboxConfig,
    /// Key of the pseudonyms in the usage log: 64 hexadecimal digits.
    pub pseudonym_key: Digest,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not the JSON of this format.
    #[error("the edge's configuration is not valid")]
    Json(#[from] serde_json::Error),
    /// A development key outside development mode.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// One key pair for two purposes: whoever may use it for one could forge the other.
    #[error("the key `{0}` serves two purposes; each needs a key of its own")]
    Shared(String),
}

impl EdgeConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Any [`ConfigError`].
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_slice(json)?;
        let invoke = config.invoke_key.public();
        let identity = config.identity.iter().flat_map(|issuer| &issuer.keys);
        let all = config.head_keys.iter().chain(identity).chain([&invoke]);
        development_keys_only_in(config.development, all)?;
        config.check_purposes()?;
        Ok(config)
    }

    fn check_purposes(&self) -> Result<(), ConfigError> {
        let invoke = self.invoke_key.public();
        let identity: Vec<&PublicKey> = self.identity.iter().flat_map(|issuer| &issuer.keys).collect();
        let mut others = self.head_keys.iter().chain(identity.iter().copied());
        let shared = others
            .find(|key| key.is_same_pair(&invoke))
            .or_else(|| self.head_keys.iter().find(|head| identity.iter().any(|key| key.is_same_pair(head))));
        shared.map_or(Ok(()), |key| Err(ConfigError::Shared(key.kid().to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kid: &str, development: bool) -> Vec<u8> {
        let key = SigningKey::from_seed(kid, [1; 32]).unwrap();
        let idp = SigningKey::from_seed("idp-1", [2; 32]).unwrap();
        let config = EdgeConfig {
            origin: "https://edge".to_owned(),
            development,
            head_keys: vec![],
            invoke_key: key.clone(),
            identity: vec![Issuer::development(idp.public())],
            sandbox: SandboxConfig { url: "http://x".to_owned(), audience: "s".to_owned() },
            pseudonym_key: Digest::of(b""),
        };
        serde_json::to_vec(&config).unwrap()
    }

    #[test]
    fn development_keys_are_refused_outside_development_mode() {
        assert!(EdgeConfig::parse(&json("invoke-1", false)).is_ok());
        assert!(EdgeConfig::parse(&json("development-invoke", true)).is_ok());
        assert!(matches!(EdgeConfig::parse(&json("development-invoke", false)), Err(ConfigError::Key(_))));
        assert!(matches!(EdgeConfig::parse(b"{}"), Err(ConfigError::Json(_))));
    }

    #[test]
    fn a_key_has_one_purpose() {
        let mut config: EdgeConfig = serde_json::from_slice(&json("invoke-1", false)).unwrap();
        let refused = |config: &EdgeConfig| {
            matches!(EdgeConfig::parse(&serde_json::to_vec(config).unwrap()), Err(ConfigError::Shared(_)))
        };
        config.head_keys = vec![SigningKey::from_seed("head-1", [1; 32]).unwrap().public()];
        assert!(refused(&config), "head and invoke");
        config.head_keys = vec![SigningKey::from_seed("head-1", [2; 32]).unwrap().public()];
        assert!(refused(&config), "head and identity");
        config.head_keys = vec![SigningKey::from_seed("head-1", [3; 32]).unwrap().public()];
        assert!(!refused(&config));
    }
}
