//! The one place that prints. `anstream` drops colour where the stream is no terminal.

use std::error::Error;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use registry_core::diagnostic::{Diagnostic, Severity, causes};

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BOLD: Style = Style::new().bold();

/// A line of the command's result, to standard output. A reader that has gone away is no error.
pub(super) fn line(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A line about the work, to standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A failure and all its causes.
pub(super) fn failure(failure: &dyn Error) {
    note(&format!("{RED}error{RED:#}: {failure}{}", causes(failure)));
}

/// A finding as people read it.
pub(super) fn finding(found: &Diagnostic) -> String {
    let (style, word) = match found.severity {
        Severity::Error => (RED, "error"),
        Severity::Warning => (YELLOW, "warning"),
    };
    let Diagnostic { path, span, rule, message, .. } = found;
    let mut text = format!(
        "{style}{word}[{}]{style:#}: {BOLD}{message}{BOLD:#}\n  --> {path}:{}:{}",
        rule.code(),
        span.start.line,
        span.start.column
    );
    if let Some(help) = &found.help {
        text.push_str(&format!("\n  help: {help}"));
    }
    text
}

/// `3 errors`, `1 error`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
