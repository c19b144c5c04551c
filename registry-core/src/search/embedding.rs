//! The embedding table: a vector per piece of words. A text's vector is the sum of its pieces' vectors; what texts mean
//! alike have vectors of like direction (a static student of a sentence encoder; Reimers and Gurevych, 2019).
//!
//! Vectors are rounded to eight bits and compared by integer products, so that a score is the same on every machine.

use std::ops::Range;

use half::f16;

use super::analysis::is_filler;
use super::container::{Format, ReadError, Strings, u32_at};
use super::cosines::Lengths;
use super::wordpiece;
use crate::digest::Digest;

const FORMAT: Format =
    Format { what: "embedding table", magic: *b"GHTABLE\0", schema: 1, max_bytes: 16 << 20 };

/// Most pieces of a text that count: a bound on the work of one request.
const MAX_PIECES: usize = 512;
/// Most values of a vector.
const MAX_DIMENSIONS: usize = 1024;
/// Bits of a value, and what is taken off to give it its sign.
const BITS: u32 = 4;
const MIDDLE: i32 = 8;

/// The sections, in the order of the file.
#[derive(Debug, Clone, Copy)]
enum Section {
    /// `u32` number of pieces, `u32` values of a vector, `u32` bits of a value, `u32` reserved.
    Shape,
    /// The pieces, byte-sorted, as [`Strings`].
    Vocabulary,
    /// Per piece an IEEE half: by what its values are multiplied.
    Scales,
    /// Per piece its values, two to a byte, the lower half first; 8 stands for 0.
    Values,
}

const SECTIONS: usize = 4;

/// A table that was read and verified.
#[derive(Debug)]
pub struct Embedding {
    bytes: Vec<u8>,
    sections: [Range<usize>; SECTIONS],
    dimensions: usize,
    digest: Digest,
}

/// A direction, in eight bits a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// The values.
    pub(super) values: Vec<i8>,
    /// Not those of zeros.
    pub(super) lengths: Lengths,
}

impl Embedding {
    /// Reads and verifies a table.
    ///
    /// # Errors
    /// Any [`ReadError`]; nothing of a table that is wrong anywhere is used.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let sections = FORMAT.read(&bytes)?;
        let digest = Digest::of(&bytes);
        let mut embedding = Self { bytes, sections, dimensions: 0, digest };
        embedding.dimensions = embedding.shape().ok_or(FORMAT.malformed())?;
        Ok(embedding)
    }

    /// The number of values of a vector, if all sections agree with the shape.
    fn shape(&self) -> Option<usize> {
        let shape = self.section(Section::Shape);
        let (rows, dimensions) = (u32_at(shape, 0)? as usize, u32_at(shape, 4)? as usize);
        let vocabulary = Strings::read(self.section(Section::Vocabulary))?;
        let sound = shape.len() == 16
            && u32_at(shape, 8) == Some(BITS)
            && (2..=MAX_DIMENSIONS).contains(&dimensions)
            && dimensions.is_multiple_of(2)
            && vocabulary.len() == rows
            && vocabulary.is_sorted(false)
            && self.section(Section::Scales).len() == rows.checked_mul(2)?
            && self.section(Section::Values).len() == rows.checked_mul(dimensions / 2)?;
        sound.then_some(dimensions)
    }

    fn section(&self, section: Section) -> &[u8] {
        let range = self.sections.get(section as usize).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }

    /// SHA-256 of the file: vectors of two tables do not compare.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The number of values of a vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn vocabulary(&self) -> Option<Strings<'_>> {
        Strings::read(self.section(Section::Vocabulary))
    }

    /// Whether a word in lower case is one of the vocabulary.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.vocabulary().is_some_and(|vocabulary| vocabulary.position(word.as_bytes()).is_some())
    }

    /// The words of the vocabulary that start with `prefix`, in UTF-8.
    pub(super) fn words_with_prefix(&self, prefix: &str) -> impl Iterator<Item = &[u8]> {
        self.vocabulary().into_iter().flat_map(move |vocabulary| {
            vocabulary.with_prefix(prefix.as_bytes()).filter_map(move |index| vocabulary.get(index))
        })
    }

    /// The vector of words; nothing where the vocabulary covers none of them.
    pub(super) fn vector(&self, words: &[String]) -> Option<Vector> {
        let vocabulary = self.vocabulary()?;
        let words = words.iter().filter(|word| !is_filler(word));
        let mut sum = vec![0.0; self.dimensions];
        for row in words.flat_map(|word| wordpiece::pieces(vocabulary, word)).take(MAX_PIECES) {
            self.add(row, &mut sum)?;
        }
        quantised(&sum)
    }

    fn add(&self, row: usize, sum: &mut [f32]) -> Option<()> {
        let (scales, _) = self.section(Section::Scales).as_chunks();
        let scale = f16::from_le_bytes(*scales.get(row)?).to_f32();
        let half = self.dimensions / 2;
        let values = self.section(Section::Values).get(row * half..(row + 1) * half)?;
        let (pairs, _) = sum.as_chunks_mut::<2>();
        for ([even, odd], byte) in pairs.iter_mut().zip(values) {
            *even += scale * (i32::from(byte & 15) - MIDDLE) as f32;
            *odd += scale * (i32::from(byte >> 4) - MIDDLE) as f32;
        }
        Some(())
    }
}

