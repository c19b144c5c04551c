//! The one place that prints. `anstream` drops colour where the stream is no terminal.

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};

use annotate_snippets::Renderer;
use anstyle::{AnsiColor, Style};
use registry_core::diagnostic::causes;
use registry_core::digest::Digest;

pub(super) use crate::report::count;
use crate::report::{Finding, human, inert_lines, without_commands};

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
    let text = inert_lines(&format!("{failure}{}", causes(failure)));
    note(&format!("{RED}error{RED:#}: {text}"));
}

/// A change as Git shows it: to a terminal without what that takes for commands, else unchanged, for `git apply`. A
/// runner of GitHub Actions is told to take no commands meanwhile, by a word that the text cannot hold; Git passes
/// over such lines.
pub(super) fn patch(text: &str) {
    if std::io::stdout().is_terminal() {
        return line(&inert_lines(text));
    }
    if !in_actions() {
        return line(text);
    }
    let word = Digest::of(text.as_bytes());
    line(&format!("::stop-commands::{word}\n{text}\n::{word}::"));
}

fn in_actions() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some()
}

/// Findings as people read them.
pub(super) fn findings(findings: &[Finding<'_>]) {
    let text = if in_actions() {
        without_commands(&human::render(findings, &Renderer::plain()))
    } else {
        human::render(findings, &Renderer::styled())
    };
    let _ = write!(anstream::stdout(), "{text}");
}
