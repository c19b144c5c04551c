//! The `---` block at the head of a skill file: split off, decoded, and every key's place remembered.

use serde_yaml::{Mapping, Value};

use super::quotes;
use crate::diagnostic::{Diagnostic, Position, Rule, Span, utf8};
use crate::yaml::{self, Outline};

/// Largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// The line of the file on which the block's text starts.
const FIRST_LINE: usize = 2;

/// A skill file, taken apart.
#[derive(Debug)]
pub struct Frontmatter {
    /// The keys and their values.
    pub keys: Mapping,
    /// Where each key and value stands: `tags`, `depends_on/0`, `security/permissions`.
    pub outline: Outline,
    /// The Markdown after the block.
    pub body: String,
    /// The line that ends the block: keys are added before it.
    pub end: Position,
}

impl Frontmatter {
    /// Takes a skill file apart.
    ///
    /// # Errors
    /// One diagnostic: not UTF-8, too large, no block, not YAML, a key written twice.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        Self::take_apart(path, bytes).map_err(|found| match text_of(path, bytes) {
            Ok(text) => Box::new(quotes::offer(*found, text)),
            Err(_) => found,
        })
    }

    pub(super) fn take_apart(path: &str, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        let text = text_of(path, bytes)?;
        let (block, body) = split(text).ok_or_else(|| Box::new(no_frontmatter(path, text)))?;
        let source = yaml::Source { yaml: block, first_line: FIRST_LINE };
        let outline = yaml::outline(source).map_err(|fault| Box::new(fault.diagnostic(path)))?;
        let invalid = |place: Position, message: String| {
            Box::new(Diagnostic::new(Rule::InvalidYaml, path, place, message).with_help(yaml::AS_YAML))
        };
        let keys = serde_yaml::from_str(block)
            .map_err(|error| invalid(source.error_position(&error), yaml::error_message(&error)))?;
        yaml::agree(&keys, &outline, Position::new(FIRST_LINE, 1))
            .map_err(|fault| Box::new(fault.diagnostic(path)))?;
        let keys = match keys {
            Value::Mapping(keys) => keys,
            Value::Null => Mapping::new(),
            _ => {
                let message = "the frontmatter is not a map of keys".to_owned();
                let help = "write each key with its value on a line, as in `name: refund`";
                return Err(Box::new(invalid(Position::new(FIRST_LINE, 1), message).with_help(help)));
            }
        };
        let end = Position::new(FIRST_LINE + block.matches('\n').count(), 1);
        Ok(Self { keys, outline, body: body.to_owned(), end })
    }
}

impl Frontmatter {
    /// A skill file's text without a byte order mark, and the body within it; nothing where there is no UTF-8 text of
    /// sane size with a block.
    #[must_use]
    pub fn split(bytes: &[u8]) -> Option<(&str, &str)> {
        let text = text_of("", bytes).ok()?;
        split(text).map(|(_, body)| (text, body))
    }
}

fn no_frontmatter(path: &str, text: &str) -> Diagnostic {
    let first = text.split(['\n', '\r']).next().unwrap_or_default();
    let (message, help) = if text.starts_with("---\r") && !text.starts_with("---\r\n") {
        ("the lines end with carriage returns alone", "end lines with a line feed")
    } else if first == "---" {
        ("the frontmatter block has no end", "put a line `---` behind the last key")
    } else if first.starts_with("---") {
        ("the first line holds more than `---`", "write three hyphens alone, without a space behind them")
    } else if text.trim_start().starts_with("---") {
        ("the frontmatter block is not at the start of the file", "remove what stands before the first `---`")
    } else {
        (
            "a skill file starts with a frontmatter block between two `---` lines",
            "put `---`, the keys, and `---` before the text",
        )
    };
    Diagnostic::new(Rule::NoFrontmatter, path, Span::START, message).with_help(help)
}

