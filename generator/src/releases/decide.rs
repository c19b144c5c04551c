//! Which contents of a skill are its releases, and what is wrong with the others.

use std::collections::{BTreeMap, BTreeSet};

use registry_core::Version;
use registry_core::catalog::{Released, SkillRecord};
use registry_core::check::Skill;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::digest::Digest;

use crate::source::history::Place;

/// What a content says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub version: Version,
    pub digest: Digest,
}

/// A tag, and what it points to; nothing where that is no readable skill.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    pub version: Version,
    pub at: Released,
    pub place: Place,
    pub content: Option<Content>,
}

/// All that is known of one skill.
pub(super) struct Evidence<'a> {
    pub head: &'a Skill,
    /// Whether the head is a commit's, and no working tree's.
    pub committed: bool,
    /// What the former catalog lists.
    pub former: Option<&'a SkillRecord>,
    /// The contents of the branch since then, oldest first.
    pub states: Vec<(Content, &'a Released)>,
    pub tags: Vec<Tagged>,
    /// The names of all tags; nothing where the clone may not have them all.
    pub tag_names: Option<&'a BTreeSet<String>>,
}

/// A release: which content, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub digest: Digest,
    pub released: Option<Released>,
}

/// The releases of a skill, and what was found about them. The head is among them under its version.
pub(super) struct Decision {
    pub releases: BTreeMap<Version, Choice>,
    pub findings: Vec<Diagnostic>,
}

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    let mut deciding = Deciding { evidence, releases: BTreeMap::new(), findings: Vec::new() };
    deciding.carry_over();
    deciding.tags();
    deciding.states();
    deciding.head();
    Decision { releases: deciding.releases, findings: deciding.findings }
}

struct Deciding<'a> {
    evidence: &'a Evidence<'a>,
    releases: BTreeMap<Version, Choice>,
    findings: Vec<Diagnostic>,
}

