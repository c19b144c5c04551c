//! A stand of real parts for black-box tests: a Git repository, the built catalog, an edge on either host, the
//! sandbox. Nothing here stands in for a part of Guildhall.

mod programs;
mod repository;
mod served;
mod stand;
mod world;

pub use programs::{guildhall, workspace};
pub use repository::{Repository, files};
pub use served::Served;
pub use stand::{Answer, HostKind, Stand};
pub use world::{World, check, key};
