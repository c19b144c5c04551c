//! Sessions of browsers: cookies, where requests come from, where they go, and the provider that people sign in at.

mod cookies;
mod origin;
mod provider;
mod target;

pub(crate) use cookies::Cookie;
pub(crate) use origin::require_same_origin;
pub(crate) use provider::{Begun, begin, id_token};
pub(crate) use target::target;
