//! A skill's text while it is edited: every edit replaces a place of the frontmatter, and is remembered.

use std::ops::Range;

use registry_core::diagnostic::{Diagnostic, Fix, Lines, Position, Span, apply};
use registry_core::manifest::{Frontmatter, Place, SkillSource};
use serde_yaml::Value;

use super::report::{Change, Kind};

/// A change of the text with what is told of it.
#[derive(Debug)]
pub(super) struct Edit {
    pub change: Change,
    pub fix: Fix,
}

/// A skill and what was changed of it so far.
#[derive(Debug)]
pub(super) struct Draft {
    pub source: SkillSource,
    pub changes: Vec<Change>,
}

impl Draft {
    pub(super) fn new(source: SkillSource) -> Self {
        Self { source, changes: Vec::new() }
    }

    /// The text with its frontmatter taken apart.
    pub(super) fn text(&self) -> Result<Text<'_>, Box<Diagnostic>> {
        let bytes = self.source.manifest();
        let frontmatter = Frontmatter::read(&self.source.manifest_path, bytes)?;
        Ok(Text { lines: Lines::new(std::str::from_utf8(bytes).unwrap_or_default()), frontmatter })
    }

    /// Makes edits that do not overlap.
    pub(super) fn make(&mut self, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        let fixes: Vec<&Fix> = edits.iter().map(|edit| &edit.fix).collect();
        let Ok(text) = std::str::from_utf8(self.source.manifest()) else { return };
        let (text, made) = apply(text, &fixes);
        self.set(text.into_bytes());
        let made = edits.into_iter().zip(made).filter(|(_, made)| *made);
        self.changes.extend(made.map(|(edit, _)| edit.change));
    }

    /// Puts a whole text in place of the present one.
    pub(super) fn set(&mut self, bytes: Vec<u8>) {
        if let Some(file) = self.source.files.get_mut(&self.source.manifest_file) {
            file.bytes = bytes;
        }
    }
}

/// A skill file, taken apart, with its text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    lines: Lines<'a>,
    pub frontmatter: Frontmatter,
}

