//! What is wrong with a text, before it is known in which file.

use crate::diagnostic::{Diagnostic, Rule, Span};

/// The hint where nothing better is known.
pub(crate) const AS_YAML: &str = "write each key on a line of its own, as in `name: refund`";
/// The hint of the one fault that a value between quotes mends.
pub(crate) const NEEDS_QUOTES: &str = "put a value that holds `: ` between quotes";

/// Why a text is not YAML that people should write.
#[derive(Debug)]
pub(crate) struct Fault {
    pub rule: Rule,
    pub span: Span,
    pub message: String,
    pub help: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(rule: Rule, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self { rule, span: span.into(), message: message.into(), help: None }
    }

    pub(super) fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// The finding about the file at `path`.
    pub(crate) fn diagnostic(self, path: &str) -> Diagnostic {
        let found = Diagnostic::new(self.rule, path, self.span, self.message);
        found.with_help(self.help.unwrap_or(AS_YAML))
    }
}
