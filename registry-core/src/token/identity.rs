//! Who the caller is, by a token of an issuer that the edge's configuration names.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::issuer::claim_path;
use super::strict::Jws;
use super::{Expected, IdentityKeys, Issuer, TokenError, TokenHeader};
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

/// The header's `typ` of an ID token, which may lack it. No access token has it: neither passes for the other.
const ID_TOKEN_TYPE: &str = "JWT";

/// The sign-in that an ID token must belong to.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The name that the issuer knows the edge by, which is the token's audience.
    pub client_id: &'a str,
    /// What the edge gave the browser along: a token of another sign-in, which someone else may have made, lacks it.
    pub nonce: &'a str,
}

/// The claims of an identity token, under the names of [`super::ClaimNames::default`]. Others may stand beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub teams: BTreeSet<TeamName>,
    /// Until when the caller is elevated, seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elevated_until: Option<u64>,
}

/// An identity token, taken apart and not believed yet.
pub struct IdentityToken<'a>(Jws<'a>);

impl<'a> IdentityToken<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenError::TooLarge`] or [`TokenError::Malformed`].
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        Jws::parse(token).map(Self)
    }

    /// The issuer for whom the token must be verified: its unverified `iss` chooses among those whose tokens come by
    /// this header.
    ///
    /// # Errors
    /// [`TokenError::Issuer`] when none of them has the name.
    pub fn issuer<'i>(&self, issuers: &'i [Issuer], header: TokenHeader) -> Result<&'i Issuer, TokenError> {
        let is_named = |issuer: &&Issuer| self.0.issuer() == Some(&issuer.issuer);
        let mut of_header = issuers.iter().filter(|issuer| issuer.header == header);
        of_header.find(is_named).ok_or(TokenError::Issuer)
    }

    /// The name of the key by which the token wants to be verified.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] when it names none.
    pub fn kid(&self) -> Result<&str, TokenError> {
        self.0.kid().ok_or(TokenError::UnknownKey)
    }

    /// The caller whom the token proves. Everything is verified by the issuer's configuration and keys alone, so that no
    /// issuer can speak for another.
    ///
    /// # Errors
    /// [`TokenError::OutOfBounds`] when the issuer may not say what the token claims, or any other rule that the token
    /// breaks.
    pub fn caller(self, issuer: &Issuer, keys: &IdentityKeys, now: u64) -> Result<Caller, TokenError> {
        let types: Vec<&str> = issuer.typ.iter().map(String::as_str).collect();
        let claims = self.claims(issuer, keys, issuer.expected(&types), now)?;
        believed(&claims, issuer)
    }

    /// The caller whom the token proves as the ID token of a sign-in (OpenID Connect Core 1.0 section 3.1.3.7): by the
    /// issuer's keys, claims and bounds, but for the client in place of the issuer's audience.
    ///
    /// # Errors
    /// As [`Self::caller`]; [`TokenError::Claims`] for the token of another sign-in.
    pub fn signed_in(
        self,
        issuer: &Issuer,
        keys: &IdentityKeys,
        sign_in: SignIn<'_>,
        now: u64,
    ) -> Result<Caller, TokenError> {
        let types = [ID_TOKEN_TYPE];
        let expected = Expected { audience: sign_in.client_id, ..issuer.expected(&types) };
        let claims = Self(self.0.or_type(ID_TOKEN_TYPE)).claims(issuer, keys, expected, now)?;
        let party: Option<String> = claim(&claims, "azp")?;
        if party.is_some_and(|party| party != sign_in.client_id) {
            return Err(TokenError::Audience);
        }
        if required::<String>(&claims, "nonce")? != sign_in.nonce {
            return Err(TokenError::Claims);
        }
        believed(&claims, issuer)
    }

    fn claims(
        self,
        issuer: &Issuer,
        keys: &IdentityKeys,
        expected: Expected<'_>,
        now: u64,
    ) -> Result<Map<String, Value>, TokenError> {
        let key = issuer.key(keys, self.kid()?).ok_or(TokenError::UnknownKey)?;
        self.0.verify(key.verifier(), expected, now)
    }
}

/// The caller of verified claims, if the issuer may say that much.
fn believed(claims: &Map<String, Value>, issuer: &Issuer) -> Result<Caller, TokenError> {
    let caller = caller_of(claims, issuer)?;
    issuer.may_say(&caller)?;
    check_elevation(&caller, required(claims, "iat")?)?;
    Ok(caller)
}

fn caller_of(claims: &Map<String, Value>, issuer: &Issuer) -> Result<Caller, TokenError> {
    let names = &issuer.claims;
    let subject: String = required(claims, "sub")?;
    if subject.is_empty() {
        return Err(TokenError::Claims);
    }
    Ok(Caller {
        issuer: issuer.issuer.clone(),
        subject,
        role: required(claims, &names.role)?,
        teams: claim(claims, &names.teams)?.unwrap_or_default(),
        elevated_until: claim::<Option<u64>>(claims, &names.elevated_until)?.flatten(),
        client: names.client.as_ref().map(|name| claim(claims, name)).transpose()?.flatten(),
    })
}

/// Measured from the issue of the token: an elevation that begins later would wait in it unseen.
pub(super) fn check_elevation(caller: &Caller, issued: u64) -> Result<(), TokenError> {
    match caller.elevated_until {
        Some(end) if end.saturating_sub(issued) > MAX_ELEVATION_SECONDS => Err(TokenError::Lifetime),
        _ => Ok(()),
    }
}

fn required<T: DeserializeOwned>(claims: &Map<String, Value>, name: &str) -> Result<T, TokenError> {
    claim(claims, name)?.ok_or(TokenError::Claims)
}

/// The claim of this name, if it is there.
fn claim<T: DeserializeOwned>(claims: &Map<String, Value>, name: &str) -> Result<Option<T>, TokenError> {
    let (claim, within) = claim_path(name);
    let value = claims.get(claim.as_ref()).and_then(|value| value.pointer(within));
    value.map(T::deserialize).transpose().map_err(|_| TokenError::Claims)
}

#[cfg(test)]
mod tests;
