//! Keys and signed tokens: caller identity, invoke tokens, bundle tokens.

mod algorithm;
mod bounds;
mod bundle;
mod identity;
mod identity_key;
mod invoke;
mod issuer;
mod key;
mod key_set;
mod key_source;
mod login;
mod session;
mod strict;
mod unique;

pub use algorithm::Algorithm;
pub use bounds::{Bound, Bounds};
pub use bundle::{BUNDLE_TYPE, BundleClaims};
pub use identity::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DEVELOPMENT_LIFETIME, IDENTITY_TYPE, IdentityClaims,
    IdentityToken, SignIn,
};
pub use identity_key::{IdentityKey, IdentityKeyError};
pub use invoke::{INVOKE_TYPE, InvokeClaims};
pub use issuer::{ClaimNames, Issuer, IssuerError, MAX_IDENTITY_LIFETIME, TokenHeader, check_issuers};
pub use key::{DEVELOPMENT_KID_PREFIX, KeyError, PublicKey, SigningKey, development_keys_only_in};
pub use key_set::{IdentityKeys, MAX_KEYS};
pub use key_source::{KeyPlace, KeySource, KeySourceError, KeysUrl, KeysUrlError};
pub use login::{LOGIN_LIFETIME, LOGIN_TYPE, LoginClaims};
pub use session::{MAX_SESSION_LIFETIME, SESSION_TYPE, SessionClaims};
pub use strict::{Expected, MAX_TOKEN_BYTES, SKEW_SECONDS, TokenError, sign, verify};

/// Longest life of an invoke or bundle token, in seconds. It bounds acceptance, not run time: a longer one would
/// give whoever steals it from a log or a proxy more time to use it first.
pub const MAX_INVOKE_LIFETIME: u64 = 60;
