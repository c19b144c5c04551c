//! The two cookies (RFC 6265): the session, and what a browser keeps while its user signs in elsewhere.

use http::HeaderMap;
use http::header::COOKIE;

use crate::config::EdgeConfig;
use crate::reply::Refusal;

/// What browsers keep to the very host that set it, and to HTTPS (RFC 6265bis section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// A cookie of the edge's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookie {
    name: &'static str,
    same_site: &'static str,
    is_secure: bool,
}

impl Cookie {
    /// The session. No request that another site has a browser make carries it, not even by a link.
    pub(crate) fn session(config: &EdgeConfig) -> Self {
        Self { name: "guildhall", same_site: "Strict", is_secure: is_secure(config) }
    }

    /// A sign-in that has begun. Browsers send it along where the provider's site sends them back by a link.
    pub(crate) fn login(config: &EdgeConfig) -> Self {
        Self { name: "guildhall-login", same_site: "Lax", is_secure: is_secure(config) }
    }

    /// Its name among a request's cookies.
    pub(crate) fn name(self) -> String {
        format!("{}{}", if self.is_secure { HOST_PREFIX } else { "" }, self.name)
    }

    /// The one value of it in a request. One that is there twice is refused: a neighbour under the same domain may have
    /// set the other, and nobody can tell which.
    pub(crate) fn of(self, headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
        let name = self.name();
        let cookies =
            headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut values = cookies.filter_map(|cookie| value(cookie, &name));
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::unauthenticated(format!("send exactly one cookie `{name}`"))),
            (value, None) => Ok(value),
        }
    }

    /// The value of `Set-Cookie` that gives it to a browser for so many seconds.
    pub(crate) fn given(self, value: &str, seconds: u64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let (name, same_site) = (self.name(), self.same_site);
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}")
    }

    /// The value of `Set-Cookie` that takes it back.
    pub(crate) fn taken(self) -> String {
        self.given("", 0)
    }
}

/// Browsers keep no `Secure` cookie that came over plain HTTP, which is spoken in development alone.
fn is_secure(config: &EdgeConfig) -> bool {
    !(config.development && config.origin.starts_with("http://"))
}

/// The value of a cookie, if it is the one of this name and has any.
fn value<'a>(cookie: &'a [u8], name: &str) -> Option<&'a str> {
    let (known, value) = std::str::from_utf8(cookie).ok()?.trim().split_once('=')?;
    (known == name && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SECURE: Cookie = Cookie { name: "guildhall", same_site: "Strict", is_secure: true };

    fn found(lines: &[&str]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        let value = SECURE.of(&headers).map_err(|refusal| refusal.code())?;
        Ok(value.map(str::to_owned))
    }

    #[test]
    fn one_value_is_found_among_other_cookies() {
        assert_eq!(found(&["a=b; __Host-guildhall=x.y.z; c"]), Ok(Some("x.y.z".to_owned())));
        assert_eq!(found(&["a=\u{e9}", "__Host-guildhall=x"]), Ok(Some("x".to_owned())));
        for none in ["", "guildhall=x", "__Host-guildhall=", "__Host-guildhall", "__Host-guildhall-login=x"] {
            assert_eq!(found(&[none]), Ok(None), "{none}");
        }
        let twice = Err("UNAUTHENTICATED");
        assert_eq!(found(&["__Host-guildhall=x; __Host-guildhall=x"]), twice);
        assert_eq!(found(&["__Host-guildhall=x", "__Host-guildhall=y"]), twice);
    }

    #[test]
    fn a_browser_keeps_a_session_to_this_host_https_and_its_own_pages() {
        let given = "__Host-guildhall=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(SECURE.given("x", 60), given);
        let plain = Cookie { is_secure: false, ..SECURE };
        assert_eq!(plain.given("x", 60), "guildhall=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
        assert!(SECURE.taken().starts_with("__Host-guildhall=; Path=/; Max-Age=0;"));
    }
}
