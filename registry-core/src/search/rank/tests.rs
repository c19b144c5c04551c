//! Ranks, filters and ties; and that cutting a catalog into shards changes no score.

use proptest::prelude::*;

use super::*;
use crate::policy::AccessLevel;
use crate::search::ShardBuilder;

fn listing(slug: &str, description: &str, tags: &str) -> Listing {
    Listing {
        slug: slug.parse().unwrap(),
        name: slug.split('/').nth(1).unwrap().to_owned(),
        version: "1.2.0".parse().unwrap(),
        description: description.to_owned(),
        tags: tags.split(' ').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        access_level: AccessLevel::Public,
        skill_type: crate::manifest::SkillType::Instructions,
        deprecated: None,
        replaced_by: None,
    }
}

fn shard(listings: &[Listing]) -> Shard {
    let mut builder = ShardBuilder::default();
    listings.iter().cloned().for_each(|listing| builder.add(listing));
    Shard::read(builder.encode().unwrap()).unwrap()
}

fn library() -> Vec<Listing> {
    vec![
        listing("support/refund-resolver", "Resolves customer refund requests.", "refund payment"),
        listing("finance/expense-check", "Checks expense reports against policy.", "expenses"),
        listing("platform/rollout-plan", "Plans the batches of a rolling deployment.", "deployment"),
        listing("growth/refund-survey", "Asks customers about a purchase.", "survey"),
    ]
}

fn slugs(query: &str, filters: &Filters, k: usize) -> Vec<String> {
    let shard = shard(&library());
    search(&[&shard], query, filters, k).iter().map(|hit| hit.listing.slug.to_string()).collect()
}

#[test]
fn the_skill_that_says_it_most_comes_first() {
    let any = Filters::default();
    assert_eq!(slugs("how do I refund a customer?", &any, 1), ["support/refund-resolver"]);
    assert_eq!(slugs("check my expenses", &any, 5), ["finance/expense-check"]);
    assert_eq!(slugs("", &any, 5), [""; 0]);
    assert_eq!(slugs("quantum", &any, 5), [""; 0]);
}

#[test]
fn filters_let_only_what_they_name_through() {
    let one = |filters: Filters| slugs("customer refund deployment", &filters, 5);
    let growth = Filters { team: Some("growth".parse().unwrap()), ..Filters::default() };
    assert_eq!(one(growth), ["growth/refund-survey"]);
    let tag = Filters { tag: Some("payment".to_owned()), ..Filters::default() };
    assert_eq!(one(tag), ["support/refund-resolver"]);
    let version = Filters { version: Some("2.x".parse().unwrap()), ..Filters::default() };
    assert_eq!(one(version), [""; 0]);
    let level = Filters { access_level: Some(AccessLevel::Team), ..Filters::default() };
    assert_eq!(one(level), [""; 0]);
    let kind = Filters { skill_type: Some(crate::manifest::SkillType::CodeInline), ..Filters::default() };
    assert_eq!(one(kind), [""; 0]);
}

#[test]
fn equal_scores_come_in_the_order_of_slugs_across_shards() {
    let one = shard(&[listing("b/same", "Same words.", "")]);
    let two = shard(&[listing("a/same", "Same words.", ""), listing("c/same", "Same words.", "")]);
    let hits = search(&[&one, &two], "same", &Filters::default(), 2);
    let slugs: Vec<String> = hits.iter().map(|hit| hit.listing.slug.to_string()).collect();
    assert_eq!(slugs, ["a/same", "b/same"]);
    assert_eq!(hits[0].score, hits[1].score);
}

proptest! {
    #[test]
    fn cutting_a_catalog_into_shards_changes_nothing(
        cut in prop::collection::vec(0usize..3, 4),
        query in "(refund|customer|deploy|policy|check| ){1,6}",
        k in 1usize..6,
    ) {
        let whole = shard(&library());
        let mut parts: [Vec<Listing>; 3] = Default::default();
        for (listing, part) in library().into_iter().zip(cut) {
            parts[part].push(listing);
        }
        let parts = parts.map(|listings| shard(&listings));
        let expected = search(&[&whole], &query, &Filters::default(), k);
        let actual = search(&parts.each_ref(), &query, &Filters::default(), k);
        prop_assert_eq!(actual, expected);
    }
}
