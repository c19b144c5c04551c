//! How a parameter is spelt in a template: `{name}`. Braces around a name are halved, so that `{{name}}` stands for the
//! text `{name}`; all other braces, as those of JSON, are text as they are.

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// The place of the parameter of this name.
    Parameter(&'a str),
}

/// Whether a text can be a parameter's name: ASCII letters, digits, `_` and `-`, with a letter or `_` first.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The parts of a template, in order. Takes any text: what is no place of a parameter is text.
///
/// With `n` braces before a name and `m` behind it, `k` the lesser, an odd `k` is a parameter between `(k - 1) / 2` pairs
/// of braces, an even `k` the name between `k / 2` pairs; braces beyond `k` are text.
#[must_use]
pub fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (text, from_brace) = rest.split_at(start);
        let (open, behind) = run(from_brace, |c| c == '{');
        let (name, behind_name) = run(behind, is_of_name);
        let (close, behind_close) = run(behind_name, |c| c == '}');
        pieces.push(Piece::Text(text));
        if close.is_empty() || !is_name(name) {
            pieces.push(Piece::Text(open));
            rest = behind;
        } else {
            pieces.extend(between_braces(open, name, close));
            rest = behind_close;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

/// The longest start of a text whose characters are all of a kind, and what follows it.
fn run(text: &str, is_of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_kind(c)).unwrap_or(text.len()))
}

fn between_braces<'a>(open: &'a str, name: &'a str, close: &'a str) -> [Piece<'a>; 3] {
    let pairs = open.len().min(close.len());
    let dropped = pairs.div_ceil(2);
    let kept = |braces: &'a str| braces.split_at(braces.len() - dropped).0;
    let middle = if pairs % 2 == 1 { Piece::Parameter(name) } else { Piece::Text(name) };
    [Piece::Text(kept(open)), middle, Piece::Text(kept(close))]
}
