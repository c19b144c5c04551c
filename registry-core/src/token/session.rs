//! The session of a person's browser: what an issuer's token said, signed anew by the edge for itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::identity::check_elevation;
use super::{Expected, Issuer, PublicKey, SigningKey, TokenError, sign, verify};
use crate::id::{RoleName, TeamName};
use crate::policy::{Caller, MAX_ELEVATION_SECONDS};

/// The header's `typ`.
pub const SESSION_TYPE: &str = "guildhall-session+jwt";
/// Longest life of a session, in seconds: a working day. Nothing takes a session back before it ends.
pub const MAX_SESSION_LIFETIME: u64 = 8 * 60 * 60;

/// The claims of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionClaims {
    /// The edge that signed.
    pub iss: String,
    /// The edge that reads: the same.
    pub aud: String,
    /// Issued, seconds since the epoch.
    pub iat: u64,
    /// Not accepted after, seconds since the epoch.
    pub exp: u64,
    /// Who proved the identity.
    pub issuer: String,
    /// The subject within that issuer.
    pub sub: String,
    /// The role.
    pub role: RoleName,
    /// The teams that the issuer claimed.
    pub teams: BTreeSet<TeamName>,
    /// Until when the caller is elevated, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevated_until: Option<u64>,
}

impl SessionClaims {
    /// The session that begins at `now` (seconds since the epoch) for a caller whom one of `issuers` proved. It lives as
    /// long as a token of that issuer may, and [`MAX_SESSION_LIFETIME`] at most.
    ///
    /// # Errors
    /// [`TokenError::Issuer`] when the caller's is none of them, [`TokenError::OutOfBounds`] when it may not say so much.
    pub fn new(caller: Caller, issuers: &[Issuer], origin: &str, now: u64) -> Result<Self, TokenError> {
        let issuer = named(issuers, &caller.issuer)?;
        issuer.may_say(&caller)?;
        let latest = now.saturating_add(MAX_ELEVATION_SECONDS);
        Ok(Self {
            iss: origin.to_owned(),
            aud: origin.to_owned(),
            iat: now,
            exp: now.saturating_add(lifetime(issuer)),
            issuer: caller.issuer,
            sub: caller.subject,
            role: caller.role,
            teams: caller.teams,
            // The issuer's clock may be ahead of ours by the skew.
            elevated_until: caller.elevated_until.map(|end| end.min(latest)),
        })
    }

    /// The session as a token.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn sign(&self, key: &SigningKey) -> Result<String, TokenError> {
        sign(self, SESSION_TYPE, key)
    }

    /// The caller of a session that the edge `origin` signed. What the issuer may say is what it may say by now.
    ///
    /// # Errors
    /// Any rule of [`verify`], or as [`Self::new`].
    pub fn caller(
        token: &str,
        key: PublicKey,
        issuers: &[Issuer],
        origin: &str,
        now: u64,
    ) -> Result<Caller, TokenError> {
        let expected = Expected {
            issuer: origin,
            audience: origin,
            types: &[SESSION_TYPE],
            max_lifetime: MAX_SESSION_LIFETIME,
        };
        let claims: Self = verify(token, &[key], expected, now)?;
        let issuer = named(issuers, &claims.issuer)?;
        if claims.exp.saturating_sub(claims.iat) > lifetime(issuer) {
            return Err(TokenError::Lifetime);
        }
        let issued = claims.iat;
        let caller = Caller {
            issuer: claims.issuer,
            subject: claims.sub,
            role: claims.role,
            teams: claims.teams,
            elevated_until: claims.elevated_until,
            client: None,
        };
        issuer.may_say(&caller)?;
        check_elevation(&caller, issued)?;
        Ok(caller)
    }
}

fn named<'a>(issuers: &'a [Issuer], name: &str) -> Result<&'a Issuer, TokenError> {
    issuers.iter().find(|issuer| issuer.issuer == name).ok_or(TokenError::Issuer)
}

