//! Slips of the hand: one letter too many, missing, wrong, or swapped with the next (Damerau, 1964).

use std::cmp::Ordering;

/// Shortest word, in characters, that is looked for with a slip: of shorter ones too many are neighbours.
const MIN_CHARS: usize = 4;

/// What those words start with that are one slip away: the first letter or, where that was swapped with the second or
/// typed too much, the second and what follows it. Other slips of the first letter are rare (Yannakoudakis and Fawthrop,
/// 1983).
pub(super) fn beginnings(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().take(MIN_CHARS).collect();
    match letters.as_slice() {
        [first, second, third, _] if !word.chars().any(char::is_numeric) => {
            [&[*first][..], &[*second, *first], &[*second, *third]]
                .map(|letters| letters.iter().collect())
                .into()
        }
        _ => Vec::new(),
    }
}

/// Whether one slip makes `typed` of `meant`.
pub(super) fn is_one_slip(typed: &[u8], meant: &[u8]) -> bool {
    typed.len().abs_diff(meant.len()) <= 1 && slipped(typed, meant).any(|end| end == typed.len())
}

/// The ends of those beginnings of `typed` that one slip makes of `meant`.
pub(super) fn slipped(typed: &[u8], meant: &[u8]) -> impl Iterator<Item = usize> {
    let length = meant.len();
    let (_, typed, meant) = parted(typed, meant);
    let leads = |typed: Option<&[u8]>, meant: Option<&[u8]>| {
        typed.zip(meant).is_some_and(|(typed, meant)| typed.starts_with(meant))
    };
    let is_wrong = leads(typed.get(1..), meant.get(1..))
        || (is_swapped(typed, meant) && leads(typed.get(2..), meant.get(2..)));
    let ends = [
        is_wrong.then_some(length),
        leads(typed.get(1..), Some(meant)).then_some(length + 1),
        leads(Some(typed), meant.get(1..)).then(|| length - 1),
    ];
    ends.into_iter().flatten()
}

/// Whether the one slip that makes `typed` of `meant` is one of the few that a word has: a letter missing, doubled or
/// swapped. A wrong letter, or one too many, can be any of the alphabet, and is each less likely.
pub(super) fn is_one_of_few(typed: &[u8], meant: &[u8]) -> bool {
    let (before, typed_rest, meant_rest) = parted(typed, meant);
    match typed.len().cmp(&meant.len()) {
        Ordering::Less => true,
        Ordering::Equal => is_swapped(typed_rest, meant_rest),
        Ordering::Greater => typed_rest.first() == before.last(),
    }
}

/// What two words share at their beginning, and what is left of each.
fn parted<'a>(typed: &'a [u8], meant: &'a [u8]) -> (&'a [u8], &'a [u8], &'a [u8]) {
    let same = typed.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (before, typed) = typed.split_at(same);
    (before, typed, meant.get(same..).unwrap_or_default())
}

fn is_swapped(typed: &[u8], meant: &[u8]) -> bool {
    matches!((typed, meant), ([a, b, ..], [c, d, ..]) if a == d && b == c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slip_is_a_distance_of_one(a in "[ab]{0,5}", b in "[ab]{0,5}") {
            prop_assert_eq!(is_one_slip(a.as_bytes(), b.as_bytes()), strsim::osa_distance(&a, &b) == 1);
        }

        #[test]
        fn a_beginning_ends_where_one_slip_makes_it_of_the_other(typed in "[abc]{0,7}", meant in "[abc]{1,5}") {
            let (typed, meant) = (typed.as_bytes(), meant.as_bytes());
            for end in slipped(typed, meant) {
                prop_assert!(is_one_slip(&typed[..end], meant));
            }
            let any = (0..=typed.len()).any(|end| is_one_slip(&typed[..end], meant));
            prop_assert!(typed.starts_with(meant) || any == slipped(typed, meant).next().is_some());
        }
    }

    /// All words of so many letters out of three.
    fn words(letters: u32) -> impl Iterator<Item = String> {
        let letter = |number: u32, at: u32| ['a', 'b', 'c'][(number / 3u32.pow(at) % 3) as usize];
        (0..3u32.pow(letters)).map(move |number| (0..letters).map(|at| letter(number, at)).collect())
    }

    #[test]
    fn a_word_one_slip_away_starts_so_unless_its_first_letter_is_missing_or_wrong() {
        for typed in words(4) {
            let beginnings = beginnings(&typed);
            let near =
                (3..=5).flat_map(words).filter(|meant| is_one_slip(typed.as_bytes(), meant.as_bytes()));
            for meant in near.filter(|meant| ![&typed, &typed[1..]].contains(&&meant[1..])) {
                assert!(beginnings.iter().any(|start| meant.starts_with(start)), "{typed} {meant}");
            }
        }
    }

    #[test]
    fn letters_missing_doubled_and_swapped_are_what_few_slips_make() {
        let is_one_of_few = |typed: &str| {
            assert!(is_one_slip(typed.as_bytes(), b"search"));
            is_one_of_few(typed.as_bytes(), b"search")
        };
        assert!(["serch", "seaarch", "saerch", "ssearch"].into_iter().all(is_one_of_few));
        assert!(!["seerch", "seatrch", "wsearch"].into_iter().any(is_one_of_few));
    }

    #[test]
    fn short_words_and_those_with_digits_are_as_they_were_meant() {
        assert_eq!(beginnings("helo"), ["h", "eh", "el"]);
        assert_eq!((beginnings("hel"), beginnings("oauth2")), (vec![], vec![]));
    }
}
