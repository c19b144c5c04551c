//! Round trip, and refusal of whatever is not a shard.

use proptest::prelude::*;

use super::*;
use crate::search::embedding::example as table;

fn document(slug: &str, description: &str) -> Document {
    let listing = Listing {
        slug: slug.parse().unwrap(),
        name: slug.split('/').nth(1).unwrap().to_owned(),
        version: "1.0.0".parse().unwrap(),
        description: description.to_owned(),
        tags: ["payment".to_owned()].into(),
        access_level: crate::policy::AccessLevel::Public,
        skill_type: crate::manifest::SkillType::CodeInline,
        deprecated: Some("old".to_owned()),
        replaced_by: Some("a/deploy:1.x".parse().unwrap()),
    };
    Document { listing, description_zh: Some("退款".to_owned()), aliases: ["pay-back".to_owned()].into() }
}

fn builder(documents: &[Document]) -> ShardBuilder {
    let mut builder = ShardBuilder::default();
    documents.iter().cloned().for_each(|document| builder.add(document));
    builder
}

fn documents() -> [Document; 2] {
    [document("b/refund", "Pays a refund."), document("a/deploy", "Rolls out a release.")]
}

fn embedding() -> Embedding {
    table(&[&["refund", "pays"], &["release", "deploy"]])
}

fn example() -> Vec<u8> {
    builder(&documents()).encode(Some(&embedding())).unwrap()
}

#[test]
fn what_goes_in_comes_out() {
    let shard = Shard::read(example()).unwrap();
    let [refund, deploy] = documents();
    let listings: Vec<Listing> = shard.listings().collect();
    assert_eq!(listings, [deploy.listing, refund.listing], "sorted by slug");
    let terms = shard.terms().unwrap();
    let postings = |term: &str| terms.postings(term).into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(postings("refund"), [(1, 3)], "name twice, description once");
    assert_eq!(postings("payment"), [(0, 1), (1, 1)]);
    assert_eq!(postings("退款"), [(0, 1), (1, 1)]);
    assert_eq!(postings("absent"), []);
    assert_eq!(u64::from(terms.length(0) + terms.length(1)), terms.total_length);
    assert_eq!(shard.with_slug("b/refund"), Some(1));
    assert_eq!(shard.with_slug("b/refunds"), None);
    let named = |prefix| shard.with_name_prefix(prefix).collect::<Vec<_>>();
    assert_eq!(named("pay-b"), [(0, false), (1, false)]);
    assert_eq!(named("deploy"), [(0, true)]);
    let vector = embedding().vector(&["refund".to_owned()]).unwrap();
    assert!(shard.has_vectors_of(&embedding()) && !shard.has_vectors_of(&table(&[&["x"]])));
    let cosines = shard.cosines(&vector);
    assert!(cosines.exact(0) < 0.01 && cosines.exact(1) > 0.99);
}

#[test]
fn an_empty_shard_and_one_without_vectors_read() {
    assert_eq!(Shard::read(builder(&[]).encode(Some(&embedding())).unwrap()).unwrap().documents(), 0);
    let without = Shard::read(builder(&documents()).encode(None).unwrap()).unwrap();
    assert!(!without.has_vectors_of(&embedding()));
}

#[test]
fn a_shard_of_the_first_schema_is_read() {
    let [refund, _] = documents();
    let listing = serde_json::to_vec(&refund.listing).unwrap();
    let sections = [Vec::new(), Vec::new(), Strings::encode([listing]).unwrap(), Vec::new(), Vec::new()];
    let former = Format { schema: former::SCHEMA, ..FORMAT }.encode(&sections).unwrap();
    let shard = Shard::read(former).unwrap();
    assert_eq!(shard.listings().collect::<Vec<_>>(), [refund.listing]);
    assert_eq!(shard.terms().unwrap().postings("refund").unwrap().len(), 1);
}

#[test]
fn sections_with_right_digests_that_disagree_are_refused() {
    let whole = builder(&documents()).sections(Some(&embedding())).unwrap();
    assert!(Shard::read(FORMAT.encode(&whole).unwrap()).is_ok());
    let wrong = |section: Section, bytes: Vec<u8>| {
        let mut sections = whole.clone();
        sections[section as usize] = bytes;
        Shard::read(FORMAT.encode(&sections).unwrap()).unwrap_err()
    };
    let strings = |strings: &[&[u8]]| Strings::encode(strings).unwrap();
    let beyond = postings::encode([(7, 1)].into_iter());
    for (section, bytes) in [
        (Section::Statistics, vec![0; STATISTICS_BYTES]),
        (Section::Statistics, Vec::new()),
        (Section::Lengths, vec![9, 0, 9, 0]),
        (Section::Lengths, vec![9]),
        (Section::Terms, strings(&[b"b", b"a"])),
        (Section::Postings, strings(&[&beyond])),
        (Section::Postings, strings(&[])),
        (Section::Rows, strings(&[b"", b""])),
        (Section::Rows, strings(&[])),
        (Section::Names, strings(&[b"b", b"a", b"c", b"d"])),
        (Section::NameDocuments, vec![0, 0, 0, 0]),
        (Section::NameDocuments, vec![9; 16]),
        (Section::Vectors, Vec::new()),
    ] {
        assert_eq!(wrong(section, bytes), FORMAT.malformed(), "{section:?}");
    }
}

#[test]
fn what_is_large_is_split_by_the_slug_alone() {
    let many = |skip: usize| {
        let text = "x".repeat(1024);
        let documents: Vec<_> = (0..9000).skip(skip).map(|n| document(&format!("a/s{n}"), &text)).collect();
        builder(&documents).split(None)
    };
    let (all, fewer) = (many(0), many(1));
    assert_eq!((all.len(), fewer.len()), (4, 4));
    let slugs =
        |parts: &[ShardBuilder], part: usize| parts[part].documents.keys().cloned().collect::<Vec<_>>();
    for part in 0..4 {
        let kept: Vec<String> = slugs(&all, part).into_iter().filter(|slug| slug != "a/s0").collect();
        assert!(kept.len() > 2000 && kept == slugs(&fewer, part));
    }
    assert_eq!(builder(&documents()).split(Some(&embedding())).len(), 1);
}

proptest! {
    #[test]
    fn reading_noise_never_panics(noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), SECTIONS)) {
        let _ = Shard::read(noise.concat());
        let sections: [Vec<u8>; SECTIONS] = noise.try_into().unwrap();
        prop_assert!(Shard::read(FORMAT.encode(&sections).unwrap()).is_err());
    }
}
