//! Findings as GitHub Actions shows them: workflow commands that annotate the changed lines.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use registry_core::diagnostic::{Diagnostic, Severity};

use super::{Finding, count, inert, printable};

/// GitHub shows at most ten annotations of a kind for each step and drops the rest without a word.
const MOST: usize = 10;

/// Lines for the log of a step: annotations for the first errors and warnings, a line of text for every other
/// finding, and a notice when there are such.
#[must_use]
pub fn render(findings: &[Finding<'_>]) -> String {
    let (mut errors, mut warnings) = (0, 0);
    let mut text = String::new();
    for Finding { diagnostic, .. } in findings {
        let number = match diagnostic.severity {
            Severity::Error => &mut errors,
            Severity::Warning => &mut warnings,
        };
        *number += 1;
        text.push_str(&if *number <= MOST { annotation(diagnostic) } else { plain(diagnostic) });
        text.push('\n');
    }
    let hidden = [(errors, "error"), (warnings, "warning")].map(|(all, kind)| (all.max(MOST) - MOST, kind));
    let hidden: Vec<String> =
        hidden.iter().filter(|(number, _)| *number > 0).map(|(number, kind)| count(*number, kind)).collect();
    if !hidden.is_empty() {
        let hidden = hidden.join(" and ");
        text.push_str(&format!(
            "::notice::{hidden} more in the log of this step; `guildhall check` shows all\n"
        ));
    }
    text
}

fn annotation(found: &Diagnostic) -> String {
    let Diagnostic { path, span, rule, severity, message, help, .. } = found;
    let mut properties =
        format!("file={},line={},endLine={}", property(&printable(path)), span.start.line, span.end.line);
    // GitHub takes columns only for a finding within one line.
    if span.start.line == span.end.line {
        properties.push_str(&format!(",col={},endColumn={}", span.start.column, span.end.column));
    }
    let title = property(&format!("{} {}", rule.code(), rule.name()));
    let help = help.iter().map(|help| format!("\nhelp: {}", printable(help))).collect::<String>();
    format!("::{severity} {properties},title={title}::{}", data(&format!("{}{help}", printable(message))))
}

fn plain(found: &Diagnostic) -> String {
    let Diagnostic { path, span, rule, severity, message, .. } = found;
    let (line, column) = (span.start.line, span.start.column);
    inert(&format!("{path}:{line}:{column}: {severity}[{}]: {message}", rule.code()))
}

/// The text of a command. `%` first, or the escapes would be escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests;
