//! Ranks, filters and ties; and that cutting a catalog into shards changes no score.

use proptest::prelude::*;

use super::*;
use crate::api::Listing;
use crate::policy::AccessLevel;
use crate::search::ShardBuilder;
use crate::search::embedding::example;

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

fn table() -> Embedding {
    example(&[
        &["refund", "money"],
        &["deployment", "ship"],
        &["expenses", "costs"],
        &["customer"],
        &["policy"],
    ])
}

fn shard(listings: &[Listing]) -> Shard {
    shard_with(&table(), listings)
}

fn shard_with(table: &Embedding, listings: &[Listing]) -> Shard {
    let mut builder = ShardBuilder::default();
    listings.iter().cloned().for_each(|listing| builder.add(listing));
    Shard::read(builder.encode(Some(table)).unwrap()).unwrap()
}

fn library() -> Vec<Listing> {
    vec![
        listing("support/refund-resolver", "Resolves customer refund requests.", "refund payment"),
        listing("finance/expense-check", "Checks expense reports against policy.", "expenses"),
        listing("platform/rollout-plan", "Plans the batches of a rolling deployment.", "deployment"),
        listing("growth/refund-survey", "Asks customers about a purchase.", "survey"),
    ]
}

fn ask<'a>(text: &'a str, filters: &'a Filters, k: usize, embedding: Option<&'a Embedding>) -> Query<'a> {
    Query { text, filters, k, explain: true, embedding, weights: &Weights::TUNED }
}

fn slugs_of(query: &Query<'_>) -> Vec<String> {
    let answer = search(&[&shard(&library())], query);
    answer.hits.iter().map(|hit| hit.listing.slug.to_string()).collect()
}

