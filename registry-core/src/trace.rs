//! Trace context on the wire: the header `traceparent` (W3C Recommendation "Trace Context", level 1).

use std::fmt;
use std::str::FromStr;

/// What a `traceparent` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// Names the trace: 32 hexadecimal digits, not all zero.
    pub trace: String,
    /// Names the span that leads to the request: 16 hexadecimal digits, not all zero.
    pub parent: String,
    /// Whether the caller may have recorded its span. Of the flags, no other is known.
    pub is_sampled: bool,
}

/// A text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a `traceparent` as in `00-{{32 digits}}-{{16 digits}}-01`")]
pub struct TraceParentError;

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Takes later versions too, whose further parts it passes over.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut parts = text.split('-');
        let mut part =
            |digits| parts.next().filter(|part| is_hexadecimal(part, digits)).ok_or(TraceParentError);
        let (version, trace, parent, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let is_known = version != "ff" && (version != "00" || parts.next().is_none());
        let names = |text: &str| text.bytes().any(|digit| digit != b'0');
        if !is_known || !names(trace) || !names(parent) {
            return Err(TraceParentError);
        }
        let flags = u8::from_str_radix(flags, 16).map_err(|_| TraceParentError)?;
        Ok(Self { trace: trace.to_owned(), parent: parent.to_owned(), is_sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.is_sampled { "01" } else { "00" };
        write!(f, "00-{}-{}-{flags}", self.trace, self.parent)
    }
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn flags_and_later_versions_are_read_as_the_recommendation_says() {
        let sampled = |text: &str| text.parse::<TraceParent>().map(|parent| parent.is_sampled);
        for (flags, expected) in [("01", true), ("00", false), ("ff", true), ("02", false)] {
            assert_eq!(sampled(&GOOD.replace("-01", &format!("-{flags}"))), Ok(expected));
        }
        assert_eq!(sampled(&format!("01{}-more", &GOOD[2..])), Ok(true));
    }

    #[test]
    fn what_is_not_valid_is_refused() {
        for wrong in [
            String::new(),
            GOOD.replace("00-", "ff-"),
            GOOD.to_uppercase(),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            GOOD.replace("-01", ""),
            GOOD.replace("-01", "-1"),
            GOOD.replace("-01", "-0g"),
        ] {
            assert_eq!(wrong.parse::<TraceParent>(), Err(TraceParentError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_alike(text in "0[01]-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-fA-F-]{0,60}") {
            if let Ok(parent) = text.parse::<TraceParent>() {
                prop_assert_eq!(parent.to_string().parse(), Ok(parent));
            }
        }
    }
}
