//! The embedding table that ships with the program. `embedding/` beside the sources tells how it was made.

use std::sync::LazyLock;

use rayon::prelude::*;
use registry_core::search::{Embedding, ReadError, ShardBuilder};

/// The bytes of the table.
pub const TABLE: &[u8] = include_bytes!("../embedding/table.bin");

static SHARED: LazyLock<Embedding> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the bytes are part of the program, and a test reads them")]
    Embedding::read(TABLE.to_vec()).expect("the table of the program reads")
});

/// The one table of the process.
#[must_use]
pub fn shared() -> &'static Embedding {
    &SHARED
}

/// The shards of an audience, with vectors by the table of the program.
pub fn shards(builder: ShardBuilder) -> impl ParallelIterator<Item = Result<Vec<u8>, ReadError>> {
    builder.split(Some(shared())).into_par_iter().map(|part| part.encode(Some(shared())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_of_the_program_reads() {
        assert_eq!(super::shared().digest(), registry_core::digest::Digest::of(super::TABLE));
    }
}
