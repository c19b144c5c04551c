//! The edge's own configuration: keys it holds and keys it trusts. Nothing of it comes from a catalog.

use registry_core::digest::Digest;
use registry_core::token::{
    IdentityKey, IdentityKeys, Issuer, IssuerError, KeyError, KeyPlace, KeysUrl, PublicKey, SigningKey,
    check_issuers, development_keys_only_in,
};
use serde::{Deserialize, Serialize};

use crate::telemetry::{TelemetryConfig, TelemetryError};

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
    /// Signs the sessions of browsers. Without it there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_key: Option<SigningKey>,
    /// Where people sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcConfig>,
    /// Where executions go.
    pub sandbox: SandboxConfig,
    /// Key of the pseudonyms in the usage log: 64 hexadecimal digits.
    pub pseudonym_key: Digest,
    /// Where traces go; without it, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryConfig>,
    /// Whether a line is logged of every request: its `txn`, route, status, code and duration.
    #[serde(default)]
    pub log_requests: bool,
}

/// The edge as a client of an OpenID provider (OpenID Connect Core 1.0, RFC 6749).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider: one of the issuers of `identity`, whose keys, claims and bounds hold for its ID tokens.
    pub issuer: String,
    /// The name that the provider knows the edge by, and the audience of its ID tokens.
    pub client_id: String,
    /// What proves to the provider that it is the edge that asks. A public client has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// Where browsers are sent to.
    pub authorization_endpoint: KeysUrl,
    /// Where the edge gets ID tokens.
    pub token_endpoint: KeysUrl,
    /// What is asked for beside `openid`: whatever has the provider put the claims into its ID tokens.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A text that is never printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
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
    /// An issuer that cannot be believed as it is configured.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// One key pair for two purposes: whoever may use it for one could forge the other.
    #[error("the key `{0}` serves two purposes; each needs a key of its own")]
    Shared(String),
    /// Telemetry that could not be sent.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// A provider whose ID tokens nothing could verify.
    #[error(
        "`oidc` names the issuer `{0}`, which `identity` does not have; add it there, with its keys and bounds"
    )]
    UnknownProvider(String),
    /// People could sign in, and nothing could remember it.
    #[error("`oidc` needs a `session_key`; make one with `guildhall key new session-1`")]
    NoSessionKey,
    /// Codes and secrets over a line on which anybody could read them.
    #[error("`{0}` of `oidc` is plain HTTP, which is for development mode; give an `https://` address")]
    PlainProvider(String),
    /// Keys in a file, on a host that has none.
    #[error(
        "the keys of the issuer `{issuer}` lie in the file `{file}`, and a Worker has none; give them here, or by `url`"
    )]
    File {
        /// The issuer.
        issuer: String,
        /// The file.
        file: String,
    },
}

impl EdgeConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Any [`ConfigError`].
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_slice(json)?;
        let keys = config.keys();
        let kids = keys.iter().flatten().map(IdentityKey::kid);
        development_keys_only_in(config.development, kids)?;
        check_issuers(&config.identity, config.development)?;
        check_purposes(&keys)?;
        config.telemetry.as_ref().map_or(Ok(()), TelemetryConfig::check)?;
        config.check_provider()?;
        Ok(config)
    }

    fn check_provider(&self) -> Result<(), ConfigError> {
        let Some(oidc) = &self.oidc else { return Ok(()) };
        if self.session_key.is_none() {
            return Err(ConfigError::NoSessionKey);
        }
        if !self.identity.iter().any(|issuer| issuer.issuer == oidc.issuer) {
            return Err(ConfigError::UnknownProvider(oidc.issuer.clone()));
        }
        let endpoints = [&oidc.authorization_endpoint, &oidc.token_endpoint];
        match endpoints.into_iter().find(|url| url.is_plain()) {
            Some(url) if !self.development => Err(ConfigError::PlainProvider(url.as_str().to_owned())),
            _ => Ok(()),
        }
    }

    /// The configuration, if it needs no files.
    ///
    /// # Errors
    /// [`ConfigError::File`].
    pub fn without_files(self) -> Result<Self, ConfigError> {
        let found = self.identity.iter().find_map(|issuer| match issuer.keys.place() {
            Some(KeyPlace::File { file }) => Some((issuer.issuer.clone(), file.clone())),
            _ => None,
        });
        match found {
            Some((issuer, file)) => Err(ConfigError::File { issuer, file }),
            None => Ok(self),
        }
    }

    /// Checks a set of keys that an issuer publishes as those that stand here are checked: neither what is made for
    /// development nor a key that something else is believed by.
    ///
    /// # Errors
    /// [`ConfigError::Key`] or [`ConfigError::Shared`].
    pub(crate) fn check_set(&self, set: &IdentityKeys) -> Result<(), ConfigError> {
        development_keys_only_in(self.development, set.iter().map(IdentityKey::kid))?;
        let mut purposes = self.keys();
        purposes.push(set.iter().cloned().collect());
        check_purposes(&purposes)
    }

    /// Every key here that something is believed by, those of one purpose together.
    fn keys(&self) -> Vec<Vec<IdentityKey>> {
        let own = vec![IdentityKey::from(&self.invoke_key.public())];
        let session = self.session_key.iter().map(|key| IdentityKey::from(&key.public())).collect();
        let head = self.head_keys.iter().map(IdentityKey::from).collect();
        let inline = self.identity.iter().filter_map(|issuer| issuer.keys.inline());
        [own, session, head].into_iter().chain(inline.map(|keys| keys.iter().cloned().collect())).collect()
    }
}

