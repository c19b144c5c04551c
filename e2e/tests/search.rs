//! `guildhall search` and `guildhall eval` over working trees and built catalogs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use e2e::Repository;
use serde_json::{Value, json};

fn found(repository: &Repository, arguments: &[&str]) -> Value {
    let text = repository.must(&[&["search", "--json"], arguments].concat()).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn slugs(hits: &Value) -> Vec<String> {
    hits.as_array().unwrap().iter().map(|hit| hit["slug"].as_str().unwrap().to_owned()).collect()
}

/// What stands on standard output alone, and on standard error.
fn streams(repository: &Repository, arguments: &[&str]) -> (i32, String, String) {
    let done = e2e::guildhall(repository.path(), arguments).unwrap().output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn results_tell_rank_version_and_what_their_rank_is_made_of() {
    let repository = Repository::of_examples().unwrap();
    let text = repository.must(&["search", "a customer wants their money back"]).unwrap();
    let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells.len(), 6, "a header and five results: {text}");
    assert_eq!(cells[0], ["#", "SKILL", "VERSION", "SCORE", "DESCRIPTION"]);
    assert_eq!(cells[1][..3], ["1", "support/refund-resolver", "1.2.3"]);
    let scores: Vec<u32> = cells[1..].iter().map(|row| row[3].parse().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores[0] < 800_000, "{text}");
    let text = repository.must(&["search", "refund reply", "--explain", "-k", "3"]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("SCORE   WORDS  MEANING  NAME     DESCRIPTION"), "{text}");
    assert!(
        lines[1].starts_with("1  support/refund-reply ") && lines[1].contains(" %     decided  Drafts"),
        "{text}"
    );
    assert!(lines[2..].iter().all(|line| line.contains(" %     -        ")), "{text}");
    let (code, text, note) = streams(&repository, &["search", "zzzz"]);
    assert_eq!((code, text.as_str(), note.as_str()), (0, "", "no skill answers this\n"));
    assert_eq!(found(&repository, &["zzzz"]), json!([]));
}

#[test]
fn filters_and_versions_narrow_a_search() {
    let repository = Repository::of_examples().unwrap();
    let all = |more: &[&str]| slugs(&found(&repository, &[&["refund", "-k", "50"], more].concat()));
    assert!(all(&[]).len() > 2);
    assert!(all(&["--team", "support"]).iter().all(|slug| slug.starts_with("support/")));
    assert_eq!(all(&["--tag", "refund", "--type", "prompt_inline"]), ["support/refund-reply"]);
    assert!(!all(&["--pin", "1.2.x"]).is_empty() && all(&["--pin", "9.x"]).is_empty());
    assert_eq!(all(&["--level", "sensitive", "--team", "support"]), [""; 0]);
    let (code, text) = repository.guildhall(&["search", "refund", "-k", "51"]).unwrap();
    assert!(code == 2 && text.contains("1 to 50 results"), "{text}");
}

#[test]
fn a_caller_finds_what_its_role_and_teams_open_and_an_author_everything() {
    let repository = Repository::of_examples().unwrap();
    let with =
        |more: &[&str]| slugs(&found(&repository, &[&["approval of a budget", "-k", "50"], more].concat()));
    let holds = |slugs: &[String], slug: &str| slugs.iter().any(|found| found == slug);
    assert!(holds(&with(&[]), "finance/budget-approval"), "an author sees what is sensitive");
    let agent = with(&["--as", "finance-agent"]);
    assert!(!holds(&agent, "finance/budget-approval"), "nobody is elevated");
    let visible = |more: &[&str]| slugs(&found(&repository, &[&["support/refund-resolver"], more].concat()));
    assert!(holds(&visible(&["--as", "support-agent"]), "support/refund-resolver"));
    assert!(!holds(&visible(&["--as", "auditor"]), "support/refund-resolver"));
    assert!(holds(&visible(&["--as", "auditor", "--teams", "data,support"]), "support/refund-resolver"));
    let (code, text) = repository.guildhall(&["search", "x", "--as", "guest"]).unwrap();
    assert!(
        code == 2 && text.contains("the role `guest` is not configured") && text.contains("`auditor`"),
        "{text}"
    );
    assert_eq!(
        repository.guildhall(&["search", "x", "--teams", "support"]).unwrap().0,
        2,
        "every caller has a role"
    );
}

#[test]
fn a_built_catalog_answers_like_the_tree_that_it_was_built_from() {
    let repository = Repository::of_examples().unwrap();
    repository.build().unwrap();
    for query in
        ["a customer wants their money back", "refund", "plain language", "kubernetes rollout", "退款"]
    {
        for more in
            [&[][..], &["--as", "support-agent", "--explain"], &["--as", "auditor", "--teams", "data"]]
        {
            let tree = found(&repository, &[&[query], more].concat());
            let built = found(&repository, &[&[query, "--catalog", "dist"], more].concat());
            assert_eq!(tree, built, "{query} {more:?}");
        }
    }
}

#[test]
fn a_catalog_that_was_altered_or_is_not_there_is_not_searched() {
    let repository = Repository::of_examples().unwrap();
    repository.build().unwrap();
    let said = |place: &str| repository.guildhall(&["search", "refund", "--catalog", place]).unwrap();
    let (code, text) = said("nowhere");
    assert!(code == 2 && text.contains("there is no catalog in `nowhere`"), "{text}");
    let files = e2e::files(&repository.catalog()).unwrap();
    let shard = files.keys().find(|path| path.contains("shard")).unwrap();
    let path = repository.catalog().join(shard);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, text) = said("dist");
    assert!(code == 2 && text.contains("altered: ") && text.contains("guildhall verify"), "{text}");
}

