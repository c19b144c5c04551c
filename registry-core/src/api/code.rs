//! What a refusal of the edge is called, for machines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The enum of codes with their texts on the wire and their HTTP statuses.
macro_rules! codes {
    ($($(#[$meaning:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// Every `code` of the edge's [`Problem`](super::Problem)s: stable, each with one HTTP status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $($(#[$meaning])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The HTTP status that the code goes with (RFC 9110; 431 is of RFC 6585).
            #[must_use]
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }

            /// The text on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The body or a name makes no sense.
    BadRequest = "BAD_REQUEST", 400;
    /// No token where one is needed, or one that does not verify.
    Unauthenticated = "UNAUTHENTICATED", 401;
    /// The token's issuer may not say what it claims.
    IssuerOutOfBounds = "ISSUER_OUT_OF_BOUNDS", 401;
    /// Not open to the caller, or never there.
    AclDenied = "ACL_DENIED", 403;
    /// Another site had the browser ask.
    CrossSite = "CROSS_SITE", 403;
    /// A bundle token for another bundle.
    TokenRefused = "TOKEN_REFUSED", 403;
    /// No version matches.
    VersionNotFound = "VERSION_NOT_FOUND", 404;
    /// No such file of a release.
    NotFound = "NOT_FOUND", 404;
    /// The path does not answer the method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// `Accept` takes no form in which a release is served.
    NotAcceptable = "NOT_ACCEPTABLE", 406;
    /// `If-Match` does not name the file as it is now.
    PreconditionFailed = "PRECONDITION_FAILED", 412;
    /// The body is too large.
    BodyTooLarge = "BODY_TOO_LARGE", 413;
    /// The address is too long.
    UriTooLong = "URI_TOO_LONG", 414;
    /// What was asked for under this key is under way.
    IdempotencyKeyInUse = "IDEMPOTENCY_KEY_IN_USE", 409;
    /// What was asked for under this key was begun, and its result is not there.
    ResultGone = "RESULT_GONE", 409;
    /// The range lies beyond the end of the file.
    RangeNotSatisfiable = "RANGE_NOT_SATISFIABLE", 416;
    /// The caller belongs to too many audiences.
    TooManyAudiences = "TOO_MANY_AUDIENCES", 422;
    /// Something else was asked for under this key.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 422;
    /// The payload does not fit the parameters of a prompt.
    InvalidParameters = "INVALID_PARAMETERS", 422;
    /// Instructions with all that they need are too long.
    TextTooLarge = "TEXT_TOO_LARGE", 422;
    /// The headers are too many or too long.
    HeadersTooLarge = "HEADERS_TOO_LARGE", 431;
    /// The skill's type cannot be invoked yet.
    TypeNotSupported = "TYPE_NOT_SUPPORTED", 501;
    /// The way to the sandbox is broken.
    SandboxUnreachable = "SANDBOX_UNREACHABLE", 502;
    /// The sandbox refused the execution.
    SandboxRefused = "SANDBOX_REFUSED", 502;
    /// The sandbox's answer is no result.
    SandboxGarbage = "SANDBOX_GARBAGE", 502;
    /// The sandbox could not be reached several times in a row, and nothing was tried.
    SandboxUnavailable = "SANDBOX_UNAVAILABLE", 503;
    /// The sandbox has no room at the moment.
    SandboxBusy = "SANDBOX_BUSY", 503;
    /// The keys of the token's issuer cannot be read.
    KeysUnavailable = "KEYS_UNAVAILABLE", 503;
    /// The catalog cannot be read.
    CatalogUnavailable = "CATALOG_UNAVAILABLE", 503;
    /// The usage log cannot be written.
    LogUnavailable = "LOG_UNAVAILABLE", 503;
    /// It cannot be known whether this was done under its key.
    IdempotencyUnavailable = "IDEMPOTENCY_UNAVAILABLE", 503;
    /// The catalog's head has expired.
    HeadExpired = "HEAD_EXPIRED", 503;
    /// The edge has no configuration.
    NotConfigured = "NOT_CONFIGURED", 503;
    /// The edge cannot answer at the moment.
    Unavailable = "UNAVAILABLE", 503;
    /// The sandbox did not answer in time.
    SandboxTimeout = "SANDBOX_TIMEOUT", 504;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_tells_of_every_code_and_its_status() {
        let documentation = include_str!("../../../docs/api.md");
        for code in Code::ALL {
            let row = documentation
                .lines()
                .find(|line| line.starts_with('|') && line.contains(&format!("`{}`", code.as_str())));
            let status = code.status().to_string();
            assert!(row.is_some_and(|row| row.contains(&status)), "{}", code.as_str());
        }
    }
}
