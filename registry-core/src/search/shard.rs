//! A search shard: what is needed to search a part of one audience's skills. Encode and decode stand side by side.

mod former;

use std::collections::BTreeMap;
use std::ops::Range;

use super::container::{Format, ReadError, Strings, u32_at, u64_at};
use super::cosines::{self, Cosines, Lengths, Vectors};
use super::document::{Row, encode_row};
use super::embedding::{Embedding, Vector};
use super::postings::{self, Postings};
use super::{Document, analysis, wordpiece};
use crate::api::Listing;
use crate::digest::Digest;

const FORMAT: Format = Format { what: "search shard", magic: *b"GHSHARD\0", schema: 3, max_bytes: 64 << 20 };

/// The sections, in the order of the file. Documents are numbered in the order of their slugs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `u32` number of documents, `u32` values of a vector (0 without vectors), `u64` sum of the documents' lengths in
    /// terms.
    Statistics,
    /// `u16` length of each document in terms; 65,535 for a longer one.
    Lengths,
    /// The terms, byte-sorted, as [`Strings`].
    Terms,
    /// Per term its [`Postings`], as [`Strings`].
    Postings,
    /// A [`Row`] per document, as [`Strings`].
    Rows,
    /// Every name and alias, byte-sorted, as [`Strings`].
    Names,
    /// `u32` per name: the document.
    NameDocuments,
    /// SHA-256 of the embedding table, then per document its vector in eight bits a value, all zeros for none: first the
    /// first [`cosines::HEAD`] values of all documents, then the others of all. Empty without vectors.
    Vectors,
}

const SECTIONS: usize = Section::Vectors as usize + 1;
const STATISTICS_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
/// About how large a shard becomes before it is split, in bytes.
const PART_BYTES: usize = 8 << 20;
/// Into how many parts at most.
const MAX_PARTS: usize = 256;

/// Collects what an audience can find into a shard.
#[derive(Debug, Clone, Default)]
pub struct ShardBuilder {
    /// Sorted by slug, which makes equal scores fall into the order of slugs.
    pub(super) documents: BTreeMap<String, Document>,
}

impl ShardBuilder {
    /// Adds a skill; a second one of the same slug replaces the first.
    pub fn add(&mut self, document: impl Into<Document>) {
        let document = document.into();
        self.documents.insert(document.listing.slug.to_string(), document);
    }

    /// Splits what would make a shard of more than 8 MiB into several, by the SHA-256 of the slug, so that where a
    /// skill goes depends on itself and on their number alone.
    #[must_use]
    pub fn split(self, embedding: Option<&Embedding>) -> Vec<Self> {
        let vector = embedding.map_or(0, Embedding::dimensions);
        let bytes: usize = self.documents.values().map(|document| document.text_bytes() * 2 + vector).sum();
        let parts = bytes.div_ceil(PART_BYTES).next_power_of_two().min(MAX_PARTS);
        let mut split: Vec<Self> = (0..parts).map(|_| Self::default()).collect();
        for (slug, document) in self.documents {
            let part = usize::from(Digest::of(slug.as_bytes()).bucket()) * parts / MAX_PARTS;
            if let Some(part) = split.get_mut(part) {
                part.documents.insert(slug, document);
            }
        }
        split
    }

    /// The bytes of the shard, with vectors by a table where there is one.
    ///
    /// # Errors
    /// [`ReadError::TooLarge`].
    pub fn encode(&self, embedding: Option<&Embedding>) -> Result<Vec<u8>, ReadError> {
        let sections = self.sections(embedding).ok_or(ReadError::TooLarge(FORMAT.what))?;
        FORMAT.encode(&sections)
    }

    fn sections(&self, embedding: Option<&Embedding>) -> Option<[Vec<u8>; SECTIONS]> {
        let documents: Vec<&Document> = self.documents.values().collect();
        let terms = Inverted::of(documents.iter().map(|document| analysis::document_terms(document)));
        let dimensions = embedding.map_or(0, Embedding::dimensions) as u32;
        let statistics = [
            u32::try_from(documents.len()).ok()?.to_le_bytes().as_slice(),
            &dimensions.to_le_bytes(),
            &terms.total().to_le_bytes(),
        ]
        .concat();
        let rows: Option<Vec<Vec<u8>>> =
            documents.iter().map(|document| encode_row(&document.listing)).collect();
        let names = names(&documents);
        Some([
            statistics,
            terms.lengths(),
            Strings::encode(terms.postings.keys())?,
            terms.lists()?,
            Strings::encode(rows?)?,
            Strings::encode(names.iter().map(|(name, _)| name))?,
            names.iter().flat_map(|(_, document)| document.to_le_bytes()).collect(),
            embedding.map_or_else(Vec::new, |embedding| vectors(&documents, embedding)),
        ])
    }
}

