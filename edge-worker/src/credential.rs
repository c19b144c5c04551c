//! Who asks: what a request brings along to prove it, and whom that proves.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method};
use registry_core::policy::Caller;
use registry_core::token::{IdentityToken, Issuer, TokenError, TokenHeader};

use crate::handle::Request;
use crate::host::Host;
use crate::reply::Refusal;

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

/// The one credential of a request, if there is one, and the header that carries it.
///
/// A browser sends what Access proves without anybody's asking, to whatever page another site has it load or post to: so it
/// is good for reading alone. Access adds it to every request, so where it is no credential, beside the bearer token of
/// a POST, it is passed over. Beside the bearer token of a GET it may name someone else, and nobody can tell who was
/// meant.
fn credential<'a>(
    method: &Method,
    headers: &'a HeaderMap,
    issuers: &[Issuer],
) -> Result<Option<(TokenHeader, &'a str)>, Refusal> {
    let bearer = bearer(headers)?;
    let has_access = issuers.iter().any(|issuer| issuer.header == TokenHeader::CloudflareAccess);
    let access = if has_access { value(headers, &CLOUDFLARE_ACCESS)? } else { None };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match (bearer, access) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) if reads => Err(Refusal::unauthenticated(format!(
            "send one credential: `{AUTHORIZATION}` or `{CLOUDFLARE_ACCESS}`, not both"
        ))),
        (Some(token), _) => Ok(Some((TokenHeader::Authorization, token))),
        (None, Some(token)) if reads => Ok(Some((TokenHeader::CloudflareAccess, token))),
        (None, Some(_)) => Err(Refusal::unauthenticated(format!(
            "send an `Authorization: Bearer …` header: `{CLOUDFLARE_ACCESS}` is taken for reading alone"
        ))),
    }
}

impl<H: Host> Request<'_, H> {
    /// Who asks. No credential is anonymous; one that does not verify is refused, never taken for anonymous.
    pub(crate) async fn identify(mut self) -> Result<Self, Refusal> {
        let config = &self.edge.config;
        if let Some((header, token)) = credential(self.method, self.headers, &config.identity)? {
            self.caller = Some(self.verify(header, token).await?);
        }
        Ok(self)
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
    use registry_core::token::SigningKey;

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

    /// The issuers of an edge that takes bearer tokens, and one that takes what Access proves too.
    fn issuers() -> [Issuer; 2] {
        let bearer = Issuer::development(&SigningKey::from_seed("a", [1; 32]).unwrap().public());
        [bearer.clone(), Issuer { header: TokenHeader::CloudflareAccess, ..bearer }]
    }

    const BEARER: (HeaderName, &str) = (AUTHORIZATION, "Bearer b");
    const ACCESS: (HeaderName, &str) = (CLOUDFLARE_ACCESS, "a");

    fn taken(
        method: &Method,
        given: &[(HeaderName, &str)],
        issuers: &[Issuer],
    ) -> Result<Option<String>, &'static str> {
        let headers = headers(given);
        let taken = credential(method, &headers, issuers).map_err(|refusal| refusal.code())?;
        Ok(taken.map(|(header, token)| format!("{header:?} {token}")))
    }

    #[test]
    fn what_access_proves_is_taken_for_reading_alone_and_by_itself() {
        let issuers = issuers();
        let refused = Err("UNAUTHENTICATED");
        let taken = |method, given: &[_]| taken(method, given, &issuers);
        for read in [&Method::GET, &Method::HEAD] {
            assert_eq!(taken(read, &[ACCESS]), Ok(Some("CloudflareAccess a".to_owned())));
            assert_eq!(taken(read, &[BEARER]), Ok(Some("Authorization b".to_owned())));
            assert_eq!(taken(read, &[BEARER, ACCESS]), refused);
            assert_eq!(taken(read, &[ACCESS, ACCESS]), refused);
            assert_eq!(taken(read, &[(CLOUDFLARE_ACCESS, "")]), Ok(None));
        }
        for write in [&Method::POST, &Method::PUT, &Method::OPTIONS] {
            assert_eq!(taken(write, &[ACCESS]), refused, "never taken for anonymous");
            assert_eq!(taken(write, &[BEARER, ACCESS]), Ok(Some("Authorization b".to_owned())));
            assert_eq!(taken(write, &[(AUTHORIZATION, "Basic b"), ACCESS]), refused);
        }
    }

    #[test]
    fn where_no_issuer_is_for_access_its_header_means_nothing() {
        let [bearer, _] = issuers();
        let taken = |given: &[_]| taken(&Method::GET, given, std::slice::from_ref(&bearer));
        assert_eq!(taken(&[ACCESS]), Ok(None));
        assert_eq!(taken(&[BEARER, ACCESS]), Ok(Some("Authorization b".to_owned())));
    }
}
