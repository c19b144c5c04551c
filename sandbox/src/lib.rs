//! The sandbox: takes an execution that the edge decided, and runs the skill in isolation.
//!
//! It trusts nothing but the edge's signature and the digests that it signs: every step of [`Server`]'s
//! `POST /execute` refuses when it cannot be sure.

mod bundle;
mod config;
mod execution;
mod isolation;
mod ledger;
mod log;
mod memory;
mod process;
mod refusal;
mod release;
mod replay;
mod seccomp;
mod server;
mod spawner;
mod start;

pub use config::{Config, ConfigError};
pub use ledger::StoreError;
pub use server::Server;
pub use start::StartError;
