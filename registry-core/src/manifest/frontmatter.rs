//! The `---` block at the head of a skill file: split off, decoded, and every key's place remembered.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::diagnostic::{Diagnostic, Position, Rule};
use crate::yaml;

/// Largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// The line of the file on which the block's text starts.
const FIRST_LINE: usize = 2;

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
        let (text_of_block, body) = split(text).ok_or_else(|| {
            let message = "a skill file starts with a frontmatter block between two `---` lines";
            Box::new(
                Diagnostic::new(Rule::NoFrontmatter, path, Position::START, message.to_owned())
                    .with_help("put `---`, the keys, and `---` before the text"),
            )
        })?;
        let invalid =
            |position, message| Box::new(Diagnostic::new(Rule::InvalidYaml, path, position, message));
        let positions =
            yaml::positions(text_of_block, FIRST_LINE).map_err(|(at, message)| invalid(at, message))?;
        let keys: Value = serde_yaml::from_str(text_of_block).map_err(|error| {
            let at = yaml::error_position(&error, text_of_block, FIRST_LINE);
            invalid(at, yaml::error_message(&error))
        })?;
        yaml::agree(&keys, &positions)
            .map_err(|message| invalid(yaml::position(1, 1, FIRST_LINE), message))?;
        match keys {
            Value::Mapping(keys) => Ok(Self { keys, positions, body: body.to_owned() }),
            Value::Null => Ok(Self { keys: Mapping::new(), positions, body: body.to_owned() }),
            _ => Err(invalid(
                yaml::position(1, 1, FIRST_LINE),
                "the frontmatter is not a map of keys".to_owned(),
            )),
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
        insta_like(
            &fails("---\na: 1 # é\u{2028}access_level: public\n---\n"),
            "s.md:2:9: error[GH0003]: U+2028 is not a line break",
        );
        insta_like(&fails("---\r\na: 1\rb: 2\r\n---\r\n"), "s.md:2:5: error[GH0003]: U+000D");
        insta_like(
            &fails("---\n{?a: 1}\n---\n"),
            "s.md:2:1: error[GH0003]: YAML can be read in two ways at `a`",
        );
        let long = format!("---\na:\n  ? {}\n  : [1]\n---\n", "k".repeat(511));
        insta_like(
            &fails(&long),
            "s.md:3:5: error[GH0003]: the keys that lead here have more than 512 bytes",
        );
        insta_like(&fails("---\n%éééé\0\n---\n"), "s.md:2:7: error[GH0003]");
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
