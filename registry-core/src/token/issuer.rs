//! Issuers of identity tokens, as the edge's configuration names them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Algorithm, Bounds, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DEVELOPMENT_LIFETIME, Expected,
    IDENTITY_TYPE, IdentityKey, IdentityKeys, KeyPlace, KeySource, PublicKey, TokenError,
};
use crate::policy::Caller;

/// Longest life of identity tokens that can be configured, in seconds. Nothing takes a token back before it expires.
pub const MAX_IDENTITY_LIFETIME: u64 = 24 * 60 * 60;

/// Claims whose meaning is fixed (RFC 7519 section 4.1), so that none can stand for a role, teams or an elevation.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Which claims tell what: names of members of the token's payload, exactly, or JSON pointers into it (RFC 6901), which
/// begin with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// Tells the role: one text.
    pub role: String,
    /// Tells the teams: a list of texts. A token may lack it.
    pub teams: String,
    /// Tells until when the caller is elevated, in seconds since the epoch. A token may lack it.
    pub elevated_until: String,
    /// Tells the program that the token was issued to, one text, for the usage log: `client_id` (RFC 9068) or `azp`
    /// (OpenID Connect). Without it none is noted. A token may lack it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            role: "role".to_owned(),
            teams: "teams".to_owned(),
            elevated_until: "elevated_until".to_owned(),
            client: None,
        }
    }
}

impl ClaimNames {
    fn are_apart(&self) -> bool {
        let named = [&self.role, &self.teams, &self.elevated_until].into_iter().chain(&self.client);
        let paths: Vec<_> = named.map(|name| claim_path(name)).collect();
        let mut claims = paths.iter().map(|(claim, _)| claim.as_ref());
        let distinct: BTreeSet<_> = paths.iter().collect();
        distinct.len() == paths.len() && claims.all(|claim| !claim.is_empty() && !REGISTERED.contains(&claim))
    }
}

/// The claim that a name means, and the JSON pointer to what is meant within it, which is empty for the claim itself.
pub(super) fn claim_path(name: &str) -> (Cow<'_, str>, &str) {
    let Some(path) = name.strip_prefix('/') else { return (name.into(), "") };
    let (claim, within) = path.split_at(path.find('/').unwrap_or(path.len()));
    (claim.replace("~1", "/").replace("~0", "~").into(), within)
}

/// The header of a request that carries an issuer's tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenHeader {
    /// `Authorization: Bearer …` (RFC 6750).
    #[default]
    Authorization,
    /// What Cloudflare Access adds to the requests of browsers that signed in to it.
    #[serde(rename = "Cf-Access-Jwt-Assertion")]
    CloudflareAccess,
}

/// Why an issuer's configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Nothing says what the issuer may claim.
    #[error(
        "the issuer `{0}` has no `bounds`; say which teams and roles it may give, as in `\"bounds\": {{\"teams\": \
         [\"support\"], \"roles\": [\"*\"], \"may_elevate\": false}}`"
    )]
    NoBounds(String),
    /// A member that must not be empty.
    #[error(
        "`{member}` of the issuer `{issuer}` is empty or has nothing usable in it; no token could be accepted"
    )]
    Empty {
        /// The issuer.
        issuer: String,
        /// The member of its configuration.
        member: &'static str,
    },
    /// A key of another kind than those listed.
    #[error(
        "the key `{kid}` of the issuer `{issuer}` is for {algorithm}, which its `algorithms` do not list; add it there \
         or leave out the key"
    )]
    Algorithm {
        /// The issuer.
        issuer: String,
        /// The key's name.
        kid: String,
        /// What the key is for.
        algorithm: Algorithm,
    },
    /// A bound of life that is none.
    #[error("`max_lifetime` of the issuer `{0}` must be from 1 to {MAX_IDENTITY_LIFETIME} seconds")]
    Lifetime(String),
    /// Keys over a line on which anybody could write them.
    #[error(
        "the keys of the issuer `{issuer}` lie at `{url}`, and plain HTTP is for development mode; give an `https://` \
         address"
    )]
    Plain {
        /// The issuer.
        issuer: String,
        /// Where its keys lie.
        url: String,
    },
    /// Two claims under one name, or under a name that means something else.
    #[error("`claims` of the issuer `{0}` must be different names, none of them empty or a registered claim")]
    ClaimNames(String),
    /// Two issuers of one name.
    #[error("the issuer `{0}` is there twice; put the keys of both into one")]
    Repeated(String),
}

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
    /// Its public keys, or where they are.
    pub keys: KeySource,
    /// By which header its tokens come, and by no other.
    #[serde(default)]
    pub header: TokenHeader,
    /// What its keys may be for.
    pub algorithms: BTreeSet<Algorithm>,
    /// Which claims tell what.
    #[serde(default)]
    pub claims: ClaimNames,
    /// What it may say about callers. Only in development mode may this be missing, and then it may say anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// Longest life of a token, in seconds.
    pub max_lifetime: u64,
}