/// The text of a manifest, without a byte order mark.
///
/// # Errors
/// One diagnostic: not UTF-8, or too large.
fn text_of<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    if bytes.len() > MAX_MANIFEST_BYTES {
        let message =
            format!("the file has {} bytes, a skill file has at most {MAX_MANIFEST_BYTES}", bytes.len());
        let found = Diagnostic::new(Rule::Unreadable, path, Position::START, message);
        return Err(Box::new(found.with_help("move long material to `references/`")));
    }
    let text = utf8(path, bytes)?;
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
        let lines: Vec<&str> = text.lines().collect();
        let shown = |span: Span| {
            assert_eq!(span.start.line, span.end.line);
            let (from, to) = (span.start.column as usize - 1, span.end.column as usize - 1);
            format!("{}: {}", span.start.line, &lines[span.start.line as usize - 1][from..to])
        };
        let place = |path: &str| {
            let place = read.outline[path];
            (shown(place.key), shown(place.value))
        };
        let both = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(place("name"), both("2: name", "2: a/b"));
        assert_eq!(place("tags"), both("3: tags", "3: [x, y]"));
        assert_eq!(place("tags/1"), both("3: y", "3: y"));
        assert_eq!(place("depends_on/0"), both("5: c/d:1.x", "5: c/d:1.x"));
        assert_eq!(place("security/permissions/a"), both("7: a", "7: 1"));
        assert_eq!(read.end, Position::new(8, 1));
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
        starts(&fails("no block"), "s.md:1:1: error[GH0002]");
        starts(&fails("---\nname: a\nno end"), "s.md:1:1: error[GH0002]");
        starts(
            &fails("---\na: 1\nb: 2\na: 3\n---\n"),
            "s.md:4:1: error[GH0004]: the key `a` is written twice",
        );
        starts(&fails("---\na: [1\n---\n"), "s.md:");
        starts(&fails("---\na: &x 1\nb: *x\n---\n"), "s.md:3:4: error[GH0005]: aliases");
        starts(&fails("---\n- 1\n---\n"), "s.md:2:1: error[GH0003]");
        starts(&fails(&format!("---\na: {}\n---\n", "[".repeat(40))), "s.md:2:19: error[GH0006]");
        starts(&fails("---\na: 1\n...\nb: 1\n---\n"), "s.md:");
        starts(&fails("---\n? [a]\n: 1\n---\n"), "s.md:2:3: error[GH0003]: a key must be a word");
        starts(
            &fails("---\na: 1 # é\u{2028}access_level: public\n---\n"),
            "s.md:2:9: error[GH0003]: U+2028 is not a line break",
        );
        starts(&fails("---\r\na: 1\rb: 2\r\n---\r\n"), "s.md:2:5: error[GH0003]: U+000D");
        starts(&fails("---\n{?a: 1}\n---\n"), "s.md:2:1: error[GH0003]: YAML can be read in two ways at `a`");
        starts(&fails("---\nb: c\n1: a\n---\n"), "s.md:3:1: error[GH0003]: the key `1` is not a text");
        let long = format!("---\na:\n  ? {}\n  : [1]\n---\n", "k".repeat(511));
        starts(&fails(&long), "s.md:3:5: error[GH0003]: the keys that lead here have more than 512 bytes");
        starts(&fails("---\n%éééé\0\n---\n"), "s.md:2:7: error[GH0003]");
        let not_utf8 = Frontmatter::read("s.md", b"---\nname: a\n---\n\xff").unwrap_err();
        starts(&not_utf8.to_string(), "s.md:4:1: error[GH0001]: the file is not UTF-8");
        let huge = vec![b'x'; MAX_MANIFEST_BYTES + 1];
        starts(&Frontmatter::read("s.md", &huge).unwrap_err().to_string(), "s.md:1:1: error[GH0001]");
    }

    #[test]
    fn each_mistake_has_a_help_that_mends_it() {
        let helps = |block: &str, words: &str| {
            let text = fails(&format!("---\nname: a\n{block}\n---\n"));
            let help = text.split("help: ").nth(1).unwrap_or_else(|| panic!("{text}"));
            assert!(help.contains(words), "{block}: {text}");
        };
        helps("a: b: c", "that holds `: ` between quotes");
        helps("  a: b", "indent the key like those beside it");
        helps("a: \"b", "end the value with the quote");
        helps("a: [b", "end the list with `]`");
        helps("a: {b: c", "end the map with `}`");
        helps("a:\n\tb: c", "indent with spaces");
        helps("a:\tb", "a space behind the colon");
        helps("a:b", "put `: ` behind the key of the line before");
        helps("a: %b", "put the value between quotes");
        helps("a: `b`", "put the value between quotes");
        helps("a: *b*", "starts with `*` between quotes");
        helps("a: {{b}}", "starts with a bracket between quotes");
        helps("a: [b] and c", "between quotes as a whole");
        helps("a: \"C:\\Users\"", "for a backslash");
        helps("a: \"\\d\"", "for a backslash");
        helps("a: 'don't'", "within single quotes write `''`");
        helps("a: \"b \"c\" d\"", "within double quotes `\\\"`");
        helps("...\na: b", "remove the line `...`");
        helps("a: b\0c", "remove the character");
        helps("true: a", "put the key between quotes");
        assert!(fails("---\n- a\n---\n").contains("help: write each key with its value on a line"));
        for (text, help) in [
            ("\n---\na: b\n---\n", "remove what stands before the first `---`"),
            ("--- \na: b\n---\n", "write three hyphens alone"),
            ("----\na: b\n----\n", "write three hyphens alone"),
            ("---\ra: b\r---\r", "end lines with a line feed"),
            ("---\na: b\n", "put a line `---` behind the last key"),
            ("a: b\n---\n", "put `---`, the keys, and `---` before the text"),
        ] {
            assert!(fails(text).contains(&format!("help: {help}")), "{text:?}: {}", fails(text));
        }
    }

    fn starts(actual: &str, start: &str) {
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
                read.outline.keys().filter(|path| !path.contains('/')).cloned().collect();
            prop_assert_eq!(&decoded, &placed);
            prop_assert!(decoded.len() == keys.len());
        }
    }
}
