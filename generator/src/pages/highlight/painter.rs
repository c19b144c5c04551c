//! Scopes that come and go → spans. Only the effect of a scope is kept, and what text in it looks like.

use syntect::parsing::ClearAmount;

use super::classes::{Class, Effect};
use super::spans::Spans;

/// Writes a text, each part of it as the scopes around it say.
#[derive(Debug)]
pub(super) struct Painter<'t> {
    line: &'t str,
    /// How many bytes of the line are written.
    written: usize,
    scopes: Vec<(Effect, Option<Class>)>,
    cleared: Vec<Vec<Effect>>,
    spans: Spans,
}

impl<'t> Painter<'t> {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            line: "",
            written: 0,
            scopes: Vec::new(),
            cleared: Vec::new(),
            spans: Spans::with_capacity(bytes),
        }
    }

    /// Goes on with a line. Places are counted from its beginning.
    pub(super) fn begin(&mut self, line: &'t str) {
        (self.line, self.written) = (line, 0);
    }

    /// Writes the rest of the line.
    pub(super) fn end(&mut self) {
        self.write_to(self.line.len());
    }

    /// Writes the rest of the line, whatever the scopes say.
    pub(super) fn end_plain(&mut self) {
        self.spans.text(self.line.get(self.written..).unwrap_or_default(), None);
        self.written = self.line.len();
    }

    fn write_to(&mut self, at: usize) {
        if let Some(token) = self.line.get(self.written..at.min(self.line.len())) {
            self.spans.text(token, self.class());
            self.written += token.len();
        }
    }

    fn class(&self) -> Option<Class> {
        self.scopes.last().and_then(|(_, class)| *class)
    }

    pub(super) fn push(&mut self, at: usize, effects: &[Effect]) {
        if !effects.is_empty() {
            self.write_to(at);
            self.extend(effects);
        }
    }

    fn extend(&mut self, effects: &[Effect]) {
        for effect in effects {
            let around = self.class();
            let class = match effect {
                // A key is a key, quoted or not.
                Some(Some(Class::String)) if around == Some(Class::Attribute) => around,
                Some(class) => *class,
                None => around,
            };
            self.scopes.push((*effect, class));
        }
    }

    pub(super) fn pop(&mut self, at: usize, count: usize) {
        if count > 0 {
            self.write_to(at);
            self.scopes.truncate(self.scopes.len().saturating_sub(count));
        }
    }

    /// Takes scopes away until they are restored.
    pub(super) fn clear(&mut self, at: usize, amount: ClearAmount) {
        self.write_to(at);
        let kept = match amount {
            ClearAmount::TopN(count) => self.scopes.len().saturating_sub(count),
            ClearAmount::All => 0,
        };
        self.cleared.push(self.scopes.drain(kept..).map(|(effect, _)| effect).collect());
    }

    /// Nothing where no scopes were taken away.
    pub(super) fn restore(&mut self, at: usize) -> Option<()> {
        self.write_to(at);
        let effects = self.cleared.pop()?;
        self.extend(&effects);
        Some(())
    }

    pub(super) fn into_html(self) -> String {
        self.spans.into_html()
    }
}
