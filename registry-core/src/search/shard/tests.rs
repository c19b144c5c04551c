//! Round trip, and refusal of whatever is not a shard.

use proptest::prelude::*;

use super::*;

fn listing(slug: &str, description: &str) -> Listing {
    Listing {
        slug: slug.parse().unwrap(),
        name: slug.split('/').nth(1).unwrap().to_owned(),
        version: "1.0.0".parse().unwrap(),
        description: description.to_owned(),
        tags: ["payment".to_owned()].into(),
        access_level: crate::policy::AccessLevel::Public,
        skill_type: crate::manifest::SkillType::Instructions,
        deprecated: None,
        replaced_by: None,
    }
}

fn encoded(listings: &[Listing]) -> Vec<u8> {
    let mut builder = ShardBuilder::default();
    listings.iter().cloned().for_each(|listing| builder.add(listing));
    builder.encode().unwrap()
}

fn example() -> Vec<u8> {
    encoded(&[listing("b/refund", "Pays a refund."), listing("a/deploy", "Rolls out a release.")])
}

#[test]
fn what_goes_in_comes_out() {
    let shard = Shard::read(example()).unwrap();
    assert_eq!(shard.documents, 2);
    assert_eq!(shard.listing(0).unwrap().slug.to_string(), "a/deploy", "sorted by slug");
    assert_eq!(shard.postings("refund").collect::<Vec<_>>(), [(1, 3)], "name twice, description once");
    assert_eq!(shard.postings("payment").len(), 2);
    assert_eq!(shard.postings("absent").len(), 0);
    assert_eq!(u64::from(shard.length(0) + shard.length(1)), shard.total_length);
    assert_eq!(shard.listing(2), None);
}

#[test]
fn an_empty_shard_reads() {
    assert_eq!(Shard::read(encoded(&[])).unwrap().documents, 0);
}

#[test]
fn another_schema_is_named() {
    let mut bytes = example();
    bytes[8] = 9;
    assert_eq!(Shard::read(bytes).unwrap_err(), ShardError::Schema(9));
}

#[test]
fn a_section_with_a_right_digest_and_a_wrong_shape_is_refused() {
    let bodies = |statistics: Vec<u8>, postings: Vec<u8>| {
        let empty = table(std::iter::empty()).unwrap();
        let terms = table([Ok(b"x".to_vec())].into_iter()).unwrap();
        assemble(&[statistics, vec![], empty, terms, postings]).unwrap()
    };
    let none = statistics(&[]).unwrap();
    let beyond = table([Ok([7u32.to_le_bytes(), 1u32.to_le_bytes()].concat())].into_iter()).unwrap();
    assert_eq!(Shard::read(bodies(none.clone(), beyond)).unwrap_err(), ShardError::Malformed);
    assert_eq!(
        Shard::read(bodies(none, table(std::iter::empty()).unwrap())).unwrap_err(),
        ShardError::Malformed
    );
    let lies = statistics(&[3]).unwrap();
    let empty = || table(std::iter::empty()).unwrap();
    let shard = assemble(&[lies, vec![], empty(), empty(), empty()]).unwrap();
    assert_eq!(Shard::read(shard).unwrap_err(), ShardError::Malformed);
}

proptest! {
    #[test]
    fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = example();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Shard::read(bytes).is_err());
    }

    #[test]
    fn any_cut_is_noticed(at in any::<prop::sample::Index>()) {
        let mut bytes = example();
        bytes.truncate(at.index(bytes.len()));
        prop_assert!(Shard::read(bytes).is_err());
    }

    #[test]
    fn reading_noise_never_panics(mut noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Shard::read(noise.clone());
        noise.splice(0..0, MAGIC.into_iter().chain(SCHEMA.to_le_bytes()).chain(5u32.to_le_bytes()));
        let _ = Shard::read(noise);
    }
}
