//! The body of a skill, and where each part of it stands in its file.

use std::ops::Range;

use registry_core::diagnostic::{Diagnostic, Lines, Rule};
use registry_core::manifest::{Frontmatter, SkillSource};

/// A skill's file, split into frontmatter and body.
pub(super) struct Text<'a> {
    path: &'a str,
    whole: Lines<'a>,
    pub(super) body: &'a str,
}

impl<'a> Text<'a> {
    /// `None` where the file has no frontmatter block, which is a finding of its own.
    pub(super) fn of(source: &'a SkillSource) -> Option<Self> {
        let (whole, body) = Frontmatter::split(source.manifest())?;
        Some(Self { path: &source.manifest_path, whole: Lines::new(whole), body })
    }

    /// A finding about the bytes `range` of the body.
    pub(super) fn finding(&self, rule: Rule, range: Range<usize>, message: String, help: &str) -> Diagnostic {
        let before = self.whole.text().len() - self.body.len();
        let span = self.whole.span(range.start + before..range.end + before);
        Diagnostic::new(rule, self.path, span, message).with_help(help)
    }
}
