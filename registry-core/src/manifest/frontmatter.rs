//! The `---` block at the head of a skill file: split off, decoded, and every key's place remembered.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};
use serde_yaml::{Mapping, Value};

use crate::diagnostic::{Diagnostic, Position, Rule};

/// Largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Deepest nesting of the frontmatter.
const MAX_DEPTH: usize = 16;

/// A skill file, taken apart.
#[derive(Debug)]
pub struct Frontmatter {
    /// The keys and their values.
    pub keys: Mapping,
    /// Where each key stands: `tags`, `depends_on/0`, `security/permissions`.
    pub positions: BTreeMap<String, Position>,
    /// The Markdown after the block.
    pub body: String,
}

impl Frontmatter {
    /// Takes a skill file apart.
    ///
    /// # Errors
    /// One diagnostic: not UTF-8, too large, no block, not YAML, a key written twice.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        let text = utf8(path, bytes)?;
        let (yaml, body) = split(text).ok_or_else(|| {
            let message = "a skill file starts with a frontmatter block between two `---` lines";
            Box::new(
                Diagnostic::new(Rule::NoFrontmatter, path, Position::START, message.to_owned())
                    .with_help("put `---`, the keys, and `---` before the text"),
            )
        })?;
        let invalid =
            |position, message| Box::new(Diagnostic::new(Rule::InvalidYaml, path, position, message));
        let positions = positions(yaml).map_err(|(position, message)| invalid(position, message))?;
        let keys: Value = serde_yaml::from_str(yaml).map_err(|error| {
            let at = error.location().map_or(Position::START, |at| shifted(at.line(), at.column()));
            let text = error.to_string();
            let message = text.split(" at line ").next().unwrap_or_default().to_owned();
            invalid(at, message)
        })?;
        match keys {
            Value::Mapping(keys) => Ok(Self { keys, positions, body: body.to_owned() }),
            Value::Null => Ok(Self { keys: Mapping::new(), positions, body: body.to_owned() }),
            _ => Err(invalid(shifted(1, 1), "the frontmatter is not a map of keys".to_owned())),
        }
    }
}

fn utf8<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    let unreadable = |position, message, help: &str| {
        Box::new(Diagnostic::new(Rule::Unreadable, path, position, message).with_help(help))
    };
    if bytes.len() > MAX_MANIFEST_BYTES {
        let message =
            format!("the file has {} bytes, a skill file has at most {MAX_MANIFEST_BYTES}", bytes.len());
        return Err(unreadable(Position::START, message, "move long material to `references/`"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let position = Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
        unreadable(position, "the file is not UTF-8".to_owned(), "save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The YAML between the first line `---` and the next, and what follows.
fn split(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut offset = 0;
    for line in inner.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((inner.get(..offset)?, inner.get(offset + line.len()..)?));
        }
        offset += line.len();
    }
    None
}

/// The block's text starts on the file's second line.
fn shifted(line: usize, column: usize) -> Position {
    Position {
        line: u32::try_from(line + 1).unwrap_or(u32::MAX),
        column: u32::try_from(column.max(1)).unwrap_or(u32::MAX),
    }
}

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

fn join(path: &str, segment: &str) -> String {
    if path.is_empty() { segment.to_owned() } else { format!("{path}/{segment}") }
}

/// The place of every key and list item, by path.
fn positions(yaml: &str) -> Result<BTreeMap<String, Position>, (Position, String)> {
    let mut found = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            (shifted(at.line(), at.col() + 1), error.info().to_owned())
        })?;
        let here = shifted(span.start.line(), span.start.col() + 1);
        if open.len() > MAX_DEPTH {
            return Err((here, format!("the frontmatter is nested more than {MAX_DEPTH} deep")));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fails(text: &str) -> String {
        Frontmatter::read("s.md", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn keys_and_items_have_places() {
        let text = "---\nname: a/b\ntags: [x, y]\ndepends_on:\n  - c/d:1.x\nsecurity:\n  permissions: {a: 1}\n---\nbody\n";
        let read = Frontmatter::read("s.md", text.as_bytes()).unwrap();
        assert_eq!(read.body, "body\n");
        let place = |key: &str| read.positions.get(key).map(|at| (at.line, at.column));
        assert_eq!(place("name"), Some((2, 1)));
        assert_eq!(place("tags/1"), Some((3, 11)));
        assert_eq!(place("depends_on/0"), Some((5, 5)));
        assert_eq!(place("security/permissions/a"), Some((7, 17)));
    }

    #[test]
    fn line_ends_and_byte_order_marks_do_not_matter() {
        for text in ["\u{feff}---\nname: a\n---\nx", "---\r\nname: a\r\n---\r\nx"] {
            let read = Frontmatter::read("s.md", text.as_bytes()).unwrap();
            assert_eq!(read.keys.get("name").and_then(Value::as_str), Some("a"));
            assert_eq!(read.body, "x");
        }
    }

    #[test]
    fn each_mistake_has_one_finding_with_its_place() {
        insta_like(&fails("no block"), "s.md:1:1: error[GH0002]");
        insta_like(&fails("---\nname: a\nno end"), "s.md:1:1: error[GH0002]");
        insta_like(
            &fails("---\na: 1\nb: 2\na: 3\n---\n"),
            "s.md:4:1: error[GH0003]: the key `a` is written twice",
        );
        insta_like(&fails("---\na: [1\n---\n"), "s.md:");
        insta_like(&fails("---\na: &x 1\nb: *x\n---\n"), "s.md:3:4: error[GH0003]: aliases");
        insta_like(&fails("---\n- 1\n---\n"), "s.md:2:1: error[GH0003]");
        insta_like(&fails(&format!("---\na: {}\n---\n", "[".repeat(40))), "s.md:2:");
        let not_utf8 = Frontmatter::read("s.md", b"---\nname: a\n---\n\xff").unwrap_err();
        insta_like(&not_utf8.to_string(), "s.md:4:1: error[GH0001]: the file is not UTF-8");
        let huge = vec![b'x'; MAX_MANIFEST_BYTES + 1];
        insta_like(&Frontmatter::read("s.md", &huge).unwrap_err().to_string(), "s.md:1:1: error[GH0001]");
    }

    fn insta_like(actual: &str, start: &str) {
        assert!(actual.starts_with(start), "{actual} does not start with {start}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "(---\n)?[a-z:\\[\\]{}&*!|>\"' \n#-]{0,80}(\n---\n)?.{0,20}") {
            let _ = Frontmatter::read("s.md", text.as_bytes());
        }

        #[test]
        fn both_readers_see_the_same_top_level_keys(keys in prop::collection::btree_set("[a-z]{1,8}", 0..8)) {
            let yaml: String = keys.iter().map(|key| format!("{key}: [1, {{x: y}}]\n")).collect();
            let read = Frontmatter::read("s.md", format!("---\n{yaml}---\n").as_bytes()).unwrap();
            let decoded: std::collections::BTreeSet<String> =
                read.keys.keys().filter_map(Value::as_str).map(str::to_owned).collect();
            let placed: std::collections::BTreeSet<String> =
                read.positions.keys().filter(|path| !path.contains('/')).cloned().collect();
            prop_assert_eq!(&decoded, &placed);
            prop_assert!(decoded.len() == keys.len());
        }
    }
}
