//! The file format that shards and the embedding table share: header, sections, a digest per section. Encode and
//! decode stand side by side.
//!
//! All numbers are little-endian. The header is a magic of eight bytes, schema `u32`, section count `u32`, and per
//! section its kind `u32` (counted from 0), a reserved `u32` of zero, offset `u64`, length `u64` and SHA-256. Sections
//! follow in that order, without gaps.

use std::ops::Range;

use crate::digest::Digest;

const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 56;

/// What tells one kind of file from another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// What the file is called in errors.
    pub what: &'static str,
    pub magic: [u8; 8],
    pub schema: u32,
    /// Largest file that is read or written.
    pub max_bytes: usize,
}

/// Why bytes are not a shard or a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such header, or one that contradicts itself or the sections.
    #[error("the bytes are not a {0}")]
    Malformed(&'static str),
    /// Written by a program that is too new or too old.
    #[error("the {what} has schema {schema}, this program reads {reads}")]
    Schema {
        /// What was read.
        what: &'static str,
        /// Its schema.
        schema: u32,
        /// The schema of this program.
        reads: u32,
    },
    /// A section's bytes do not have its digest.
    #[error("a section of the {0} does not have its digest")]
    Digest(&'static str),
    /// Too large to read or write.
    #[error("the {0} is too large")]
    TooLarge(&'static str),
}

impl Format {
    pub(super) fn malformed(&self) -> ReadError {
        ReadError::Malformed(self.what)
    }

    /// The file of these sections.
    pub(super) fn encode<const N: usize>(&self, sections: &[Vec<u8>; N]) -> Result<Vec<u8>, ReadError> {
        let mut file =
            [self.magic.as_slice(), &self.schema.to_le_bytes(), &(N as u32).to_le_bytes()].concat();
        let mut offset = HEADER_BYTES + ENTRY_BYTES * N;
        for (kind, section) in (0u32..).zip(sections) {
            file.extend(kind.to_le_bytes());
            file.extend([0; 4]);
            file.extend((offset as u64).to_le_bytes());
            file.extend((section.len() as u64).to_le_bytes());
            file.extend(Digest::of(section).as_bytes());
            offset += section.len();
        }
        if offset > self.max_bytes {
            return Err(ReadError::TooLarge(self.what));
        }
        file.reserve_exact(offset - file.len());
        sections.iter().for_each(|section| file.extend(section));
        Ok(file)
    }

    /// Where the sections lie, all of them verified.
    pub(super) fn read<const N: usize>(&self, bytes: &[u8]) -> Result<[Range<usize>; N], ReadError> {
        if bytes.len() > self.max_bytes {
            return Err(ReadError::TooLarge(self.what));
        }
        if bytes.get(..8) != Some(&self.magic) {
            return Err(self.malformed());
        }
        let schema = u32_at(bytes, 8).ok_or(self.malformed())?;
        if schema != self.schema {
            return Err(ReadError::Schema { what: self.what, schema, reads: self.schema });
        }
        if u32_at(bytes, 12) != Some(N as u32) {
            return Err(self.malformed());
        }
        let mut end = HEADER_BYTES + ENTRY_BYTES * N;
        let mut sections = [const { 0..0 }; N];
        for (kind, range) in sections.iter_mut().enumerate() {
            *range = self.section(bytes, kind, end)?;
            end = range.end;
        }
        if end == bytes.len() { Ok(sections) } else { Err(self.malformed()) }
    }

    fn section(&self, bytes: &[u8], kind: usize, start: usize) -> Result<Range<usize>, ReadError> {
        let entry = HEADER_BYTES + ENTRY_BYTES * kind;
        let field = |at| u64_at(bytes, entry + at).and_then(|value| usize::try_from(value).ok());
        let (offset, length) = field(8).zip(field(16)).ok_or(self.malformed())?;
        let end = start.checked_add(length).ok_or(self.malformed())?;
        let is_kind = u32_at(bytes, entry) == Some(kind as u32) && u32_at(bytes, entry + 4) == Some(0);
        let section = bytes.get(start..end).filter(|_| is_kind && offset == start).ok_or(self.malformed())?;
        if bytes.get(entry + 24..entry + ENTRY_BYTES) == Some(Digest::of(section).as_bytes()) {
            Ok(start..end)
        } else {
            Err(ReadError::Digest(self.what))
        }
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A list of byte strings, read where it lies: their number `n` as `u32`, `n + 1` offsets as `u32` into the bytes
/// behind them, then the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strings<'a> {
    offsets: &'a [[u8; 4]],
    bytes: &'a [u8],
}

impl<'a> Strings<'a> {
    /// The bytes of a list; nothing when it is too large for its offsets.
    pub(super) fn encode<S: AsRef<[u8]>>(items: impl IntoIterator<Item = S>) -> Option<Vec<u8>> {
        let mut offsets = vec![0u32];
        let mut bytes: Vec<u8> = Vec::new();
        for item in items {
            bytes.extend(item.as_ref());
            offsets.push(u32::try_from(bytes.len()).ok()?);
        }
        let count = u32::try_from(offsets.len() - 1).ok()?;
        let mut encoded = count.to_le_bytes().to_vec();
        encoded.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        encoded.extend(bytes);
        Some(encoded)
    }

    /// A list that takes up the whole section; offsets that go back give no string.
    pub(super) fn read(section: &'a [u8]) -> Option<Self> {
        let count = u32_at(section, 0)? as usize;
        let (offsets, bytes) = section.get(4..)?.split_at_checked(count.checked_add(1)?.checked_mul(4)?)?;
        Some(Self { offsets: offsets.as_chunks().0, bytes })
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub(super) fn get(&self, index: usize) -> Option<&'a [u8]> {
        let offset = |at: usize| self.offsets.get(at).map(|bytes| u32::from_le_bytes(*bytes) as usize);
        self.bytes.get(offset(index)?..offset(index + 1)?)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map_while(move |index| self.get(index))
    }

    /// Whether every string is there and they ascend, equal ones allowed where `repeats` is set.
    pub(super) fn is_sorted(&self, repeats: bool) -> bool {
        let all = self.iter().count() == self.len();
        all && self.iter().zip(self.iter().skip(1)).all(|(a, b)| a < b || (repeats && a == b))
    }

    /// The first index of a sorted list whose string is not less than `wanted`.
    pub(super) fn lower_bound(&self, wanted: &[u8]) -> usize {
        self.first_without(0..self.len(), |string| string < wanted)
    }

    /// The first index of a range, or its end, whose string is not of the kind that the first ones are.
    fn first_without(&self, range: Range<usize>, is_of_kind: impl Fn(&[u8]) -> bool) -> usize {
        let Range { start: mut low, end: mut high } = range;
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&is_of_kind) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Where `wanted` stands in a sorted list.
    pub(super) fn position(&self, wanted: &[u8]) -> Option<usize> {
        let at = self.lower_bound(wanted);
        (self.get(at) == Some(wanted)).then_some(at)
    }

    /// The indices of the strings of a sorted list that start with `prefix`; most prefixes are those of a few, so that
    /// the end is sought in steps that double.
    pub(super) fn with_prefix(self, prefix: &[u8]) -> Range<usize> {
        let starts_so = |string: &[u8]| string.starts_with(prefix);
        let start = self.lower_bound(prefix);
        let mut end = start;
        while self.get(end).is_some_and(starts_so) {
            end += end - start + 1;
        }
        start..self.first_without(start..end.min(self.len()), starts_so)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMAT: Format = Format { what: "test file", magic: *b"GHTEST\0\0", schema: 7, max_bytes: 400 };

    fn example() -> Vec<u8> {
        FORMAT.encode(&[b"one".to_vec(), Vec::new(), b"three".to_vec()]).unwrap()
    }

    #[test]
    fn sections_come_back_and_another_kind_of_file_is_named() {
        let bytes = example();
        let sections: [_; 3] = FORMAT.read(&bytes).unwrap();
        assert_eq!(sections.map(|section| &bytes[section]), [&b"one"[..], b"", b"three"]);
        assert_eq!(FORMAT.read::<2>(&bytes).unwrap_err(), FORMAT.malformed());
        let newer = Format { schema: 8, ..FORMAT };
        let error = ReadError::Schema { what: "test file", schema: 7, reads: 8 };
        assert_eq!(newer.read::<3>(&bytes).unwrap_err(), error);
        assert_eq!(FORMAT.encode(&[vec![0; 400]]).unwrap_err(), ReadError::TooLarge("test file"));
    }

    #[test]
    fn strings_are_found_where_they_are() {
        let bytes = Strings::encode(["a", "ab", "ab", "b"]).unwrap();
        let strings = Strings::read(&bytes).unwrap();
        assert!(strings.is_sorted(true) && !strings.is_sorted(false));
        assert_eq!((strings.with_prefix(b"a"), strings.with_prefix(b"b")), (0..3, 3..4));
        assert!(strings.with_prefix(b"aa").is_empty() && strings.with_prefix(b"c").is_empty());
        assert_eq!((strings.position(b"b"), strings.position(b"aa"), strings.get(4)), (Some(3), None, None));
    }

    proptest! {
        #[test]
        fn a_prefix_gives_all_strings_that_start_so(
            mut items in prop::collection::vec("[ab]{0,3}", 0..40), prefix in "[ab]{0,2}",
        ) {
            items.sort();
            let bytes = Strings::encode(&items).unwrap();
            let range = Strings::read(&bytes).unwrap().with_prefix(prefix.as_bytes());
            let expected = (0..items.len()).filter(|index| items[*index].starts_with(&prefix));
            prop_assert_eq!(range.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }

        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut bytes = example();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(FORMAT.read::<3>(&bytes).is_err());
        }

        #[test]
        fn any_cut_is_noticed(at in any::<prop::sample::Index>()) {
            let mut bytes = example();
            bytes.truncate(at.index(bytes.len()));
            prop_assert!(FORMAT.read::<3>(&bytes).is_err());
        }
    }
}
