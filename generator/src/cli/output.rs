//! The one place that prints. `anstream` drops colour where the stream is no terminal.

use std::error::Error;
use std::io::Write as _;

use annotate_snippets::Renderer;
use anstyle::{AnsiColor, Style};
use registry_core::diagnostic::causes;

pub(super) use crate::report::count;
use crate::report::{Finding, human};

const RED: Style = AnsiColor::Red.on_default().bold();

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

/// Findings as people read them.
pub(super) fn findings(findings: &[Finding<'_>]) {
    let text = human::render(findings, &Renderer::styled());
    let _ = write!(anstream::stdout(), "{text}");
}
