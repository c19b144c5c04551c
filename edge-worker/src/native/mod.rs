//! The host for one machine: catalog and log in folders, axum as the shell.

mod claims;
mod compression;
mod fetch;
mod files;
mod log;
mod metrics;
mod reading;
mod server;
mod tls;

pub use files::{FilesHost, HostSetupError};
pub use log::{LogError, UsageLog};
pub use metrics::Metrics;
pub use server::{ServeError, Serving, serve};
pub use tls::{Tls, TlsError};
