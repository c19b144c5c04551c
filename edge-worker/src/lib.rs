//! The edge. One entry, [`handle()`], over a narrow [`Host`]; two hosts: Cloudflare Workers and one machine.

mod access;
mod breaker;
mod browsers;
mod catalog;
mod claims;
mod conditional;
mod config;
mod credential;
mod damage;
mod execution;
mod handle;
mod host;
mod idempotency;
mod keys;
mod log;
mod negotiate;
mod ready;
mod reply;
mod routes;
mod seen;
mod sessions;
mod table;
mod telemetry;
mod trace;

#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
#[cfg(target_arch = "wasm32")]
mod workers;

pub use claims::{Claim, Claimed};
pub use config::{ConfigError, EdgeConfig, OidcConfig, SandboxConfig, Secret};
pub use handle::{Edge, MAX_BODY_BYTES, handle};
pub use host::{FetchError, Host, HostError, LogPage};
pub use keys::KeyFileError;
pub use reply::{Body, LogNote};
pub use seen::SeenHead;
pub use telemetry::{TelemetryConfig, TelemetryError};
