//! The served `SKILL.md`: clean by the agentskills.io specification (bare name, its six top-level keys, everything else
//! as texts under `metadata`), in block style, and readable by parsers that split a file at `---`.

use std::collections::BTreeMap;

use registry_core::manifest::Manifest;
use serde_yaml::Value;

/// Keys that do not go under `metadata` as they are written: the specification's own, and those that are written anew
/// from what the manifest means.
const NOT_CARRIED: [&str; 10] = [
    "name",
    "description",
    "license",
    "compatibility",
    "allowed-tools",
    "metadata",
    "version",
    "tags",
    "depends_on",
    "dependencies",
];

/// The text of a release's served `SKILL.md`.
#[must_use]
pub fn served(manifest: &Manifest) -> String {
    let mut text = String::from("---\n");
    let mut line = |indent: &str, key: &str, value: &str| {
        text.push_str(&format!("{indent}{}: {}\n", scalar(key), scalar(value)));
    };
    line("", "name", manifest.id.name.as_str());
    line("", "description", manifest.description.trim());
    let optional = [
        ("license", manifest.license.as_deref()),
        ("compatibility", manifest.compatibility.as_deref()),
        ("allowed-tools", manifest.allowed_tools.as_deref()),
    ];
    for (key, value) in optional {
        value
            .into_iter()
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .for_each(|value| line("", key, value));
    }
    text.push_str("metadata:\n");
    for (key, value) in metadata(manifest) {
        text.push_str(&format!("  {}: {}\n", scalar(&key), scalar(&value)));
    }
    format!("{text}---\n{}", manifest.body)
}

/// What the author put under `metadata`, the keys of this format, and what the registry adds, the last winning.
fn metadata(manifest: &Manifest) -> BTreeMap<String, String> {
    let written = manifest.keys.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
    let carried = written.filter(|(key, _)| !NOT_CARRIED.contains(key));
    let own = manifest.metadata.iter().map(|(key, value)| (key.as_str(), value));
    let mut metadata: BTreeMap<String, String> =
        own.chain(carried).map(|(key, value)| (key.to_owned(), as_text(value))).collect();
    let specs: Vec<String> = manifest.depends_on.iter().map(|needed| needed.spec.to_string()).collect();
    metadata.remove("dependencies");
    metadata.insert("depends_on".to_owned(), specs.join(", "));
    metadata.insert("registry-id".to_owned(), manifest.id.to_string());
    metadata.insert("version".to_owned(), manifest.version.to_string());
    metadata.insert("access_level".to_owned(), manifest.audience.level().to_string());
    metadata.insert("type".to_owned(), manifest.skill_type.as_str().to_owned());
    metadata.retain(|key, value| !key.is_empty() && !value.is_empty());
    // Required, and possibly empty.
    metadata
        .insert("tags".to_owned(), manifest.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
    metadata
}

/// A value as a text: that of a text is itself, a list of words has spaces between them, all else is JSON.
fn as_text(value: &Value) -> String {
    let word =
        |item: &Value| item.as_str().filter(|word| !word.contains([' ', ',', '\n'])).map(str::to_owned);
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Sequence(items) => items
            .iter()
            .map(word)
            .collect::<Option<Vec<String>>>()
            .filter(|words| !words.first().is_some_and(|first| first.starts_with(['[', '{'])))
            .map_or_else(|| json(value), |words| words.join(" ")),
        Value::Bool(_) | Value::Number(_) | Value::Mapping(_) | Value::Tagged(_) => json(value),
    }
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A text as one YAML scalar that nobody reads as anything but a text. Without `---`, since some readers end the
/// frontmatter there.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || " ,._/()'-".contains(letter))
        && !text.contains("---")
        && !WORDS_WITH_MEANING.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    // A JSON string is a YAML string (YAML 1.2, section 1.3).
    let quoted = serde_json::Value::from(text).to_string().replace("---", "\\x2d--");
    quoted.chars().fold(String::with_capacity(quoted.len()), |mut text, letter| {
        match letter {
            // Breaks of lines to some readers, and what others refuse.
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => text.push(letter),
        }
        text
    })
}

