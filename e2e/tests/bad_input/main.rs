//! Input that nobody should write, and somebody will: each fault is one finding with its place and its code, and the
//! rest of the tree is checked as ever.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commit;
mod configuration;
mod layout;
mod manifest;
mod tree;
mod unopened;
