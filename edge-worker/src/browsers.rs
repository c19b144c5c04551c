//! What browsers are told: which scripts may read answers, and how to come back (RFC 6797, RFC 9728, Fetch).

use http::HeaderMap;
use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, STRICT_TRANSPORT_SECURITY,
    WWW_AUTHENTICATE,
};

use crate::handle::Edge;
use crate::reply::{Reply, set};

/// A year: browsers that have come by HTTPS come by it again.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Lets scripts of any site read what is open to everybody. `Authorization` is not among the headers that they may
/// send: with a token, an answer is for its caller, and browsers refuse such a request themselves.
pub(crate) fn allow_reads(headers: &HeaderMap, reply: &mut Reply) {
    if !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return;
    }
    set(reply, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(reply, ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD");
    set(
        reply,
        ACCESS_CONTROL_ALLOW_HEADERS,
        "If-Match, If-None-Match, If-Range, Range, Traceparent, Tracestate",
    );
    set(reply, ACCESS_CONTROL_MAX_AGE, "86400");
}

impl Edge {
    /// Adds what every answer says.
    pub(crate) fn finish(&self, headers: &HeaderMap, reply: &mut Reply) {
        let origin = &self.config.origin;
        if origin.starts_with("https://") && !self.config.development {
            set(reply, STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        }
        if reply.status() == StatusCode::UNAUTHORIZED {
            let error = if headers.contains_key(AUTHORIZATION) { ", error=\"invalid_token\"" } else { "" };
            let challenge = format!(
                "Bearer realm=\"guildhall\"{error}, resource_metadata=\"{origin}/.well-known/oauth-protected-resource\""
            );
            set(reply, WWW_AUTHENTICATE, &challenge);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;
    use registry_core::token::SigningKey;
    use serde_json::json;

    use super::*;
    use crate::config::EdgeConfig;
    use crate::reply::Refusal;

    fn finished(origin: &str, development: bool, name: HeaderName) -> Option<String> {
        let config = json!({
            "origin": origin,
            "development": development,
            "head_keys": [],
            "invoke_key": SigningKey::from_seed("invoke-1", [1; 32]).unwrap(),
            "identity": [],
            "sandbox": {"url": "http://x", "audience": "s"},
            "pseudonym_key": "0".repeat(64),
        });
        let edge = Edge::new(EdgeConfig::parse(config.to_string().as_bytes()).unwrap()).unwrap();
        let mut reply = Refusal::unauthenticated("x").into_reply();
        edge.finish(&HeaderMap::new(), &mut reply);
        Some(reply.headers().get(name)?.to_str().unwrap().to_owned())
    }

    #[test]
    fn browsers_are_bound_to_https_where_the_edge_is_reached_by_it() {
        let bound = |origin, development| finished(origin, development, STRICT_TRANSPORT_SECURITY).is_some();
        assert!(bound("https://skills.example", false));
        assert!(!bound("https://skills.example", true), "a machine that tries the program out stays free");
        assert!(!bound("http://skills.example", false));
    }

    #[test]
    fn who_is_not_known_is_told_where_tokens_come_from() {
        let told = finished("https://skills.example", false, WWW_AUTHENTICATE).unwrap();
        let address = "https://skills.example/.well-known/oauth-protected-resource";
        assert_eq!(told, format!("Bearer realm=\"guildhall\", resource_metadata=\"{address}\""));
    }
}
