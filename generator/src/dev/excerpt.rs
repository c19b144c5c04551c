//! What the page of findings shows of an author's file.

use registry_core::diagnostic::{Diagnostic, Lines, Position, Span};
use serde::Serialize;

/// Most characters of a line before a mark, of the mark itself, and behind it.
const MOST_BESIDE: usize = 120;

/// A line of an author's file, cut where a finding starts and ends.
#[derive(Serialize)]
pub(super) struct SourceLine {
    before: String,
    marked: String,
    after: String,
}

/// The line on which a finding starts; one that goes on below is marked to the end of that line. Of a long line only
/// what is near the mark stands here.
pub(super) fn source_line(found: &Diagnostic, lines: &Lines<'_>) -> Option<SourceLine> {
    let Span { start, end } = found.span;
    let line = lines.line(start.line);
    let line_start = lines.offset(Position { column: 1, ..start })?;
    let within = |place| Some(lines.offset(place)?.saturating_sub(line_start).min(line.len()));
    let start = within(start)?;
    let end = within(end)?.max(start);
    Some(SourceLine {
        before: ending(line.get(..start)?),
        marked: beginning(line.get(start..end)?),
        after: beginning(line.get(end..)?),
    })
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(MOST_BESIDE).and_then(|(at, _)| text.get(..at)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}

fn ending(text: &str) -> String {
    match text.char_indices().rev().nth(MOST_BESIDE - 1).filter(|(at, _)| *at > 0) {
        Some((at, _)) => format!("…{}", text.get(at..).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::Rule;

    use super::*;

    fn marked(text: &str, from: (usize, usize), to: (usize, usize)) -> String {
        let span = Span { start: Position::new(from.0, from.1), end: Position::new(to.0, to.1) };
        let line =
            source_line(&Diagnostic::new(Rule::InvalidYaml, "x", span, ""), &Lines::new(text)).unwrap();
        format!("{}[{}]{}", line.before, line.marked, line.after)
    }

    #[test]
    fn a_finding_is_marked_in_its_first_line() {
        assert_eq!(marked("ab\ncdef\r\ng", (2, 2), (2, 4)), "c[de]f");
        assert_eq!(marked("ab\ncdef\r\ng", (2, 2), (3, 2)), "c[def]");
        assert_eq!(marked("ab", (1, 9), (1, 9)), "ab[]");
        assert_eq!(marked("", (1, 1), (1, 1)), "[]");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}bad{}", "é".repeat(500), "x".repeat(500));
        let expected = format!("…{}[bad]{}…", "é".repeat(MOST_BESIDE), "x".repeat(MOST_BESIDE));
        assert_eq!(marked(&text, (1, 501), (1, 504)), expected);
        assert_eq!(
            marked(&text, (1, 1), (1, 504)).chars().filter(|letter| *letter == 'é').count(),
            MOST_BESIDE
        );
        let fits = "x".repeat(MOST_BESIDE);
        assert_eq!(marked(&format!("{fits}b"), (1, 121), (1, 122)), format!("{fits}[b]"));
    }
}
