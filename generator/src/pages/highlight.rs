//! Source text → HTML with a class per kind of token. The text comes from authors: whatever it is, nothing comes out
//! but that text, escaped, in spans of ours.

mod classes;
mod grammar;
mod languages;
mod line;
mod painter;
mod parser;
mod search;
mod spans;

use std::sync::LazyLock;

use syntect::parsing::SyntaxReference;

use self::grammar::Grammars;
use self::parser::Parser;

pub(super) use self::spans::is_text;

/// The largest text that is highlighted, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// The longest line that is highlighted, in bytes; longer ones stay plain. The grammars' patterns backtrack: what the
/// worst line costs grows with the square of its length and more, so that a larger figure lets one text stall a build.
pub const MAX_LINE_BYTES: usize = 250;
/// What may be spent on a text, in steps of some nanoseconds: rules that are tried, and bytes that are searched. What
/// comes after stays plain.
const MAX_EFFORT: usize = 16 << 20;

static SHARED: LazyLock<Highlighter> = LazyLock::new(|| Highlighter { grammars: Grammars::new() });

/// The grammars, and what their scopes look like.
#[derive(Debug)]
pub struct Highlighter {
    grammars: Grammars,
}

/// A language that can be highlighted.
#[derive(Debug, Clone, Copy)]
pub struct Language<'a>(&'a SyntaxReference);

impl Language<'_> {
    /// Its name, which several spellings share.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl Highlighter {
    /// The one highlighter of the process. Grammars are unpacked, and their patterns compiled, when they are first
    /// needed.
    #[must_use]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// The language that an author's word after a fence names: `py`, `Rust,ignore`.
    #[must_use]
    pub fn language(&self, word: &str) -> Option<Language<'_>> {
        let word = word.split([',', '{', ':']).next()?.to_ascii_lowercase();
        self.grammars.syntaxes.find_syntax_by_name(languages::syntax(&word)?).map(Language)
    }

    /// The text as HTML for a `<pre>`: escaped, in `<span class="…">` of the classes that the style sheet knows, none
    /// of which goes on over the end of a line. Nothing for a language that is not known and a text of more than
    /// [`MAX_TEXT_BYTES`].
    #[must_use]
    pub fn html(&self, language: &str, text: &str) -> Option<String> {
        self.highlight(self.language(language)?, text)
    }

    /// As [`Highlighter::html`] does, in a language that is known.
    #[must_use]
    pub fn highlight(&self, language: Language<'_>, text: &str) -> Option<String> {
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let start = self.grammars.start(language.0)?;
        let mut parser = Parser::new(&self.grammars, start, MAX_EFFORT, text.len() * 2);
        for line in text.split_inclusive('\n') {
            if line.len() > MAX_LINE_BYTES {
                parser.plain(line);
            } else {
                parser.line(line)?;
            }
        }
        Some(parser.into_html())
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
