//! Who may use a skill of another origin: what its author seems to say of that is neither guessed nor passed over.

use registry_core::diagnostic::{Diagnostic, Rule};
use serde_yaml::{Mapping, Value};

use super::draft::Text;

const KEY: &str = "access_level";
/// How others name what may restrict or open a skill: in lower case, without what joins words.
const WORDS: [&str; 12] = [
    "access",
    "accesslevel",
    "visibility",
    "allowedroles",
    "roles",
    "audience",
    "permissions",
    "private",
    "internal",
    "restricted",
    "confidential",
    "classification",
];

/// Whether the author wrote a level where it is read. Whether it is sound is the checker's to tell.
pub(super) fn is_said(text: &Text<'_>) -> bool {
    let paths = [KEY.to_owned(), format!("metadata/{KEY}")];
    paths.iter().any(|path| text.value(path).is_some_and(|value| !value.is_null()))
}

/// A finding for each key that seems to say who may use the skill, where no level does.
pub(super) fn unheard(path: &str, text: &Text<'_>) -> Vec<Diagnostic> {
    if is_said(text) {
        return Vec::new();
    }
    let top = telling(&text.frontmatter.keys);
    let carried = text.value("metadata").and_then(Value::as_mapping).map(telling).unwrap_or_default();
    let keys = top.into_iter().chain(carried.into_iter().map(|key| format!("metadata/{key}")));
    keys.map(|key| {
        let place = text.frontmatter.outline.get(&key).map(|place| place.key);
        let span = place.unwrap_or(text.frontmatter.end.into());
        let key = key.replace('/', ".");
        let message = format!("`{key}` seems to say who may use the skill, and no `{KEY}` does");
        Diagnostic::new(Rule::MissingKey, path, span, message)
            .with_help(format!("write `{KEY}` yourself: `public`, `team`, `role-restricted` or `sensitive`"))
    })
    .collect()
}

fn telling(keys: &Mapping) -> Vec<String> {
    let is_telling = |(key, value): (&Value, &Value)| {
        let key = key.as_str()?;
        let bare: String = key.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).collect();
        // The key itself without a value says nothing.
        let says = key != KEY || !value.is_null();
        (says && WORDS.contains(&bare.to_lowercase().as_str())).then(|| key.to_owned())
    };
    keys.iter().filter_map(is_telling).collect()
}
