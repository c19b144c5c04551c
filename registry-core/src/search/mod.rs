//! Search: one engine, native and wasm, over the shards of the caller's audiences.

mod analysis;
mod container;
mod cosines;
mod document;
mod dot;
mod duplicates;
mod embedding;
mod postings;
mod rank;
pub mod relevance;
mod shard;
#[cfg(feature = "suggestions")]
mod suggestions;
mod weights;
mod wordpiece;

pub use container::ReadError;
pub use document::Document;
pub use duplicates::{DUPLICATE_MEANING, DUPLICATE_WORDS, alike_in_words, similarity};
pub use embedding::Embedding;
pub use rank::{Answer, Query, is_by_name, search};
pub use shard::{Shard, ShardBuilder};
#[cfg(feature = "suggestions")]
pub use suggestions::{Suggestions, SuggestionsError, SuggestionsFile};
pub use weights::Weights;
