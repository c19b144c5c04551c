//! Trace context (W3C Recommendation, level 1): which trace of its caller's a request belongs to.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::handle::hexadecimal;

/// Trace, parent and flags of a request.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What the callers' own tracing systems say beside it; passed on unread.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The headers of a request that this one leads to: its trace goes on with `span`, the first eight bytes of which name
/// it. Without a valid `traceparent` a new trace, which is not sampled, has the random id `trace`.
pub(crate) fn passed_on(
    headers: &HeaderMap,
    trace: [u8; 16],
    span: [u8; 16],
) -> Vec<(HeaderName, HeaderValue)> {
    let incoming = incoming(headers);
    let state = headers.get_all(TRACESTATE).iter().filter(|_| incoming.is_some());
    let (id, flags) = incoming.clone().unwrap_or_else(|| (hexadecimal(&trace), "00"));
    let span: String = hexadecimal(&span).chars().take(16).collect();
    let parent = HeaderValue::from_str(&format!("00-{id}-{span}-{flags}")).map(|value| (TRACEPARENT, value));
    parent.into_iter().chain(state.map(|value| (TRACESTATE, value.clone()))).collect()
}

/// The trace and the flags of the one `traceparent`, if it is valid. Of the flags, only `sampled` is known.
fn incoming(headers: &HeaderMap) -> Option<(String, &'static str)> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version != "ff" && (version != "00" || parts.next().is_none());
    let is_id = |text: &str, digits| is_hexadecimal(text, digits) && text.bytes().any(|digit| digit != b'0');
    let is_valid = is_known
        && is_hexadecimal(version, 2)
        && is_id(trace, 32)
        && is_id(parent, 16)
        && is_hexadecimal(flags, 2);
    let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    is_valid.then(|| (trace.to_owned(), if is_sampled { "01" } else { "00" }))
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn passed(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        headers.append(TRACESTATE, HeaderValue::from_static("vendor=x"));
        let passed = passed_on(&headers, [0xaa; 16], [0xbb; 16]);
        let text =
            |name| passed.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_str().unwrap());
        format!("{} {}", text(&TRACEPARENT).unwrap(), text(&TRACESTATE).unwrap_or("-"))
    }

    #[test]
    fn a_valid_trace_goes_on_with_a_new_span() {
        for (flags, expected) in [("01", "01"), ("00", "00"), ("ff", "01"), ("02", "00")] {
            let incoming = format!("00-{TRACE}-b7ad6b7169203331-{flags}");
            assert_eq!(passed(&[&incoming]), format!("00-{TRACE}-bbbbbbbbbbbbbbbb-{expected} vendor=x"));
        }
        let later = format!("01-{TRACE}-b7ad6b7169203331-01-more");
        assert_eq!(passed(&[&later]), format!("00-{TRACE}-bbbbbbbbbbbbbbbb-01 vendor=x"));
    }

    #[test]
    fn an_invalid_trace_is_replaced_and_its_state_dropped() {
        let good = format!("00-{TRACE}-b7ad6b7169203331-01");
        let bad = [
            vec![],
            vec![good.clone(), good.clone()],
            vec![good.replace("00-", "ff-")],
            vec![good.to_uppercase()],
            vec![format!("{good}-more")],
            vec![format!("{good} ")],
            vec![good.replace(TRACE, &"0".repeat(32))],
            vec![good.replace("b7ad6b7169203331", &"0".repeat(16))],
            vec![good.replace("-01", "")],
            vec![good.replace("-01", "-1")],
            vec![good.replace("-01", "-0g")],
        ];
        for values in bad {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let expected = format!("00-{}-bbbbbbbbbbbbbbbb-00 -", "aa".repeat(16));
            assert_eq!(passed(&values), expected, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_passed_on_is_always_valid(text in "[0-9a-fA-F-]{0,60}") {
            let passed = passed(&[&text]);
            let mut headers = HeaderMap::new();
            let (parent, _) = passed.split_once(' ').unwrap();
            headers.insert(TRACEPARENT, HeaderValue::from_str(parent).unwrap());
            prop_assert!(incoming(&headers).is_some(), "{text} {passed}");
        }
    }
}
