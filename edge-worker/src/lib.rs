//! The edge. One entry, [`handle()`], over a narrow [`Host`]; two hosts: Cloudflare Workers and one machine.

mod access;
mod browsers;
mod catalog;
mod conditional;
mod config;
mod credential;
mod damage;
mod handle;
mod host;
mod keys;
mod negotiate;
mod ready;
mod reply;
mod routes;
mod seen;
mod table;
mod trace;

#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
#[cfg(target_arch = "wasm32")]
mod workers;

pub use config::{ConfigError, EdgeConfig, SandboxConfig};
pub use handle::{Edge, MAX_BODY_BYTES, handle};
pub use host::{Host, HostError, LogPage};
pub use keys::KeyFileError;
pub use reply::{Body, LogNote};
pub use seen::SeenHead;
