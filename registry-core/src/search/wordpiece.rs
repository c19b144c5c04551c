//! Text → words → pieces of the embedding table's vocabulary (WordPiece: Wu et al., 2016; the uncased rules of BERT:
//! Devlin et al., 2019).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::analysis::is_ideograph;
use super::container::Strings;

/// Longest word that is cut into pieces, in characters, as in BERT.
const MAX_CHARS: usize = 100;
/// What every piece but the first of a word starts with.
const CONTINUATION: &str = "##";

/// The words of a text in lower case, without accents, cut at whatever is neither letter nor digit; `+` and `#` are words
/// (`C++`, `C#`). Ideographs make none: the vocabulary is English.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain =
        text.nfd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).flat_map(char::to_lowercase);
    let spaced: String = plain
        .flat_map(|c| match c {
            '+' | '#' => [' ', c, ' '],
            c if c.is_alphanumeric() && !is_ideograph(c) => ['\0', c, '\0'],
            _ => [' '; 3],
        })
        .filter(|c| *c != '\0')
        .collect();
    spaced.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a character is neither seen nor a gap: soft hyphens, marks of zero width, controls that are no white space.
fn is_invisible(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}');
    is_format || (c.is_control() && !c.is_whitespace())
}

/// The indices in `vocabulary` of the longest pieces that make up a word; nothing for a word that they do not cover.
pub(super) fn pieces(vocabulary: Strings<'_>, word: &str) -> Vec<usize> {
    if word.chars().nth(MAX_CHARS).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let Some((piece, length)) = longest(vocabulary, rest, !found.is_empty()) else { return Vec::new() };
        found.push(piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

fn longest(vocabulary: Strings<'_>, rest: &str, continues: bool) -> Option<(usize, usize)> {
    let mut piece = if continues { CONTINUATION.to_owned() } else { String::new() };
    let marked = piece.len();
    piece.push_str(rest);
    while piece.len() > marked {
        if let Some(index) = vocabulary.position(piece.as_bytes()) {
            return Some((index, piece.len() - marked));
        }
        piece.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_neither_case_nor_accents() {
        assert_eq!(
            words("Café au LAIT, naïve—Ångström №5"),
            ["cafe", "au", "lait", "naive", "angstrom", "5"]
        );
        assert_eq!(words("用Docker部署 v1.2"), ["docker", "v1", "2"]);
        assert_eq!(words("C++ or C#"), ["c", "+", "+", "or", "c", "#"]);
        assert_eq!(words(" \t—"), [""; 0]);
    }

    #[test]
    fn a_word_is_cut_into_the_longest_pieces() {
        let bytes = Strings::encode(["##able", "##ed", "##un", "un", "unload", "é"]).unwrap();
        let vocabulary = Strings::read(&bytes).unwrap();
        assert_eq!(pieces(vocabulary, "unloadable"), [4, 0]);
        assert_eq!(pieces(vocabulary, "ununed"), [3, 2, 1]);
        assert_eq!(pieces(vocabulary, "é"), [5]);
        assert_eq!(pieces(vocabulary, "unknown"), [0; 0], "a word that is not covered has no pieces");
        assert_eq!(pieces(vocabulary, &"un".repeat(51)), [0; 0]);
    }
}
