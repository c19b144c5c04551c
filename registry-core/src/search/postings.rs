//! In which documents a term occurs, and how often: one term's list, compressed.
//!
//! A list is its length, then per document the gap to the one before (0 for the next document), doubled, plus one where
//! the term occurs more than once, in which case the frequency follows. All numbers are LEB128.

/// The bytes of a list of (document, frequency) pairs, documents ascending, frequencies above 0.
pub(super) fn encode(pairs: impl ExactSizeIterator<Item = (u32, u32)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, pairs.len() as u64);
    let mut next = 0;
    for (document, frequency) in pairs {
        let gap = u64::from(document - next);
        write(&mut bytes, gap << 1 | u64::from(frequency > 1));
        if frequency > 1 {
            write(&mut bytes, u64::from(frequency));
        }
        next = document + 1;
    }
    bytes
}

/// A list that is read where it lies; it ends early where the bytes make no sense.
#[derive(Debug, Clone)]
pub(super) struct Postings<'a> {
    bytes: &'a [u8],
    left: u32,
    next: u32,
}

impl<'a> Postings<'a> {
    pub(super) fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let left = u32::try_from(read(&mut bytes)?).ok()?;
        Some(Self { bytes, left, next: 0 })
    }

    /// In how many documents the term occurs.
    pub(super) fn len(&self) -> u32 {
        self.left
    }

    /// Whether the list is what [`encode`] writes for documents below `documents`.
    pub(super) fn is_sound(&self, documents: u32) -> bool {
        let mut list = self.clone();
        let read = list.by_ref().take_while(|(document, _)| *document < documents).count();
        self.left > 0 && read == self.left as usize && list.bytes.is_empty()
    }
}

impl Iterator for Postings<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        self.left = self.left.checked_sub(1)?;
        let coded = read(&mut self.bytes)?;
        let document = u32::try_from(coded >> 1).ok()?.checked_add(self.next)?;
        self.next = document.checked_add(1)?;
        let frequency = if coded & 1 == 0 { 1 } else { u32::try_from(read(&mut self.bytes)?).ok()? };
        Some((document, frequency))
    }

    /// Reads the gaps that are one byte long, as nearly all are, in a loop of their own.
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, mut folded: B, mut with: F) -> B {
        loop {
            while let [gap, rest @ ..] = self.bytes
                && *gap < 0x80
                && gap & 1 == 0
                && self.left > 0
                && self.next < u32::MAX / 2
            {
                let document = self.next + u32::from(gap >> 1);
                (self.bytes, self.left, self.next) = (rest, self.left - 1, document + 1);
                folded = with(folded, (document, 1));
            }
            match self.next() {
                Some(item) => folded = with(folded, item),
                None => return folded,
            }
        }
    }
}

fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_comes_back(pairs in prop::collection::btree_map((any::<u32>(), 1..31).prop_map(|(d, bits)| d >> bits), prop_oneof![Just(1), 1u32..], 1..50)) {
            let bytes = encode(pairs.clone().into_iter());
            let list = Postings::read(&bytes).unwrap();
            prop_assert_eq!(list.len() as usize, pairs.len());
            prop_assert!(list.is_sound(u32::MAX));
            prop_assert!(!list.is_sound(*pairs.keys().last().unwrap()));
            let mut folded = Vec::new();
            list.clone().for_each(|pair| folded.push(pair));
            prop_assert_eq!(&folded, &list.collect::<Vec<_>>());
            prop_assert_eq!(folded, pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn noise_is_no_list_of_documents_that_are_not_there(noise in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(list) = Postings::read(&noise).filter(|list| list.is_sound(100)) {
                prop_assert!(list.map(|(document, _)| document).is_sorted_by(|a, b| a < b && *b < 100));
            }
        }
    }
}
