//! Where a browser goes once its user has signed in.

/// Longest path that is remembered, in bytes: with it, a cookie stays within what browsers keep.
const MAX_TARGET_BYTES: usize = 1024;

/// The path and query to show, if the text is one of this edge's own; else the catalog's first page. Browsers take `//` and
/// `/\` for the beginning of another host (WHATWG URL), and drop tabs and line ends before they look.
pub(crate) fn target(text: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'\'' | b'<' | b'>');
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= MAX_TARGET_BYTES
        && text.bytes().all(is_plain);
    if is_own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use oauth2::url::Url;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_of_the_catalog_is_shown_again() {
        for own in ["/", "/skills/a/b/", "/search/?q=a%20b&team=c", "/teams/a/#access"] {
            assert_eq!(target(own), own);
        }
        for other in
            ["", "a", "//evil", "/\\evil", "/\t/evil", "https://evil", "javascript:alert(1)", "/a b", "/é"]
        {
            assert_eq!(target(other), "/", "{other}");
        }
        assert_eq!(target(&format!("/{}", "a".repeat(MAX_TARGET_BYTES))), "/");
    }

    proptest! {
        #[test]
        fn no_text_leads_to_another_host(text in "[/\\\\:@.\t\n a-z?#%]{0,12}|\\PC{0,12}") {
            let edge = Url::parse("https://skills.example").unwrap();
            prop_assert_eq!(edge.join(target(&text)).unwrap().origin(), edge.origin());
        }
    }
}
