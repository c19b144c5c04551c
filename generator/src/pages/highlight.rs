//! Source text → HTML with a class per kind of token. The text comes from authors: whatever it is, nothing comes out
//! but that text, escaped, in spans of ours.

mod classes;
mod languages;
mod spans;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use syntect::parsing::{ParseState, SyntaxReference, SyntaxSet};

use self::classes::{Classes, Colour};
use self::spans::Spans;

pub(super) use self::spans::is_text;

/// The largest text that is highlighted, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// The longest line that is highlighted, in bytes; longer ones stay plain. The grammars' patterns backtrack: what the
/// worst line costs grows with the square of its length and more, so that a larger figure lets one text stall a build.
pub const MAX_LINE_BYTES: usize = 250;
/// How much of a text is highlighted, as the sum of the squares of its lines' lengths; the rest stays plain. It is some
/// thousand lines as people write them, and few of those that are made to be slow.
const MAX_EFFORT: usize = 4 << 20;

static SHARED: LazyLock<Highlighter> =
    LazyLock::new(|| Highlighter { syntaxes: two_face::syntax::extra_newlines(), classes: Classes::new() });

/// The grammars, and what their scopes look like.
#[derive(Debug)]
pub struct Highlighter {
    syntaxes: SyntaxSet,
    classes: Classes,
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
        self.syntaxes.find_syntax_by_name(languages::syntax(&word)?).map(Language)
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
        // The parser compiles patterns out of what it has read, and panics where that is no pattern.
        catch_unwind(AssertUnwindSafe(|| self.lines(language, text))).ok().flatten()
    }

    fn lines(&self, language: Language<'_>, text: &str) -> Option<String> {
        let mut state = ParseState::new(language.0);
        let mut colour = Colour::default();
        let mut spans = Spans::with_capacity(text.len() * 2);
        let mut effort = 0;
        for line in text.split_inclusive('\n') {
            let more = effort + line.len() * line.len();
            if line.len() > MAX_LINE_BYTES || more > MAX_EFFORT {
                spans.text(line, None);
            } else {
                effort = more;
                self.line(line, &mut state, &mut colour, &mut spans)?;
            }
        }
        Some(spans.into_html())
    }

    fn line(&self, line: &str, state: &mut ParseState, colour: &mut Colour, spans: &mut Spans) -> Option<()> {
        // The grammars look for the end of a line, which the last one may lack.
        let padded = format!("{}\n", line.strip_suffix('\n').unwrap_or(line));
        let mut from = 0;
        for (at, change) in state.parse_line(&padded, &self.syntaxes).ok()? {
            if let Some(token) = line.get(from..at.min(line.len())) {
                spans.text(token, colour.class());
                from += token.len();
            }
            colour.apply(&self.classes, &change).ok()?;
        }
        spans.text(line.get(from..)?, colour.class());
        Some(())
    }
}

#[cfg(test)]
mod tests;
