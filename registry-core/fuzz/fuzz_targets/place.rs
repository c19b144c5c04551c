//! Where a finding may point.

use registry_core::diagnostic::{Diagnostic, Position, Span};

/// Holds that a finding has a code and points into the file of this text.
pub fn assert_points_into(text: &str, finding: &Diagnostic) {
    let digits = finding.rule.code().strip_prefix("GH").unwrap_or_default();
    assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()), "no code: {finding}");
    assert_inside(text, finding.span);
}

/// Holds that a span lies in the file and does not end before it starts.
pub fn assert_inside(text: &str, span: Span) {
    assert!(is_inside(text, span.start) && is_inside(text, span.end), "outside of the file: {span:?}");
    assert!(span.start <= span.end, "ends before it starts: {span:?}");
}

/// Whether a place is on a line of the text or on the one after the last, and there on a character or right behind
/// the last.
fn is_inside(text: &str, Position { line, column }: Position) -> bool {
    let lines: Vec<&str> = text.lines().chain([""]).collect();
    let found = (line as usize).checked_sub(1).and_then(|index| lines.get(index));
    found.is_some_and(|line| (1..=line.chars().count() + 1).contains(&(column as usize)))
}
