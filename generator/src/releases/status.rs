//! The overlay: what has become of releases since.

use std::collections::BTreeMap;

use registry_core::Version;
use registry_core::check::{Library, Past, Skill};
use registry_core::diagnostic::{Diagnostic, Rule, Span};
use registry_core::id::SkillId;
use registry_core::manifest::SourceFile;
use registry_core::status::{Date, Overlay, Status, skill_of};

use super::Kept;

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
    pub fn apply(
        &self,
        library: &mut Library,
        past: &mut Past,
        kept: &mut Kept,
        as_of: u64,
    ) -> Vec<Diagnostic> {
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
            let mut versions = Vec::new();
            for (version, status) in releases(head, past, kept) {
                *status = overlay.status(version, Date::of(as_of));
                versions.push(version);
            }
            for requirement in overlay.idle(versions.iter().copied()) {
                idle(
                    format!("no release of `{id}` matches `{requirement}`"),
                    "name versions that are released",
                );
            }
        }
        library.values_mut().for_each(|head| deprecate(head, past, kept));
        findings
    }
}

/// The status of every release of a skill, by version.
fn releases<'a>(
    head: &'a mut Skill,
    past: &'a mut Past,
    kept: &'a mut Kept,
) -> impl Iterator<Item = (&'a Version, &'a mut Option<Status>)> {
    let id = &head.manifest.id;
    let kept = kept.get_mut(id).into_iter().flatten().map(|(version, record)| (version, &mut record.status));
    let former = past.releases.get_mut(id).into_iter().flat_map(BTreeMap::values_mut);
    let read = former.chain([head]).map(|skill| (&skill.manifest.version, &mut skill.status));
    kept.chain(read)
}

/// What the head's frontmatter says of its own major holds for every release of it, where no file says otherwise.
fn deprecate(head: &mut Skill, past: &mut Past, kept: &mut Kept) {
    let Some(deprecated) = head.manifest.deprecated.as_ref().map(Status::from) else { return };
    let major = head.manifest.version.major;
    for (_, status) in releases(head, past, kept).filter(|(version, _)| version.major == major) {
        status.get_or_insert_with(|| deprecated.clone());
    }
}

#[cfg(test)]
mod tests {
    use registry_core::digest::Digest;
    use registry_core::manifest::SourceFile;
    use registry_core::status::State;

    use super::*;
    use crate::releases::made;

    #[test]
    fn a_release_that_is_not_read_any_more_has_a_status_too() {
        let version: Version = "1.0.0".parse().unwrap();
        let head = made::skill(&"2.0.0".parse().unwrap(), Digest::of(b"2"));
        let id = head.manifest.id.clone();
        let record = made::release(Digest::of(b"1"), None);
        let mut kept = Kept::from([(id.clone(), BTreeMap::from([(version.clone(), record)]))]);
        let text = "- {versions: 1.x, state: withdrawn, since: 2020-01-01, reason: wrong}\n";
        let file = SourceFile { mode: registry_core::digest::FileMode::Plain, bytes: text.into() };
        let (statuses, found) =
            Statuses::read(&BTreeMap::from([(format!("skills/_status/{id}.yaml"), file)]));
        assert_eq!(found, []);
        let mut library = Library::from([(id.clone(), head)]);
        assert_eq!(statuses.apply(&mut library, &mut Past::default(), &mut kept, u64::MAX), []);
        let state = |status: &Option<Status>| status.as_ref().map(|status| status.state);
        assert_eq!(state(&kept[&id][&version].status), Some(State::Withdrawn));
        assert_eq!(state(&library[&id].status), None);
    }
}
