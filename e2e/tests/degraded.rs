//! Search on both hosts while the embedding table cannot be read.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;

use e2e::{HostKind, Repository, Stand};
use serde_json::json;

const CONFIGURATION: &str = "organisation: Example\nbase_url: https://skills.example.com\n\
    request_access_url: https://access.example.com/?skill={skill}\n\
    teams:\n  data: {owners: [\"@leads\"]}\n";
const SKILL: &str = "---\nname: data/tidy\nversion: 1.0.0\ndescription: Sort the table by its first column.\n\
    tags: [example]\naccess_level: public\n---\n# Task\n\nDo it.\n";

/// An edge over a catalog, whose table is damaged where `has_table` is not set.
fn stand(kind: HostKind, has_table: bool) -> Stand {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIGURATION).unwrap();
    repository.write(".gitignore", "/dist\n/.guildhall\n").unwrap();
    repository.write("skills/data/tidy.md", SKILL).unwrap();
    repository.commit("write a skill").unwrap();
    repository.build().unwrap();
    let catalog = repository.catalog();
    if !has_table {
        for table in fs::read_dir(catalog.join("tables")).unwrap() {
            fs::write(table.unwrap().path(), "no table").unwrap();
        }
    }
    Stand::over(kind, repository, &catalog).unwrap()
}

/// Of a search by words and of the search page, what the header says.
fn told(stand: &Stand) -> [Option<String>; 2] {
    let by_words = stand.post("/search", "", &json!({"query": "sort a table"})).unwrap();
    assert_eq!(by_words.json()[0]["slug"], "data/tidy");
    let page = stand.get("/search?q=sort", "", "text/html").unwrap();
    assert!(page.text().contains("data/tidy"), "{}", page.text());
    [by_words, page].map(|answer| answer.header("guildhall-degraded").map(ToOwned::to_owned))
}

#[test]
fn the_native_host_answers_by_words_says_so_and_counts_it() {
    let stand = stand(HostKind::Native, false);
    assert_eq!(told(&stand), [Some("semantic".to_owned()), Some("semantic".to_owned())]);
    let metrics = stand.metrics().unwrap();
    assert!(metrics.contains("guildhall_searches_total{degraded=\"semantic\"} 2\n"), "{metrics}");
    assert!(!metrics.contains("tidy"), "{metrics}");
}

#[test]
fn a_search_with_the_table_is_counted_as_such() {
    let stand = stand(HostKind::Native, true);
    assert_eq!(told(&stand), [None, None]);
    let metrics = stand.metrics().unwrap();
    assert!(metrics.contains("guildhall_searches_total{degraded=\"none\"} 2\n"), "{metrics}");
}

#[test]
fn workers_answer_by_words_and_say_so() {
    let told = told(&stand(HostKind::Workers, false));
    assert_eq!(told, [Some("semantic".to_owned()), Some("semantic".to_owned())]);
}
