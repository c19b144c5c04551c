//! `guildhall access` over the example library: the working tree and the catalog that is built of it answer alike.

use e2e::Repository;
use serde_json::Value;

fn check(name: &str, actual: &str) {
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, actual);
    });
}

#[test]
fn the_matrix_tells_who_may_use_what() {
    let repository = Repository::of_examples().unwrap();
    check("access_matrix", &repository.must(&["access", "--matrix"]).unwrap());
    let csv = repository.must(&["access", "--matrix", "--format", "csv"]).unwrap();
    check("access_matrix_csv", &csv);
    repository.must(&["build", "--out", "dist"]).unwrap();
    let built = ["access", "--matrix", "--format", "csv", "--catalog", "dist"];
    assert_eq!(repository.must(&built).unwrap(), csv);
}

#[test]
fn a_caller_is_told_what_an_edge_would_tell_it() {
    let repository = Repository::of_examples().unwrap();
    check("access_of_a_role", &repository.must(&["access", "--as", "support-agent"]).unwrap());
    let json = repository.must(&["access", "--as", "support-agent", "--format", "json"]).unwrap();
    let rulings: Vec<Value> = serde_json::from_str(&json).unwrap();
    let closed: Vec<&str> = rulings
        .iter()
        .filter(|ruling| ruling["verdict"] != "open")
        .map(|ruling| ruling["skill"].as_str().unwrap())
        .collect();
    assert_eq!(closed, ["finance/budget-approval", "finance/expense-check"]);
    let with_team = ["access", "finance/budget-approval", "--as", "auditor", "--teams", "finance"];
    let (code, said) = repository.guildhall(&with_team).unwrap();
    assert!(code == 1 && said.contains("elevated"), "{said}");
}

#[test]
fn a_pipeline_can_hold_that_a_role_may_or_may_not() {
    let repository = Repository::of_examples().unwrap();
    let code = |arguments: &[&str]| repository.guildhall(&[&["access"], arguments].concat()).unwrap().0;
    let budget = "finance/budget-approval";
    assert_eq!(code(&[budget, "--as", "finance-lead", "--elevated"]), 0);
    assert_eq!(code(&[budget, "--as", "finance-lead"]), 1);
    assert_eq!(code(&[budget, "data/pii-redactor", "--anonymous"]), 1);
    assert_eq!(code(&["data/pii-redactor:2.x", "--anonymous"]), 0);
    assert_eq!(code(&["data/pii-redactor:9.x", "--anonymous"]), 1);
    assert_eq!(code(&["--anonymous"]), 0, "who asks about all skills only wants to know");
    assert_eq!(code(&[budget]), 2, "whose access is asked about must be said");
    assert_eq!(code(&[budget, "--as", "nobody"]), 2);
}

#[test]
fn skills_with_errors_have_no_answer() {
    let repository = Repository::of_examples().unwrap();
    let path = "skills/data/pii-redactor/SKILL.md";
    let text = std::fs::read_to_string(repository.path().join(path)).unwrap();
    repository.write(path, &text.replace("version: 2.0.0", "version: two")).unwrap();
    let (code, said) = repository.guildhall(&["access", "--matrix"]).unwrap();
    assert_eq!(code, 1);
    assert!(said.contains("GH") && said.contains("mend the errors first"), "{said}");
}
