//! The overlay: what has become of releases since.

use std::collections::BTreeMap;

use registry_core::check::{Library, Past, Skill};
use registry_core::diagnostic::{Diagnostic, Rule, Span};
use registry_core::id::SkillId;
use registry_core::manifest::SourceFile;
use registry_core::status::{Date, Overlay, Status, skill_of};

/// The overlay of every skill, by its file.
#[derive(Debug, Default)]
pub struct Statuses(BTreeMap<String, (SkillId, Overlay)>);

impl Statuses {
    /// Reads the overlay among the files of a repository.
    #[must_use]
    pub fn read(files: &BTreeMap<String, SourceFile>) -> (Self, Vec<Diagnostic>) {
        let mut statuses = Self::default();
        let mut findings = Vec::new();
        for (path, file) in files {
            let Some(skill) = skill_of(path) else { continue };
            match Self::overlay(path, skill.ok(), &file.bytes) {
                Ok(read) => drop(statuses.0.insert(path.clone(), read)),
                Err(found) => findings.push(*found),
            }
        }
        (statuses, findings)
    }

    fn overlay(
        path: &str,
        skill: Option<SkillId>,
        bytes: &[u8],
    ) -> Result<(SkillId, Overlay), Box<Diagnostic>> {
        let wrong = |message: &str, help: &str| {
            Box::new(Diagnostic::new(Rule::InvalidStatus, path, Span::START, message).with_help(help))
        };
        let skill = skill.filter(|_| path.ends_with(".yaml")).ok_or_else(|| {
            wrong("this file belongs to no skill", "name it `skills/_status/{team}/{name}.yaml`")
        })?;
        let text =
            std::str::from_utf8(bytes).map_err(|_| wrong("the file is not UTF-8", "save it as UTF-8"))?;
        Ok((skill, Overlay::parse(path, text)?))
    }

    /// Gives every release its status at a time, and reports what covers none.
    pub fn apply(&self, library: &mut Library, past: &mut Past, as_of: u64) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        for (path, (id, overlay)) in &self.0 {
            let mut idle = |message: String, help: &str| {
                let found = Diagnostic::new(Rule::IdleStatus, path, Span::START, message);
                findings.push(found.with_help(help));
            };
            let Some(head) = library.get_mut(id) else {
                idle(format!("there is no skill `{id}`"), "rename the file after the skill, or remove it");
                continue;
            };
            let former = past.releases.get_mut(id).into_iter().flat_map(BTreeMap::values_mut);
            let mut versions = Vec::new();
            for skill in former.chain([head]) {
                skill.status = overlay.status(&skill.manifest.version, Date::of(as_of));
                versions.push(skill.manifest.version.clone());
            }
            for requirement in overlay.idle(versions.iter()) {
                idle(
                    format!("no release of `{id}` matches `{requirement}`"),
                    "name versions that are released",
                );
            }
        }
        library.values_mut().for_each(|head| deprecate(head, past));
        findings
    }
}

/// What the head's frontmatter says of its own major holds for every release of it, where no file says otherwise.
fn deprecate(head: &mut Skill, past: &mut Past) {
    let Some(status) = head.manifest.deprecated.as_ref().map(Status::from) else { return };
    let major = head.manifest.version.major;
    let former = past.releases.get_mut(&head.manifest.id).into_iter().flat_map(BTreeMap::values_mut);
    for release in former.chain([head]).filter(|release| release.manifest.version.major == major) {
        release.status.get_or_insert_with(|| status.clone());
    }
}
