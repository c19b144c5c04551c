//! Who asks: what a request brings along to prove it, and whom that proves.

use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, Method};
use registry_core::policy::Caller;
use registry_core::token::{IdentityToken, SessionClaims, TokenError, TokenHeader};

use crate::config::EdgeConfig;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::Refusal;
use crate::sessions::Cookie;

/// What Cloudflare Access adds to the requests of those who signed in to it.
pub(crate) const CLOUDFLARE_ACCESS: HeaderName = HeaderName::from_static("cf-access-jwt-assertion");

/// The one value of a header. An empty one is none: workerd does not even pass it on.
fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let wrong = || Refusal::unauthenticated(format!("send exactly one `{name}` header, of ASCII characters"));
    let mut values = headers.get_all(name).iter().filter(|value| !value.is_empty());
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong());
    }
    first.to_str().map(Some).map_err(|_| wrong())
}

/// The one bearer token of a request, if there is one.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(text) = value(headers, &AUTHORIZATION)? else { return Ok(None) };
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token)),
        _ => Err(Refusal::unauthenticated("send exactly one `Authorization: Bearer …` header")),
    }
}

/// What a request brings along.
#[derive(Debug)]
enum Credential<'a> {
    /// A token of an issuer's, by this header.
    Token(TokenHeader, &'a str),
    /// A session of ours.
    Session(&'a str),
}

/// The one credential of a request, if there is one.
///
/// A browser sends what Access proves, and a session, without anybody's asking, to whatever page another site has it load or
/// post to: so they are good for reading alone. Access adds its header to every request, so where that is no credential,
/// beside the bearer token of a POST, it is passed over; and so is a session. Beside the bearer token of a GET, or beside
/// each other, they may name someone else, and nobody can tell who was meant.
fn credential<'a>(
    method: &Method,
    headers: &'a HeaderMap,
    config: &EdgeConfig,
) -> Result<Option<Credential<'a>>, Refusal> {
    let bearer = bearer(headers)?;
    let has_access = config.identity.iter().any(|issuer| issuer.header == TokenHeader::CloudflareAccess);
    let access = if has_access { value(headers, &CLOUDFLARE_ACCESS)? } else { None };
    let cookie = Cookie::session(config);
    let session = if config.session_key.is_some() { cookie.of(headers)? } else { None };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads {
        return match (bearer, access, session) {
            (Some(token), ..) => Ok(Some(Credential::Token(TokenHeader::Authorization, token))),
            (None, None, None) => Ok(None),
            _ => Err(Refusal::unauthenticated(format!(
                "send an `Authorization: Bearer …` header: `{CLOUDFLARE_ACCESS}` and `{COOKIE}` are taken for reading alone"
            ))),
        };
    }
    match (bearer, access, session) {
        (None, None, None) => Ok(None),
        (Some(token), None, None) => Ok(Some(Credential::Token(TokenHeader::Authorization, token))),
        (None, Some(token), None) => Ok(Some(Credential::Token(TokenHeader::CloudflareAccess, token))),
        (None, None, Some(token)) => Ok(Some(Credential::Session(token))),
        _ => Err(Refusal::unauthenticated(format!(
            "send one credential: `{AUTHORIZATION}`, `{CLOUDFLARE_ACCESS}` or the cookie `{}`, not two of them",
            cookie.name()
        ))),
    }
}

impl<H: Host> Request<'_, H> {
    /// Who asks. No credential is anonymous; one that does not verify is refused, never taken for anonymous.
    pub(crate) async fn identify(mut self) -> Result<Self, Refusal> {
        let config = &self.edge.config;
        self.caller = match credential(self.method, self.headers, config)? {
            Some(Credential::Token(header, token)) => Some(self.verify(header, token).await?),
            Some(Credential::Session(token)) => Some(self.session(token)?),
            None => None,
        };
        Ok(self)
    }

    /// Whose session it is. One that is refused is taken back, so that the browser is anonymous from then on.
    pub(crate) fn session(&self, token: &str) -> Result<Caller, Refusal> {
        let config = &self.edge.config;
        let key = config.session_key.as_ref().ok_or_else(|| refused(TokenError::UnknownKey))?;
        SessionClaims::caller(token, key.public(), &config.identity, &config.origin, self.now).map_err(
            |error| {
                let detail = format!("your session is over: {error}; sign in again at `/sign-in`");
                let refusal = match error {
                    TokenError::OutOfBounds(_) => Refusal::out_of_bounds(detail),
                    _ => Refusal::unauthenticated(detail),
                };
                refusal.with_header(SET_COOKIE, Cookie::session(config).taken())
            },
        )
    }

    async fn verify(&self, header: TokenHeader, token: &str) -> Result<Caller, Refusal> {
        let config = &self.edge.config;
        let token = IdentityToken::parse(token).map_err(refused)?;
        let issuer = token.issuer(&config.identity, header).map_err(refused)?;
        let kid = token.kid().map_err(refused)?;
        let found = self.edge.keys.find(self.host, config, issuer, kid).await?;
        token.caller(issuer, &found.keys, self.now).map_err(|error| match (error, found.note) {
            // That an issuer oversteps its bounds is for the operator to know.
            (TokenError::OutOfBounds(_), _) => Refusal::out_of_bounds(error.to_string())
                .with_log(format!("issuer `{}`: {error}", issuer.issuer)),
            (_, Some(note)) => refused(error).with_log(note),
            (_, None) => refused(error),
        })
    }
}

