//! Trace context: which trace of its caller's a request belongs to.

use http::{HeaderMap, HeaderName, HeaderValue};
use registry_core::trace::TraceParent;

use crate::handle::hexadecimal;

/// Trace, parent and flags of a request.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What the callers' own tracing systems say beside it; passed on unread.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The part of a trace that a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Names the trace: 32 hexadecimal digits.
    pub(crate) id: String,
    /// The caller's span, where the caller has a trace.
    pub(crate) parent: Option<String>,
    /// The request's own span: 16 hexadecimal digits.
    pub(crate) span: String,
    /// Whether the edge records its spans of this trace.
    pub(crate) is_recorded: bool,
    /// Whether somebody before may have recorded theirs.
    is_sampled: bool,
    state: Vec<HeaderValue>,
}

impl Trace {
    /// The trace of a valid `traceparent`, else a new one with the random id `trace`, and a span named by the first half
    /// of `span`. The share `sample` of all traces is recorded, by their ids: services with the same rule record the
    /// same traces, and no caller can have the edge record one by a flag.
    pub(crate) fn of(headers: &HeaderMap, trace: [u8; 16], span: [u8; 16], sample: f64) -> Self {
        let incoming = incoming(headers);
        let state = headers.get_all(TRACESTATE).iter().filter(|_| incoming.is_some()).cloned().collect();
        let (id, parent, is_sampled) = match incoming {
            Some(TraceParent { trace, parent, is_sampled }) => (trace, Some(parent), is_sampled),
            None => (hexadecimal(&trace), None, false),
        };
        let span = first_half(span);
        Self { is_recorded: is_among(&id, sample), id, parent, span, is_sampled, state }
    }

    /// The headers of a request that this one leads to: its trace goes on with the span `span`.
    pub(crate) fn passed_on(&self, span: &str) -> HeaderMap {
        let is_sampled = self.is_recorded || self.is_sampled;
        let parent = TraceParent { trace: self.id.clone(), parent: span.to_owned(), is_sampled };
        let parent = HeaderValue::from_str(&parent.to_string()).into_iter().map(|value| (TRACEPARENT, value));
        parent.chain(self.state.iter().map(|value| (TRACESTATE, value.clone()))).collect()
    }
}

/// The name of a span: 16 hexadecimal digits.
pub(crate) fn first_half(random: [u8; 16]) -> String {
    hexadecimal(&random).chars().take(16).collect()
}

/// Whether a trace is among the share that is recorded, by the last 63 bits of its id, which are random (W3C Trace
/// Context, level 2; OpenTelemetry's `TraceIdRatioBased` sampler).
fn is_among(id: &str, share: f64) -> bool {
    let last = id.get(16..).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(u64::MAX);
    const ALL: f64 = (1u64 << 63) as f64;
    ((last >> 1) as f64) < share * ALL
}

/// What the one `traceparent` says, if it is valid.
fn incoming(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn passed(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        headers.append(TRACESTATE, HeaderValue::from_static("vendor=x"));
        let trace = Trace::of(&headers, [0xaa; 16], [0xcc; 16], 0.0);
        let passed = trace.passed_on(&first_half([0xbb; 16]));
        let text = |name| passed.get(name).map(|value| value.to_str().unwrap());
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
        for values in [vec![], vec![good.as_str(), &good], vec!["00-0"]] {
            let expected = format!("00-{}-bbbbbbbbbbbbbbbb-00 -", "aa".repeat(16));
            assert_eq!(passed(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_trace_is_recorded_by_its_id_and_not_because_a_caller_says_so() {
        let recorded = |id: &str, sample: f64| {
            let mut headers = HeaderMap::new();
            let text = format!("00-{id}-b7ad6b7169203331-01");
            headers.insert(TRACEPARENT, HeaderValue::from_str(&text).unwrap());
            Trace::of(&headers, [1; 16], [2; 16], sample).is_recorded
        };
        let low = format!("{}{}", "f".repeat(16), "1000000000000000");
        let high = format!("{}{}", "0".repeat(16), "f000000000000000");
        assert_eq!([0.0, 0.1, 0.9, 1.0].map(|sample| recorded(&low, sample)), [false, true, true, true]);
        assert_eq!([0.0, 0.1, 0.9, 1.0].map(|sample| recorded(&high, sample)), [false, false, false, true]);
    }

    #[test]
    fn a_recorded_trace_says_so_to_those_who_come_after() {
        let trace = Trace::of(&HeaderMap::new(), [0xaa; 16], [0xcc; 16], 1.0);
        assert_eq!((trace.parent.as_deref(), trace.span.as_str()), (None, "cccccccccccccccc"));
        let text = format!("00-{}-bbbbbbbbbbbbbbbb-01", "aa".repeat(16));
        assert_eq!(trace.passed_on("bbbbbbbbbbbbbbbb")[TRACEPARENT], text);
    }
}