fn slugs(text: &str, filters: &Filters, k: usize) -> Vec<String> {
    slugs_of(&ask(text, filters, k, None))
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
fn a_skill_is_found_by_what_it_means() {
    let (any, table) = (Filters::default(), table());
    let found = |text| slugs_of(&ask(text, &any, 5, Some(&table)));
    assert_eq!(found("ship it")[0], "platform/rollout-plan");
    assert_eq!(found("quantum"), [""; 0]);
    let answer = search(&[&shard(&library())], &ask("ship it", &any, 1, Some(&table)));
    assert_eq!((answer.degraded, answer.hits[0].explanation.as_ref().unwrap().words), (false, 0));
}

#[test]
fn without_the_table_of_the_vectors_words_alone_decide_and_the_answer_says_so() {
    let any = Filters::default();
    let other = example(&[&["ship"]]);
    for embedding in [None, Some(&other)] {
        let answer = search(&[&shard(&library())], &ask("refund", &any, 5, embedding));
        assert_eq!((answer.degraded, answer.hits.len()), (true, 2));
    }
}

#[test]
fn slugs_come_before_names_and_names_before_their_beginnings() {
    let any = Filters::default();
    let library = [
        listing("a/plan", "Something else.", ""),
        listing("b/plan-release", "Plan plan plan.", ""),
        listing("c/other", "A plan, a plan, a plan.", ""),
    ];
    let shard = shard(&library);
    let found = |text: &str| {
        let hits = search(&[&shard], &ask(text, &any, 5, None)).hits;
        hits.into_iter().map(|hit| (hit.listing.slug.to_string(), hit.score / 100_000)).collect::<Vec<_>>()
    };
    let tiers =
        |of: &[(&str, u32)]| of.iter().map(|(slug, tier)| ((*slug).to_owned(), *tier)).collect::<Vec<_>>();
    assert_eq!(found(" Plan ")[..2], tiers(&[("a/plan", 9), ("b/plan-release", 8)]));
    assert_eq!(found("plan release")[0], tiers(&[("b/plan-release", 9)])[0]);
    assert_eq!(found("A/plan")[0], tiers(&[("a/plan", 10)])[0]);
}

#[test]
fn a_slip_of_the_hand_finds_what_was_meant() {
    let (any, table) = (Filters::default(), table());
    for text in ["refnud", "rrefund", "erfund", "refun", "refubd"] {
        assert_eq!(slugs(text, &any, 1), ["support/refund-resolver"], "{text}");
    }
    assert_eq!(slugs_of(&ask("csutomer", &any, 1, Some(&table))), ["support/refund-resolver"]);
    assert_eq!(slugs("deploy", &any, 1), ["platform/rollout-plan"], "words of one kin");
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
    let hits = search(&[&one, &two], &ask("words", &Filters::default(), 2, None)).hits;
    let slugs: Vec<String> = hits.iter().map(|hit| hit.listing.slug.to_string()).collect();
    assert_eq!(slugs, ["a/same", "b/same"]);
    assert_eq!(hits[0].score, hits[1].score);
}

proptest! {
    #[test]
    fn cutting_a_catalog_into_shards_changes_nothing(
        cut in prop::collection::vec(0usize..3, 4),
        query in "(refund|customer|deploy|policy|costs|shipp|expens|plan|refudns|cstomer|purchse| ){1,6}",
        k in 1usize..6,
    ) {
        let (any, table) = (Filters::default(), table());
        let whole = shard(&library());
        let mut parts: [Vec<Listing>; 3] = Default::default();
        for (listing, part) in library().into_iter().zip(cut) {
            parts[part].push(listing);
        }
        let parts = parts.map(|listings| shard(&listings));
        let query = ask(&query, &any, k, Some(&table));
        prop_assert_eq!(search(&parts.each_ref(), &query), search(&[&whole], &query));
    }
}

/// The answers by a look at every document.
fn by_full_comparison(shards: &[&Shard], query: &Query<'_>) -> Vec<(u32, String)> {
    let vocabulary = Vocabulary::new(shards);
    let Understanding { terms, words } =
        Understanding::of(query.text, &vocabulary, query.embedding, query.weights);
    let vector = query.embedding.and_then(|embedding| embedding.vector(&words));
    let words = vocabulary.score(&terms, query.weights);
    let most_words = words.iter().flatten().copied().fold(0.0, f32::max);
    let fusion = Fusion::new(most_words, vector.is_some(), query.weights);
    let mut found = Vec::new();
    for (shard, words) in shards.iter().zip(&words) {
        for (document, words) in words.iter().enumerate() {
            let cosine = vector.as_ref().map_or(0.0, |vector| shard.cosines(vector).exact(document));
            let row = shard.row(document as u32).unwrap();
            let name = row.slug.split('/').nth(1).unwrap();
            let asked = query.text.trim().to_lowercase().replace([' ', '_'], "-");
            let tier = match () {
                () if row.slug == asked => SLUG_SCORE,
                () if asked.len() < 2 => 0,
                () if name == asked => NAME_SCORE,
                () if name.starts_with(&asked) => PREFIX_SCORE,
                () => 0,
            };
            let rest = fusion.score(*words, cosine);
            let within = if tier > 0 { (rest as f32 / REST_RANGE * 99_999.0) as u32 } else { rest };
            if row.passes(query.filters) && tier + rest > 0 {
                found.push(((tier + within).min(SLUG_SCORE), row.slug.to_owned()));
            }
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(query.k);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_answers_are_those_of_a_look_at_every_skill(
        descriptions in prop::collection::vec("(refund|customer|invoice|deploy|cluster|email|report|weather| ){0,8}", 40),
        text in "(refunds|client|bill|ship|servers|message|summary|rain|xyzzy| ){1,5}|s-[1-4]?|a/s-7|S 12",
        k in 0usize..30,
        cut in 0usize..40,
        with_table: bool,
        tagged: bool,
    ) {
        let table: &[u8] = include_bytes!("../../../../generator/embedding/table.bin");
        let table = Embedding::read(table.to_vec()).unwrap();
        let listing = |(number, description): (usize, &String)| {
            listing(&format!("a/s-{number}"), description, if number % 3 == 0 { "third" } else { "" })
        };
        let listings: Vec<Listing> = descriptions.iter().enumerate().map(listing).collect();
        let (one, two) = listings.split_at(cut);
        let shards = [one, two].map(|listings| shard_with(&table, listings));
        let filters = Filters { tag: tagged.then(|| "third".to_owned()), ..Filters::default() };
        let query = ask(&text, &filters, k, with_table.then_some(&table));
        let hits = search(&shards.each_ref(), &query).hits;
        let found: Vec<(u32, String)> = hits.iter().map(|hit| (hit.score, hit.listing.slug.to_string())).collect();
        prop_assert_eq!(found, by_full_comparison(&shards.each_ref(), &query));
    }
}

#[test]
fn a_word_that_counts_for_next_to_nothing_beside_another_is_an_answer_all_the_same() {
    let mut library: Vec<Listing> =
        (0..200).map(|number| listing(&format!("a/s-{number}"), "An internal skill.", "")).collect();
    library.push(listing("a/kafka", "Drains an internal kafka.", ""));
    let text = format!("{} internal", "kafka ".repeat(600));
    let any = Filters::default();
    let hits = search(&[&shard(&library)], &ask(&text, &any, 5, None)).hits;
    assert_eq!(hits.iter().map(|hit| hit.score.min(2)).collect::<Vec<_>>(), [2, 1, 1, 1, 1]);
}