fn refused(error: TokenError) -> Refusal {
    Refusal::unauthenticated(error.to_string())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use registry_core::token::{IdentityKey, Issuer, SigningKey};
    use serde_json::json;

    use super::*;

    fn headers(values: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = values.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn exactly_one_bearer_token_is_taken() {
        let token_of = |values: &[&str]| {
            let headers = headers(&values.iter().map(|value| (AUTHORIZATION, *value)).collect::<Vec<_>>());
            bearer(&headers).map(|token| token.map(str::to_owned)).map_err(|refusal| refusal.code())
        };
        assert_eq!(token_of(&[]), Ok(None));
        assert_eq!(token_of(&[""]), Ok(None));
        assert_eq!(token_of(&["Bearer a.b.c"]), Ok(Some("a.b.c".to_owned())));
        assert_eq!(token_of(&["bearer a.b.c"]), Ok(Some("a.b.c".to_owned())));
        for wrong in
            [&["Basic a.b.c"][..], &["a.b.c"], &["Bearer"], &["Bearer a", "Bearer a"], &["Bearer \u{e9}"]]
        {
            assert_eq!(token_of(wrong), Err("UNAUTHENTICATED"), "{wrong:?}");
        }
    }

    /// An edge that takes bearer tokens, what Access proves, and sessions.
    fn config() -> EdgeConfig {
        let key = |kid, seed| SigningKey::from_seed(kid, [seed; 32]).unwrap();
        let bearer = Issuer::development(&key("a", 1).public());
        let access = Issuer {
            issuer: "https://access".to_owned(),
            keys: IdentityKey::from(&key("b", 2).public()).into(),
            header: TokenHeader::CloudflareAccess,
            ..bearer.clone()
        };
        let config = json!({
            "origin": "https://edge",
            "development": true,
            "head_keys": [],
            "invoke_key": key("invoke-1", 3),
            "session_key": key("session-1", 4),
            "identity": [bearer, access],
            "sandbox": {"url": "http://x", "audience": "s"},
            "pseudonym_key": "0".repeat(64),
        });
        EdgeConfig::parse(config.to_string().as_bytes()).unwrap()
    }

    const BEARER: (HeaderName, &str) = (AUTHORIZATION, "Bearer b");
    const ACCESS: (HeaderName, &str) = (CLOUDFLARE_ACCESS, "a");
    const SESSION: (HeaderName, &str) = (COOKIE, "__Host-guildhall=s");

    fn taken(
        method: &Method,
        given: &[(HeaderName, &str)],
        config: &EdgeConfig,
    ) -> Result<Option<String>, &'static str> {
        let headers = headers(given);
        let taken = credential(method, &headers, config).map_err(|refusal| refusal.code())?;
        Ok(taken.map(|taken| match taken {
            Credential::Token(header, token) => format!("{header:?} {token}"),
            Credential::Session(token) => format!("session {token}"),
        }))
    }

    #[test]
    fn what_browsers_send_by_themselves_is_taken_for_reading_alone_and_by_itself() {
        let config = config();
        let refused = Err("UNAUTHENTICATED");
        let taken = |method, given: &[_]| taken(method, given, &config);
        for read in [&Method::GET, &Method::HEAD] {
            assert_eq!(taken(read, &[ACCESS]), Ok(Some("CloudflareAccess a".to_owned())));
            assert_eq!(taken(read, &[SESSION]), Ok(Some("session s".to_owned())));
            assert_eq!(taken(read, &[BEARER]), Ok(Some("Authorization b".to_owned())));
            for two in
                [[BEARER, ACCESS], [BEARER, SESSION], [ACCESS, SESSION], [ACCESS, ACCESS], [SESSION, SESSION]]
            {
                assert_eq!(taken(read, &two), refused, "{two:?}");
            }
            assert_eq!(taken(read, &[(CLOUDFLARE_ACCESS, "")]), Ok(None));
            assert_eq!(taken(read, &[(COOKIE, "a=b; __Host-guildhall=")]), Ok(None));
        }
        for write in [&Method::POST, &Method::PUT, &Method::OPTIONS] {
            for alone in [ACCESS, SESSION] {
                assert_eq!(taken(write, std::slice::from_ref(&alone)), refused, "never taken for anonymous");
                let beside = [BEARER, alone.clone()];
                assert_eq!(taken(write, &beside), Ok(Some("Authorization b".to_owned())));
                assert_eq!(taken(write, &[(AUTHORIZATION, "Basic b"), alone]), refused);
            }
        }
    }

    #[test]
    fn where_there_are_neither_access_nor_sessions_what_browsers_send_means_nothing() {
        let mut config = config();
        config.identity.truncate(1);
        config.session_key = None;
        let taken = |given: &[_]| taken(&Method::GET, given, &config);
        assert_eq!(taken(&[ACCESS, SESSION]), Ok(None));
        assert_eq!(taken(&[BEARER, ACCESS, SESSION]), Ok(Some("Authorization b".to_owned())));
    }
}
