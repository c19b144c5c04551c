//! A stand of real parts for black-box tests: a Git repository, the built catalog, an edge on either host, the
//! sandbox. Nothing here stands in for a part of Guildhall.

mod answer;
mod idp;
mod journey;
mod process;
mod programs;
mod relay;
mod repository;
mod served;
mod stand;
mod watched;
mod world;

pub use answer::Answer;
pub use idp::Idp;
pub use journey::Journey;
pub use programs::{browser_engine, guildhall, workspace};
pub use relay::{Fate, Relay, answer};
pub use repository::{Repository, files};
pub use served::Served;
pub use stand::{HostKind, Stand, hosts};
pub use watched::Watched;
pub use world::{World, check, key};
