//! The host for one machine: catalog and log in folders, axum as the shell.

mod claims;
mod fetch;
mod files;
mod log;
mod metrics;
mod server;

pub use files::{FilesHost, HostSetupError};
pub use log::{LogError, UsageLog};
pub use metrics::Metrics;
pub use server::{ServeError, serve};
