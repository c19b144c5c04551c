//! The embedding table as committed: it is what its manifest says, and was not fitted to the queries that measure it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use registry_core::digest::Digest;
use serde_json::Value;

/// Bits of a text's SHA-256 that `texts.bin` keeps: one chance in 10¹² that two texts have the same.
const HASH_BITS: u32 = 40;
/// Words of the shortest training text.
const FEWEST_WORDS: usize = 3;
/// What a Worker is ready to hold beside its shards.
const MAX_TABLE_BYTES: usize = 4_000_000;

fn embedding(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("embedding").join(name)
}

fn manifest() -> Value {
    serde_json::from_slice(&fs::read(embedding("manifest.json")).unwrap()).unwrap()
}

/// The development corpus, if it lies beside the checkout.
fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/skills");
    let skills = std::env::var_os("GUILDHALL_CORPUS").map_or(beside, PathBuf::from);
    let corpus = skills.join("..");
    corpus.join("queries").is_dir().then_some(corpus)
}

/// Lower-case alphanumeric words, as the recipe compares texts.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The first bits of the SHA-256 of the words, joined by one space.
fn hash(words: &[String]) -> u64 {
    let digest = Digest::of(words.join(" ").as_bytes());
    u64::from_be_bytes(*digest.as_bytes().first_chunk().unwrap()) >> (u64::BITS - HASH_BITS)
}

/// The hashes of all training texts: `texts.bin` holds the gaps between them in LEB128, in ascending order.
fn training_texts() -> BTreeSet<u64> {
    let (mut texts, mut last, mut gap, mut shift) = (BTreeSet::new(), 0, 0, 0);
    for byte in fs::read(embedding("texts.bin")).unwrap() {
        gap |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            last += gap;
            assert!(last >> HASH_BITS == 0 && texts.insert(last));
            (gap, shift) = (0, 0);
        }
    }
    assert_eq!(shift, 0, "the file ends within a number");
    texts
}

fn queries(corpus: &Path) -> Vec<String> {
    let sets = ["examples", "whentouse", "metatool"];
    let lines = sets.map(|set| fs::read_to_string(corpus.join(format!("queries/{set}.jsonl"))).unwrap());
    let entries = lines.iter().flat_map(|set| set.lines()).map(|line| serde_json::from_str(line).unwrap());
    entries.map(|entry: Value| entry.get("query").unwrap().as_str().unwrap().to_owned()).collect()
}

/// The parts of a query that are training texts, the whole query among them.
fn learnt(query: &str, texts: &BTreeSet<u64>) -> Vec<String> {
    let words = words(query);
    let lengths = FEWEST_WORDS..=words.len();
    let runs = lengths.flat_map(|length| words.windows(length));
    runs.filter(|run| texts.contains(&hash(run))).map(|run| run.join(" ")).collect()
}

#[test]
fn the_table_is_the_one_of_the_manifest_and_small_enough() {
    let bytes = fs::read(embedding("table.bin")).unwrap();
    assert_eq!(manifest().pointer("/table/sha256").unwrap(), &Digest::of(&bytes).to_string());
    assert!(bytes.len() <= MAX_TABLE_BYTES, "{}", bytes.len());
}

#[test]
fn every_training_text_comes_from_a_listed_source() {
    let listed = fs::read_to_string(embedding("sources.tsv")).unwrap();
    let counts =
        listed.lines().skip(1).map(|line| line.rsplit('\t').next().unwrap().parse::<usize>().unwrap());
    let texts = training_texts().len();
    assert_eq!(counts.sum::<usize>(), texts);
    assert_eq!(manifest().pointer("/texts/count").unwrap(), texts);
}

#[test]
fn no_evaluation_query_is_a_training_text_or_holds_one() {
    let Some(corpus) = corpus() else {
        println!("skipped: there is no corpus at ../shared/corpus beside the checkout (or GUILDHALL_CORPUS)");
        return;
    };
    let texts = training_texts();
    let queries = queries(&corpus);
    assert!(queries.len() >= 1_500, "{}", queries.len());
    let found: Vec<_> = queries.iter().flat_map(|query| learnt(query, &texts)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_hashes_would_tell_a_training_text_within_a_query() {
    let texts = training_texts();
    let known = manifest().pointer("/texts/example").unwrap().as_str().unwrap().to_owned();
    let found = learnt(&format!("Please: {known}, would you?"), &texts);
    assert!(found.contains(&words(&known).join(" ")), "{found:?}");
}
