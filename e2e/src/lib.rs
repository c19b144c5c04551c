//! A stand of real parts for black-box tests: a Git repository, the built catalog, an edge on either host, the
//! sandbox. Nothing here stands in for a part of Guildhall.

mod answer;
mod empty;
mod idp;
mod journey;
mod made;
mod oidc;
mod process;
mod programs;
mod relay;
mod repository;
mod secured;
mod served;
mod stand;
mod usage;
mod watched;
mod world;

pub use answer::Answer;
pub use empty::EmptyWorker;
pub use idp::Idp;
pub use journey::Journey;
pub use made::{made_queries, made_stand, percentile};
pub use oidc::{OidcProvider, Visitor};
pub use programs::{browser_engine, guildhall, workspace};
pub use relay::{Fate, Relay, answer};
pub use repository::{Repository, files};
pub use secured::Secured;
pub use served::Served;
pub use stand::{HostKind, Stand, edge_config, hosts};
pub use usage::Usage;
pub use watched::Watched;
pub use world::{World, check, key};