fn check_purposes(purposes: &[Vec<IdentityKey>]) -> Result<(), ConfigError> {
    for (at, keys) in purposes.iter().enumerate() {
        let mut others = purposes.iter().skip(at + 1).flatten();
        if let Some(shared) = others.find(|other| keys.iter().any(|key| key.is_same_pair(other))) {
            return Err(ConfigError::Shared(shared.kid().to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use registry_core::token::{Bound, Bounds};
    use serde_json::{Value, json};

    use super::*;

    fn key(kid: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(kid, [seed; 32]).unwrap()
    }

    fn config() -> EdgeConfig {
        let bounds = Bounds { teams: Bound::Any, roles: Bound::Any, may_elevate: false };
        EdgeConfig {
            origin: "https://edge".to_owned(),
            development: false,
            head_keys: vec![],
            invoke_key: key("invoke-1", 1),
            identity: vec![Issuer { bounds: Some(bounds), ..Issuer::development(&key("idp-1", 2).public()) }],
            session_key: None,
            oidc: None,
            sandbox: SandboxConfig { url: "http://x".to_owned(), audience: "s".to_owned() },
            pseudonym_key: Digest::of(b""),
            telemetry: None,
            log_requests: false,
        }
    }

    fn parsed(config: &EdgeConfig) -> Result<EdgeConfig, ConfigError> {
        EdgeConfig::parse(&serde_json::to_vec(config).unwrap())
    }

    #[test]
    fn development_keys_are_refused_outside_development_mode() {
        let with = |kid, development| {
            parsed(&EdgeConfig { development, invoke_key: key(kid, 1), ..config() }).map(drop)
        };
        assert!(with("invoke-1", false).is_ok());
        assert!(with("development-invoke", true).is_ok());
        assert!(matches!(with("development-invoke", false), Err(ConfigError::Key(_))));
        let identity = EdgeConfig {
            identity: vec![Issuer::development(&key("development-identity", 2).public())],
            ..config()
        };
        assert!(matches!(parsed(&identity), Err(ConfigError::Key(_))));
        assert!(matches!(EdgeConfig::parse(b"{}"), Err(ConfigError::Json(_))));
    }

    #[test]
    fn an_issuer_without_bounds_is_refused_outside_development_mode() {
        let with = |development| {
            let identity = vec![Issuer::development(&key("idp-1", 2).public())];
            parsed(&EdgeConfig { development, identity, ..config() }).map(drop)
        };
        assert!(with(true).is_ok());
        assert!(matches!(with(false), Err(ConfigError::Issuer(IssuerError::NoBounds(_)))));
    }

    #[test]
    fn a_key_has_one_purpose() {
        let refused = |config: &EdgeConfig| matches!(parsed(config), Err(ConfigError::Shared(_)));
        let with_head = |seed| EdgeConfig { head_keys: vec![key("head-1", seed).public()], ..config() };
        assert!(refused(&with_head(1)), "head and invoke");
        assert!(refused(&with_head(2)), "head and identity");
        assert!(!refused(&with_head(3)));
        let with_session = |seed| EdgeConfig { session_key: Some(key("session-1", seed)), ..config() };
        assert!(refused(&with_session(1)), "session and invoke");
        assert!(!refused(&with_session(3)));
        let mut config = config();
        let other = Issuer { issuer: "https://idp-2".to_owned(), ..config.identity[0].clone() };
        config.identity.push(other);
        assert!(refused(&config), "two issuers");
    }

    #[test]
    fn a_provider_needs_an_issuer_a_session_key_and_a_line_that_nobody_reads() {
        let oidc = |scheme: &str| {
            let endpoint = |path: &str| format!("{scheme}://127.0.0.1:9/{path}").parse().unwrap();
            OidcConfig {
                issuer: config().identity[0].issuer.clone(),
                client_id: "guildhall".to_owned(),
                client_secret: Some(Secret("hidden".to_owned())),
                authorization_endpoint: endpoint("auth"),
                token_endpoint: endpoint("token"),
                scopes: vec![],
            }
        };
        let with = |oidc| EdgeConfig { oidc: Some(oidc), session_key: Some(key("session-1", 7)), ..config() };
        assert!(parsed(&with(oidc("https"))).is_ok());
        assert!(matches!(parsed(&with(oidc("http"))), Err(ConfigError::PlainProvider(_))));
        assert!(parsed(&EdgeConfig { development: true, ..with(oidc("http")) }).is_ok());
        let unknown = OidcConfig { issuer: "https://other".to_owned(), ..oidc("https") };
        assert!(matches!(parsed(&with(unknown)), Err(ConfigError::UnknownProvider(_))));
        let unsigned = EdgeConfig { session_key: None, ..with(oidc("https")) };
        assert!(matches!(parsed(&unsigned), Err(ConfigError::NoSessionKey)));
        assert!(!format!("{:?}", with(oidc("https"))).contains("hidden"));
    }

    #[test]
    fn what_an_issuer_publishes_has_its_purpose_too() {
        let set = |kid, seed| serde_json::from_value(json!({"keys": [key(kid, seed).public()]})).unwrap();
        let config = EdgeConfig { head_keys: vec![key("head-1", 3).public()], ..config() };
        let is_shared = |seed| matches!(config.check_set(&set("idp-2", seed)), Err(ConfigError::Shared(_)));
        assert!(is_shared(1), "invoke");
        assert!(is_shared(2), "another issuer");
        assert!(is_shared(3), "head");
        assert!(config.check_set(&set("idp-2", 4)).is_ok());
        assert!(matches!(config.check_set(&set("development-identity", 4)), Err(ConfigError::Key(_))));
        let development = EdgeConfig { development: true, ..config };
        assert!(development.check_set(&set("development-identity", 4)).is_ok());
    }

    #[test]
    fn a_host_without_files_refuses_keys_in_one() {
        let at = |keys: Value| {
            let mut config = config();
            config.identity[0].keys = serde_json::from_value(keys).unwrap();
            config.without_files().map(drop)
        };
        assert!(at(json!({"url": "https://idp/keys"})).is_ok());
        assert!(matches!(at(json!({"file": "keys.json"})), Err(ConfigError::File { .. })));
    }

    #[test]
    fn the_example_of_the_documentation_is_a_configuration() {
        let text = include_str!("../../docs/operations.md");
        let example = text.split("```json").find(|part| part.contains("\"identity\"")).unwrap();
        let mut example: Value = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
        example["head_keys"] = json!([key("head-1", 3).public()]);
        example["invoke_key"] = serde_json::to_value(key("invoke-1", 1)).unwrap();
        example["identity"][0]["keys"] = json!([key("idp-1", 2).public()]);
        example["pseudonym_key"] = json!("0".repeat(64));
        EdgeConfig::parse(example.to_string().as_bytes()).unwrap();
    }

    #[test]
    fn the_example_of_a_provider_is_one() {
        let text = include_str!("../../docs/operations.md");
        let example = text.split("```json").find(|part| part.contains("\"token_endpoint\"")).unwrap();
        let example: OidcConfig = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
        let config = EdgeConfig { session_key: Some(key("session-1", 7)), ..config() };
        let known = Issuer { issuer: example.issuer.clone(), ..config.identity[0].clone() };
        let config = EdgeConfig { identity: vec![known], oidc: Some(example), ..config };
        assert!(parsed(&config).is_ok());
    }

    #[test]
    fn the_example_for_cloudflare_access_is_an_issuer() {
        let text = include_str!("../../docs/operations.md");
        let example =
            text.split("```json").find(|part| part.contains("Cf-Access-Jwt-Assertion\",\n")).unwrap();
        let example: Issuer = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
        assert_eq!(check_issuers(&[example], false), Ok(()));
    }
}
