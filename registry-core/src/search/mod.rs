//! Lexical search: one field per skill (name twice, description, tags), BM25 over the caller's shards.

mod analysis;
mod rank;
mod shard;

pub use analysis::{document_terms, query_terms};
pub use rank::search;
pub use shard::{Shard, ShardBuilder, ShardError};