/// The example skills with queries, one of which names a skill that is not there.
fn asked() -> Repository {
    let repository = Repository::of_examples().unwrap();
    let lines = [
        json!({"query": "a customer wants their money back", "relevant": ["support/refund-resolver"]}),
        json!({"query": "which batches does a rolling deployment have", "relevant": ["corpus/plan/SKILL.md"]}),
        json!({"query": "rewrite this so that everybody understands it", "relevant": ["shared/plain-language"]}),
        json!({"query": "play chess", "relevant": ["games/chess"]}),
    ];
    repository.write("queries.jsonl", &lines.map(|line| format!("{line}\n")).concat()).unwrap();
    let map = json!({"adopted": [{"source": "../corpus/plan", "slug": "platform/rollout-plan"}]});
    repository.write("adopt.json", &map.to_string()).unwrap();
    repository
}

const EVAL: [&str; 4] = ["eval", "queries.jsonl", "--map", "adopt.json"];

fn figures(repository: &Repository, more: &[&str]) -> Value {
    let (code, text, _) = streams(repository, &[&EVAL, more, &["--json"]].concat());
    assert_eq!(code, 0);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn figures_are_the_same_over_tree_and_catalog_and_fall_where_skills_are_unknown() {
    let repository = asked();
    repository.build().unwrap();
    let (code, text, warning) = streams(&repository, &EVAL);
    assert_eq!((code, text.as_str()), (0, "MRR@10    0.7500\nrecall@5  0.7500\nnDCG@10   0.7500\n"));
    assert_eq!(
        warning,
        "warning: the catalog lacks 1 relevant skill, which count as not found in 1 of 4 queries: `games/chess`\n"
    );
    let tree = figures(&repository, &[]);
    assert_eq!((&tree["queries"], &tree["mrr@10"]), (&json!(4), &json!(0.75)));
    assert_eq!(tree["results"][1]["rank"], 1);
    assert_eq!(tree["results"][3]["rank"], Value::Null);
    assert_eq!(figures(&repository, &["--catalog", "dist"]), tree);
    let without_map = streams(&repository, &["eval", "queries.jsonl"]);
    assert!(without_map.1.starts_with("MRR@10    0.5000\n"), "{}", without_map.1);
    assert!(without_map.2.contains("2 of 4 queries"), "{}", without_map.2);
}

#[test]
fn what_moved_since_a_saved_run_is_told() {
    let repository = asked();
    repository.must(&[&EVAL[..], &["--save", "before.json"]].concat()).unwrap();
    let resolver = "skills/support/refund-resolver.md";
    let text = fs::read_to_string(repository.path().join(resolver)).unwrap();
    let line = text.lines().find(|line| line.starts_with("description:")).unwrap();
    repository
        .write(resolver, &text.replace(line, "description: Counts the days until the spring holidays."))
        .unwrap();
    let (code, text, _) = streams(&repository, &[&EVAL[..], &["--against", "before.json"]].concat());
    assert_eq!(code, 0, "figures that fall are no failure");
    assert!(text.starts_with("MRR@10    0."), "{text}");
    assert!(text.contains("\n0 better, 1 worse, 3 the same\nBEFORE  AFTER  QUERY\n1       "), "{text}");
    assert!(text.ends_with(" a customer wants their money back\n"), "{text}");
    let told = figures(&repository, &["--against", "before.json"]);
    assert_eq!((&told["against"]["worse"], &told["against"]["moved"][0]["before"]), (&json!(1), &json!(1)));
    let same = streams(&repository, &[&EVAL[..], &["--against", "queries.jsonl"]].concat());
    assert!(
        same.0 == 2 && same.2.contains("`queries.jsonl` is not what `guildhall eval --save` writes"),
        "{}",
        same.2
    );
}

#[test]
fn chosen_fields_alone_are_indexed() {
    let repository = Repository::empty().unwrap();
    let skill = "---\nname: ops/rotate\nversion: 1.0.0\ndescription: Renews what servers show to browsers.\n\
        tags: [certificates]\naccess_level: public\naliases: [zebra]\ndescription_zh: 更新服务器的证书。\n---\n# Rotate\n";
    repository.write("skills/ops/rotate.md", skill).unwrap();
    let rank = |query: &str, more: &[&str]| {
        repository
            .write("q.jsonl", &json!({"query": query, "relevant": ["ops/rotate"]}).to_string())
            .unwrap();
        let text = streams(&repository, &[&["eval", "q.jsonl", "--json"], more].concat()).1;
        serde_json::from_str::<Value>(&text).unwrap()["results"][0]["rank"].as_u64()
    };
    let three = ["--fields", "name,description,tags"];
    for query in ["zebra", "更新证书"] {
        assert_eq!((rank(query, &[]), rank(query, &three)), (Some(1), None), "{query}");
    }
    assert_eq!((rank("certificates", &three), rank("rotate", &three)), (Some(1), Some(1)));
    let (code, text) = repository.guildhall(&["eval", "q.jsonl", "--fields", "body"]).unwrap();
    assert!(code == 2 && text.contains("there is no field `body`"), "{text}");
}

#[test]
fn a_line_that_is_no_query_is_refused_with_its_place() {
    let repository = asked();
    repository
        .write("queries.jsonl", "{\"query\": \"a\", \"relevant\": [\"t/a\"]}\n{\"query\": 7}\n")
        .unwrap();
    let (code, _, text) = streams(&repository, &EVAL);
    assert_eq!(code, 2);
    assert!(
        text.starts_with("error: queries.jsonl:2: invalid type: integer `7`, expected a string; write one"),
        "{text}"
    );
}
