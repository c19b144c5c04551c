//! Releases out of Git history: what makes one, what is refused, and that the bytes hang on nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bytes;
mod clones;
mod history;
mod needs;
mod purity;
mod removal;
mod scratch;
mod status;
mod tags;
