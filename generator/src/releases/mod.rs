//! Every release of the skills that the published branch has: from tags, from its history, and from the former catalog.

mod decide;
mod gather;
#[cfg(test)]
mod made;
mod status;

pub use gather::{GatherError, Gathered, Kept, Source, gather};
pub use status::Statuses;
