//! Findings as text: for people, for machines, for GitHub and for code scanning. Nothing is printed here.

mod baseline;
pub mod github;
pub mod human;
pub mod json;
mod printable;
pub mod sarif;

pub use baseline::{Baseline, BaselineError, Silenced};
pub use printable::{inert, inert_lines, printable, without_commands};

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use registry_core::diagnostic::{Diagnostic, Lines};
use registry_core::digest::Digest;

use crate::library::Outcome;

/// A finding with what is needed to show it and to know it again.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The finding.
    pub diagnostic: &'a Diagnostic,
    /// The text of its file, in lines and without a byte order mark; `None` for a folder or a file that is no manifest.
    pub text: Option<Rc<Lines<'a>>>,
    /// What it is known by when lines are inserted above it: a digest of rule, path, message and the text of its line.
    pub fingerprint: Digest,
}

/// Every finding of `outcome`, in its order.
#[must_use]
pub fn findings<'a>(outcome: &'a Outcome) -> Vec<Finding<'a>> {
    let mut seen = BTreeMap::new();
    let text =
        |(path, text): (&'a String, &'a String)| (path.as_str(), Rc::new(Lines::new(without_mark(text))));
    let texts: BTreeMap<_, _> = outcome.texts.iter().map(text).collect();
    outcome
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let text = texts.get(diagnostic.path.as_str()).cloned();
            let line = text.as_ref().map_or("", |text| text.line(diagnostic.span.start.line).trim());
            let repeats: &mut u32 =
                seen.entry((diagnostic.rule, &diagnostic.path, &diagnostic.message, line)).or_default();
            let fingerprint = fingerprint(diagnostic, line, *repeats);
            *repeats += 1;
            Finding { diagnostic, text, fingerprint }
        })
        .collect()
}

/// `repeats` findings of the same rule, path, message and line stand before it.
fn fingerprint(found: &Diagnostic, line: &str, repeats: u32) -> Digest {
    let Diagnostic { rule, path, message, .. } = found;
    Digest::of([rule.code(), path, message, line, &repeats.to_string()].join("\0").as_bytes())
}

/// A text as the places of findings count it.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// `3 errors`, `1 error`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// How a check ended, in one line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sound skills.
    pub sound: usize,
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Findings that a machine can mend.
    pub fixable: usize,
    /// Warnings that a baseline left out.
    pub silenced: usize,
}

impl Summary {
    /// The summary of `findings` in a library of `sound` skills.
    #[must_use]
    pub fn of(sound: usize, findings: &[Finding<'_>]) -> Self {
        let errors = findings.iter().filter(|found| found.diagnostic.is_error()).count();
        let fixable = findings.iter().filter(|found| found.diagnostic.fix.is_some()).count();
        Self { sound, errors, warnings: findings.len() - errors, fixable, silenced: 0 }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sound, errors, warnings, fixable, silenced } = *self;
        write!(f, "{} sound, {}, ", count(sound, "skill"), count(errors, "error"))?;
        f.write_str(&count(warnings, "warning"))?;
        if silenced > 0 {
            write!(f, ", {} in the baseline", count(silenced, "warning"))?;
        }
        if fixable > 0 {
            write!(f, ", {fixable} can be mended by `guildhall fix`")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
