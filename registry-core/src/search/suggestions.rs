//! Names to suggest while a query is typed: indexes of the crate `tinysearch`, cut by the first letters of words, so
//! that little has to be there before the first answer. The crate knows words of letters alone, and takes three for the
//! start of one.

use std::collections::{BTreeMap, BTreeSet};

use tinysearch::{ExactIndexBackend, IndexBackend as _, IndexedDocument, PostId, SearchIndex, Storage};

use super::analysis::{self, Run, is_ideograph, pairs};
use super::{Document, ShardBuilder};

/// About how large a file becomes before the next one begins, in bytes.
const FILE_BYTES: usize = 16 << 10;
/// First letters that are never parted: fewer than the three that are taken for the start of a word.
const LETTERS: usize = 2;

/// Why bytes are no file of names, or names make none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the names to suggest cannot be {0}")]
pub struct SuggestionsError(&'static str);

/// A file of names, for all words from `start` up to the start of the next file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestionsFile {
    /// The first letters of the first word; empty for the first file.
    pub start: String,
    /// An exact index of `tinysearch` whose titles are slugs.
    pub bytes: Vec<u8>,
}

impl ShardBuilder {
    /// The names of the skills, cut into files by the first letters of the words by which they are found.
    ///
    /// # Errors
    /// When a file cannot be encoded, which happens for no names and words that there are.
    pub fn suggestions(&self) -> Result<Vec<SuggestionsFile>, SuggestionsError> {
        let mut by_letters: BTreeMap<String, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
        for (slug, document) in &self.documents {
            for word in document_words(document) {
                let letters = word.chars().take(LETTERS).collect();
                by_letters.entry(letters).or_default().entry(slug).or_default().insert(word);
            }
        }
        let mut files = vec![(String::new(), Names::default())];
        for (letters, found) in by_letters {
            let names = Names::of(found);
            let has_room = |last: &Names<'_>| last.words.is_empty() || last.bytes_with(&names) <= FILE_BYTES;
            match files.last_mut().filter(|(_, last)| has_room(last)) {
                Some((_, last)) => last.add(names),
                None => files.push((letters, names)),
            }
        }
        let file =
            |(start, names): (String, Names<'_>)| Ok(SuggestionsFile { start, bytes: names.encode()? });
        files.into_iter().map(file).collect()
    }
}

fn document_words(document: &Document) -> BTreeSet<String> {
    let Document { listing, description_zh, aliases } = document;
    let slug = listing.slug.to_string();
    let texts = [&slug, &listing.description].into_iter().chain(aliases).chain(&listing.tags);
    let runs = texts.chain(description_zh).flat_map(|text| analysis::runs(text));
    runs.flat_map(|(Run::Word(text) | Run::Ideographs(text))| words(&text)).collect()
}

/// The words of a text: letters in lower case, Chinese by pairs of characters. Filler stays, for a query needs no code
/// to leave it out: names are not found by it.
fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_alphabetic()) {
        for run in word.chars().collect::<Vec<_>>().chunk_by(|a, b| is_ideograph(*a) == is_ideograph(*b)) {
            match run {
                [first, ..] if is_ideograph(*first) => found.extend(pairs(run)),
                _ => found.push(run.iter().collect::<String>().to_lowercase()),
            }
        }
    }
    found
}

/// Slugs, and the words by which each is found.
#[derive(Default)]
struct Names<'a> {
    words: BTreeMap<&'a str, BTreeSet<String>>,
    /// About how many bytes all but the slugs take.
    word_bytes: usize,
}

/// About how many bytes a text takes in a file.
fn text_bytes(text: &str) -> usize {
    text.len() + 2
}

impl<'a> Names<'a> {
    /// The names of which these words, among them none twice for one slug, start alike.
    fn of(found: BTreeMap<&'a str, BTreeSet<String>>) -> Self {
        let different: BTreeSet<&String> = found.values().flatten().collect();
        let postings: usize = found.values().map(BTreeSet::len).sum();
        let word_bytes = different.into_iter().map(|word| text_bytes(word)).sum::<usize>() + postings;
        Self { words: found, word_bytes }
    }

    /// About how many bytes the file would have together with other words.
    fn bytes_with(&self, other: &Self) -> usize {
        let slugs =
            self.words.keys().chain(other.words.keys().filter(|slug| !self.words.contains_key(*slug)));
        slugs.map(|slug| text_bytes(slug)).sum::<usize>() + self.word_bytes + other.word_bytes
    }

    fn add(&mut self, other: Self) {
        self.word_bytes += other.word_bytes;
        for (slug, words) in other.words {
            self.words.entry(slug).or_default().extend(words);
        }
    }

    fn encode(self) -> Result<Vec<u8>, SuggestionsError> {
        let document = |(slug, words): (&str, BTreeSet<String>)| {
            let post = PostId { title: slug.to_owned(), url: String::new(), meta: String::new() };
            IndexedDocument::new(post, words)
        };
        // Given in order, so that equal names make equal bytes.
        let index = ExactIndexBackend.build(self.words.into_iter().map(document).collect());
        Storage::from(index).to_bytes().map_err(|_| SuggestionsError("written"))
    }
}

/// The names that can be suggested, as far as their files are there.
#[derive(Default)]
pub struct Suggestions {
    starts: Vec<String>,
    files: BTreeMap<usize, SearchIndex>,
}

impl Suggestions {
    /// Nothing yet, of files whose words start so; see [`SuggestionsFile::start`].
    #[must_use]
    pub fn new(starts: Vec<String>) -> Self {
        Self { starts, files: BTreeMap::new() }
    }

