//! Shards of schema 1, which held each listing as JSON and no vectors: made anew when they are read.

use super::super::container::{Format, ReadError, Strings};
use super::{FORMAT, ShardBuilder};
use crate::api::Listing;

pub(super) const SCHEMA: u32 = 1;
const SECTIONS: usize = 5;
/// Where the listings are.
const LISTINGS: usize = 2;

/// The bytes of the same shard in the schema of today.
pub(super) fn renew(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let sections: [_; SECTIONS] = Format { schema: SCHEMA, ..FORMAT }.read(bytes)?;
    let listings = sections.get(LISTINGS).and_then(|section| Strings::read(bytes.get(section.clone())?));
    let mut builder = ShardBuilder::default();
    for listing in listings.ok_or(FORMAT.malformed())?.iter() {
        let listing: Listing = serde_json::from_slice(listing).map_err(|_| FORMAT.malformed())?;
        builder.add(listing);
    }
    builder.encode(None)
}