/// A direction rounded to eight bits a value, the largest of which becomes ±127.
fn quantised(sum: &[f32]) -> Option<Vector> {
    let largest = sum.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let values: Vec<i8> = sum.iter().map(|value| libm::rintf(value / largest * 127.0) as i8).collect();
    Some(Vector { lengths: Lengths::of(&values), values })
}

/// A table of these words, each of which has a direction of its own or that of the words beside it.
#[cfg(test)]
pub(super) fn example(meanings: &[&[&str]]) -> Embedding {
    const DIMENSIONS: usize = 16;
    let rows: std::collections::BTreeMap<&str, usize> = meanings
        .iter()
        .enumerate()
        .flat_map(|(meaning, words)| words.iter().map(move |word| (*word, meaning)))
        .collect();
    let row = |meaning: &usize| {
        let value = |at: usize| if at == *meaning { 15 } else { 8 };
        (0..DIMENSIONS / 2).map(|pair| value(2 * pair) | value(2 * pair + 1) << 4).collect::<Vec<u8>>()
    };
    let shape = [rows.len() as u32, DIMENSIONS as u32, BITS, 0];
    let sections = [
        shape.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Strings::encode(rows.keys()).unwrap(),
        rows.keys().flat_map(|_| f16::ONE.to_le_bytes()).collect(),
        rows.values().flat_map(row).collect(),
    ];
    Embedding::read(FORMAT.encode(&sections).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cosines::cosine;
    use super::*;

    fn between(embedding: &Embedding, a: &str, b: &str) -> f32 {
        let vector = |text: &str| embedding.vector(&wordpiece::words(text)).unwrap();
        cosine(&vector(a), &vector(b))
    }

    #[test]
    fn words_of_one_meaning_have_one_direction() {
        let embedding = example(&[&["car", "auto", "##mobile"], &["refund"]]);
        assert!(between(&embedding, "The car", "an automobile") > 0.99);
        assert!(between(&embedding, "car", "refund") < 0.01);
        assert!((between(&embedding, "car refund", "car") - 0.5f32.sqrt()).abs() < 0.01);
        assert_eq!(embedding.vector(&wordpiece::words("what about quartz and 退款")), None);
    }

    #[test]
    fn a_table_whose_sections_disagree_is_refused() {
        let sections = |rows: u32, dimensions: u32, bits: u32, values: usize| {
            let shape = [rows, dimensions, bits, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
            let words = Strings::encode(["a", "b"]).unwrap();
            Embedding::read(FORMAT.encode(&[shape, words, vec![0; 4], vec![0; values]]).unwrap())
        };
        assert!(sections(2, 4, 4, 4).is_ok());
        for wrong in [sections(3, 4, 4, 4), sections(2, 3, 4, 3), sections(2, 4, 8, 4), sections(2, 4, 4, 5)]
        {
            assert_eq!(wrong.unwrap_err(), ReadError::Malformed("embedding table"));
        }
        let unsorted = [2u32, 4, 4, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let table = [unsorted, Strings::encode(["b", "a"]).unwrap(), vec![0; 4], vec![0; 4]];
        assert!(Embedding::read(FORMAT.encode(&table).unwrap()).is_err());
    }

    /// The table that ships, against what its recipe made of odd texts. Ideographs are left out here on purpose.
    #[test]
    fn texts_have_the_vectors_that_the_recipe_gives_them() {
        let embedding =
            Embedding::read(include_bytes!("../../../generator/embedding/table.bin").to_vec()).unwrap();
        let golden = include_bytes!("../../../generator/embedding/golden.json");
        let golden: Vec<serde_json::Value> = serde_json::from_slice(golden).unwrap();
        let english = golden
            .iter()
            .filter(|one| !one["text"].as_str().unwrap().contains(crate::search::analysis::is_ideograph));
        for one in english {
            let words = wordpiece::words(one["text"].as_str().unwrap());
            let vocabulary = embedding.vocabulary().unwrap();
            let words: Vec<String> = words.into_iter().filter(|word| !is_filler(word)).collect();
            let pieces = words.iter().flat_map(|word| wordpiece::pieces(vocabulary, word));
            let pieces: Vec<&str> =
                pieces.map(|piece| str::from_utf8(vocabulary.get(piece).unwrap()).unwrap()).collect();
            assert_eq!(serde_json::json!(pieces), one["tokens"], "{}", one["text"]);
            let Some(Vector { values, lengths }) = embedding.vector(&words) else { continue };
            for (value, expected) in values.iter().zip(one["vector"].as_array().unwrap()) {
                let (value, expected) =
                    (f32::from(*value) * lengths.inverse, expected.as_f64().unwrap() as f32);
                assert!((value - expected).abs() < 0.003, "{value} is not {expected} in {}", one["text"]);
            }
        }
    }

    proptest! {
        #[test]
        fn products_do_not_overflow_and_a_vector_is_nearest_to_itself(values in prop::collection::vec(any::<f32>(), 2..64)) {
            if let Some(vector) = quantised(&values) {
                prop_assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
            }
        }
    }
}
