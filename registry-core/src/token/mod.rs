//! Keys and signed tokens: caller identity, invoke tokens, bundle tokens.

mod bundle;
mod identity;
mod invoke;
mod key;
mod strict;

pub use bundle::{BUNDLE_TYPE, BundleClaims};
pub use identity::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DEVELOPMENT_LIFETIME, IDENTITY_TYPE, IdentityClaims, Issuer,
    caller_from_token,
};
pub use invoke::{INVOKE_TYPE, InvokeClaims};
pub use key::{DEVELOPMENT_KID_PREFIX, KeyError, PublicKey, SigningKey, development_keys_only_in};
pub use strict::{Expected, MAX_TOKEN_BYTES, SKEW_SECONDS, TokenError, sign, verify};

/// Longest life of an invoke or bundle token, in seconds. It bounds acceptance, not run time: a longer one would
/// give whoever steals it from a log or a proxy more time to use it first.
pub const MAX_INVOKE_LIFETIME: u64 = 60;
