//! Slips of the hand, the same at every run.

use crate::corpus::Question;

/// The question with one slip in every word of five letters or more: a letter left out, doubled, swapped with the next
/// or changed, by turns.
pub fn misspelt(question: &Question) -> Question {
    let mut seed = question.text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut text = String::new();
    for word in question.text.split_inclusive(|c: char| !c.is_ascii_alphabetic()) {
        let letters = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        if letters.len() < 5 {
            text.push_str(word);
            continue;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&slip(letters, seed >> 33));
        text.push_str(&word[letters.len()..]);
    }
    Question { text, ..question.clone() }
}

fn slip(word: &str, choice: u64) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = 1 + (choice / 4) as usize % (letters.len() - 2);
    match choice % 4 {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters.swap(at, at + 1),
        _ => letters[at] = if letters[at] == 'e' { 'r' } else { 'e' },
    }
    letters.into_iter().collect()
}
