//! What the commands about single skills share.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;
use registry_core::diagnostic::Diagnostic;
use registry_core::organisation::CONFIG_PATH;
use serde::Serialize;

use super::{Failure, now};
use crate::library::{self, Checked};
use crate::report::printable;
use crate::source::Origin;

/// Which skills, and how they are printed.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    /// Read the commit that HEAD names instead of the working tree.
    #[arg(long)]
    head: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// JSON, for machines.
    Json,
}

impl View {
    pub(super) fn read(&self, repository: &Path) -> Result<Checked, Failure> {
        let origin = if self.head { Origin::Head } else { Origin::Worktree };
        Ok(library::read(repository, origin, now()?)?)
    }
}

/// How many findings there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub errors: usize,
    pub warnings: usize,
}

impl Count {
    pub(super) fn of(findings: &[&Diagnostic]) -> Self {
        let errors = findings.iter().filter(|found| found.is_error()).count();
        Self { errors, warnings: findings.len() - errors }
    }
}

/// The findings by the skill whose file they are in; by path where that is no skill's, as for one without a team.
/// Those of the configuration are left out.
pub(super) fn findings_by_skill(findings: &[Diagnostic]) -> BTreeMap<String, Vec<&Diagnostic>> {
    let mut by_skill: BTreeMap<String, Vec<&Diagnostic>> = BTreeMap::new();
    for found in findings.iter().filter(|found| found.path != CONFIG_PATH) {
        by_skill.entry(slug_of(&found.path)).or_default().push(found);
    }
    by_skill
}

/// `team/name` of a path below a skill folder.
fn slug_of(path: &str) -> String {
    let inner = path.strip_prefix(".claude/").unwrap_or(path).strip_prefix("skills/").unwrap_or(path);
    match inner.split('/').collect::<Vec<_>>().as_slice() {
        [team, file] => format!("{team}/{}", file.strip_suffix(".md").unwrap_or(file)),
        [team, name, ..] => format!("{team}/{name}"),
        _ => path.to_owned(),
    }
}

/// Text of an author in one line, without what a terminal could take for commands.
pub(super) fn one_line(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_skills() {
        for path in ["skills/t/a.md", "skills/t/a", "skills/t/a/SKILL.md", ".claude/skills/t/a/scripts/x.md"]
        {
            assert_eq!(slug_of(path), "t/a", "{path}");
        }
        assert_eq!(slug_of("skills/a.md"), "skills/a.md");
    }

    #[test]
    fn a_terminal_takes_no_commands_from_authors() {
        assert_eq!(one_line(" a\n b\u{1b}[31mc "), r"a b\u{1b}[31mc");
    }
}
