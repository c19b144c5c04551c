//! Who the caller is, by a token of an issuer that the edge's configuration names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Expected, PublicKey, TokenError, verify};
use crate::id::{RoleName, TeamName};
use crate::policy::{Caller, MAX_ELEVATION_SECONDS};

/// The issuer that `guildhall token` speaks for.
pub const DEVELOPMENT_ISSUER: &str = "guildhall-development";
/// The audience of development tokens: any edge in development mode.
pub const DEVELOPMENT_AUDIENCE: &str = "guildhall-development-edge";
/// The life of a development token, in seconds.
pub const DEVELOPMENT_LIFETIME: u64 = 12 * 60 * 60;
/// The header's `typ` of an access token (RFC 9068).
pub const IDENTITY_TYPE: &str = "at+jwt";

/// An issuer of identity tokens, as configured at the edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// `iss`, exactly.
    pub issuer: String,
    /// `aud`, exactly.
    pub audience: String,
    /// Accepted values of the header's `typ`.
    pub typ: Vec<String>,
    /// Its public keys.
    pub keys: Vec<PublicKey>,
    /// Longest life of a token, in seconds.
    pub max_lifetime: u64,
}

impl Issuer {
    /// The issuer of development tokens, whose one key is `key`.
    #[must_use]
    pub fn development(key: PublicKey) -> Self {
        Self {
            issuer: DEVELOPMENT_ISSUER.to_owned(),
            audience: DEVELOPMENT_AUDIENCE.to_owned(),
            typ: vec![IDENTITY_TYPE.to_owned()],
            keys: vec![key],
            max_lifetime: DEVELOPMENT_LIFETIME,
        }
    }
}

/// The claims of an identity token. Others may stand beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// The issuer.
    pub iss: String,
    /// The edge.
    pub aud: String,
    /// The subject.
    pub sub: String,
    /// Issued, seconds since the epoch.
    pub iat: u64,
    /// Not accepted after, seconds since the epoch.
    pub exp: u64,
    /// The role.
    pub role: RoleName,
    /// The teams.
    #[serde(default)]
    pub teams: BTreeSet<TeamName>,
    /// Until when the caller is elevated, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevated_until: Option<u64>,
}

/// The caller whom `token` proves, by the issuer that made it.
///
/// # Errors
/// Any rule of [`verify`]; [`TokenError::Issuer`] when no configured issuer made it.
pub fn caller_from_token(token: &str, issuers: &[Issuer], now: u64) -> Result<Caller, TokenError> {
    let mut refusal = TokenError::Issuer;
    for issuer in issuers {
        let types: Vec<&str> = issuer.typ.iter().map(String::as_str).collect();
        let expected = Expected {
            issuer: &issuer.issuer,
            audience: &issuer.audience,
            types: &types,
            max_lifetime: issuer.max_lifetime,
        };
        match verify::<IdentityClaims>(token, &issuer.keys, expected, now) {
            Ok(claims) => {
                // Measured from the issue of the token: an elevation that begins later would wait in it unseen.
                let elevated_for = claims.elevated_until.map_or(0, |end| end.saturating_sub(claims.iat));
                if elevated_for > MAX_ELEVATION_SECONDS {
                    return Err(TokenError::Lifetime);
                }
                return Ok(Caller {
                    issuer: claims.iss,
                    subject: claims.sub,
                    role: claims.role,
                    teams: claims.teams,
                    elevated_until: claims.elevated_until,
                });
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{SigningKey, sign};

    const NOW: u64 = 1_800_000_000;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&format!("idp-{seed}"), [seed; 32]).unwrap()
    }

    fn issuer(seed: u8) -> Issuer {
        Issuer {
            issuer: format!("https://idp-{seed}"),
            audience: "https://skills".to_owned(),
            typ: vec!["at+jwt".to_owned()],
            keys: vec![key(seed).public()],
            max_lifetime: 3600,
        }
    }

    fn claims(seed: u8) -> IdentityClaims {
        IdentityClaims {
            iss: format!("https://idp-{seed}"),
            aud: "https://skills".to_owned(),
            sub: "agent-7".to_owned(),
            iat: NOW,
            exp: NOW + 3600,
            role: "support-agent".parse().unwrap(),
            teams: ["support".parse().unwrap()].into(),
            elevated_until: None,
        }
    }

    #[test]
    fn an_elevation_is_short_from_the_issue_of_the_token_on() {
        let at = |elevated_until, now| {
            let claims = IdentityClaims { elevated_until: Some(elevated_until), ..claims(1) };
            caller_from_token(&sign(&claims, "at+jwt", &key(1)).unwrap(), &[issuer(1)], now)
        };
        let until = NOW + MAX_ELEVATION_SECONDS;
        assert!(at(until, NOW).unwrap().is_elevated(NOW));
        assert!(!at(until, until).unwrap().is_elevated(until));
        for now in [NOW, NOW + 1, NOW + 1800] {
            assert_eq!(at(until + 1, now), Err(TokenError::Lifetime), "an elevation that begins later");
        }
    }

    #[test]
    fn each_issuer_speaks_for_itself_alone() {
        let issuers = [issuer(1), issuer(2)];
        let from = |claims: &IdentityClaims, seed| {
            caller_from_token(&sign(claims, "at+jwt", &key(seed)).unwrap(), &issuers, NOW)
        };
        assert_eq!(from(&claims(2), 2).unwrap().issuer, "https://idp-2");
        assert!(from(&claims(1), 2).is_err(), "one issuer's key, the other's name");
        assert!(from(&claims(3), 3).is_err(), "an issuer that is not configured");
        assert!(caller_from_token("", &issuers, NOW).is_err());
        assert_eq!(caller_from_token("x", &[], NOW), Err(TokenError::Issuer));
    }
}
