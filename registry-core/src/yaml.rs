//! What serde_yaml does not tell: where each key and value stands, and whether a key is written twice, a value is
//! nested too deep, or an alias.

mod fault;
mod words;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use serde::de::DeserializeOwned;
use serde_yaml::Value;

pub(crate) use self::fault::{AS_YAML, Fault, NEEDS_QUOTES};
pub(crate) use self::words::error_message;
use crate::diagnostic::{Position, Rule, Span};

/// Deepest nesting of a file that people write.
const MAX_DEPTH: usize = 16;
/// Longest path of a key, in bytes. Every item of a list below it has that path in its own: without a bound, a file of
/// 1 MiB with one key of half its size and a list of the other half takes more than 100 GiB.
const MAX_PATH: usize = 512;
/// A text, and where it stands in its file.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) yaml: &'a str,
    /// The line of the file on which the text starts, from 1.
    pub(crate) first_line: usize,
}

impl Source<'_> {
    /// Where serde_yaml met an error.
    pub(crate) fn error_position(self, error: &serde_yaml::Error) -> Position {
        let at = |at: serde_yaml::Location| Lines::of(self).position(at.line(), at.column());
        error.location().map_or(Position::new(self.first_line, 1), at)
    }
}

/// A value of a whole file of YAML, under every rule of this module.
///
/// # Errors
/// What is wrong, placed within the text.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let source = Source { yaml: text, first_line: 1 };
    let outline = outline(source)?;
    let invalid = |error| Fault::new(Rule::InvalidYaml, source.error_position(&error), error_message(&error));
    let value = serde_yaml::from_str(text).map_err(invalid)?;
    let read: Value = serde_yaml::from_str(text).map_err(invalid)?;
    agree(&read, &outline, Span::START.start)?;
    Ok(value)
}

/// The characters of each line. The reader of places now and then counts bytes for characters, as in a directive that
/// is not ASCII; a column never lies further right than behind the end of its line.
struct Lines {
    widths: Vec<usize>,
    /// The same without the blanks at each line's end.
    texts: Vec<usize>,
    first: usize,
}

impl Lines {
    fn of(source: Source<'_>) -> Self {
        let widths = source.yaml.lines().map(|line| line.chars().count()).collect();
        let texts = source.yaml.lines().map(|line| line.trim_end().chars().count()).collect();
        Self { widths, texts, first: source.first_line }
    }

    fn position(&self, line: usize, column: usize) -> Position {
        let width = line.checked_sub(1).and_then(|index| self.widths.get(index)).copied().unwrap_or(0);
        Position::new(line + self.first - 1, column.min(width + 1))
    }

    fn place(&self, marker: saphyr_parser::Marker) -> Position {
        self.position(marker.line(), marker.col() + 1)
    }

    /// A span ends behind its last character: that of a block of text would end at the line below.
    fn span(&self, span: saphyr_parser::Span) -> Span {
        let start = self.place(span.start);
        let mut end = self.place(span.end);
        while end.column == 1 && end.line > start.line {
            end.line -= 1;
            let index = (end.line as usize).saturating_sub(self.first);
            let width = self.texts.get(index).copied().unwrap_or(0);
            end.column = u32::try_from(width + 1).unwrap_or(u32::MAX);
        }
        Span { start, end }
    }
}

/// Reads a text under every rule of this module.
///
/// # Errors
/// What is wrong, placed within the text.
pub(crate) fn read(yaml: &str) -> Result<Value, Fault> {
    let source = Source { yaml, first_line: 1 };
    let outline = outline(source)?;
    let value = serde_yaml::from_str(yaml).map_err(|error| {
        Fault::new(Rule::InvalidYaml, source.error_position(&error), error_message(&error))
    })?;
    agree(&value, &outline, Position::START)?;
    Ok(value)
}

