//! `schema/skill.json`: what is committed is what the types say, and it accepts and refuses what the checker does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use generator::catalog::schema_document;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let committed = fs::read_to_string(root().join("schema/skill.json")).unwrap_or_default();
    assert!(
        committed == schema_document().unwrap(),
        "out of date: run `cargo run --package generator -- schema > schema/skill.json`"
    );
}

fn accepts(keys: &Value) -> bool {
    let schema: Value = serde_json::from_str(&schema_document().unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(keys)
}

/// The frontmatter of every skill below a folder.
fn frontmatters(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            frontmatters(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).unwrap();
            let Some(block) = text.strip_prefix("---\n").and_then(|rest| rest.split("\n---").next()) else {
                continue;
            };
            found.push((path, serde_yaml::from_str(block).unwrap()));
        }
    }
}

#[test]
fn the_example_skills_are_valid() {
    let mut found = Vec::new();
    frontmatters(&root().join("skills"), &mut found);
    assert!(found.len() >= 10);
    for (path, keys) in found {
        assert!(accepts(&keys), "{}", path.display());
    }
}

#[test]
fn what_the_checker_refuses_is_invalid() {
    let good = json!({"name": "support/refund", "version": "1.2.3", "description": "d", "tags": [], "access_level": "team"});
    let with = |key: &str, value: Value| {
        let mut keys = good.clone();
        keys[key] = value;
        keys
    };
    assert!(accepts(&good));
    assert!(accepts(&json!({"name": "refund", "description": "d", "metadata": {"version": "1.2.3"}})));
    for (key, value) in [
        ("name", json!("Refund Resolver")),
        ("version", json!("1.2")),
        ("description", json!("")),
        ("tags", json!(["Customer Support"])),
        ("access_level", json!("secret")),
        ("access_level", json!("role-restricted")),
        ("allowed_roles", json!(["auditor"])),
        ("depends_on", json!(["case-facts:1.x"])),
        ("type", json!("code_inline")),
        ("timeout", json!(0)),
        ("security", json!({"permissions": {"file_raed": []}})),
        ("parameters", json!([{"name": "a", "type": "word"}])),
        ("compatibility", json!("x".repeat(501))),
    ] {
        assert!(!accepts(&with(key, value.clone())), "{key}: {value}");
    }
    assert!(!accepts(&json!({"name": "refund", "description": "d"})));
}
