//! The search shard of one audience: header, sections, digests. Encode and decode stand side by side.
//!
//! All numbers are little-endian. The header is `GHSHARD\0`, schema `u32`, section count `u32`, and per section its
//! kind `u32`, a reserved `u32` of zero, offset `u64`, length `u64` and SHA-256. Sections follow in that order.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::api::Listing;
use crate::digest::Digest;

use super::document_terms;

const MAGIC: [u8; 8] = *b"GHSHARD\0";
const SCHEMA: u32 = 1;
const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 56;
/// Largest shard that is read.
const MAX_SHARD_BYTES: usize = 64 << 20;

/// The sections, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Section {
    /// `u32` number of documents, `u32` reserved, `u64` sum of their lengths in terms.
    Statistics,
    /// `u32` length in terms of each document.
    Lengths,
    /// A table of each document's [`Listing`] as JSON.
    Listings,
    /// A table of the terms, byte-sorted.
    Terms,
    /// A table, per term, of pairs of `u32` document and `u32` frequency, documents ascending.
    Postings,
}

const SECTIONS: [Section; 5] =
    [Section::Statistics, Section::Lengths, Section::Listings, Section::Terms, Section::Postings];

/// Why bytes are not a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// No such header, or one that contradicts itself.
    #[error("the bytes are not a search shard")]
    Malformed,
    /// Written by a program that is too new or too old.
    #[error("the shard has schema {0}, this program reads {SCHEMA}")]
    Schema(u32),
    /// A section's bytes do not have its digest.
    #[error("a section of the shard does not have its digest")]
    Digest,
    /// Too large to read or write.
    #[error("the shard is too large")]
    TooLarge,
}

/// Collects the listings of one audience into a shard.
#[derive(Debug, Default)]
pub struct ShardBuilder {
    /// Sorted by slug, which makes equal scores fall into the order of slugs.
    listings: BTreeMap<String, Listing>,
}

impl ShardBuilder {
    /// Adds a skill; a second one of the same slug replaces the first.
    pub fn add(&mut self, listing: Listing) {
        self.listings.insert(listing.slug.to_string(), listing);
    }

    /// The bytes of the shard.
    ///
    /// # Errors
    /// [`ShardError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, ShardError> {
        let mut postings: BTreeMap<String, BTreeMap<u32, u32>> = BTreeMap::new();
        let mut lengths: Vec<u32> = Vec::new();
        for (document, listing) in (0u32..).zip(self.listings.values()) {
            let terms = document_terms(listing);
            lengths.push(u32::try_from(terms.len()).map_err(|_| ShardError::TooLarge)?);
            for term in terms {
                *postings.entry(term).or_default().entry(document).or_default() += 1;
            }
        }
        let listings =
            self.listings.values().map(|l| serde_json::to_vec(l).map_err(|_| ShardError::Malformed));
        let terms = postings.keys().map(|term| Ok(term.as_bytes().to_vec()));
        let pairs = postings.values().map(|documents| {
            Ok(documents.iter().flat_map(|(d, n)| [d.to_le_bytes(), n.to_le_bytes()].concat()).collect())
        });
        let bodies = [
            statistics(&lengths)?,
            lengths.iter().flat_map(|length| length.to_le_bytes()).collect(),
            table(listings)?,
            table(terms)?,
            table(pairs)?,
        ];
        assemble(&bodies)
    }
}

fn statistics(lengths: &[u32]) -> Result<Vec<u8>, ShardError> {
    let count = u32::try_from(lengths.len()).map_err(|_| ShardError::TooLarge)?;
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    Ok([count.to_le_bytes().as_slice(), &[0; 4], &total.to_le_bytes()].concat())
}

/// The number `n` of items, `n + 1` offsets into the bytes behind them, then the bytes.
fn table(items: impl Iterator<Item = Result<Vec<u8>, ShardError>>) -> Result<Vec<u8>, ShardError> {
    let mut offsets = vec![0u32];
    let mut bytes = Vec::new();
    for item in items {
        bytes.extend(item?);
        offsets.push(u32::try_from(bytes.len()).map_err(|_| ShardError::TooLarge)?);
    }
    let count = u32::try_from(offsets.len() - 1).map_err(|_| ShardError::TooLarge)?;
    let mut encoded = count.to_le_bytes().to_vec();
    encoded.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    encoded.extend(bytes);
    Ok(encoded)
}

fn assemble(bodies: &[Vec<u8>; SECTIONS.len()]) -> Result<Vec<u8>, ShardError> {
    let mut header = [MAGIC.as_slice(), &SCHEMA.to_le_bytes()].concat();
    header.extend((SECTIONS.len() as u32).to_le_bytes());
    let mut offset = HEADER_BYTES + ENTRY_BYTES * SECTIONS.len();
    for (section, body) in SECTIONS.into_iter().zip(bodies) {
        header.extend((section as u32).to_le_bytes());
        header.extend([0; 4]);
        header.extend((offset as u64).to_le_bytes());
        header.extend((body.len() as u64).to_le_bytes());
        header.extend(Digest::of(body).as_bytes());
        offset += body.len();
    }
    if offset > MAX_SHARD_BYTES {
        return Err(ShardError::TooLarge);
    }
    header.extend(bodies.concat());
    Ok(header)
}

/// A shard that was read and verified.
#[derive(Debug)]
pub struct Shard {
    bytes: Vec<u8>,
    sections: [Range<usize>; SECTIONS.len()],
    /// Number of documents.
    pub(super) documents: u32,
    /// Sum of the documents' lengths in terms.
    pub(super) total_length: u64,
}

