//! The edge. One entry, [`handle()`], over a narrow [`Host`]; two hosts: Cloudflare Workers and one machine.

mod access;
mod breaker;
mod catalog;
mod claims;
mod config;
mod credential;
mod execution;
mod handle;
mod host;
mod idempotency;
mod keys;
mod reply;
mod routes;
mod table;

#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(target_arch = "wasm32")]
mod workers;

pub use claims::{Claim, Claimed};
pub use config::{ConfigError, EdgeConfig, SandboxConfig};
pub use handle::{Edge, MAX_BODY_BYTES, handle};
pub use host::{FetchError, Host, HostError};
pub use keys::KeyFileError;
pub use reply::{Body, LogNote};