    /// Takes the file of that number, counted from 0.
    ///
    /// # Errors
    /// When the bytes are no such file.
    pub fn add(&mut self, file: usize, bytes: &[u8]) -> Result<(), SuggestionsError> {
        let storage = Storage::from_bytes(bytes).map_err(|_| SuggestionsError("read"))?;
        self.files.insert(file, storage.filters);
        Ok(())
    }

    /// The numbers of the files that are not there and without which a query has no whole answer.
    #[must_use]
    pub fn missing(&self, query: &str) -> BTreeSet<usize> {
        let files = words(query).into_iter().filter_map(|word| self.file_of(&word));
        files.filter(|file| !self.files.contains_key(file)).collect()
    }

    /// The slugs of the skills to suggest, best first: those that most words of the query find, whole or by their start;
    /// of these, those that rarer words find; of these, those that the words find first.
    #[must_use]
    pub fn best(&self, query: &str, most: usize) -> Vec<&str> {
        let mut found: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        for word in words(query) {
            let Some(index) = self.file_of(&word).and_then(|file| self.files.get(&file)) else { continue };
            let posts = tinysearch::search(index, &word, index.len());
            for (place, post) in posts.iter().enumerate() {
                let (missed, usual, places) = found.entry(&post.title).or_insert((usize::MAX, 0, 0));
                *missed -= 1;
                *usual += posts.len();
                *places += place;
            }
        }
        let mut found: Vec<_> = found.into_iter().map(|(slug, rank)| (rank, slug)).collect();
        found.sort_unstable();
        found.into_iter().take(most).map(|(_, slug)| slug).collect()
    }

    fn file_of(&self, word: &str) -> Option<usize> {
        self.starts.partition_point(|start| start.as_str() <= word).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Listing;
    use crate::policy::AccessLevel;

    fn listing(slug: &str, description: &str) -> Listing {
        Listing {
            slug: slug.parse().unwrap(),
            name: slug.split('/').nth(1).unwrap().to_owned(),
            version: "1.0.0".parse().unwrap(),
            description: description.to_owned(),
            tags: BTreeSet::new(),
            access_level: AccessLevel::Public,
            skill_type: crate::manifest::SkillType::Instructions,
            deprecated: None,
            replaced_by: None,
        }
    }

    fn builder(listings: &[(&str, &str)]) -> ShardBuilder {
        let mut builder = ShardBuilder::default();
        listings.iter().for_each(|(slug, description)| builder.add(listing(slug, description)));
        builder
    }

    fn loaded(files: &[SuggestionsFile]) -> Suggestions {
        let mut suggestions = Suggestions::new(files.iter().map(|file| file.start.clone()).collect());
        for (number, file) in files.iter().enumerate() {
            suggestions.add(number, &file.bytes).unwrap();
        }
        suggestions
    }

    const LIBRARY: [(&str, &str); 4] = [
        ("support/refund-resolver", "Resolves requests of customers for refunds."),
        ("finance/expense-check", "Checks an expense report against the policy on refunds."),
        ("cloud/oauth2-login", "Sets up the login by OAuth2."),
        ("support/zh", "处理客户退款"),
    ];

    #[test]
    fn names_come_before_descriptions_and_all_words_count() {
        let files = builder(&LIBRARY).suggestions().unwrap();
        let suggestions = loaded(&files);
        assert_eq!(files.len(), 1, "a few skills make one file");
        assert_eq!(suggestions.best("refu", 8), ["support/refund-resolver", "finance/expense-check"]);
        assert_eq!(suggestions.best("refunds policy", 8)[0], "finance/expense-check");
        assert_eq!(suggestions.best("refu", 1), ["support/refund-resolver"]);
        assert_eq!(suggestions.best("OAuth2", 8), ["cloud/oauth2-login"]);
        assert_eq!(suggestions.best("the quartz 12", 8), [""; 0]);
        assert_eq!(suggestions.best("客户退款", 8), ["support/zh"]);
    }

    #[test]
    fn many_skills_are_cut_by_first_letters_and_a_query_needs_the_files_of_its_words_alone() {
        let slugs: Vec<String> = (0..26u8)
            .flat_map(|a| {
                (0..26u8).map(move |b| format!("{}{}rm", char::from(b'a' + a), char::from(b'a' + b)))
            })
            .map(|word| format!("team-{word}/{word}-skill"))
            .collect();
        let description =
            "Weighs quartz, feldspar and mica of every kind, and says which of them is worth more.";
        let library: Vec<(&str, &str)> = slugs.iter().map(|slug| (slug.as_str(), description)).collect();
        let files = builder(&library).suggestions().unwrap();
        assert!(files.len() > 5, "{}", files.len());
        assert!(files.is_sorted_by(|a, b| a.start < b.start));
        let mut suggestions = Suggestions::new(files.iter().map(|file| file.start.clone()).collect());
        let whole = loaded(&files);
        for word in ["aarm", "quar", "zzrm"] {
            let missing = suggestions.missing(word);
            assert_eq!(missing.len(), 1, "{word}");
            for number in missing {
                suggestions.add(number, &files[number].bytes).unwrap();
            }
            assert_eq!(suggestions.missing(word), BTreeSet::new());
            assert_eq!(suggestions.best(word, 50), whole.best(word, 50));
        }
        assert_eq!(suggestions.best("zzrm", 50), ["team-zzrm/zzrm-skill"]);
    }

    #[test]
    fn the_order_of_the_skills_does_not_matter() {
        let mut reversed = LIBRARY;
        reversed.reverse();
        assert_eq!(builder(&LIBRARY).suggestions(), builder(&reversed).suggestions());
    }

    #[test]
    fn noise_is_refused() {
        let mut suggestions = Suggestions::new(vec![String::new()]);
        assert_eq!(suggestions.add(0, b"tinysearch\x02 and noise"), Err(SuggestionsError("read")));
        assert_eq!(suggestions.best("noise", 8), [""; 0]);
    }
}
