//! What the checker tells an author: a stable code, where, what is wrong and how to mend it.

mod fix;
mod place;
mod rule;

pub use fix::{Change, Fix, apply};
pub use place::{Lines, Position, Span};
pub use rule::{Rule, Severity};

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The causes of a failure, a line each, as a program prints them once behind the failure itself.
#[must_use]
pub fn causes(failure: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!("\n  caused by: {inner}"));
        cause = inner.source();
    }
    text
}

/// The text of a file.
///
/// # Errors
/// One finding, at the first character that is not UTF-8.
pub fn utf8<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let place = Lines::new(&String::from_utf8_lossy(before)).position(before.len());
        let found = Diagnostic::new(Rule::Unreadable, path, place, "the file is not UTF-8");
        Box::new(found.with_help("save it as UTF-8"))
    })
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Path relative to the repository, `/`-separated.
    pub path: String,
    /// Where in the file.
    #[serde(flatten)]
    pub span: Span,
    /// The rule that was broken.
    #[serde(rename = "code")]
    pub rule: Rule,
    /// How bad it is: that of the rule.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub message: String,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A change that mends it, where a machine can make it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding of `rule` at `span` of `path`.
    #[must_use]
    pub fn new(rule: Rule, path: &str, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            span: span.into(),
            rule,
            severity: rule.severity(),
            message: message.into(),
            help: None,
            fix: None,
        }
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same finding with a change that mends it.
    #[must_use]
    pub fn with_fix(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }

    /// Whether it forbids building.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rule, severity, message, .. } = self;
        let Position { line, column } = self.span.start;
        write!(f, "{path}:{line}:{column}: {severity}[{}]: {message}", rule.code())?;
        self.help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
    }
}
