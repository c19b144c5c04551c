//! Every release of the skills that the published branch has: from tags, from its history, and from the former catalog.

mod decide;
mod gather;
mod status;

pub use gather::{GatherError, Gathered, Source, gather};
pub use status::Statuses;
