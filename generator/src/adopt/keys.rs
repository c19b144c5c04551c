//! What a skill of another origin lacks: name, version, tags and access level as this format has them.

use registry_core::diagnostic::Diagnostic;
use registry_core::id::SkillName;
use registry_core::manifest::completed_version;
use serde_yaml::Value;

use super::draft::{Draft, Edit, Text};
use super::name;
use super::report::Kind;

const FIRST_VERSION: &str = "1.0.0";
/// What a skill is given that says nothing: open to the own team only.
const LEVEL: &str = "team";

/// Keys that other tools write under `metadata` in meanings of their own. What says who may use a skill, and what it
/// needs, is never put aside.
const PUT_ASIDE: [&str; 11] = [
    "version",
    "tags",
    "type",
    "aliases",
    "scope",
    "author",
    "homepage",
    "description_zh",
    "provides",
    "triggers",
    "mcp-servers",
];

/// Completes the keys of a draft whose frontmatter can be read.
pub(super) fn complete(draft: &mut Draft, wish: &SkillName) -> Result<(), Box<Diagnostic>> {
    let edits = in_place(&draft.text()?, &draft.source.id.name, &draft.source.id.to_string(), wish);
    draft.make(edits);
    let edits = put_aside(&draft.text()?, &draft.source.read().1);
    draft.make(edits);
    let edits = missing(&draft.text()?, &draft.source.id.name, wish);
    draft.make(edits);
    Ok(())
}

fn in_place(text: &Text<'_>, name: &SkillName, id: &str, wish: &SkillName) -> Vec<Edit> {
    let mut edits = Vec::new();
    let written = text.value("name").and_then(Value::as_str);
    if text.value("name").is_some() && written != Some(name.as_str()) && written != Some(id) {
        let kind = if name == wish { Kind::Changed } else { Kind::Clash };
        edits.extend(text.set(kind, "name", name.as_str()));
    }
    edits.extend(version(text));
    edits.extend(carried_version(text));
    edits.extend(tags(text, "tags"));
    edits.extend(tags(text, "metadata/tags"));
    if text.value("access_level").is_some_and(Value::is_null) {
        edits.extend(text.set(Kind::Changed, "access_level", LEVEL));
    }
    edits
}

/// Completes the version on top. One that is none is kept under `metadata`.
fn version(text: &Text<'_>) -> Vec<Edit> {
    let Some(value) = text.value("version") else { return Vec::new() };
    match text.scalar("version") {
        Some(written) => match completed_version(&written).map(|version| version.to_string()) {
            Some(version) if value.as_str() == Some(version.as_str()) => Vec::new(),
            Some(version) => text.set(Kind::Changed, "version", &version).into_iter().collect(),
            None => {
                let kept = text.add_metadata(&unused(text, "version"), &written);
                text.set(Kind::Changed, "version", FIRST_VERSION).into_iter().chain([kept]).collect()
            }
        },
        None if value.is_null() => text.set(Kind::Changed, "version", FIRST_VERSION).into_iter().collect(),
        None => Vec::new(),
    }
}

fn carried_version(text: &Text<'_>) -> Option<Edit> {
    let path = "metadata/version";
    let version = completed_version(&text.scalar(path)?)?.to_string();
    if text.value(path)?.as_str() == Some(version.as_str()) {
        return None;
    }
    text.set(Kind::Changed, path, &version)
}

/// Makes tags lower-case words joined by hyphens.
fn tags(text: &Text<'_>, path: &str) -> Vec<Edit> {
    match text.value(path) {
        Some(Value::Sequence(items)) => (0..items.len()).filter_map(|at| tag(text, path, at)).collect(),
        Some(Value::String(list)) => tags_in_text(text, path, list).into_iter().collect(),
        Some(Value::Null) if path == "tags" => text.fill(Kind::Changed, path, "[]").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn tag(text: &Text<'_>, path: &str, at: usize) -> Option<Edit> {
    let path = format!("{path}/{at}");
    let made = name::valid(&text.scalar(&path)?)?;
    if text.value(&path)?.as_str() == Some(made.as_str()) {
        return None;
    }
    text.set(Kind::Changed, &path, made.as_str())
}

/// A list that its author wrote as one text: that is sound under `metadata`, where the words are.
fn tags_in_text(text: &Text<'_>, path: &str, list: &str) -> Option<Edit> {
    let inner = list.trim().trim_start_matches('[').trim_end_matches(']');
    let (between, joint): (&[char], &str) =
        if inner.contains(',') { (&[','], ", ") } else { (&[' ', '\n'], " ") };
    let written: Vec<&str> = inner.split(between).map(str::trim).filter(|word| !word.is_empty()).collect();
    let made: Option<Vec<SkillName>> = written.iter().map(|word| name::valid(word)).collect();
    let on_top = path == "tags";
    let Some(made) = made else {
        return if on_top { None } else { text.rename(path, &unused(text, "tags")) };
    };
    let made: Vec<String> = made.into_iter().map(String::from).collect();
    if on_top {
        return text.rewrite(path, &format!("[{}]", made.join(", ")));
    }
    if made.iter().eq(&written) { None } else { text.set(Kind::Changed, path, &made.join(joint)) }
}

/// Gives a key under `metadata` another name where what stands there is nothing that this format means by it.
fn put_aside(text: &Text<'_>, found: &[Diagnostic]) -> Vec<Edit> {
    let wrong = |key: &&&str| {
        let place = text.frontmatter.outline.get(&format!("metadata/{key}"));
        let holds = |finding: &&Diagnostic| {
            place.is_some_and(|place| {
                place.key.start <= finding.span.start
                    && finding.span.end <= place.value.end.max(place.key.end)
            })
        };
        found.iter().filter(|finding| finding.is_error()).any(|finding| holds(&finding))
    };
    let wrong = PUT_ASIDE.iter().filter(wrong);
    wrong.filter_map(|key| text.rename(&format!("metadata/{key}"), &unused(text, key))).collect()
}

/// `source-{key}`, with a number where that is written already.
fn unused(text: &Text<'_>, key: &str) -> String {
    let name = format!("source-{key}");
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let taken = |name: &String| text.frontmatter.outline.contains_key(&format!("metadata/{name}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

fn missing(text: &Text<'_>, name: &SkillName, wish: &SkillName) -> Vec<Edit> {
    let written = |key: &str| {
        text.frontmatter.keys.contains_key(key)
            || key != "name" && text.value(&format!("metadata/{key}")).is_some()
    };
    let keys = [
        ("name", super::draft::plain(name.as_str())),
        ("version", FIRST_VERSION.to_owned()),
        ("tags", "[]".to_owned()),
        ("access_level", LEVEL.to_owned()),
    ];
    let missing = keys.iter().filter(|(key, _)| !written(key));
    let mut edits: Vec<Edit> = missing.map(|(key, yaml)| text.add(key, yaml)).collect();
    if let Some(first) = edits.first_mut().filter(|edit| edit.change.key == "name" && name != wish) {
        first.change.kind = Kind::Clash;
        first.change.from = Some(wish.as_str().to_owned());
    }
    edits
}
