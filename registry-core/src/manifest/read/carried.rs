//! Keys that stand under `metadata` as text, for authors who keep to the six keys of the agentskills.io specification.

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use super::{Fields, bare};
use crate::diagnostic::Rule;
use crate::yaml;

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

    /// A key under `metadata` that is written almost like one that is read there says nothing, which its author should
    /// know.
    pub(super) fn misspelt_carried_keys(&mut self) {
        let Some(metadata) = self.frontmatter.keys.get("metadata").and_then(Value::as_mapping) else {
            return;
        };
        let written = metadata.keys().filter_map(Value::as_str).filter(|key| !CARRIED.contains(key));
        let misspelt: Vec<(String, &str)> = written
            .filter_map(|key| {
                let known = CARRIED.iter().find(|known| bare(known) == bare(key))?;
                Some((key.to_owned(), *known))
            })
            .collect();
        for (key, known) in misspelt {
            let path = yaml::join("metadata", &key);
            let message = format!("`metadata.{key}` is not read");
            let help = format!("it is spelt `{known}`");
            self.finding(Rule::UnknownKey, self.key_span(&path), message, help, None);
        }
    }

    /// Decodes it as it stands, as the list or map that the text holds, or as a list of words, whichever fits.
    pub(super) fn decode_carried<T: DeserializeOwned>(
        &mut self,
        key: &str,
        value: Value,
        path: &str,
    ) -> Option<T> {
        let Value::String(text) = &value else { return self.decode(key, value, path) };
        if let Ok(decoded) = serde_yaml::from_value(value.clone()) {
            return Some(decoded);
        }
        if !text.trim_start().starts_with(['[', '{']) {
            let words = Value::Sequence(items(key, text));
            let fits = serde_yaml::from_value::<T>(words.clone()).is_ok();
            return self.decode(key, if fits { words } else { value }, path);
        }
        match yaml::read(text) {
            Ok(inner) => self.decode(key, inner, path),
            Err(fault) => {
                let message = format!("the text of `metadata.{key}` is no list or map: {}", fault.message);
                let help = fault.help.unwrap_or("write it as JSON");
                self.report(Rule::InvalidValue, path, message, help);
                None
            }
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
