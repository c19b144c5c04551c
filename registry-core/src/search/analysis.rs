//! Text → terms: words in lower case, without stop words and the filler of questions, stemmed (Snowball English).

use rust_stemmers::{Algorithm, Stemmer};

use crate::api::Listing;

/// Words that carry no meaning of their own, and those that people wrap around what they look for
/// ("can you help me find a skill that …").
const STOP_WORDS: [&str; 109] = [
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "but", "by", "can", "could", "did", "do", "does", "doing", "find", "for", "from", "get",
    "give", "had", "has", "have", "help", "her", "here", "hey", "hi", "his", "how", "i", "if", "in", "into",
    "is", "it", "its", "just", "know", "let", "like", "look", "looking", "me", "more", "most", "my", "need",
    "no", "not", "of", "on", "or", "our", "out", "over", "please", "should", "skill", "skills", "so", "some",
    "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "too", "up", "us", "use", "using", "want", "was", "way", "we", "were", "what", "when",
    "where", "which", "while", "who", "why", "will", "with", "would", "you", "your", "yours", "im", "id",
];

/// The terms of a query, in order, repetitions kept.
#[must_use]
pub fn query_terms(query: &str) -> Vec<String> {
    terms(query)
}

/// The terms of a skill's one field: its name twice, its description, its tags.
#[must_use]
pub fn document_terms(listing: &Listing) -> Vec<String> {
    let Listing { name, description, tags, .. } = listing;
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    terms(&format!("{name} {name} {description} {}", tags.join(" ")))
}

fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
        .map(|word| stemmer.stem(&word).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_goes_and_stems_and_digits_stay() {
        assert_eq!(
            query_terms("Please help me find a skill that handles customers' Refunds over OAuth2"),
            ["handl", "custom", "refund", "oauth2"]
        );
        assert_eq!(query_terms("what is it?"), [""; 0]);
    }
}