impl Shard {
    /// Reads and verifies a shard.
    ///
    /// # Errors
    /// Any [`ShardError`]; nothing of a shard that is wrong anywhere is used.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ShardError> {
        if bytes.len() > MAX_SHARD_BYTES {
            return Err(ShardError::TooLarge);
        }
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(ShardError::Malformed);
        }
        let schema = u32_at(&bytes, 8).ok_or(ShardError::Malformed)?;
        if schema != SCHEMA {
            return Err(ShardError::Schema(schema));
        }
        if u32_at(&bytes, 12) != Some(SECTIONS.len() as u32) {
            return Err(ShardError::Malformed);
        }
        let mut end = HEADER_BYTES + ENTRY_BYTES * SECTIONS.len();
        let mut sections = [const { 0..0 }; SECTIONS.len()];
        for (section, range) in SECTIONS.into_iter().zip(&mut sections) {
            *range = section_range(&bytes, section, end)?;
            end = range.end;
        }
        if end != bytes.len() {
            return Err(ShardError::Malformed);
        }
        let mut shard = Self { bytes, sections, documents: 0, total_length: 0 };
        shard.check_shape().ok_or(ShardError::Malformed)?;
        Ok(shard)
    }

    /// Takes the statistics and checks that all tables agree with them.
    fn check_shape(&mut self) -> Option<()> {
        let statistics = self.section(Section::Statistics);
        let statistics_fit = statistics.len() == 16;
        let (documents, total_length) = (u32_at(statistics, 0)?, u64_at(statistics, 8)?);
        (self.documents, self.total_length) = (documents, total_length);
        let documents = usize::try_from(self.documents).ok()?;
        let lengths = self.section(Section::Lengths);
        let (each, rest) = lengths.as_chunks::<4>();
        let sum: u64 = each.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes))).sum();
        let listings = Table::read(self.section(Section::Listings))?;
        let terms = Table::read(self.section(Section::Terms))?;
        let postings = Table::read(self.section(Section::Postings))?;
        let sound = statistics_fit
            && rest.is_empty()
            && each.len() == documents
            && sum == self.total_length
            && listings.len() == documents
            && terms.len() == postings.len()
            && terms.is_sorted()
            && (0..postings.len()).all(|term| self.postings_are_sound(&postings, term));
        sound.then_some(())
    }

    fn postings_are_sound(&self, postings: &Table<'_>, term: usize) -> bool {
        let (pairs, rest) = postings.get(term).unwrap_or_default().as_chunks::<8>();
        rest.is_empty()
            && !pairs.is_empty()
            && pairs.is_sorted_by(|a, b| pair(a).0 < pair(b).0)
            && pairs.iter().all(|bytes| pair(bytes).0 < self.documents)
    }

    fn section(&self, section: Section) -> &[u8] {
        let range = self.sections.get(section as usize).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }

    /// The (document, frequency) pairs of `term`, documents ascending.
    pub(super) fn postings(&self, term: &str) -> impl ExactSizeIterator<Item = (u32, u32)> {
        let find = || {
            let index = Table::read(self.section(Section::Terms))?.position(term.as_bytes())?;
            Table::read(self.section(Section::Postings))?.get(index)
        };
        let (pairs, _) = find().unwrap_or_default().as_chunks::<8>();
        pairs.iter().map(pair)
    }

    /// The length of a document in terms.
    pub(super) fn length(&self, document: u32) -> u32 {
        u32_at(self.section(Section::Lengths), document as usize * 4).unwrap_or(0)
    }

    /// What the shard says of a document.
    pub(super) fn listing(&self, document: u32) -> Option<Listing> {
        let listings = Table::read(self.section(Section::Listings))?;
        serde_json::from_slice(listings.get(document as usize)?).ok()
    }
}

fn section_range(bytes: &[u8], section: Section, start: usize) -> Result<Range<usize>, ShardError> {
    let entry = HEADER_BYTES + ENTRY_BYTES * section as usize;
    let field = |at| u64_at(bytes, entry + at).and_then(|value| usize::try_from(value).ok());
    let kind = u32_at(bytes, entry);
    let (offset, length) = field(8).zip(field(16)).ok_or(ShardError::Malformed)?;
    let end = start.checked_add(length).ok_or(ShardError::Malformed)?;
    if kind != Some(section as u32) || u32_at(bytes, entry + 4) != Some(0) || offset != start {
        return Err(ShardError::Malformed);
    }
    let body = bytes.get(start..end).ok_or(ShardError::Malformed)?;
    if bytes.get(entry + 24..entry + ENTRY_BYTES) != Some(Digest::of(body).as_bytes()) {
        return Err(ShardError::Digest);
    }
    Ok(start..end)
}

fn pair(bytes: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *bytes;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A table as [`table`] writes it.
#[derive(Clone, Copy)]
struct Table<'a> {
    offsets: &'a [[u8; 4]],
    bytes: &'a [u8],
}

impl<'a> Table<'a> {
    fn read(section: &'a [u8]) -> Option<Self> {
        let count = u32_at(section, 0)? as usize;
        let (offsets, bytes) = section.get(4..)?.split_at_checked(count.checked_add(1)?.checked_mul(4)?)?;
        Some(Self { offsets: offsets.as_chunks::<4>().0, bytes })
    }

    fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    fn get(&self, index: usize) -> Option<&'a [u8]> {
        let offset = |at: usize| self.offsets.get(at).map(|bytes| u32::from_le_bytes(*bytes) as usize);
        self.bytes.get(offset(index)?..offset(index + 1)?)
    }

    fn is_sorted(&self) -> bool {
        (1..self.len()).all(|index| self.get(index - 1) < self.get(index))
    }

    fn position(&self, wanted: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle)?.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