/// Names and aliases with their documents, sorted.
fn names(documents: &[&Document]) -> Vec<(String, u32)> {
    let named = |(number, document): (u32, &&Document)| {
        let names = [&document.listing.name].into_iter().chain(&document.aliases).cloned();
        names.map(|name| (name, number)).collect::<Vec<_>>()
    };
    let mut names: Vec<(String, u32)> = (0..).zip(documents).flat_map(named).collect();
    names.sort_unstable();
    names
}

fn vectors(documents: &[&Document], embedding: &Embedding) -> Vec<u8> {
    let mut bytes = embedding.digest().as_bytes().to_vec();
    let mut tails: Vec<u8> = Vec::new();
    for document in documents {
        let vector = embedding.vector(&wordpiece::words(&document.meaning()));
        let values = vector.map_or_else(|| vec![0; embedding.dimensions()], |vector| vector.values);
        let (head, tail) = cosines::split::<u8>(bytemuck::cast_slice(&values));
        bytes.extend(head);
        tails.extend(tail);
    }
    bytes.extend(tails);
    bytes
}

/// Where each term of a field occurs.
struct Inverted {
    postings: BTreeMap<String, BTreeMap<u32, u32>>,
    lengths: Vec<u16>,
}

impl Inverted {
    fn of(documents: impl Iterator<Item = Vec<String>>) -> Self {
        let mut postings: BTreeMap<String, BTreeMap<u32, u32>> = BTreeMap::new();
        let mut lengths = Vec::new();
        for (document, terms) in (0..).zip(documents) {
            lengths.push(u16::try_from(terms.len()).unwrap_or(u16::MAX));
            for term in terms {
                *postings.entry(term).or_default().entry(document).or_default() += 1;
            }
        }
        Self { postings, lengths }
    }

    fn total(&self) -> u64 {
        self.lengths.iter().map(|length| u64::from(*length)).sum()
    }

    fn lengths(&self) -> Vec<u8> {
        self.lengths.iter().flat_map(|length| length.to_le_bytes()).collect()
    }

    fn lists(&self) -> Option<Vec<u8>> {
        Strings::encode(
            self.postings.values().map(|list| postings::encode(list.iter().map(|(d, n)| (*d, *n)))),
        )
    }
}

/// A shard that was read and verified.
#[derive(Debug)]
pub struct Shard {
    bytes: Vec<u8>,
    sections: [Range<usize>; SECTIONS],
    documents: u32,
    dimensions: usize,
    total_length: u64,
    /// Of each document's vector, where there are vectors.
    lengths: Vec<Lengths>,
}

/// The terms of one shard, and where they occur.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    terms: Strings<'a>,
    postings: Strings<'a>,
    /// The length of each document in terms.
    lengths: &'a [[u8; 2]],
    /// Their sum.
    pub total_length: u64,
}

impl<'a> Terms<'a> {
    pub(super) fn postings(&self, term: &str) -> Option<Postings<'a>> {
        Postings::read(self.postings.get(self.terms.position(term.as_bytes())?)?)
    }

    pub(super) fn length(&self, document: u32) -> u16 {
        self.lengths.get(document as usize).map_or(0, |length| u16::from_le_bytes(*length))
    }

    /// The terms that start with `prefix`.
    pub(super) fn with_prefix(self, prefix: &str) -> impl Iterator<Item = &'a str> {
        let indices = self.terms.with_prefix(prefix.as_bytes());
        indices.filter_map(move |index| str::from_utf8(self.terms.get(index)?).ok())
    }

    /// The number of documents.
    pub(super) fn documents(&self) -> usize {
        self.lengths.len()
    }

    pub(super) fn longest(&self) -> u16 {
        self.lengths.iter().map(|length| u16::from_le_bytes(*length)).max().unwrap_or(0)
    }

    fn is_sound(&self, documents: u32) -> bool {
        let sum: u64 = self.lengths.iter().map(|length| u64::from(u16::from_le_bytes(*length))).sum();
        let list = |term| Postings::read(self.postings.get(term)?);
        self.lengths.len() == documents as usize
            && sum == self.total_length
            && self.terms.len() == self.postings.len()
            && self.terms.is_sorted(false)
            && (0..self.postings.len()).all(|term| list(term).is_some_and(|list| list.is_sound(documents)))
    }
}

