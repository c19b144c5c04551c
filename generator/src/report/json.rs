//! Findings for machines.

use super::Finding;

/// One JSON array, in the order of the places. Each finding is an object:
///
/// | key | value |
/// |---|---|
/// | `path` | relative to the repository, `/`-separated |
/// | `line`, `column` | the first character, both from 1, the column in characters without a byte order mark |
/// | `end_line`, `end_column` | the character after the last; equal to the first where the finding marks a place |
/// | `code` | the rule, as in `GH0301` |
/// | `severity` | `error` or `warning` |
/// | `message` | what is wrong |
/// | `help` | how to mend it; absent where there is nothing to say |
/// | `fix` | `title` and `changes`; absent where no machine can mend it |
///
/// A change has a `kind`: `replace` writes `text` in place of the span given by the same four keys as above,
/// `make-executable` and `remove-folder` do so to `path`.
///
/// # Errors
/// Never in practice: every value has a JSON form.
pub fn render(findings: &[Finding<'_>]) -> Result<String, serde_json::Error> {
    let findings: Vec<_> = findings.iter().map(|found| found.diagnostic).collect();
    serde_json::to_string_pretty(&findings)
}
