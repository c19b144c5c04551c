//! Any text as a template, as a pattern, and any other as what callers give: values stand where their places are, verbatim
//! and once, and nothing grows beyond its bounds.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::manifest::Prompt;
use registry_core::prompt::{MAX_MISTAKES, MAX_PROMPT_BYTES, Pattern, Piece, is_name, pieces, render};
use serde_json::{Map, Value, json};

/// The prompt of a template whose parameters are those that it names.
fn prompt(template: &str, names: &BTreeSet<&str>, pattern: Option<&str>) -> Prompt {
    let parameters: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "type": "string", "pattern": pattern})).collect();
    serde_json::from_value(json!({"prompt": template, "parameters": parameters})).unwrap()
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    let (template, given) = text.split_once('\0').unwrap_or((text, "{a}"));
    let pieces = pieces(template);
    let names: BTreeSet<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(*name),
            Piece::Text(_) => None,
        })
        .collect();
    assert!(names.iter().all(|name| is_name(name)));
    if names.len() > 64 {
        return Corpus::Reject;
    }
    let expected: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Parameter(_) => given,
        })
        .collect();
    let values: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), given.into())).collect();
    let free = prompt(template, &names, None);
    if let Ok(made) = render(&free, &values.clone().into()) {
        assert_eq!(made, expected);
        assert!(made.len() <= MAX_PROMPT_BYTES);
    }
    let fits = Pattern::parse(template).map(|pattern| pattern.matches(given));
    let bound = prompt("{a}", &BTreeSet::from(["a"]), Some(template));
    let taken = render(&bound, &json!({"a": given})).is_ok();
    assert!(!taken || fits == Ok(true), "`{given}` is taken by `{template}`");
    if let Ok(payload) = serde_json::from_str::<Value>(given)
        && let Err(mistakes) = render(&free, &payload)
    {
        assert!((1..=MAX_MISTAKES).contains(&mistakes.len()));
    }
    Corpus::Keep
});
