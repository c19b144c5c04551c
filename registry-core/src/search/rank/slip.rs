//! Words that the catalog does not know and that are one slip away from words that it does.

/// Shortest word, in characters, that is looked for with a slip: of shorter ones too many are neighbours.
const MIN_CHARS: usize = 4;
/// The first characters that a word may have whose neighbour starts so: its own first, and its second, which comes
/// first where the two were swapped or the first was typed too much.
pub(super) fn first_letters(word: &str) -> Vec<&str> {
    if word.chars().nth(MIN_CHARS - 1).is_none() || word.chars().any(char::is_numeric) {
        return Vec::new();
    }
    let letters = word.char_indices().take(2);
    let mut letters: Vec<&str> = letters.filter_map(|(at, c)| word.get(at..at + c.len_utf8())).collect();
    letters.dedup();
    letters
}

/// Whether one letter inserted, left out, changed or swapped with its neighbour makes `a` of `b` (Damerau, 1964).
pub(super) fn is_one_slip(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    match (a, b) {
        ([], []) => false,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([first, second, a @ ..], [b_first, b_second, b @ ..])
            if first == b_second && second == b_first && a == b =>
        {
            true
        }
        ([_, rest @ ..], b) if rest == b => true,
        (a, [_, rest @ ..]) => rest == a,
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slip_is_a_distance_of_one(a in "[ab]{0,5}", b in "[ab]{0,5}") {
            prop_assert_eq!(is_one_slip(&a, &b), strsim::osa_distance(&a, &b) == 1);
        }
    }
}