impl Issuer {
    /// The issuer of development tokens, whose one key is `key`. It may say anything.
    #[must_use]
    pub fn development(key: &PublicKey) -> Self {
        Self {
            issuer: DEVELOPMENT_ISSUER.to_owned(),
            audience: DEVELOPMENT_AUDIENCE.to_owned(),
            typ: vec![IDENTITY_TYPE.to_owned()],
            keys: IdentityKey::from(key).into(),
            header: TokenHeader::Authorization,
            algorithms: [Algorithm::EdDsa].into(),
            claims: ClaimNames::default(),
            bounds: None,
            max_lifetime: DEVELOPMENT_LIFETIME,
        }
    }

    /// The key of this name among its keys, if it is of a kind that the issuer may use.
    pub(super) fn key<'a>(&self, keys: &'a IdentityKeys, kid: &str) -> Option<&'a IdentityKey> {
        keys.get(kid).filter(|key| self.algorithms.contains(&key.algorithm()))
    }

    /// Refuses a caller of whom more is said than the issuer may say.
    ///
    /// # Errors
    /// [`TokenError::OutOfBounds`].
    pub(super) fn may_say(&self, caller: &Caller) -> Result<(), TokenError> {
        self.bounds.as_ref().map_or(Ok(()), |bounds| bounds.check(caller))
    }

    pub(super) fn expected<'a>(&'a self, types: &'a [&'a str]) -> Expected<'a> {
        Expected { issuer: &self.issuer, audience: &self.audience, types, max_lifetime: self.max_lifetime }
    }

    fn check(&self, development: bool) -> Result<(), IssuerError> {
        let issuer = || self.issuer.clone();
        if let Some(member) = self.empty_member() {
            return Err(IssuerError::Empty { issuer: issuer(), member });
        }
        let mut inline = self.keys.inline().into_iter().flat_map(IdentityKeys::iter);
        if let Some(key) = inline.find(|key| !self.algorithms.contains(&key.algorithm())) {
            let (kid, algorithm) = (key.kid().to_owned(), key.algorithm());
            return Err(IssuerError::Algorithm { issuer: issuer(), kid, algorithm });
        }
        if let Some(KeyPlace::Url { url }) = self.keys.place()
            && url.is_plain()
            && !development
        {
            return Err(IssuerError::Plain { issuer: issuer(), url: url.as_str().to_owned() });
        }
        if !(1..=MAX_IDENTITY_LIFETIME).contains(&self.max_lifetime) {
            return Err(IssuerError::Lifetime(issuer()));
        }
        if !self.claims.are_apart() {
            return Err(IssuerError::ClaimNames(issuer()));
        }
        if self.bounds.is_none() && !development {
            return Err(IssuerError::NoBounds(issuer()));
        }
        Ok(())
    }

    fn empty_member(&self) -> Option<&'static str> {
        let members = [
            ("issuer", self.issuer.is_empty()),
            ("audience", self.audience.is_empty()),
            ("typ", self.typ.is_empty()),
            ("keys", self.keys.inline().is_some_and(IdentityKeys::is_empty)),
            ("algorithms", self.algorithms.is_empty()),
        ];
        members.into_iter().find(|(_, is_empty)| *is_empty).map(|(member, _)| member)
    }
}

/// Checks the configured issuers, each alone and beside the others.
///
/// # Errors
/// Any [`IssuerError`], of the first issuer that has one.
pub fn check_issuers(issuers: &[Issuer], development: bool) -> Result<(), IssuerError> {
    let mut names = BTreeSet::new();
    for issuer in issuers {
        issuer.check(development)?;
        if !names.insert(&issuer.issuer) {
            return Err(IssuerError::Repeated(issuer.issuer.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
