//! What serde_yaml does not tell: where each key stands, and whether one is written twice, nested too deep or an alias.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::diagnostic::Position;

/// Deepest nesting of a file that people write.
const MAX_DEPTH: usize = 16;

/// A place in a text that starts on `first_line` of its file.
pub(crate) fn position(line: usize, column: usize, first_line: usize) -> Position {
    Position {
        line: u32::try_from(line + first_line - 1).unwrap_or(u32::MAX),
        column: u32::try_from(column.max(1)).unwrap_or(u32::MAX),
    }
}

/// Where serde_yaml met an error in such a text.
pub(crate) fn error_position(error: &serde_yaml::Error, first_line: usize) -> Position {
    error.location().map_or(position(1, 1, first_line), |at| position(at.line(), at.column(), first_line))
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

/// The place of every key and list item by path, as in `depends_on/0`, in a text that starts on `first_line` of its file.
///
/// # Errors
/// The first place where the text is no YAML, nests too deep, uses an alias or writes a key twice.
pub(crate) fn positions(
    yaml: &str,
    first_line: usize,
) -> Result<BTreeMap<String, Position>, (Position, String)> {
    let mut found = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            (position(at.line(), at.col() + 1, first_line), error.info().to_owned())
        })?;
        let here = position(span.start.line(), span.start.col() + 1, first_line);
        if open.len() > MAX_DEPTH {
            return Err((here, format!("this is nested more than {MAX_DEPTH} deep")));
        }
        match event {
            Event::Scalar(text, ..) => match open.last_mut() {
                Some(Open::Map { path, key: key @ None }) => {
                    if found.insert(join(path, &text), here).is_some() {
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
