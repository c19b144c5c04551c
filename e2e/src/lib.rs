//! A stand of real parts for black-box tests: a Git repository, the built catalog, an edge on either host, the
//! sandbox. Nothing here stands in for a part of Guildhall.

mod answer;
mod idp;
mod journey;
mod oidc;
mod process;
mod programs;
mod repository;
mod secured;
mod served;
mod stand;
mod watched;
mod world;

pub use answer::Answer;
pub use idp::Idp;
pub use journey::Journey;
pub use oidc::{OidcProvider, Visitor};
pub use programs::{browser_engine, guildhall, workspace};
pub use repository::{Repository, files};
pub use secured::Secured;
pub use served::Served;
pub use stand::{HostKind, Stand, edge_config, hosts};
pub use watched::Watched;
pub use world::{World, check, key};
