//! Keys that stand under `metadata` as text, for authors who keep to the six keys of the agentskills.io specification.

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use super::Fields;

/// The keys that may. What an execution does is never carried: other tools give words like `model` meanings of
/// their own.
const CARRIED: [&str; 17] = [
    "version",
    "description_zh",
    "tags",
    "access_level",
    "allowed_roles",
    "depends_on",
    "dependencies",
    "owners",
    "deprecated",
    "type",
    "aliases",
    "scope",
    "author",
    "homepage",
    "mcp-servers",
    "provides",
    "triggers",
];

impl Fields<'_> {
    /// What stands under `metadata` for `key`.
    pub(super) fn carried(&self, key: &str) -> Option<Value> {
        if !CARRIED.contains(&key) {
            return None;
        }
        self.frontmatter.keys.get("metadata")?.as_mapping()?.get(key).cloned()
    }

    /// Decodes it as it stands, as a list of words, or as the YAML that the text holds, whichever fits first.
    pub(super) fn decode_carried<T: DeserializeOwned>(
        &mut self,
        key: &str,
        value: Value,
        path: &str,
    ) -> Option<T> {
        let Value::String(text) = &value else { return self.decode(key, value, path) };
        let readings = match text.trim_start().chars().next() {
            Some('[' | '{') => vec![serde_yaml::from_str(text).unwrap_or(Value::Null)],
            _ => vec![value.clone(), Value::Sequence(items(key, text))],
        };
        match readings.into_iter().find_map(|reading| serde_yaml::from_value(reading).ok()) {
            Some(decoded) => Some(decoded),
            None => self.decode(key, value, path),
        }
    }
}

/// The items of a list in one text: between commas where there are any, else between spaces. In `depends_on`, whose
/// requirements may hold either, a word with a slash starts an item.
fn items(key: &str, text: &str) -> Vec<Value> {
    let words = text.split([' ', ',', '\n']).filter(|word| !word.is_empty());
    let items: Vec<String> = if key == "depends_on" {
        words.fold(Vec::new(), |mut items, word| {
            match items.last_mut() {
                Some(last) if !word.contains('/') => *last = format!("{last} {word}"),
                _ => items.push(word.to_owned()),
            }
            items
        })
    } else if text.contains(',') {
        text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    } else {
        words.map(str::to_owned).collect()
    };
    items.into_iter().map(Value::String).collect()
}
