//! The pure domain of Guildhall. No I/O, no clock, no environment, no randomness: they are arguments.

pub mod api;
#[cfg(feature = "bundle")]
pub mod bundle;
pub mod catalog;
pub mod check;
pub mod diagnostic;
pub mod digest;
pub mod html;
pub mod id;
pub mod idempotency;
pub mod instructions;
pub mod manifest;
pub mod organisation;
pub mod policy;
pub mod prompt;
pub mod requirement;
pub mod resolver;
pub mod search;
pub mod sparse;
pub mod status;
pub mod token;
pub mod trace;
pub mod usage;
mod yaml;

pub use semver::Version;
