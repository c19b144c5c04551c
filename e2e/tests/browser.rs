//! Search on the static site, in a real browser without an edge; and that an answer is the same wherever it is given.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells its figures"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::{HostKind, Repository, Stand, browser_engine, files, workspace};
use generator::embedding;
use registry_core::api::{Listing, SearchRequest};
use registry_core::search::{Query, Shard, Weights, search};
use serde_json::{Value, json};

/// Builds the static site of a repository with the search engine.
fn build_site(repository: &Repository) {
    let engine = browser_engine().unwrap().to_str().unwrap();
    repository.must(&["build", "--out", "dist", "--site", "--engine", engine]).unwrap();
}

/// Runs a script of `e2e/browser` and returns what it printed.
fn browser(script: &str, arguments: &[&Path]) -> String {
    let script = workspace().join("e2e/browser").join(script);
    let done = Command::new("node").arg(script).args(arguments).current_dir(workspace()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_person_finds_skills_on_a_plain_static_host() {
    let repository = Repository::of_examples().unwrap();
    build_site(&repository);
    let seen: Value =
        serde_json::from_str(&browser("page.mjs", &[&repository.catalog().join("site")])).unwrap();
    let before: Vec<&str> = texts(&seen["loadedBeforeTheFirstKey"]);
    assert!(before.iter().all(|path| path.ends_with(".css") || path.contains("/search")), "{before:?}");
    assert_eq!(texts(&seen["suggested"])[0], "platform/incident-triage");
    assert_eq!(
        [&seen["expanded"], &seen["controls"], &seen["active"]],
        [&json!("true"), &json!(true), &json!(true)]
    );
    assert_eq!((&seen["selected"], &seen["shift"]), (&json!("true"), &json!(0)));
    assert_eq!(seen["afterEscape"], json!(["inciden", "false", 0]), "the text stays");
    assert_eq!(seen["address"], "?q=inciden");
    assert_eq!(texts(&seen["results"])[0], "platform/incident-triage", "by its meaning");
    assert!(seen["said"].as_str().unwrap().contains("skill"), "{seen}");
    assert_eq!((&seen["back"], &seen["ofNoTeam"]), (&json!("inciden"), &json!(0)));
    assert_eq!(texts(&seen["fromAnotherPage"])[0], "data/pii-redactor");
    assert!(seen["opened"].as_str().unwrap().contains("pii-redactor"), "{seen}");
    assert_eq!(seen["errors"], json!([]));
    let foreign = texts(&seen["loaded"]).into_iter().find(|path| !path.starts_with('/'));
    assert_eq!(foreign, None, "no other host is asked");
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_site_holds_what_public_skills_are_found_by_and_nothing_of_others() {
    let repository = Repository::of_examples().unwrap();
    build_site(&repository);
    let site = repository.catalog().join("site");
    let own = || {
        let mut own = files(&site).unwrap();
        own.retain(|path, _| path.starts_with("assets/") || path.starts_with("search/"));
        own
    };
    let with_hidden = own();
    assert!(with_hidden.len() > 8, "{:?}", with_hidden.keys());
    // No skill of these teams is public.
    for team in ["finance", "support"] {
        fs::remove_dir_all(repository.path().join("skills").join(team)).unwrap();
    }
    repository.commit("remove what is hidden").unwrap();
    build_site(&repository);
    assert_eq!(with_hidden, own());
}

#[test]
fn without_the_engine_the_search_page_says_that_it_cannot_search() {
    let repository = Repository::of_examples().unwrap();
    repository.must(&["build", "--out", "dist", "--site"]).unwrap();
    let page = fs::read_to_string(repository.catalog().join("site/search/index.html")).unwrap();
    assert!(page.contains("This copy of the catalog cannot be searched."), "{page}");
    assert!(!page.contains("<script") && !page.contains("id=\"ask\""), "{page}");
    let (code, text) = repository.guildhall(&["build", "--site", "--engine", "no-such-folder"]).unwrap();
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("bundle-worker"), "{text}");
}

/// Skills of which search finds many alike.
fn made_library() -> Repository {
    Repository::made(&["--skills", "300", "--versions", "1", "--git"]).unwrap()
}

fn public_shards(catalog: &Path) -> Vec<Shard> {
    let shards = files(&catalog.join("shards/public")).unwrap();
    shards.into_values().map(|bytes| Shard::read(bytes).unwrap()).collect()
}

/// Numbers that are the same at every run (SplitMix64: Steele, Lea and Flood, 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    fn any<'a>(&mut self, of: &'a [&str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A query of a few words of the skills, some with a slip of the hand, some cut off; now and then a name.
fn made_query(numbers: &mut Numbers, words: &[&str], names: &[&str]) -> String {
    if numbers.below(12) == 0 {
        return numbers.any(names).to_owned();
    }
    let count = 1 + numbers.below(7);
    let word = |numbers: &mut Numbers| {
        let mut letters: Vec<char> = numbers.any(words).chars().collect();
        match (numbers.below(6), letters.len()) {
            (0, length) if length > 3 => letters.swap(1, 2),
            (1, length) if length > 4 => drop(letters.remove(length / 2)),
            (2, length) if length > 3 => letters.truncate(length - 2),
            _ => {}
        }
        letters.into_iter().collect::<String>()
    };
    (0..count).map(|_| word(numbers)).collect::<Vec<_>>().join(" ")
}

/// The real queries of `../shared/corpus`, where it is there.
fn real_queries() -> Vec<String> {
    let folder = workspace().join("../shared/corpus/queries");
    let texts = ["examples.jsonl", "whentouse.jsonl"]
        .map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default());
    let query = |line: &str| serde_json::from_str::<Value>(line).ok()?["query"].as_str().map(str::to_owned);
    let queries: Vec<String> = texts.iter().flat_map(|text| text.lines()).filter_map(query).collect();
    println!("{} real queries", queries.len());
    queries
}

fn requests(listings: &[Listing]) -> Vec<Value> {
    let slugs: Vec<String> = listings.iter().map(|listing| listing.slug.to_string()).collect();
    let names: Vec<&str> =
        slugs.iter().map(String::as_str).chain(listings.iter().map(|l| l.name.as_str())).collect();
    let words: Vec<&str> =
        listings.iter().flat_map(|listing| listing.description.split_whitespace()).collect();
    let mut numbers = Numbers(5);
    let mut queries = real_queries();
    queries.truncate(500);
    while queries.len() < 1_000 {
        queries.push(made_query(&mut numbers, &words, &names));
    }
    let mut request = |query: String| {
        let filters = match numbers.below(8) {
            0 => json!({"team": listings[numbers.below(listings.len())].slug.team}),
            1 => json!({"type": "instructions", "version": ">=1.0.0"}),
            _ => json!({}),
        };
        json!({"query": query, "k": 1 + numbers.below(50), "filters": filters, "explain": true})
    };
    queries.into_iter().map(&mut request).collect()
}

fn native_answer(shards: &[&Shard], request: &Value) -> String {
    let SearchRequest { query, k, filters, explain } = serde_json::from_value(request.clone()).unwrap();
    let embedding = Some(embedding::shared());
    let query = Query { text: &query, filters: &filters, k, explain, embedding, weights: &Weights::TUNED };
    let answer = search(shards, &query);
    assert!(!answer.degraded);
    serde_json::to_string(&answer.hits).unwrap()
}

#[test]
fn a_thousand_answers_are_the_same_natively_in_workerd_and_in_chromium() {
    let repository = made_library();
    build_site(&repository);
    let catalog = repository.catalog();
    let shards = public_shards(&catalog);
    let shards: Vec<&Shard> = shards.iter().collect();
    let listings: Vec<Listing> = shards.iter().flat_map(|shard| shard.listings()).collect();
    let requests = requests(&listings);
    let native: Vec<String> = requests.iter().map(|request| native_answer(&shards, request)).collect();
    let found: usize = native.iter().filter(|answer| answer.len() > 2).count();
    assert!(found > 800, "{found} of 1,000 queries find something");

    let lines: Vec<String> = requests.iter().map(ToString::to_string).collect();
    let file = repository.path().join("requests.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let printed = browser("answers.mjs", &[&catalog.join("site"), &file]);
    let in_browser: Vec<&str> = printed.lines().collect();
    assert_eq!(in_browser.len(), native.len());
    for ((request, native), in_browser) in lines.iter().zip(&native).zip(in_browser) {
        assert_eq!(native, in_browser, "{request}");
    }

    let stand = Stand::over(HostKind::Workers, repository, &catalog).unwrap();
    for (request, native) in requests.iter().zip(&native) {
        let answer = stand.post("/search", "", request).unwrap();
        assert_eq!((answer.status, answer.header("guildhall-degraded")), (200, None));
        assert_eq!(&answer.text(), native, "{request}");
    }
}
