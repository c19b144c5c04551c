//! Conditions and ranges of a request for a file (RFC 9110, 13 and 14).

use std::ops::Range;

use headers::{ETag, HeaderMapExt as _, IfMatch, IfNoneMatch, IfRange};
use http::header::{IF_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, Method};
use registry_core::api::Code;
use registry_core::digest::Digest;

use crate::reply::Refusal;

/// What a request wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing: it has the file as it is.
    Nothing,
    Whole,
    Part(ByteRange),
}

/// One range of bytes, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From a first byte to a last one, or to the end.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

/// The strong tag of a file, its digest: bytes that differ have different tags.
pub(crate) fn entity_tag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// What a request wants of the file with this tag, in the order of RFC 9110, 13.2.2. There are no dates to compare: a
/// condition by date is passed over, and an `If-Range` by date does not hold.
pub(crate) fn wanted(method: &Method, headers: &HeaderMap, tag: &str) -> Result<Wanted, Refusal> {
    let Ok(tag) = tag.parse::<ETag>() else { return Ok(Wanted::Whole) };
    let is_the_one = |condition: IfMatch| condition.precondition_passes(&tag);
    if headers.contains_key(IF_MATCH) && !headers.typed_get().is_some_and(is_the_one) {
        let detail = "the file is not one that `If-Match` names; get it anew";
        return Err(Refusal::new(Code::PreconditionFailed, detail));
    }
    if headers.typed_get().is_some_and(|known: IfNoneMatch| !known.precondition_passes(&tag)) {
        return Ok(Wanted::Nothing);
    }
    let is_current = |condition: IfRange| !condition.is_modified(Some(&tag), None);
    let may_be_cut = !headers.contains_key(IF_RANGE) || headers.typed_get().is_some_and(is_current);
    let range = headers.get(RANGE).filter(|_| method == Method::GET && may_be_cut);
    let range = range.and_then(|range| ByteRange::parse(range.to_str().ok()?));
    Ok(range.map_or(Wanted::Whole, Wanted::Part))
}

impl ByteRange {
    /// The range of a `Range` header that asks for one range of bytes. Several are answered by the whole file, and so is
    /// what is no range.
    fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        match range.trim().split_once('-')? {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// Where the range lies in a file of so many bytes; `None` where it has none of them.
    pub(crate) fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// A number of digits alone; one that is too large for any file is the largest.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "\"a\"";

    fn asked(pairs: &[(&'static str, &str)]) -> Result<Wanted, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        wanted(&Method::GET, &headers, TAG).map_err(|refusal| refusal.code())
    }

    #[test]
    fn a_file_that_the_caller_has_is_not_sent_again() {
        for known in ["\"a\"", "W/\"a\"", "*", "\"b\", \"a\"", "\"b,\",W/\"a\"", "\"b\" , W/\"c\" ,\"a\" "] {
            assert_eq!(asked(&[("if-none-match", known)]), Ok(Wanted::Nothing), "{known}");
        }
        for other in ["\"b\"", "a", "\"A\"", "w/\"a\"", "\"b,a\"", "", "\"*\"", "\"a"] {
            assert_eq!(asked(&[("if-none-match", other)]), Ok(Wanted::Whole), "{other}");
        }
        assert_eq!(asked(&[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")]), Ok(Wanted::Nothing));
    }

    #[test]
    fn a_condition_on_the_state_of_the_file_is_kept() {
        for met in ["\"a\"", "*", "\"b\", \"a\""] {
            assert_eq!(asked(&[("if-match", met)]), Ok(Wanted::Whole), "{met}");
        }
        for unmet in ["\"b\"", "W/\"a\"", "a", ""] {
            assert_eq!(asked(&[("if-match", unmet)]), Err("PRECONDITION_FAILED"), "{unmet}");
        }
    }

    #[test]
    fn a_part_is_sent_of_the_file_that_the_caller_knows() {
        let range = ("range", "bytes=1-2");
        let part = Ok(Wanted::Part(ByteRange::From(1, Some(2))));
        assert_eq!(asked(&[range]), part);
        assert_eq!(asked(&[range, ("if-range", "\"a\"")]), part);
        for other in ["\"b\"", "W/\"a\"", "Sat, 29 Oct 1994 19:43:31 GMT", "a"] {
            assert_eq!(asked(&[range, ("if-range", other)]), Ok(Wanted::Whole), "{other}");
        }
        assert_eq!(asked(&[range, ("if-none-match", "\"a\"")]), Ok(Wanted::Nothing));
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=1-2"));
        assert_eq!(wanted(&Method::HEAD, &headers, TAG).unwrap(), Wanted::Whole);
    }

    #[test]
    fn what_is_not_one_range_of_bytes_is_answered_by_the_whole() {
        for text in [
            "bytes=0-1,3-4",
            "bytes=",
            "bytes",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=2-1",
            "bytes=1",
            "lines=1-2",
            "bytes=1-2-3",
            "bytes=--1",
            "bytes=0x1-2",
        ] {
            assert_eq!(ByteRange::parse(text), None, "{text}");
        }
        assert_eq!(ByteRange::parse("Bytes=5-"), Some(ByteRange::From(5, None)));
        assert_eq!(ByteRange::parse("bytes=-99999999999999999999"), Some(ByteRange::Last(u64::MAX)));
    }

    proptest! {
        #[test]
        fn a_range_has_the_bytes_that_it_names(length in 0u64..50, first in 0u64..60, last in 0u64..60) {
            let bytes: Vec<u64> = (0..length).collect();
            let of = |text: String| {
                let range = ByteRange::parse(&text)?.within(length)?;
                Some(range.collect::<Vec<u64>>())
            };
            let named = |keep: &dyn Fn(u64) -> bool| {
                let kept: Vec<u64> = bytes.iter().copied().filter(|at| keep(*at)).collect();
                (!kept.is_empty()).then_some(kept)
            };
            let expected = if first <= last { named(&|at| first <= at && at <= last) } else { None };
            prop_assert_eq!(of(format!("bytes={first}-{last}")), expected);
            prop_assert_eq!(of(format!("bytes={first}-")), named(&|at| first <= at));
            prop_assert_eq!(of(format!("bytes=-{last}")), named(&|at| at + last >= length));
        }

        #[test]
        fn no_header_makes_a_part_beyond_the_file(text in "(bytes=)?[0-9,= -]{0,24}", length: u64) {
            if let Some(range) = ByteRange::parse(&text).and_then(|range| range.within(length)) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
