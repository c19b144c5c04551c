//! The sum of products of two vectors, which a search takes of every skill. Integers, so that the order in which a
//! machine adds them is all one.

/// How many values are taken at once.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
const LANES: usize = 32;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
const LANES: usize = 16;

/// The sum of products, over the shorter of the two.
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let rest: i32 = a_rest.iter().zip(b_rest).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    sum(a, b) + rest
}

/// Written so that compilers make vector instructions of it: a sum of its own for each lane.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn sum(a: &[[i8; LANES]], b: &[[i8; LANES]]) -> i32 {
    let mut sums = [0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += i32::from(*a) * i32::from(*b);
        }
    }
    sums.iter().sum()
}

/// With the one instruction that multiplies and adds pairs, which LLVM does not find by itself: five times as fast.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn sum(a: &[[i8; LANES]], b: &[[i8; LANES]]) -> i32 {
    use core::arch::wasm32::{
        i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane,
        i32x4_splat,
    };
    let mut sums = i32x4_splat(0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (lanes(*a), lanes(*b));
        sums = i32x4_add(sums, i32x4_dot_i16x8(i16x8_extend_low_i8x16(a), i16x8_extend_low_i8x16(b)));
        sums = i32x4_add(sums, i32x4_dot_i16x8(i16x8_extend_high_i8x16(a), i16x8_extend_high_i8x16(b)));
    }
    let [low, high] = [
        i32x4_extract_lane::<0>(sums) + i32x4_extract_lane::<1>(sums),
        i32x4_extract_lane::<2>(sums) + i32x4_extract_lane::<3>(sums),
    ];
    low + high
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn lanes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [i8; LANES]) -> core::arch::wasm32::v128 {
    core::arch::wasm32::i8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lanes_and_rest_make_the_plain_sum(pairs in prop::collection::vec((any::<i8>(), any::<i8>()), 0..100)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.iter().copied().unzip();
            let plain: i32 = pairs.iter().map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            prop_assert_eq!(dot(&a, &b), plain);
        }
    }
}
