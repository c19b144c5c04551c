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
