//! What the readers of YAML say, in words for people, and what mends it.

use super::NEEDS_QUOTES;

/// How the reader's messages begin or what they hold, and what mends it; the first that fits counts.
const HELP: [(&str, &str); 15] = [
    ("mapping values are not allowed", NEEDS_QUOTES),
    ("scanning a quoted scalar", "end the value with the quote that it starts with"),
    ("flow sequence", "end the list with `]`, and put a text that starts with `[` between quotes"),
    ("flow mapping", "end the map with `}`, and put a text that starts with `{` between quotes"),
    ("flow collection", "end it with its bracket, and put a text that starts with a bracket between quotes"),
    ("tabs disallowed", "indent with spaces"),
    ("':' must be followed", "put a space behind the colon"),
    ("simple key expect", "put `: ` behind the key of the line before"),
    ("cannot start with", "put the value between quotes"),
    (
        "did not find expected key",
        "put a value that starts with a quote or bracket between quotes as a whole",
    ),
    ("unknown anchor", "put a value that starts with `*` between quotes"),
    ("hexadecimal", BACKSLASH),
    ("escape", BACKSLASH),
    ("trailing content", "within single quotes write `''` for a quote, and within double quotes `\\\"`"),
    ("unprintable", "remove the character"),
];
const BACKSLASH: &str = "within double quotes write `\\\\` for a backslash, or use single quotes";

/// What mends what the reader says of `line`.
pub(super) fn help(message: &str, line: &str) -> Option<&'static str> {
    let (start, help) = HELP.iter().find(|(words, _)| message.contains(words))?;
    if start.starts_with("mapping values") && line.starts_with(' ') {
        return Some("indent the key like those beside it, or put a value that holds `: ` between quotes");
    }
    Some(help)
}

/// What the reader of places says, as this project writes.
pub(super) fn plain(message: &str) -> String {
    match message.strip_prefix("unexpected character: `") {
        Some(rest) => format!("a value cannot start with `{}`", rest.trim_end_matches('\'')),
        None => message.replace("double-quoted scalar", "quoted value"),
    }
}

/// What is wrong, without the place, in the words of YAML and not of Rust.
pub(crate) fn error_message(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let without_place = text.split(" at line ").next().unwrap_or_default();
    WORDS.iter().fold(without_place.to_owned(), |text, (rust, plain)| text.replace(rust, plain))
}

/// What serde calls things, and what they are called here.
const WORDS: [(&str, &str); 10] = [
    ("invalid type: string", "invalid type: text"),
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
