//! Where a request comes from.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};
use registry_core::api::Code;

use crate::reply::Refusal;

/// What browsers say of the page that made a request (Fetch Metadata Request Headers); no script can write it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that none of the edge's own pages made: another site could sign its visitors in as someone else, or
/// sign them out. Browsers that do not say `Sec-Fetch-Site` name the page's `Origin` (RFC 6454).
pub(crate) fn require_same_origin(headers: &HeaderMap, origin: &str) -> Result<(), Refusal> {
    let is_own = match headers.get(&SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => headers.get(ORIGIN).is_some_and(|page| page == origin),
    };
    if is_own {
        return Ok(());
    }
    Err(Refusal::new(
        Code::CrossSite,
        format!("only a page of {origin} may ask for this; open `/sign-in` there"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_edges_own_pages_are_obeyed() {
        let is_own = |pairs: &[(HeaderName, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            require_same_origin(&headers.collect(), "https://skills.example").is_ok()
        };
        let site = |value| (SEC_FETCH_SITE, value);
        let origin = |value| (ORIGIN, value);
        assert!(is_own(&[site("same-origin")]));
        assert!(is_own(&[site("same-origin"), origin("null")]), "pages send no referrer");
        assert!(is_own(&[origin("https://skills.example")]));
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(!is_own(&[site(other), origin("https://skills.example")]), "{other}");
        }
        for other in ["null", "", "https://skills.example.evil", "http://skills.example", "https://evil"] {
            assert!(!is_own(&[origin(other)]), "{other}");
        }
        assert!(!is_own(&[]));
    }
}
