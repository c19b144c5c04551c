//! Whether the right skill is found: examples of `triggers` under `guildhall check`, and descriptions that two teams
//! wrote alike.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use e2e::Repository;
use serde_json::{Value, json};

const CONFIG: &str = "organisation: Example\nbase_url: https://skills.example.com\nteams: {support: {}, finance: {}}\n\
    roles: {auditor: {}, lead: {}}\n";

fn skill(name: &str, description: &str, more: &str) -> String {
    format!("---\nname: {name}\nversion: 1.0.0\ndescription: {description}\ntags: []\n{more}\n---\n# Text\n")
}

fn repository(skills: &[(&str, &str, &str)]) -> Repository {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIG).unwrap();
    for (name, description, more) in skills {
        repository.write(&format!("skills/{name}.md"), &skill(name, description, more)).unwrap();
    }
    repository.commit("start").unwrap();
    repository
}

const REFUND: &str = "Gives customers their money back. Use for a refund.";
const INVOICE: &str = "Writes and sends an invoice. Use when an order is to be paid.";
const TRIGGERS: &str = "access_level: team\ntriggers:\n  positive:\n    - a customer wants a refund\n    - \"send an \
    invoice\"\n  negative: [pay back the money of a customer]";

fn findings(repository: &Repository) -> Value {
    serde_json::from_str(&repository.must(&["check", "--format", "json"]).unwrap()).unwrap()
}

/// Line and column of a finding.
fn place(found: &Value) -> (u64, u64) {
    (found["line"].as_u64().unwrap(), found["column"].as_u64().unwrap())
}

#[test]
fn an_example_that_another_skill_answers_is_told_at_its_place() {
    let repository = repository(&[
        ("support/refund", REFUND, TRIGGERS),
        ("finance/invoices", INVOICE, "access_level: public"),
    ]);
    let found = findings(&repository);
    let told: Vec<(&Value, (u64, u64), &Value)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (&found["code"], place(found), &found["message"]))
        .collect();
    let missed = "a search for `send an invoice` finds `finance/invoices` first, and not `support/refund`";
    let taken =
        "a search for `pay back the money of a customer` finds `support/refund` first, which is not for it";
    let code = json!("GH1101");
    assert_eq!(told, [(&code, (10, 7), &json!(missed)), (&code, (11, 14), &json!(taken))]);
    for _ in 0..2 {
        let (code, text) = repository.guildhall(&["check"]).unwrap();
        assert_eq!(code, 0, "{text}");
        assert!(
            text.contains("triggers: 1 of 2 examples find their skill first (hit@1 0.50)\n2 skills sound"),
            "{text}"
        );
    }
    let rate = json!({"examples": 2, "first": 1});
    let listed: Value =
        serde_json::from_str(&repository.must(&["list", "--format", "json"]).unwrap()).unwrap();
    assert_eq!((&listed[1]["triggers"], listed[0].get("triggers")), (&rate, None));
    let shown = repository.must(&["show", "support/refund", "--format", "json"]).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["triggers"], rate);
    let shown = repository.must(&["show", "support/refund"]).unwrap();
    assert!(shown.contains("\nTriggers 1 of 2 examples find their skill first (hit@1 0.50)\n"), "{shown}");
}

#[test]
fn skills_without_examples_say_nothing_of_them_and_lists_are_positive_examples() {
    let silent = repository(&[("support/refund", REFUND, "access_level: team")]);
    assert!(!silent.must(&["check"]).unwrap().contains("triggers"));
    let listed = repository(&[("support/refund", REFUND, "access_level: team\ntriggers: [a refund, chess]")]);
    let text = listed.must(&["check"]).unwrap();
    assert!(text.contains("triggers: 1 of 2 examples find their skill first"), "{text}");
    assert!(text.contains("a search for `chess` finds no skill, and not `support/refund`"), "{text}");
}

#[test]
fn a_skill_that_no_reader_of_another_sees_does_not_come_first() {
    let roles =
        |role: &str, more: &str| format!("access_level: role-restricted\nallowed_roles: [{role}]\n{more}");
    let tried = roles("auditor", "triggers: [send an invoice]");
    let with = |other: &str| {
        let repository = repository(&[
            ("support/refund", "Gives back what was paid by an invoice.", &tried),
            ("finance/invoices", INVOICE, other),
        ]);
        findings(&repository).as_array().unwrap().len()
    };
    assert_eq!(with(&roles("lead", "")), 0, "nobody has two roles");
    assert_eq!(with(&roles("lead, auditor", "")), 1);
    assert_eq!(with("access_level: team"), 1, "an auditor may be in the team");
}

#[test]
fn descriptions_that_two_teams_wrote_alike_are_told_once() {
    let text =
        "Decides on a refund by the policy of the shop. Use when a customer asks for their money back.";
    let alike = "Decides on refunds by the policy of our shop. Use when customers ask for their money back.";
    let of = |second: &str, more: &str| {
        let repository =
            repository(&[("finance/refunds", text, "access_level: team"), (second, alike, more)]);
        findings(&repository)
    };
    let found = of("support/refund-policy", "access_level: public");
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!((&found[0]["code"], place(&found[0])), (&json!("GH1102"), (4, 14)));
    assert_eq!(
        found[0]["message"],
        "`support/refund-policy` is described almost as `finance/refunds` is: agents cannot tell them apart"
    );
    assert!(found[0]["help"].as_str().unwrap().contains("at skills/finance/refunds.md:4:14;"), "{found}");
    assert_eq!(of("finance/refund-policy", "access_level: public"), json!([]), "a team knows its own skills");
    let deprecated =
        "access_level: public\ndeprecated: {message: It moved., replaced_by: 'finance/refunds:1.x'}";
    assert_eq!(of("support/refund-policy", deprecated), json!([]));
}
