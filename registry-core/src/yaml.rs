//! What serde_yaml does not tell: where each key and value stands, and whether a key is written twice, a value is
//! nested too deep, or an alias.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::diagnostic::{Diagnostic, Position, Rule, Span};

/// Deepest nesting of a file that people write.
const MAX_DEPTH: usize = 16;

/// Why a text is not YAML that people should write.
#[derive(Debug)]
pub(crate) struct Fault {
    pub rule: Rule,
    pub span: Span,
    pub message: String,
    pub help: Option<&'static str>,
}

impl Fault {
    fn new(rule: Rule, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self { rule, span: span.into(), message: message.into(), help: None }
    }

    fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// The finding about the file at `path`.
    pub(crate) fn diagnostic(self, path: &str) -> Diagnostic {
        let found = Diagnostic::new(self.rule, path, self.span, self.message);
        Diagnostic { help: self.help.map(str::to_owned), ..found }
    }
}

/// Where serde_yaml met an error in a text that starts on `first_line` of its file.
pub(crate) fn error_position(error: &serde_yaml::Error, first_line: usize) -> Position {
    error
        .location()
        .map_or(Position::new(first_line, 1), |at| Position::new(at.line() + first_line - 1, at.column()))
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

fn join(path: &str, segment: &str) -> String {
    let segment = segment.replace('~', "~0").replace('/', "~1");
    if path.is_empty() { segment } else { format!("{path}/{segment}") }
}

/// The outline of a text that starts on `first_line` of its file.
///
/// # Errors
/// The first place where the text is no YAML, nests too deep, uses an alias or writes a key twice.
pub(crate) fn outline(yaml: &str, first_line: usize) -> Result<Outline, Fault> {
    let mut walk = Walk { outline: Outline::new(), open: Vec::new(), documents: 0, last: Position::START };
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            let at = Position::new(error.marker().line() + first_line - 1, error.marker().col() + 1);
            let fault = Fault::new(Rule::InvalidYaml, at, error.info());
            if error.info().starts_with("mapping values are not allowed") {
                return fault.with_help("put a value that holds `: ` between quotes");
            }
            fault
        })?;
        let place =
            |marker: saphyr_parser::Marker| Position::new(marker.line() + first_line - 1, marker.col() + 1);
        walk.event(event, Span { start: place(span.start), end: place(span.end) })?;
    }
    Ok(walk.outline)
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
                    return Err(Fault::new(Rule::InvalidYaml, span, "a second document starts here"));
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn note_key(&mut self, path: String, span: Span) -> Result<(), Fault> {
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
            return Err(Fault::new(
                Rule::TooDeep,
                span,
                format!("this is nested more than {MAX_DEPTH} deep"),
            )
            .with_help("flatten it"));
        }
        self.open.push(Open { path, kind });
        Ok(())
    }
}