impl Text<'_> {
    /// The value of a key, or of one below `metadata`, or of an item of either: a path of the outline.
    pub(super) fn value(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('/');
        let top = self.frontmatter.keys.get(parts.next()?)?;
        parts.try_fold(top, |value, part| match value {
            Value::Sequence(items) => items.get(part.parse::<usize>().ok()?),
            Value::Mapping(_) => value.get(part),
            _ => None,
        })
    }

    /// The value as its author wrote it: `2.10` and not the number `2.1`.
    pub(super) fn scalar(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => self.written(path).map(str::to_owned),
            _ => None,
        }
    }

    /// The characters of a value, with its quotes.
    pub(super) fn written(&self, path: &str) -> Option<&str> {
        Some(self.lines.slice(self.frontmatter.outline.get(path)?.value)?.trim_end())
    }

    /// The characters of a span without the white space that a parser counts as its end.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.lines.slice(span).unwrap_or_default().trim_end()
    }

    /// The span of what [`Self::slice`] gives.
    fn trimmed(&self, span: Span) -> Option<Span> {
        let Range { start, .. } = self.lines.range(span)?;
        Some(self.lines.span(start..start + self.slice(span).len()))
    }

    /// The first key or value of which the outline knows, whose place holds the span.
    pub(super) fn path_of(&self, span: Span) -> Option<(&str, Place)> {
        let holds = |place: &Place| {
            let (start, end) = (place.key.start.min(place.value.start), place.key.end.max(place.value.end));
            start <= span.start && span.end <= end
        };
        let holding = self.frontmatter.outline.iter().filter(|(_, place)| holds(place));
        holding.max_by_key(|(_, place)| place.key.start).map(|(path, place)| (path.as_str(), *place))
    }

    /// Writes `new` for a value, between the quotes that stand there.
    pub(super) fn set(&self, kind: Kind, path: &str, new: &str) -> Option<Edit> {
        let place = *self.frontmatter.outline.get(path)?;
        let written = self.written(path).unwrap_or_default();
        if written.is_empty() {
            return self.fill(kind, path, &plain(new));
        }
        let quoted = match written.chars().next() {
            Some('"') if !new.contains(['"', '\\']) => format!("\"{new}\""),
            Some('\'') if !new.contains('\'') => format!("'{new}'"),
            _ => plain(new),
        };
        let span = self.trimmed(place.value)?;
        Some(edit(kind, path, self.scalar(path).or(Some(written.to_owned())), new, span, &quoted))
    }

    /// Writes YAML for a key that has no value.
    pub(super) fn fill(&self, kind: Kind, path: &str, yaml: &str) -> Option<Edit> {
        let key_end = self.lines.offset(self.frontmatter.outline.get(path)?.key.end)?;
        let value = key_end + self.lines.text().get(key_end..)?.find(':')? + 1;
        Some(edit(kind, path, None, yaml, self.lines.position(value).into(), &format!(" {yaml}")))
    }

    /// Puts `new`, which is YAML, in place of a value.
    pub(super) fn rewrite(&self, path: &str, new: &str) -> Option<Edit> {
        let span = self.trimmed(self.frontmatter.outline.get(path)?.value)?;
        Some(edit(Kind::Changed, path, Some(self.slice(span).to_owned()), new, span, new))
    }

    /// Spells a key in another way. `path` is that of the key.
    pub(super) fn rename(&self, path: &str, new: &str) -> Option<Edit> {
        let span = self.frontmatter.outline.get(path)?.key;
        let dotted = path.replace('/', ".");
        let to = dotted.rsplit_once('.').map_or(new.to_owned(), |(parent, _)| format!("{parent}.{new}"));
        Some(edit(Kind::Renamed, path, Some(dotted), &to, span, new))
    }

    /// Adds a key behind the last one.
    pub(super) fn add(&self, key: &str, yaml: &str) -> Edit {
        let indent = " ".repeat(self.indent());
        let line = format!("{indent}{key}: {yaml}\n");
        edit(Kind::Added, key, None, yaml, self.frontmatter.end.into(), &line)
    }

    /// Adds a text under `metadata`.
    pub(super) fn add_metadata(&self, key: &str, text: &str) -> Edit {
        let quoted = Value::from(text);
        let quoted = serde_json::to_string(&quoted).unwrap_or_default();
        let path = format!("metadata/{key}");
        let places = self.frontmatter.outline.iter();
        let first =
            places.filter(|(path, _)| path.starts_with("metadata/")).map(|(_, place)| place.key.start);
        match first.min() {
            None => {
                let indent = " ".repeat(self.indent());
                let lines = format!("{indent}metadata:\n{indent}  {key}: {quoted}\n");
                edit(Kind::Added, &path, None, text, self.frontmatter.end.into(), &lines)
            }
            Some(first) => {
                let flow = self.written("metadata").is_some_and(|text| text.starts_with('{'));
                let gap = if flow { ", ".to_owned() } else { format!("\n{}", " ".repeat(column(first))) };
                edit(Kind::Added, &path, None, text, first.into(), &format!("{key}: {quoted}{gap}"))
            }
        }
    }

    /// The white space before top-level keys.
    fn indent(&self) -> usize {
        let top = self.frontmatter.outline.iter().filter(|(path, _)| !path.contains('/'));
        top.map(|(_, place)| column(place.key.start)).min().unwrap_or_default()
    }
}

fn column(place: Position) -> usize {
    place.column as usize - 1
}

fn edit(kind: Kind, path: &str, from: Option<String>, to: &str, span: Span, text: &str) -> Edit {
    let key = path.replace('/', ".");
    let change = Change { kind, key, from, to: Some(to.to_owned()) };
    Edit { change, fix: Fix::replace(String::new(), span, text) }
}

/// A text as YAML that reads as this text: between quotes where it must be.
pub(crate) fn plain(text: &str) -> String {
    match serde_yaml::from_str::<Value>(text) {
        Ok(Value::String(read)) if read == text => text.to_owned(),
        _ => serde_json::Value::from(text).to_string(),
    }
}
