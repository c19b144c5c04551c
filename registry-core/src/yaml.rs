//! What serde_yaml does not tell: where each key stands, and whether one is written twice, nested too deep or an alias.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};
use serde_yaml::Value;

use crate::diagnostic::Position;

/// Deepest nesting of a file that people write.
const MAX_DEPTH: usize = 16;
/// Longest path of a key, in bytes. Every item of a list below it has that path in its own: without a bound, a file of
/// 1 MiB with one key of half its size and a list of the other half takes more than 100 GiB.
const MAX_PATH: usize = 512;

/// A place in a text that starts on `first_line` of its file.
pub(crate) fn position(line: usize, column: usize, first_line: usize) -> Position {
    Position {
        line: u32::try_from(line + first_line - 1).unwrap_or(u32::MAX),
        column: u32::try_from(column.max(1)).unwrap_or(u32::MAX),
    }
}

/// Where serde_yaml met an error in such a text.
pub(crate) fn error_position(error: &serde_yaml::Error, yaml: &str, first_line: usize) -> Position {
    let at = |at: serde_yaml::Location| Widths::of(yaml).position(at.line(), at.column(), first_line);
    error.location().map_or(position(1, 1, first_line), at)
}

/// The characters of each line. The reader of places now and then counts bytes for characters, as in a directive that
/// is not ASCII; a column never lies further right than behind the end of its line.
struct Widths(Vec<usize>);

impl Widths {
    fn of(yaml: &str) -> Self {
        Self(yaml.lines().map(|line| line.chars().count()).collect())
    }

    fn position(&self, line: usize, column: usize, first_line: usize) -> Position {
        let width = line.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(0);
        position(line, column.min(width + 1), first_line)
    }
}

/// Holds that every key and item that serde_yaml read has a place. Where the two readers disagree, as about `{?a: 1}`,
/// what is used would not be what was checked.
///
/// # Errors
/// A message that names one without.
pub(crate) fn agree(value: &Value, positions: &BTreeMap<String, Position>) -> Result<(), String> {
    let mut left = vec![(String::new(), value)];
    while let Some((path, value)) = left.pop() {
        if !path.is_empty() && !positions.contains_key(&path) {
            return Err(format!("YAML can be read in two ways at `{path}`: quote the key"));
        }
        match value {
            Value::Mapping(map) => {
                left.extend(map.iter().filter_map(|(key, value)| Some((join(&path, key.as_str()?), value))))
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

/// What is wrong, without the place, in the words of YAML and not of Rust.
pub(crate) fn error_message(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let without_place = text.split(" at line ").next().unwrap_or_default();
    WORDS.iter().fold(without_place.to_owned(), |text, (rust, plain)| text.replace(rust, plain))
}

/// What serde calls things, and what they are called here.
const WORDS: [(&str, &str); 9] = [
    ("expected a sequence", "expected a list"),
    ("invalid type: sequence", "invalid type: list"),
    ("expected u32", "expected a whole number"),
    ("expected f64", "expected a number"),
    ("a borrowed string", "a text"),
    ("a string", "a text"),
    ("invalid type: unit value", "nothing is written"),
    ("unknown variant", "there is no"),
    ("unknown field", "there is no key"),
];

/// One open collection while walking the events.
enum Open {
    Map { path: String, key: Option<String> },
    List { path: String, next: usize },
}

impl Open {
    /// The path of the value that comes next, or `None` when a key comes next.
    fn value_path(&mut self) -> Option<String> {
        match self {
            Self::Map { path, key } => key.take().map(|key| join(path, &key)),
            Self::List { path, next } => {
                *next += 1;
                Some(join(path, &(*next - 1).to_string()))
            }
        }
    }
}

/// A slash within a key is escaped as in a JSON pointer (RFC 6901), so that no two places share a path.
fn join(path: &str, segment: &str) -> String {
    let segment = segment.replace('~', "~0").replace('/', "~1");
    if path.is_empty() { segment } else { format!("{path}/{segment}") }
}

/// The first line break but LF and CRLF. serde_yaml takes more characters for one than the reader of places and most
/// editors do: behind such a character, a comment that was reviewed would be a key that is used.
fn odd_break(yaml: &str, first_line: usize) -> Option<(Position, String)> {
    let (line, text, at) = yaml.split('\n').enumerate().find_map(|(line, text)| {
        let text = text.strip_suffix('\r').unwrap_or(text);
        Some((line, text, text.find(['\r', '\u{85}', '\u{2028}', '\u{2029}'])?))
    })?;
    let (before, after) = text.split_at(at);
    let code = after.chars().next().map_or(0, u32::from);
    let place = position(line + 1, before.chars().count() + 1, first_line);
    Some((place, format!("U+{code:04X} is not a line break of the format: end lines with a line feed")))
}

/// The place of every key and list item by path, as in `depends_on/0`, in a text that starts on `first_line` of its file.
///
/// # Errors
/// The first place where the text has an odd line break, is no YAML, nests too deep, has keys that are too long, uses an
/// alias or writes a key twice.
pub(crate) fn positions(
    yaml: &str,
    first_line: usize,
) -> Result<BTreeMap<String, Position>, (Position, String)> {
    if let Some(odd) = odd_break(yaml, first_line) {
        return Err(odd);
    }
    let widths = Widths::of(yaml);
    let mut found = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            (widths.position(at.line(), at.col() + 1, first_line), error.info().to_owned())
        })?;
        let here = widths.position(span.start.line(), span.start.col() + 1, first_line);
        if open.len() > MAX_DEPTH {
            return Err((here, format!("this is nested more than {MAX_DEPTH} deep")));
        }
        match event {
            Event::Scalar(text, ..) => match open.last_mut() {
                Some(Open::Map { path, key: key @ None }) => {
                    let place = join(path, &text);
                    if place.len() > MAX_PATH {
                        let message =
                            format!("the keys that lead here have more than {MAX_PATH} bytes together");
                        return Err((here, message));
                    }
                    if found.insert(place, here).is_some() {
                        return Err((here, format!("the key `{text}` is written twice")));
                    }
                    *key = Some(text.into_owned());
                }
                Some(collection) => {
                    note_item(collection, here, &mut found);
                }
                None => {}
            },
            Event::Alias(_) => {
                return Err((here, "aliases are not part of the format: write the value out".to_owned()));
            }
            Event::MappingStart(..) => {
                let path = child_path(&mut open, here, &mut found);
                open.push(Open::Map { path, key: None });
            }
            Event::SequenceStart(..) => {
                let path = child_path(&mut open, here, &mut found);
                open.push(Open::List { path, next: 0 });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    Ok(found)
}

fn note_item(collection: &mut Open, here: Position, found: &mut BTreeMap<String, Position>) -> String {
    let path = collection.value_path().unwrap_or_default();
    found.entry(path.clone()).or_insert(here);
    path
}

fn child_path(open: &mut [Open], here: Position, found: &mut BTreeMap<String, Position>) -> String {
    open.last_mut().map_or_else(String::new, |collection| note_item(collection, here, found))
}
