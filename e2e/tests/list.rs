//! `guildhall list` and `guildhall show` over the example library.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use e2e::Repository;
use serde_json::Value;

fn check(name: &str, actual: &str) {
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, actual);
    });
}

fn json(repository: &Repository, arguments: &[&str]) -> Value {
    let text = repository.must(&[arguments, &["--format", "json"]].concat()).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn slugs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["slug"].as_str().unwrap()).collect()
}

/// A repository in which one skill has an error beside it, one a warning, and two cannot be read.
fn troubled() -> Repository {
    let repository = Repository::of_examples().unwrap();
    let change = |path: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(repository.path().join(path)).unwrap();
        assert!(text.contains(from), "{path}");
        repository.write(path, &text.replace(from, to)).unwrap();
    };
    change("skills/support/refund-resolver.md", "shared/escalation-queue:1.x", "shared/escalation-queue:7.x");
    change("skills/support/refund-resolver.md", "version: 1.2.3", "version: 1.2.4");
    change("skills/platform/incident-triage.md", "license:", "licence:");
    change("skills/platform/incident-triage.md", "version: 1.1.0", "version: 1.1.1");
    change("skills/data/pii-redactor/SKILL.md", "version: 2.0.0", "version: two");
    repository.write("skills/lonely.md", "---\nname: lonely\n---\n").unwrap();
    repository
}

#[test]
fn the_list_and_one_skill_in_full() {
    let repository = Repository::of_examples().unwrap();
    check("list_examples", &repository.must(&["list"]).unwrap());
    check("show_with_dependencies", &repository.must(&["show", "support/refund-reply"]).unwrap());
    check("show_with_code", &repository.must(&["show", "finance/budget-approval"]).unwrap());
}

#[test]
fn nothing_is_missing_from_the_list_because_it_is_broken() {
    let repository = troubled();
    check("list_troubled", &repository.must(&["list"]).unwrap());
    let of_finance = repository.must(&["list", "--team", "finance", "--head"]).unwrap();
    assert!(of_finance.ends_with("2 skills"), "{of_finance}");
    let list = json(&repository, &["list"]);
    let broken: Vec<&Value> =
        list.as_array().unwrap().iter().filter(|entry| entry["error"].is_string()).collect();
    assert_eq!(broken.len(), 2);
    assert_eq!(broken[0]["path"], "skills/data/pii-redactor/SKILL.md");
    assert_eq!(broken[0]["findings"]["errors"], 1);
    assert_eq!(broken[0].get("version"), None);
    assert_eq!(
        slugs(&json(&repository, &["list", "--tag", "no-such-tag"])),
        ["data/pii-redactor", "skills/lonely.md"]
    );
}

#[test]
fn filters_hold_together() {
    let repository = Repository::of_examples().unwrap();
    let listed = |arguments: &[&str]| {
        let list = json(&repository, &[&["list"], arguments].concat());
        slugs(&list).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]).len(), 10);
    assert_eq!(listed(&["--level", "sensitive"]), ["finance/budget-approval"]);
    assert_eq!(listed(&["--team", "support", "--type", "code_inline"]), ["support/case-facts"]);
    assert_eq!(listed(&["--tag", "refund", "--type", "prompt_inline"]), ["support/refund-reply"]);
    assert_eq!(listed(&["--team", "support", "--level", "sensitive"]), [""; 0]);
    let (code, text) = repository.guildhall(&["list", "--level", "secret"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("role-restricted"), "{text}");
}

#[test]
fn machines_get_every_field() {
    let repository = Repository::of_examples().unwrap();
    let entry = &json(&repository, &["list", "--level", "sensitive"])[0];
    let keys: BTreeSet<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        Vec::from_iter(keys),
        ["access_level", "description", "findings", "path", "slug", "tags", "type", "version"]
    );
    assert_eq!(entry["findings"], serde_json::json!({"errors": 0, "warnings": 0}));
    let shown = json(&repository, &["show", "finance/budget-approval"]);
    assert_eq!(shown["audience"], "sensitive:finance");
    assert_eq!(shown["closure"][0]["skill"], "shared/escalation-queue");
    assert_eq!(shown["files"].as_array().unwrap().len(), 5);
    assert_eq!(
        json(&repository, &["show", "support/case-facts"])["dependents"][0],
        "support/refund-resolver"
    );
}

#[test]
fn a_name_that_is_not_there_is_answered_with_the_ones_that_may_be_meant() {
    let repository = troubled();
    let said = |name: &str| repository.guildhall(&["show", name]).unwrap();
    for (name, meant) in [
        ("support/refund-resolvr", "; did you mean `support/refund-resolver`?"),
        ("refund-reply", "; did you mean `support/refund-reply`?"),
        ("data/plain-language", "; did you mean `shared/plain-language`?"),
        ("data/pii-redacter", "; did you mean `data/pii-redactor`?"),
        ("quite/else", "; `guildhall list` names those that there are"),
    ] {
        assert_eq!(said(name), (2, format!("error: there is no skill `{name}`{meant}\n")));
    }
    let (code, text) = said("data/pii-redactor");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("GH0301") && text.contains("cannot be read"), "{text}");
}

#[test]
fn a_skill_that_does_not_resolve_is_shown_with_what_is_wrong() {
    let repository = troubled();
    check("show_unresolved", &repository.must(&["show", "support/refund-resolver"]).unwrap());
}
