//! The JSON Schema (draft 2020-12) of a skill's frontmatter, for editors.

use serde_json::{Value, json};

use super::written::Written;

/// Semantic versioning 2.0, from its own suggestion (semver.org).
pub(super) const VERSION: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$";

/// The schema.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Written).to_value()
}

/// What one key's value demands of others.
pub(super) fn conditions() -> Value {
    let when = |key: &str, value: &str, then: Value| {
        json!({
            "if": {"properties": {key: {"const": value}}, "required": [key]},
            "then": then,
        })
    };
    let needs = |keys: &[&str]| json!({ "required": keys });
    json!([
        {
            "if": {"not": needs(&["metadata"])},
            "then": needs(&["version", "tags", "access_level"]),
        },
        {
            "if": {"properties": {"access_level": {"const": "role-restricted"}}, "required": ["access_level"]},
            "then": needs(&["allowed_roles"]),
            "else": {"not": needs(&["allowed_roles"])},
        },
        when("type", "code_inline", needs(&["command"])),
        when("type", "code_session", needs(&["command"])),
        when("type", "conversation", needs(&["prompt_template"])),
        when("type", "prompt_inline", needs(&["prompt"])),
    ])
}