impl Deciding<'_> {
    fn report(&mut self, rule: Rule, message: String, help: String) {
        let head = self.evidence.head;
        let span = head.manifest.place("version").value;
        let found = Diagnostic::new(rule, &head.source.manifest_path, span, message);
        self.findings.push(found.with_help(help));
    }

    fn name(&self, version: &Version) -> String {
        format!("`{}` {version}", self.evidence.head.manifest.id)
    }

    /// What was published stays, whatever has become of its tag.
    fn carry_over(&mut self) {
        let Some(former) = self.evidence.former else { return };
        for (version, release) in &former.releases {
            let choice = Choice { digest: release.digest, released: release.released.clone() };
            self.releases.insert(version.clone(), choice);
            let tag = release.released.as_ref().and_then(|released| released.tag.as_ref());
            if let (Some(tag), Some(names)) = (tag, self.evidence.tag_names)
                && !names.contains(tag)
            {
                let message = format!("the tag `{tag}` of {} is gone", self.name(version));
                self.report(
                    Rule::LostTag,
                    message,
                    format!(
                        "the release stays; set the tag again: git tag {tag} {}",
                        commit(release.released.as_ref())
                    ),
                );
            }
        }
    }

    fn tags(&mut self) {
        for tag in &self.evidence.tags {
            let name = tag.at.tag.as_deref().unwrap_or_default();
            let of = self.name(&tag.version);
            let at = commit(Some(&tag.at));
            let stray = |why: String, help: &str| {
                (Rule::StrayTag, format!("the tag `{name}` makes no release: {why}"), help.to_owned())
            };
            let moved = |known: &Choice| {
                let message = format!(
                    "the tag `{name}` points to commit {at}, but {of} was released from commit {} with other content",
                    commit(known.released.as_ref())
                );
                let help =
                    format!("set the tag back, and release what commit {at} holds under a new version");
                (Rule::MovedTag, message, help)
            };
            let (rule, message, help) = match (self.releases.get(&tag.version), &tag.content, tag.place) {
                (_, _, Place::Unknown) => continue,
                (Some(known), Some(content), _) if known.digest == content.digest => continue,
                (Some(known), Some(_), _) => moved(known),
                (Some(known), None, _) if is_tag_of(known, name) => moved(known),
                (Some(_), None, Place::Old) => continue,
                (_, _, Place::Elsewhere) => stray(
                    format!("its commit {at} is not on the published branch"),
                    "merge the commit; what nobody reviewed is not released",
                ),
                (None, _, Place::Old) => stray(
                    format!("its commit {at} is older than the last publication, which does not list {of}"),
                    "release what it holds under a new version",
                ),
                (_, None, Place::New) => stray(
                    format!("commit {at} does not hold the skill in a form that can be read"),
                    "tag a commit whose `guildhall check` is clean",
                ),
                (None, Some(content), Place::New) if content.version != tag.version => stray(
                    format!("the skill says {} in commit {at}", content.version),
                    "tag the commit that carries the version",
                ),
                (None, Some(content), Place::New) => {
                    let choice = Choice { digest: content.digest, released: Some(tag.at.clone()) };
                    self.releases.insert(tag.version.clone(), choice);
                    continue;
                }
            };
            self.report(rule, message, help);
        }
    }

    /// Without a tag, the first content that carries a version is its release. A tag settles which one is meant.
    fn states(&mut self) {
        let head = &self.evidence.head.manifest.version;
        let mut edited = BTreeSet::new();
        for (content, at) in &self.evidence.states {
            match self.releases.get(&content.version) {
                None => {
                    let choice = Choice { digest: content.digest, released: Some((*at).clone()) };
                    self.releases.insert(content.version.clone(), choice);
                }
                Some(known) if known.digest == content.digest || is_tagged(known) => {}
                // What the head holds is judged apart.
                Some(_) if content.version == *head => {}
                Some(known) => {
                    let from = commit(known.released.as_ref());
                    if edited.insert(content.version.clone()) {
                        let message = format!(
                            "{} has other content in commit {} than in commit {from}, which released it",
                            self.name(&content.version),
                            commit(Some(at)),
                        );
                        let help = "the release stays as it was first; to settle it, tag the commit that is meant to be the release";
                        self.report(Rule::EditedRelease, message, help.to_owned());
                    }
                }
            }
        }
    }

    fn head(&mut self) {
        let manifest = &self.evidence.head.manifest;
        let version = manifest.version.clone();
        let digest = self.evidence.head.digest;
        match self.releases.get(&version) {
            None => drop(self.releases.insert(version.clone(), Choice { digest, released: None })),
            Some(known) if known.digest == digest => {}
            Some(known) => {
                let changed = self.evidence.states.iter().rev().find(|(content, _)| content.digest == digest);
                let place = match (changed, self.evidence.committed) {
                    (Some((_, at)), true) => format!("commit {}", commit(Some(at))),
                    _ => "the working tree".to_owned(),
                };
                let from = commit(known.released.as_ref());
                let message = format!(
                    "{} was released from commit {from}, and {place} holds other content",
                    self.name(&version)
                );
                let next = Version::new(version.major, version.minor, version.patch + 1);
                let help = format!("raise the version, to {next} or higher: a release never changes");
                self.report(Rule::UnbumpedChange, message, help);
            }
        }
        let stable = |version: &&Version| version.pre.is_empty();
        let highest = self.releases.keys().rev().find(stable).cloned();
        if let Some(highest) = highest.filter(|highest| *highest > version && version.pre.is_empty()) {
            let message = format!("the branch carries {version}, and {} is released", self.name(&highest));
            let help = format!(
                "callers keep getting {highest}: release what you want them to get under a higher version, or withdraw {highest}"
            );
            self.report(Rule::VersionGoesBack, message, help);
        }
    }
}

fn is_tagged(release: &Choice) -> bool {
    release.released.as_ref().is_some_and(|released| released.tag.is_some())
}

/// Whether a release was found at the tag.
fn is_tag_of(release: &Choice, tag: &str) -> bool {
    release.released.as_ref().is_some_and(|released| released.tag.as_deref() == Some(tag))
}

/// The first digits of a commit, for people.
fn commit(released: Option<&Released>) -> String {
    released.map_or_else(|| "unknown".to_owned(), |released| released.commit.chars().take(12).collect())
}

#[cfg(test)]
mod tests;
