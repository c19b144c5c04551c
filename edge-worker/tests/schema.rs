//! `schema/openapi.json` and `schema/tools.json`: what is committed is what routes and types say.

use std::fs;
use std::path::Path;

use edge_worker::openapi;
use serde_json::Value;

fn committed(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema").join(name);
    fs::read_to_string(file).unwrap_or_default()
}

#[test]
fn the_committed_document_is_that_of_the_routes_and_types() {
    assert!(
        committed("openapi.json") == format!("{:#}\n", openapi::document()),
        "out of date: run `cargo run --package edge-worker -- openapi > openapi.json && mv openapi.json schema/`"
    );
}

#[test]
fn the_committed_tools_are_those_of_the_types() {
    assert!(
        committed("tools.json") == format!("{:#}\n", openapi::tools()),
        "out of date: run `cargo run --package edge-worker -- tools > tools.json && mv tools.json schema/`"
    );
}

/// Every text under the key `$ref`.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = openapi::document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