fn lifetime(issuer: &Issuer) -> u64 {
    issuer.max_lifetime.min(MAX_SESSION_LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Bound, Bounds, DEVELOPMENT_ISSUER, strict};

    const ORIGIN: &str = "https://skills.example";
    const NOW: u64 = 1_000_000;

    fn key() -> SigningKey {
        SigningKey::from_seed("session-1", [5; 32]).unwrap()
    }

    fn issuer() -> Issuer {
        let bounds = Bounds { teams: Bound::Any, roles: Bound::Any, may_elevate: true };
        let key = SigningKey::from_seed("idp-1", [6; 32]).unwrap().public();
        Issuer { bounds: Some(bounds), max_lifetime: 3600, ..Issuer::development(&key) }
    }

    fn caller() -> Caller {
        Caller {
            client: None,
            issuer: DEVELOPMENT_ISSUER.to_owned(),
            subject: "ada".to_owned(),
            role: "auditor".parse().unwrap(),
            teams: ["finance".parse().unwrap()].into(),
            elevated_until: Some(NOW + MAX_ELEVATION_SECONDS),
        }
    }

    fn read(token: &str, issuer: Issuer, now: u64) -> Result<Caller, TokenError> {
        SessionClaims::caller(token, key().public(), &[issuer], ORIGIN, now)
    }

    #[test]
    fn a_session_says_what_the_issuer_said_for_as_long_as_its_tokens_live() {
        let session = SessionClaims::new(caller(), &[issuer()], ORIGIN, NOW).unwrap();
        assert_eq!(session.exp, NOW + 3600);
        let token = session.sign(&key()).unwrap();
        assert_eq!(read(&token, issuer(), NOW + 10), Ok(caller()));
        assert_eq!(read(&token, issuer(), NOW + 3660), Err(TokenError::Expired));
        let long = Issuer { max_lifetime: 24 * 60 * 60, ..issuer() };
        let session = SessionClaims::new(caller(), &[long], ORIGIN, NOW).unwrap();
        assert_eq!(session.exp, NOW + MAX_SESSION_LIFETIME);
    }

    #[test]
    fn what_the_configuration_no_longer_allows_ends_a_session() {
        let token = SessionClaims::new(caller(), &[issuer()], ORIGIN, NOW).unwrap().sign(&key()).unwrap();
        let with = |bounds: Bounds| Issuer { bounds: Some(bounds), ..issuer() };
        let bounds = issuer().bounds.unwrap();
        let no_elevation = with(Bounds { may_elevate: false, ..bounds.clone() });
        assert_eq!(read(&token, no_elevation, NOW), Err(TokenError::OutOfBounds("an elevation")));
        let no_team = with(Bounds { teams: Bound::Only(BTreeSet::new()), ..bounds.clone() });
        assert_eq!(read(&token, no_team.clone(), NOW), Err(TokenError::OutOfBounds("a team")));
        let refused = SessionClaims::new(caller(), &[no_team], ORIGIN, NOW);
        assert_eq!(refused, Err(TokenError::OutOfBounds("a team")));
        let no_role = with(Bounds { roles: Bound::Only(BTreeSet::new()), ..bounds });
        assert_eq!(read(&token, no_role, NOW), Err(TokenError::OutOfBounds("a role")));
        let shorter = Issuer { max_lifetime: 60, ..issuer() };
        assert_eq!(read(&token, shorter, NOW), Err(TokenError::Lifetime));
        let other = Issuer { issuer: "https://idp.example".to_owned(), ..issuer() };
        assert_eq!(read(&token, other, NOW), Err(TokenError::Issuer));
    }

    #[test]
    fn an_elevation_is_cut_to_what_is_granted_and_never_believed_beyond() {
        let ahead = Caller { elevated_until: Some(NOW + MAX_ELEVATION_SECONDS + 60), ..caller() };
        let mut session = SessionClaims::new(ahead, &[issuer()], ORIGIN, NOW).unwrap();
        assert_eq!(session.elevated_until, Some(NOW + MAX_ELEVATION_SECONDS));
        session.elevated_until = Some(NOW + MAX_ELEVATION_SECONDS + 1);
        let token = session.sign(&key()).unwrap();
        assert_eq!(read(&token, issuer(), NOW), Err(TokenError::Lifetime));
    }

    #[test]
    fn a_session_is_for_one_edge_and_no_other_token_passes_for_it() {
        let session = SessionClaims::new(caller(), &[issuer()], ORIGIN, NOW).unwrap();
        let token = session.sign(&key()).unwrap();
        let elsewhere = SessionClaims::caller(&token, key().public(), &[issuer()], "https://other", NOW);
        assert_eq!(elsewhere, Err(TokenError::Issuer));
        let typed = strict::sign(&session, "at+jwt", &key()).unwrap();
        assert_eq!(read(&typed, issuer(), NOW), Err(TokenError::Type));
        let other_key = SigningKey::from_seed("session-1", [9; 32]).unwrap();
        assert_eq!(read(&session.sign(&other_key).unwrap(), issuer(), NOW), Err(TokenError::Signature));
    }
}