/// Words that YAML 1.1 or 1.2 reads as something else.
const WORDS_WITH_MEANING: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use registry_core::digest::FileMode;
    use registry_core::manifest::{SkillSource, SourceFile};

    use super::*;

    fn read(text: String) -> Manifest {
        let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
        let source = SkillSource {
            id: "support/refund".parse().unwrap(),
            manifest_path: "SKILL.md".to_owned(),
            manifest_file: "SKILL.md".to_owned(),
            files: BTreeMap::from([("SKILL.md".to_owned(), file)]),
        };
        let (manifest, found) = source.read();
        manifest.unwrap_or_else(|| panic!("{found:?}"))
    }

    /// The frontmatter as the strictest reader takes it: split at the first two `---`, wherever they stand, six keys, all
    /// of them texts but `metadata`, and that a map of texts.
    fn strictly(served: &str) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let [before, block, _] = served.splitn(3, "---").collect::<Vec<_>>()[..] else { panic!("{served}") };
        assert_eq!(before, "");
        let mut keys: BTreeMap<String, Value> = serde_yaml::from_str(block).unwrap();
        let metadata = serde_yaml::from_value(keys.remove("metadata").unwrap()).unwrap();
        let known = ["name", "description", "license", "compatibility", "allowed-tools"];
        assert!(keys.keys().all(|key| known.contains(&key.as_str())), "{keys:?}");
        (keys.into_iter().map(|(key, value)| (key, value.as_str().unwrap().to_owned())).collect(), metadata)
    }

    #[test]
    fn strict_readers_read_nasty_texts() {
        let long = "word ".repeat(200);
        let texts = [
            "ends --- here",
            "---",
            "a: b # c",
            "\"quoted\" and 'quoted'",
            "- item",
            "{a: [b]}",
            "& * ! | > % @ `",
            "true",
            "1.0",
            "~",
            "退款 — é 𝄞 😀",
            "line\nline\n\n  indented",
            "back\\slash \\x2d",
            "tab\tand\u{85}\u{2028}breaks\u{7f}",
            &long,
        ];
        for (text, end) in texts.iter().flat_map(|text| [(text, "\n"), (text, "\r\n")]) {
            let json = serde_json::Value::from(*text).to_string();
            let json =
                json.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{7f}', "\\u007f");
            let key = json.get(..400).map_or(json.as_str(), |_| "long");
            let lines = format!(
                "---\nname: support/refund\nversion: 1.0.0\ndescription: {json}\ntags: []\naccess_level: team\n\
                 license: {json}\nauthor: {json}\nx-more: [{json}]\n\
                 metadata: {{{key}: {json}, list: [1, {json}], none: null}}\n---\nbody\n\n---\nmore\n"
            );
            let (keys, metadata) = strictly(&served(&read(lines.replace('\n', end))));
            assert_eq!(keys["name"], "refund");
            assert_eq!((keys["description"].as_str(), keys["license"].as_str()), (text.trim(), text.trim()));
            assert_eq!(metadata[if key == "long" { key } else { *text }], text.trim());
            assert_eq!((metadata["author"].as_str(), metadata["version"].as_str()), (text.trim(), "1.0.0"));
            assert_eq!(metadata["registry-id"], "support/refund");
        }
    }

    #[test]
    fn tools_whose_names_hold_spaces_are_served_with_commas() {
        let tools = |list: &str| {
            let keys = "name: refund\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: team";
            strictly(&served(&read(format!("---\n{keys}\nallowed-tools: {list}\n---\n")))).0["allowed-tools"]
                .clone()
        };
        assert_eq!(tools("[Read, 'Bash(git add *)']"), "Read Bash(git add *)");
        assert_eq!(tools("[Azure MCP/documentation, Read]"), "Azure MCP/documentation, Read");
    }

    proptest! {
        #[test]
        fn a_scalar_is_read_as_the_text_that_it_was(text in "[a-z\\-:#'\"{}\\[\\]\\\\,&*!|>%@` \\n\\té𝄞0-9.\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}]{0,24}") {
            let yaml = format!("key: {}\n", scalar(&text));
            let read: BTreeMap<String, String> = serde_yaml::from_str(&yaml).unwrap();
            prop_assert_eq!(&read["key"], &text);
            prop_assert!(!yaml.contains("---"));
        }

        #[test]
        fn a_served_skill_reads_as_the_one_that_was_written(
            description in "[ -~]{1,60}[a-z]",
            tags in prop::collection::btree_set("[a-z]{1,8}", 0..4),
            level in prop::sample::select(vec!["public", "team", "sensitive"]),
            needs in prop::collection::btree_set("[a-z]{1,4}/[a-z]{1,4}", 0..3),
            requirement in prop::sample::select(vec!["1.x", ">=1.0.0 <2.0.0", "*", "=1.2.3"]),
            more in prop::collection::btree_map("x-[a-z]{1,6}", "[ -~]{0,20}", 0..3),
        ) {
            let quoted = |text: &str| serde_json::Value::from(text).to_string();
            let list = |items: Vec<String>| format!("[{}]", items.join(", "));
            let text = format!(
                "---\nname: support/refund\nversion: 1.2.3\ndescription: {}\ntags: {}\naccess_level: {level}\n\
                 depends_on: {}\nmetadata: {}\n---\n# Body\n\n---\n",
                quoted(&description),
                list(tags.iter().map(|tag| quoted(tag)).collect()),
                list(needs.iter().map(|skill| quoted(&format!("{skill}:{requirement}"))).collect()),
                serde_json::to_string(&more).unwrap(),
            );
            let written = read(text);
            let served = read(served(&written));
            prop_assert_eq!(served.description.trim(), written.description.trim());
            prop_assert_eq!(&served.tags, &written.tags);
            prop_assert_eq!(&served.audience, &written.audience);
            prop_assert_eq!(&served.version, &written.version);
            prop_assert_eq!(&served.body, &written.body);
            let specs = |manifest: &Manifest| {
                manifest.depends_on.iter().map(|needed| needed.spec.clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(specs(&served), specs(&written));
        }
    }
}
