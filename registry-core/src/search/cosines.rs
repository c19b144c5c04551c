//! The vectors of a shard beside that of a query.
//!
//! The first of a vector's values, and the length of the rest, tell how great a cosine can be at most (Cauchy and Schwarz):
//! of most documents nothing else is read, and none is lost.

use super::dot::dot;
use super::embedding::Vector;

/// How many values come first. Part of the format of shards: to change it takes a new schema.
pub(super) const HEAD: usize = 128;
/// More than what rounding takes off a cosine.
const SLACK: f32 = 1e-4;

/// The first values of a vector, and the others.
pub(super) fn split<T>(values: &[T]) -> (&[T], &[T]) {
    values.split_at(values.len().min(HEAD))
}

/// The lengths of a vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lengths {
    /// One through the length of all values; 0 for a vector of zeros.
    pub inverse: f32,
    /// Of the values that do not come first.
    tail: f32,
}

impl Lengths {
    pub(super) fn of(values: &[i8]) -> Self {
        let (head, tail) = split(values);
        Self::of_parts(head, tail)
    }

    fn of_parts(head: &[i8], tail: &[i8]) -> Self {
        let squares = |values: &[i8]| dot(values, values);
        let (head, tail) = (squares(head), squares(tail));
        let length = libm::sqrtf((head + tail) as f32);
        let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
        Self { inverse, tail: libm::sqrtf(tail as f32) }
    }
}

/// The vectors of a shard's documents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vectors<'a> {
    heads: &'a [i8],
    tails: &'a [i8],
    /// How many values each has in `heads` and in `tails`.
    head: usize,
    tail: usize,
}

impl<'a> Vectors<'a> {
    /// Vectors of so many values: first the first values of all, then the others of all.
    pub(super) fn new(values: &'a [i8], dimensions: usize) -> Self {
        let head = dimensions.min(HEAD);
        let documents = values.len().checked_div(dimensions).unwrap_or(0);
        let (heads, tails) = values.split_at(documents * head);
        Self { heads, tails, head, tail: dimensions - head }
    }

    fn head(&self, document: usize) -> &'a [i8] {
        self.heads.get(document * self.head..(document + 1) * self.head).unwrap_or_default()
    }

    fn tail(&self, document: usize) -> &'a [i8] {
        self.tails.get(document * self.tail..(document + 1) * self.tail).unwrap_or_default()
    }

    pub(super) fn lengths(&self) -> Vec<Lengths> {
        let documents = self.heads.len().checked_div(self.head).unwrap_or(0);
        (0..documents).map(|document| Lengths::of_parts(self.head(document), self.tail(document))).collect()
    }
}

/// A vector, and those to which it is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cosines<'a> {
    of_head: &'a [i8],
    of_tail: &'a [i8],
    of: Lengths,
    vectors: Vectors<'a>,
    lengths: &'a [Lengths],
}

impl<'a> Cosines<'a> {
    /// `of` and `vectors` are of one table; `lengths` are those of `vectors`.
    pub(super) fn new(of: &'a Vector, vectors: Vectors<'a>, lengths: &'a [Lengths]) -> Self {
        let (of_head, of_tail) = split(&of.values);
        Self { of_head, of_tail, of: of.lengths, vectors, lengths }
    }

    /// The cosine with a document's vector; 0 where it has none.
    pub(super) fn exact(&self, document: usize) -> f32 {
        let lengths = self.lengths.get(document).map_or(0.0, |lengths| lengths.inverse);
        let head = dot(self.of_head, self.vectors.head(document));
        let tail = dot(self.of_tail, self.vectors.tail(document));
        (head + tail) as f32 * (self.of.inverse * lengths)
    }

    /// What [`Self::exact`] is at most, document by document.
    pub(super) fn bounds(&self) -> impl Iterator<Item = f32> {
        let heads = self.vectors.heads.chunks_exact(self.vectors.head.max(1));
        heads.zip(self.lengths).map(|(head, lengths)| {
            let product = dot(self.of_head, head) as f32 + self.of.tail * lengths.tail;
            product * (self.of.inverse * lengths.inverse) + SLACK
        })
    }
}

/// The cosine of two vectors.
pub(super) fn cosine(a: &Vector, b: &Vector) -> f32 {
    dot(&a.values, &b.values) as f32 * (a.lengths.inverse * b.lengths.inverse)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector(values: &[i8]) -> Vector {
        Vector { lengths: Lengths::of(values), values: values.to_vec() }
    }

    #[test]
    fn the_first_128_values_of_all_vectors_come_first() {
        let mut values = [1; 260];
        values[256..].fill(2);
        let vectors = Vectors::new(&values, 130);
        assert_eq!((vectors.head(1), vectors.tail(1)), (&[1; 128][..], &[2; 2][..]));
    }

    proptest! {
        #[test]
        fn cosines_are_those_of_the_vectors_and_below_their_bounds(
            dimensions in 1usize..200,
            noise in prop::collection::vec(any::<i8>(), 600),
        ) {
            let documents: Vec<&[i8]> = noise.chunks_exact(dimensions).take(3).collect();
            let halves = documents.iter().map(|values| split(values));
            let (heads, tails): (Vec<&[i8]>, Vec<&[i8]>) = halves.unzip();
            let values = [heads.concat(), tails.concat()].concat();
            let vectors = Vectors::new(&values, dimensions);
            let (of, lengths) = (vector(documents[0]), vectors.lengths());
            let cosines = Cosines::new(&of, vectors, &lengths);
            prop_assert_eq!(cosines.bounds().count(), 3);
            for (document, bound) in cosines.bounds().enumerate() {
                let exact = cosines.exact(document);
                prop_assert_eq!(exact, cosine(&of, &vector(documents[document])));
                prop_assert!(exact <= bound);
            }
            let itself = if documents[0].iter().any(|value| *value != 0) { 1.0 } else { 0.0 };
            prop_assert!((cosines.exact(0) - itself).abs() < 1e-5);
            prop_assert!(cosines.exact(3) == 0.0, "there is no such document");
        }
    }
}
