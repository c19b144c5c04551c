//! Words that neither the language nor the catalog knows, and what was meant by them: of the words one slip away the
//! likeliest by how usual it is and how usual that slip (the noisy channel; Kernighan, Church and Gale, 1990).

use std::cmp::Reverse;

use super::super::analysis::{self, is_filler};
use super::super::embedding::Embedding;
use super::bm25::Vocabulary;
use super::slip::{beginnings, is_one_of_few, is_one_slip, slipped};

/// Most words of a query that are mended: a bound on the work of one request.
const MAX_MENDED: usize = 32;
/// What a skill that holds a word counts against a word that none holds.
const HELD: u64 = 10;
/// Every doubt makes a word that many bits less likely: eight times.
const DOUBT_BITS: u32 = 3;
const DOUBTS: u32 = 2;

/// Puts what was meant in the place of words that are in neither the language nor the catalog, and tells both.
pub(super) fn mend(
    words: &mut [String],
    vocabulary: &Vocabulary<'_>,
    embedding: &Embedding,
) -> Vec<(String, String)> {
    let is_known = |word: &str| embedding.knows(word) || least_frequency(word, vocabulary) > 0;
    let unknown = words.iter_mut().filter(|word| !is_known(word)).take(MAX_MENDED);
    let mended = unknown.filter_map(|word| {
        let meant = meant(word, vocabulary, embedding)?;
        Some((std::mem::replace(word, meant.clone()), meant))
    });
    mended.collect()
}

/// The likeliest word one slip away; of equally likely ones the first by its letters.
fn meant(word: &str, vocabulary: &Vocabulary<'_>, embedding: &Embedding) -> Option<String> {
    let beginnings = beginnings(word);
    let of_language = beginnings.iter().flat_map(|beginning| embedding.words_with_prefix(beginning));
    let of_language = of_language.filter(|known| is_one_slip(word.as_bytes(), known));
    let of_language = of_language.filter_map(|known| String::from_utf8(known.to_owned()).ok());
    let terms = beginnings.iter().flat_map(|beginning| vocabulary.with_prefix(beginning));
    let mut terms: Vec<&str> = terms.filter(|term| surfaces(word, term).next().is_some()).collect();
    terms.sort_unstable();
    terms.dedup();
    let of_skills = terms.into_iter().flat_map(|term| {
        surfaces(word, term).filter(|surface| analysis::terms(surface) == [term]).collect::<Vec<_>>()
    });
    let mut near: Vec<String> = of_language.chain(of_skills).collect();
    near.sort_unstable();
    near.dedup();
    let likelihood = |meant: &String| likelihood(word, meant, vocabulary, embedding);
    near.into_iter().max_by_key(|meant| (likelihood(meant), Reverse(meant.clone())))
}

/// The words one slip away that start with a term, which makes up half of them at least: terms are stems, and a slip in
/// the stem leaves the ending.
fn surfaces<'a>(word: &'a str, term: &'a str) -> impl Iterator<Item = String> {
    let is_long = term.len() * 2 >= word.len();
    let ends = is_long.then(|| slipped(word.as_bytes(), term.as_bytes()));
    let endings = ends.into_iter().flatten().filter_map(|end| word.get(end..));
    endings.map(move |ending| format!("{term}{ending}"))
}

/// How likely a word was meant, compared with others: by the skills that hold it, less where it is not of the language
/// and where the slip is no usual one.
fn likelihood(word: &str, meant: &str, vocabulary: &Vocabulary<'_>, embedding: &Embedding) -> u64 {
    let usual = if is_filler(meant) { vocabulary.documents() } else { least_frequency(meant, vocabulary) };
    let is_sure = [embedding.knows(meant), is_one_of_few(word.as_bytes(), meant.as_bytes())];
    let doubts: u32 = is_sure.into_iter().map(|is_sure| u32::from(!is_sure)).sum();
    (u64::from(usual) * HELD + 1) << (DOUBT_BITS * (DOUBTS - doubts))
}

/// In how many skills the rarest term of a word occurs.
fn least_frequency(word: &str, vocabulary: &Vocabulary<'_>) -> u32 {
    analysis::terms(word).iter().map(|term| vocabulary.frequency(term)).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::embedding::example;
    use crate::search::{Shard, ShardBuilder};

    fn shard(descriptions: &[&str]) -> Shard {
        let mut builder = ShardBuilder::default();
        for (number, description) in descriptions.iter().enumerate() {
            let listing = serde_json::json!({
                "slug": format!("a/{number}"), "name": "x", "version": "1.0.0", "description": description,
                "tags": [], "access_level": "public", "type": "instructions",
            });
            builder.add(serde_json::from_value::<crate::api::Listing>(listing).unwrap());
        }
        Shard::read(builder.encode(None).unwrap()).unwrap()
    }

    /// What is meant by `typed` where skills of such descriptions are and the language has such words.
    fn mended(typed: &str, descriptions: &[&str], language: &[&str]) -> String {
        let (shard, table) = (shard(descriptions), example(&[language]));
        let mut words = [typed.to_owned()];
        mend(&mut words, &Vocabulary::new(&[&shard]), &table);
        words.concat()
    }

    #[test]
    fn a_slip_in_the_stem_of_a_word_of_the_skills_leaves_its_ending() {
        for (typed, meant) in
            [("wrkflows", "workflows"), ("workflosw", "workflow"), ("workflwos", "workflows")]
        {
            assert_eq!(mended(typed, &["Draws a workflow."], &["draw"]), meant);
        }
    }

    #[test]
    fn the_word_that_more_skills_hold_is_meant() {
        let descriptions = ["Keeps stock.", "Counts stock.", "Says stop."];
        assert_eq!(mended("stok", &descriptions, &["stock", "stop", "stoke"]), "stock");
    }

    #[test]
    fn filler_is_meant_rather_than_a_word_of_the_skills() {
        let descriptions = ["Forecasts the cold.", "Something else."];
        assert_eq!(mended("coud", &descriptions, &["could", "cold"]), "could");
        assert_eq!(mended("coldd", &descriptions, &["could", "cold"]), "cold");
    }

    #[test]
    fn of_words_that_as_many_hold_that_with_the_usual_slip_and_of_the_language_is_meant() {
        assert_eq!(mended("retrun", &["A return.", "A retran."], &["return", "retran"]), "return");
        assert_eq!(mended("tabel", &["One table.", "One tabes."], &["table"]), "table");
        assert_eq!(mended("ehlp", &[], &["elp", "help"]), "help", "two letters swapped, not one too many");
    }

    #[test]
    fn words_that_the_skills_or_the_language_know_and_those_of_digits_stay() {
        for known in ["kubectl", "stock", "oauth2", "sto"] {
            assert_eq!(
                mended(known, &["Runs kubectl."], &["stock", "stocks", "kubectls", "oauth", "stop"]),
                known
            );
        }
    }
}
