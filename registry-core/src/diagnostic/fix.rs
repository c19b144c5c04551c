//! Changes that a machine can make to mend a finding.

use serde::{Deserialize, Serialize};

use super::{Lines, Span};

/// Changes that mend a finding together; the result needs no second look by its author to be sound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// The changes.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// Write `text` in place of `span` of the finding's file.
    Replace {
        /// What goes; empty where text is only inserted.
        #[serde(flatten)]
        span: Span,
        /// What comes.
        text: String,
    },
    /// Set the executable bit of the file at `path`, relative to the repository.
    MakeExecutable {
        /// The file.
        path: String,
    },
    /// Remove the empty folder at `path`, relative to the repository.
    RemoveFolder {
        /// The folder.
        path: String,
    },
}

impl Fix {
    /// Writes `text` in place of `span`.
    #[must_use]
    pub fn replace(title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self { title: title.into(), changes: vec![Change::Replace { span, text: text.into() }] }
    }
}

/// Makes the replacements of `fixes` in `text` and tells for each fix whether it was made. A fix that overlaps one
/// made before it is left for another run. New lines end as the first line of `text` does.
#[must_use]
pub fn apply(text: &str, fixes: &[&Fix]) -> (String, Vec<bool>) {
    let lines = Lines::new(text);
    let mut made: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
    let mut done = Vec::with_capacity(fixes.len());
    for fix in fixes {
        let edits = edits(&lines, fix);
        let fits = edits.as_ref().is_some_and(|edits| {
            edits.iter().all(|(range, _)| made.iter().all(|(other, _)| !overlaps(range, other)))
        });
        if fits {
            made.extend(edits.into_iter().flatten());
        }
        done.push(fits);
    }
    made.sort_by_key(|(range, _)| (range.start, range.end));
    let carriage_returns = text.split('\n').next().is_some_and(|line| line.ends_with('\r'));
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for (range, replacement) in made {
        result.push_str(text.get(end..range.start).unwrap_or_default());
        result.push_str(&if carriage_returns {
            replacement.replace('\n', "\r\n")
        } else {
            replacement.to_owned()
        });
        end = range.end;
    }
    result.push_str(text.get(end..).unwrap_or_default());
    (result, done)
}

fn edits<'a>(lines: &Lines<'_>, fix: &'a Fix) -> Option<Vec<(std::ops::Range<usize>, &'a str)>> {
    let mut edits = Vec::new();
    for change in &fix.changes {
        if let Change::Replace { span, text: replacement } = change {
            edits.push((lines.range(*span)?, replacement.as_str()));
        }
    }
    Some(edits)
}

/// Two insertions at one place do not overlap: they follow each other.
fn overlaps(a: &std::ops::Range<usize>, b: &std::ops::Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::super::Position;
    use super::*;

    fn fix(line: usize, from: usize, to: usize, text: &str) -> Fix {
        let span = Span { start: Position::new(line, from), end: Position::new(line, to) };
        Fix::replace("x", span, text)
    }

    #[test]
    fn fixes_that_do_not_overlap_are_all_made() {
        let (a, b, c) = (fix(2, 1, 3, "XY"), fix(1, 4, 4, "!"), fix(2, 2, 4, "-"));
        let (text, done) = apply("abc\ndéf\n", &[&a, &b, &c]);
        assert_eq!(text, "abc!\nXYf\n");
        assert_eq!(done, [true, true, false]);
    }

    #[test]
    fn line_ends_are_kept() {
        assert_eq!(apply("a\r\nb", &[&fix(2, 1, 1, "x\n")]).0, "a\r\nx\r\nb");
    }

    #[test]
    fn a_place_that_is_not_there_changes_nothing() {
        let (text, done) = apply("abc", &[&fix(9, 1, 2, "x")]);
        assert_eq!((text.as_str(), done.as_slice()), ("abc", [false].as_slice()));
    }
}