/// Holds that every key and item that serde_yaml read has a place. Where the two readers disagree, as about `{?a: 1}`,
/// what is used would not be what was checked.
///
/// # Errors
/// What has none, or a key that is no text.
pub(crate) fn agree(value: &Value, outline: &Outline, start: Position) -> Result<(), Fault> {
    let fault = |path: &str, message: String| {
        let span = outline.get(path).map_or(start.into(), |place| place.key);
        Fault::new(Rule::InvalidYaml, span, message).with_help("put the key between quotes")
    };
    let mut left = vec![(String::new(), value)];
    while let Some((path, value)) = left.pop() {
        if !path.is_empty() && !outline.contains_key(&path) {
            return Err(fault(&path, format!("YAML can be read in two ways at `{path}`")));
        }
        match value {
            Value::Mapping(map) => {
                for (key, value) in map {
                    let key = key.as_str().ok_or_else(|| {
                        let text = serde_yaml::to_string(key).unwrap_or_default();
                        fault(&join(&path, text.trim()), format!("the key `{}` is not a text", text.trim()))
                    })?;
                    left.push((join(&path, key), value));
                }
            }
            Value::Sequence(list) => left.extend(
                list.iter().enumerate().map(|(index, value)| (join(&path, &index.to_string()), value)),
            ),
            Value::Tagged(tagged) => left.push((path, &tagged.value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Ok(())
}

/// Where a key and its value stand; the two are one for an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The key.
    pub key: Span,
    /// The value; empty and behind the key where nothing is written.
    pub value: Span,
}

/// The place of every key and list item by path, as in `depends_on/0`; a slash within a key is escaped as in a JSON
/// pointer (RFC 6901).
pub type Outline = BTreeMap<String, Place>;

/// The path of the key `segment` of what stands at `path`.
pub(crate) fn join(path: &str, segment: &str) -> String {
    let segment = segment.replace('~', "~0").replace('/', "~1");
    if path.is_empty() { segment } else { format!("{path}/{segment}") }
}

/// The first line break but LF and CRLF. serde_yaml takes more characters for one than the reader of places and most
/// editors do: behind such a character, a comment that was reviewed would be a key that is used.
fn odd_break(source: Source<'_>) -> Option<Fault> {
    let (line, text, at) = source.yaml.split('\n').enumerate().find_map(|(line, text)| {
        let text = text.strip_suffix('\r').unwrap_or(text);
        Some((line, text, text.find(['\r', '\u{85}', '\u{2028}', '\u{2029}'])?))
    })?;
    let (before, after) = text.split_at(at);
    let code = after.chars().next().map_or(0, u32::from);
    let place = Position::new(source.first_line + line, before.chars().count() + 1);
    let message = format!("U+{code:04X} is not a line break of the format");
    Some(Fault::new(Rule::InvalidYaml, place, message).with_help("end lines with a line feed"))
}

/// The outline of a text.
///
/// # Errors
/// The first place where the text has an odd line break, is no YAML, nests too deep, has keys that are too long, uses an
/// alias or writes a key twice.
pub(crate) fn outline(source: Source<'_>) -> Result<Outline, Fault> {
    if let Some(odd) = odd_break(source) {
        return Err(odd);
    }
    let lines = Lines::of(source);
    let mut walk = Walk { outline: Outline::new(), open: Vec::new(), documents: 0, last: Position::START };
    for event in Parser::new_from_str(source.yaml) {
        let (event, span) = event.map_err(|error| fault(&error, &lines, source.yaml))?;
        walk.event(event, lines.span(span))?;
    }
    Ok(walk.outline)
}

/// What the reader of places refuses, in words of its own.
fn fault(error: &saphyr_parser::ScanError, lines: &Lines, yaml: &str) -> Fault {
    let place = lines.place(*error.marker());
    if error.info() == "recursion limit exceeded" {
        return too_deep(place);
    }
    let line = yaml.lines().nth(error.marker().line().saturating_sub(1)).unwrap_or_default();
    let message = words::plain(error.info());
    let help = words::help(&message, line);
    Fault { help, ..Fault::new(Rule::InvalidYaml, place, message) }
}

fn too_deep(place: impl Into<Span>) -> Fault {
    Fault::new(Rule::TooDeep, place, format!("this is nested more than {MAX_DEPTH} deep"))
        .with_help("flatten it")
}

struct Walk {
    outline: Outline,
    open: Vec<Open>,
    documents: usize,
    /// Where the last scalar or collection ended.
    last: Position,
}

/// One open collection.
struct Open {
    path: String,
    kind: Kind,
}

enum Kind {
    /// With the key whose value comes next.
    Map(Option<String>),
    /// With the number of the item that comes next.
    List(usize),
}

impl Walk {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, ..) => {
                self.last = span.end;
                match self.open.last_mut() {
                    Some(Open { path, kind: Kind::Map(key @ None) }) => {
                        let path = join(path, &text);
                        *key = Some(text.into_owned());
                        self.note_key(path, span)?;
                    }
                    _ => drop(self.value(span)?),
                }
            }
            Event::Alias(_) => {
                return Err(Fault::new(Rule::YamlAlias, span, "aliases are not part of the format")
                    .with_help("write the value out"));
            }
            Event::MappingStart(..) => self.open(span, Kind::Map(None))?,
            Event::SequenceStart(..) => self.open(span, Kind::List(0))?,
            Event::MappingEnd | Event::SequenceEnd => {
                // The end of a block collection is empty and stands before what follows it; that of a flow collection
                // starts at its bracket and may reach over a comment.
                let bracket = Position { column: span.start.column + 1, ..span.start };
                let end = if span.start == span.end { self.last } else { bracket };
                self.last = end;
                if let Some(place) = self.open.pop().and_then(|done| self.outline.get_mut(&done.path)) {
                    place.value.end = end.max(place.value.start);
                }
            }
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Fault::new(Rule::InvalidYaml, span, "a second document starts here")
                        .with_help("remove the line `...` before it"));
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn note_key(&mut self, path: String, span: Span) -> Result<(), Fault> {
        if path.len() > MAX_PATH {
            let message = format!("the keys that lead here have more than {MAX_PATH} bytes together");
            return Err(Fault::new(Rule::InvalidYaml, span, message).with_help("shorten the key"));
        }
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let place = Place { key: span, value: span.end.into() };
        if let Some(first) = self.outline.insert(path, place) {
            let message =
                format!("the key `{name}` is written twice, first on line {}", first.key.start.line);
            return Err(Fault::new(Rule::DuplicateKey, span, message).with_help("keep one of the two"));
        }
        Ok(())
    }

    /// Notes the value that starts here and returns its path.
    fn value(&mut self, span: Span) -> Result<String, Fault> {
        let Some(Open { path, kind }) = self.open.last_mut() else { return Ok(String::new()) };
        let segment = match kind {
            Kind::Map(key) => key.take().ok_or_else(|| {
                Fault::new(Rule::InvalidYaml, span, "a key must be a word, not a list or map")
                    .with_help("put a text that starts with a bracket between quotes")
            })?,
            Kind::List(next) => {
                *next += 1;
                (*next - 1).to_string()
            }
        };
        let path = join(path, &segment);
        self.outline.entry(path.clone()).or_insert(Place { key: span, value: span }).value = span;
        Ok(path)
    }

    fn open(&mut self, span: Span, kind: Kind) -> Result<(), Fault> {
        let path = self.value(span)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.open.push(Open { path, kind });
        Ok(())
    }
}
