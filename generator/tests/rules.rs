//! `docs/rules.md` is what the pages say, and `guildhall explain` tells it rule by rule.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use generator::explain;
use registry_core::diagnostic::Rule;
use registry_core::token::SigningKey;
use serde_json::Value;

/// The exit code, standard output and standard error of the program.
fn guildhall(arguments: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_guildhall")).args(arguments).output().unwrap();
    let [out, err] = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (done.status.code().unwrap(), out, err)
}

#[test]
fn the_committed_document_is_that_of_the_pages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let (code, document, _) = guildhall(&["explain", "--all"]);
    assert_eq!(code, 0);
    assert!(
        fs::read_to_string(path).unwrap() == document,
        "renew it: cargo run --package generator -- explain --all > docs/rules.md"
    );
}

#[test]
fn a_rule_is_explained_for_people_and_for_machines() {
    let (code, out, err) = guildhall(&["explain", "gh0301"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("explain_rule", out);
    });
    assert_eq!(guildhall(&["explain", "invalid-version"]).1, out);

    let (code, out, _) = guildhall(&["explain", "GH0603", "--format", "json"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &shown["code"], &shown["severity"]), (0, &"GH0603".into(), &"warning".into()));
    assert_eq!((&shown["fixable"], &shown["mended"][0]["form"]), (&true.into(), &"executable".into()));
    assert_eq!(shown["why"], explain::page(Rule::NotExecutable).unwrap().why);
    assert!(shown["output"].as_str().unwrap().starts_with("warning[GH0603]: "));
}

#[test]
fn without_a_code_all_rules_are_listed() {
    let (code, out, _) = guildhall(&["explain"]);
    assert_eq!(code, 0);
    let codes: Vec<&str> = out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(codes, Rule::ALL.iter().map(|rule| rule.code()).collect::<Vec<_>>());
    assert!(!out.contains('\u{1b}'), "no colour where no terminal is");
    let (_, out, _) = guildhall(&["explain", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&out).unwrap().len(), Rule::ALL.len());
}

#[test]
fn no_rule_has_that_code() {
    let said = "error: there is no rule `GH0309`; did you mean `GH0301` (invalid-version)?\n".to_owned();
    assert_eq!(guildhall(&["explain", "GH0309"]), (2, String::new(), said));
}

#[test]
fn findings_for_people_end_with_where_to_read_on() {
    let check = |rule: Rule, format: &str| {
        let folder = explain::example::failing(&explain::page(rule).unwrap()).unwrap();
        guildhall(&["check", "--repository", folder.path().to_str().unwrap(), "--format", format])
    };
    let hint = |code: &str| format!("for more about a code: guildhall explain {code}\n");
    for rule in [Rule::InvalidVersion, Rule::UnknownKey] {
        let (_, out, err) = check(rule, "human");
        assert_eq!(err, hint(rule.code()));
        assert!(
            out.starts_with(&explain::explain(rule, &annotate_snippets::Renderer::plain()).unwrap().output)
        );
    }
    assert_eq!(check(Rule::InvalidVersion, "json").2, "");
    let sound = explain::example::mended(&explain::page(Rule::InvalidVersion).unwrap()).unwrap();
    let (code, _, err) = guildhall(&["check", "--repository", sound.path().to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn a_build_over_a_published_catalog_prints_what_is_shown() {
    let key = SigningKey::from_seed("development-example", [0; 32]).unwrap();
    for (rule, code) in [(Rule::MovedTag, 1), (Rule::LostTag, 0), (Rule::BlockedRelease, 0)] {
        let shown = explain::explain(rule, &annotate_snippets::Renderer::plain()).unwrap();
        assert_eq!(shown.command, "guildhall build --previous dist");
        let example = explain::example::failing(&shown.page).unwrap();
        let path = |name: &str| example.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("key.json"), serde_json::to_vec(&key).unwrap()).unwrap();
        let (repository, key, dist, out) = (path(""), path("key.json"), path("dist"), path("new"));
        let arguments = ["build", "--repository", &repository, "--former-key", &key, "--previous", &dist];
        let done = guildhall(&[&arguments[..], &["--out", &out]].concat());
        assert_eq!(done.0, code, "{}", done.2);
        assert!(done.1.starts_with(&shown.output), "{}", done.1);
    }
}
