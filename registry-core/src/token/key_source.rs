//! Where the keys of an issuer are: in the configuration, in a file, or at an address.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::unique::Unique;
use super::{IdentityKey, IdentityKeyError, IdentityKeys};

/// Where an issuer's keys are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, try_from = "Unique")]
pub enum KeySource {
    /// Here: a list of JSON Web Keys, or a JWK set.
    Inline(IdentityKeys),
    /// Elsewhere.
    At(KeyPlace),
}

/// Where keys are read from that do not stand in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum KeyPlace {
    /// A file of the machine on which the edge runs: `{"file": PATH}`.
    File {
        /// Its path.
        file: String,
    },
    /// An address: `{"url": URL}`.
    Url {
        /// The address.
        url: KeysUrl,
    },
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file } => f.write_str(file),
            Self::Url { url } => f.write_str(url.as_str()),
        }
    }
}

/// Why nothing tells where an issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySourceError {
    /// Keys that cannot be used.
    #[error(transparent)]
    Keys(#[from] IdentityKeyError),
    /// No address of keys.
    #[error(transparent)]
    Url(#[from] KeysUrlError),
    /// None of the forms.
    #[error(
        "the keys are in no form that is known; give `[…]`, `{{\"keys\": […]}}`, `{{\"file\": \"PATH\"}}` or \
         `{{\"url\": \"https://…\"}}`"
    )]
    Unknown,
}

impl KeySource {
    /// The keys, where they stand in the configuration.
    #[must_use]
    pub fn inline(&self) -> Option<&IdentityKeys> {
        match self {
            Self::Inline(keys) => Some(keys),
            Self::At(_) => None,
        }
    }

    /// Where the keys are, if not in the configuration.
    #[must_use]
    pub fn place(&self) -> Option<&KeyPlace> {
        match self {
            Self::Inline(_) => None,
            Self::At(place) => Some(place),
        }
    }
}

impl From<IdentityKey> for KeySource {
    fn from(key: IdentityKey) -> Self {
        Self::Inline(key.into())
    }
}

impl TryFrom<Unique> for KeySource {
    type Error = KeySourceError;

    fn try_from(Unique(value): Unique) -> Result<Self, KeySourceError> {
        match &value {
            Value::Object(members) if !members.contains_key("keys") => place(members).map(Self::At),
            _ => Ok(Self::Inline(IdentityKeys::try_from(Unique(value))?)),
        }
    }
}

fn place(members: &Map<String, Value>) -> Result<KeyPlace, KeySourceError> {
    let mut members = members.iter();
    let (Some((name, Value::String(text))), None) = (members.next(), members.next()) else {
        return Err(KeySourceError::Unknown);
    };
    match name.as_str() {
        "file" if !text.is_empty() => Ok(KeyPlace::File { file: text.clone() }),
        "url" => Ok(KeyPlace::Url { url: text.parse()? }),
        _ => Err(KeySourceError::Unknown),
    }
}

/// What an address may be made of (RFC 3986): no user, no fragment, nothing that two readers take for the end of the
/// host at different places.
const PUNCTUATION: &[u8] = b"-._~:/?[]!$&'()*+,;=%";

/// An address of an issuer's, such as that of its JWK set: `https://`, or `http://` on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeysUrl(String);

/// Why a text is no address of an issuer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of an issuer's; give `https://HOST/PATH`, without a user and without `#`")]
pub struct KeysUrlError(String);

impl KeysUrl {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of plain HTTP, whose answers whoever is on the line can write.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl TryFrom<String> for KeysUrl {
    type Error = KeysUrlError;

    fn try_from(text: String) -> Result<Self, KeysUrlError> {
        text.parse()
    }
}

impl From<KeysUrl> for String {
    fn from(url: KeysUrl) -> Self {
        url.0
    }
}

impl FromStr for KeysUrl {
    type Err = KeysUrlError;

    fn from_str(text: &str) -> Result<Self, KeysUrlError> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || PUNCTUATION.contains(&byte);
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let may_be = match scheme {
            "https" => !host.is_empty(),
            "http" => is_loopback(host),
            _ => false,
        };
        if may_be && text.bytes().all(is_known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeysUrlError(text.to_owned()))
        }
    }
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<SocketAddr>().map(|address| address.ip()).ok();
    match address.or_else(|| host.parse::<IpAddr>().ok()) {
        Some(address) => address.is_loopback(),
        None => host.split(':').next() == Some("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(source: Value) -> Result<KeySource, KeySourceError> {
        KeySource::try_from(Unique(source))
    }

    #[test]
    fn keys_are_here_in_a_file_or_at_an_address() {
        for inline in [json!([]), json!({"keys": []}), json!({"keys": [], "url": "https://idp/keys"})] {
            assert!(read(inline).unwrap().inline().is_some_and(IdentityKeys::is_empty));
        }
        for (written, shown) in
            [(json!({"file": "idp.json"}), "idp.json"), (json!({"url": "https://idp/k"}), "https://idp/k")]
        {
            let source = read(written.clone()).unwrap();
            assert_eq!(source.place().unwrap().to_string(), shown);
            assert_eq!(serde_json::to_value(&source).unwrap(), written);
        }
    }

    #[test]
    fn a_source_in_no_form_that_is_known_is_refused() {
        for wrong in [
            json!({}),
            json!({"file": ""}),
            json!({"file": 7}),
            json!({"path": "idp.json"}),
            json!({"file": "idp.json", "url": "https://idp/keys"}),
        ] {
            assert_eq!(read(wrong.clone()).err(), Some(KeySourceError::Unknown), "{wrong}");
        }
        assert!(matches!(read(json!("https://idp/keys")), Err(KeySourceError::Keys(_))));
        let twice = r#"{"url": "https://idp/keys", "url": "https://evil/keys"}"#;
        assert!(serde_json::from_str::<KeySource>(twice).is_err());
    }

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        let is_plain = |text: &str| text.parse::<KeysUrl>().map(|url| url.is_plain()).ok();
        for secure in ["https://idp.example.com", "https://idp:8443/keys?tenant=a", "https://[2001:db8::1]/k"]
        {
            assert_eq!(is_plain(secure), Some(false), "{secure}");
        }
        for plain in ["http://127.0.0.1:9/k", "http://[::1]:9/k", "http://localhost/k", "http://127.8.8.8"] {
            assert_eq!(is_plain(plain), Some(true), "{plain}");
        }
        for wrong in [
            "",
            "https://",
            "https:///keys",
            "http://idp.example.com/keys",
            "http://127.0.0.1.example.com/keys",
            "http://localhost.example.com/keys",
            "http://127.0.0.1@evil.example/keys",
            "http://127.0.0.1\\@evil.example/keys",
            "https://user@idp/keys",
            "https://idp/keys#a",
            "https://idp/a b",
            "HTTPS://idp/keys",
            "ftp://idp/keys",
        ] {
            assert_eq!(is_plain(wrong), None, "{wrong}");
        }
    }
}