impl Shard {
    /// Reads and verifies a shard.
    ///
    /// # Errors
    /// Any [`ReadError`]; nothing of a shard that is wrong anywhere is used.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let sections = match FORMAT.read(&bytes) {
            Err(ReadError::Schema { schema: former::SCHEMA, .. }) => {
                return Self::read(former::renew(&bytes)?);
            }
            sections => sections?,
        };
        let mut shard =
            Self { bytes, sections, documents: 0, dimensions: 0, total_length: 0, lengths: Vec::new() };
        shard.take_statistics().ok_or(FORMAT.malformed())?;
        if !shard.is_sound().unwrap_or(false) {
            return Err(FORMAT.malformed());
        }
        shard.lengths = shard.vectors().lengths();
        Ok(shard)
    }

    fn take_statistics(&mut self) -> Option<()> {
        let statistics = self.section(Section::Statistics);
        let sound = statistics.len() == STATISTICS_BYTES;
        let (documents, dimensions) = (u32_at(statistics, 0)?, u32_at(statistics, 4)? as usize);
        let total_length = u64_at(statistics, 8)?;
        (self.documents, self.dimensions, self.total_length) = (documents, dimensions, total_length);
        sound.then_some(())
    }

    /// Whether all sections agree with the statistics.
    fn is_sound(&self) -> Option<bool> {
        let documents = self.documents as usize;
        let rows = Strings::read(self.section(Section::Rows))?;
        let slugs: Vec<&str> = rows.iter().map_while(|row| Some(Row::read(row)?.slug)).collect();
        let names = Strings::read(self.section(Section::Names))?;
        let (named, rest) = self.section(Section::NameDocuments).as_chunks::<4>();
        let vectors = match self.dimensions {
            0 => 0,
            dimensions => documents.checked_mul(dimensions)?.checked_add(DIGEST_BYTES)?,
        };
        Some(
            self.terms()?.is_sound(self.documents)
                && rows.len() == documents
                && slugs.len() == documents
                && slugs.is_sorted_by(|a, b| a < b)
                && names.is_sorted(true)
                && named.len() == names.len()
                && rest.is_empty()
                && named.iter().all(|document| u32::from_le_bytes(*document) < self.documents)
                && self.section(Section::Vectors).len() == vectors,
        )
    }

    fn section(&self, section: Section) -> &[u8] {
        let range = self.sections.get(section as usize).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }

    /// Its terms, and where they occur.
    pub(super) fn terms(&self) -> Option<Terms<'_>> {
        let (lengths, []) = self.section(Section::Lengths).as_chunks() else { return None };
        let terms = Strings::read(self.section(Section::Terms))?;
        let postings = Strings::read(self.section(Section::Postings))?;
        Some(Terms { terms, postings, lengths, total_length: self.total_length })
    }

    /// The number of documents.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.documents
    }

    /// Whether it holds vectors of this table.
    pub(super) fn has_vectors_of(&self, embedding: &Embedding) -> bool {
        self.section(Section::Vectors).get(..DIGEST_BYTES) == Some(embedding.digest().as_bytes())
            && self.dimensions == embedding.dimensions()
    }

    fn vectors(&self) -> Vectors<'_> {
        let values = self.section(Section::Vectors).get(DIGEST_BYTES..).unwrap_or_default();
        Vectors::new(bytemuck::cast_slice(values), self.dimensions)
    }

    /// The cosines of the documents' vectors with one of the same table.
    pub(super) fn cosines<'a>(&'a self, of: &'a Vector) -> Cosines<'a> {
        Cosines::new(of, self.vectors(), &self.lengths)
    }

    /// What the shard says of a document.
    pub(super) fn row(&self, document: u32) -> Option<Row<'_>> {
        Row::read(Strings::read(self.section(Section::Rows))?.get(document as usize)?)
    }

    /// The document of a slug.
    pub(super) fn with_slug(&self, slug: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.documents);
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle)?.slug.cmp(slug) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The documents one of whose names starts with `prefix`, and whether that is the whole name.
    pub(super) fn with_name_prefix(&self, prefix: &str) -> impl Iterator<Item = (u32, bool)> {
        let names = Strings::read(self.section(Section::Names));
        let (documents, _) = self.section(Section::NameDocuments).as_chunks::<4>();
        names.into_iter().flat_map(move |names| {
            names.with_prefix(prefix.as_bytes()).filter_map(move |index| {
                let is_whole = names.get(index)?.len() == prefix.len();
                Some((u32::from_le_bytes(*documents.get(index)?), is_whole))
            })
        })
    }

    /// Everything that it says of its skills, in the order of their slugs.
    pub fn listings(&self) -> impl Iterator<Item = Listing> {
        (0..self.documents).filter_map(|document| self.row(document)?.listing())
    }
}

#[cfg(test)]
mod tests;
