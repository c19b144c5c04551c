//! Paths that could not be read: what follows from that alone is no finding of its own.

use std::collections::BTreeSet;

use registry_core::check::Library;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::id::{SkillId, TeamName};

use crate::source::inner;

/// Paths relative to the repository that have a finding of their own, whatever lies there.
#[derive(Debug)]
pub(super) struct Unread(BTreeSet<String>);

impl Unread {
    pub(super) fn of(found: &[Diagnostic]) -> Self {
        let unread = found.iter().filter(|found| found.rule == Rule::Unreadable);
        Self(unread.map(|found| found.path.clone()).collect())
    }

    /// Adds the places of skills that were refused as a whole.
    pub(super) fn add(&mut self, found: &[Diagnostic]) {
        self.0.extend(found.iter().filter(|found| found.is_error()).map(|found| found.path.clone()));
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    /// Whether a finding only says that a file is absent which is there and could not be read.
    pub(super) fn explains(&self, found: &Diagnostic) -> bool {
        match found.rule {
            Rule::NoManifest => {
                ["SKILL.md", "skill.md"].iter().any(|name| self.holds(&format!("{}/{name}", found.path)))
            }
            Rule::MissingFile | Rule::InvalidExecution => {
                let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let inside = self.0.iter().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
                inside
                    .into_iter()
                    .any(|path| ["`", "/"].iter().any(|end| found.message.contains(&format!("`{path}{end}"))))
            }
            _ => false,
        }
    }

    /// The skills that others need, of which nothing is known since their files could not be read.
    pub(super) fn needed(&self, library: &Library) -> BTreeSet<SkillId> {
        if self.0.is_empty() {
            return BTreeSet::new();
        }
        let shared: Option<TeamName> = "shared".parse().ok();
        let manifests = library.values().map(|skill| &skill.manifest);
        let needed = manifests.flat_map(|manifest| {
            let full = manifest.depends_on.iter().map(|needed| needed.spec.skill.clone());
            let teams = [Some(&manifest.id.team), shared.as_ref()].into_iter().flatten();
            let bare = teams.flat_map(|team| {
                let id = |name| SkillId { team: team.clone(), name };
                manifest.unlinked.iter().map(move |needed| id(needed.name.clone()))
            });
            full.chain(bare).collect::<Vec<_>>()
        });
        needed.filter(|id| self.0.iter().any(|path| touches(path, id))).collect()
    }

    /// Whether there may be skills of which nothing is known.
    pub(super) fn hides_skills(&self, library: &Library) -> bool {
        let is_around = |path: &str| matches!(path, "skills" | ".claude" | ".claude/skills");
        let is_of_sound = |path: &str| library.keys().any(|id| is_within(path, id));
        self.0.iter().any(|path| is_around(path) || inner(path).is_some() && !is_of_sound(path))
    }
}

/// Whether a path lies within the folder of a skill.
fn is_within(path: &str, id: &SkillId) -> bool {
    let mut parts = inner(path).unwrap_or_default().splitn(3, '/');
    parts.next() == Some(id.team.as_str()) && parts.next() == Some(id.name.as_str()) && parts.next().is_some()
}

/// Whether a path is that of a skill, or lies within it or around it.
fn touches(path: &str, id: &SkillId) -> bool {
    let Some(inner) = inner(path) else { return matches!(path, "skills" | ".claude" | ".claude/skills") };
    let mut parts = inner.split('/');
    let team = parts.next() == Some(id.team.as_str());
    team && parts.next().is_none_or(|name| name.strip_suffix(".md").unwrap_or(name) == id.name.as_str())
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::Span;
    use registry_core::digest::FileMode;
    use registry_core::manifest::SourceFile;

    use super::*;
    use crate::library;
    use crate::source::Snapshot;

    fn codes(unread: &str) -> Vec<&'static str> {
        let text = "---\nname: support/a\nversion: 1.0.0\ndescription: Does a. Use it for a.\ntags: []\n\
            access_level: team\ndependencies: {formatter: 1.x}\n---\nDo it.\n";
        let file = SourceFile { mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
        let files = [("skills/support/a/SKILL.md".to_owned(), file)].into();
        let found = Diagnostic::new(Rule::Unreadable, unread, Span::START, "x");
        let snapshot = Snapshot { commit: None, files, config: None, diagnostics: vec![found] };
        library::check(snapshot).outcome.diagnostics.iter().map(|found| found.rule.code()).collect()
    }

    #[test]
    fn what_could_not_be_read_may_provide_a_name() {
        for unread in ["skills/support/b/SKILL.md", "skills/support/b.md", "skills/finance", ".claude/skills"]
        {
            assert_eq!(codes(unread), ["GH0001"], "{unread}");
        }
        for unread in ["guildhall.yaml", ".gitignore", "skills/support/a/image.png"] {
            assert_eq!(codes(unread).iter().filter(|code| **code == "GH0402").count(), 1, "{unread}");
        }
    }
}
