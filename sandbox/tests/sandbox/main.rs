//! The sandbox from outside: real HTTP, real bubblewrap, a bundle server in the edge's place.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod again;
mod attacks;
mod bundles;
mod limits;
mod program;
mod runs;
mod stage;
mod tokens;
