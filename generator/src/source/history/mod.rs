//! What a repository's history says of skills: every content that the published branch has had, and the tags that look
//! like releases. Objects are read with gix; what no caller asks for is not read.

mod range;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use rayon::prelude::*;
use registry_core::Version;
use registry_core::catalog::Released;
use registry_core::id::SkillId;
use registry_core::manifest::{SkillSource, discover};

use self::range::Range;
use self::walk::Walk;
use super::git::{Reading, open};
use super::{SourceError, tracked};

/// Recently used objects that each thread keeps, in bytes.
const OBJECT_CACHE: usize = 32 << 20;

/// A skill as a tree of the repository holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its folder or file, relative to the folder of the registry.
    path: String,
    kind: EntryKind,
    id: ObjectId,
}

/// A content of a skill, and the commit with which the branch took it on.
#[derive(Debug, Clone)]
pub struct State {
    /// The content.
    pub entry: Entry,
    /// The commit.
    pub at: Released,
}

/// A tag that looks like a release.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The version that it names.
    pub version: Version,
    /// The tag itself and the commit that it points to.
    pub at: Released,
    /// The content of the skill at that commit; nothing where the commit does not have the skill.
    pub entry: Option<Entry>,
    /// Where the commit lies.
    pub place: Place,
}

/// Where a tag's commit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Among what is new on the branch.
    New,
    /// Among what the former catalog was built from.
    Old,
    /// Not on the branch.
    Elsewhere,
    /// Beyond what a shallow clone holds.
    Unknown,
}

/// How far back the history was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the first commit.
    Beginning,
    /// To the commit asked for.
    Until,
    /// To the first commit: the one asked for is not on the branch.
    Rewritten,
    /// To where a shallow clone ends.
    Shallow,
}

/// The history of some skills.
#[derive(Debug)]
pub struct History {
    repository: gix::ThreadSafeRepository,
    /// How far back it goes.
    pub reach: Reach,
    /// Whether the clone is a shallow one.
    pub shallow: bool,
    /// The contents that each skill has had since then on the branch, oldest first.
    pub states: BTreeMap<SkillId, Vec<State>>,
    /// The tags of each skill, by name, but for those that point where the former catalog says.
    pub tags: BTreeMap<SkillId, Vec<Tag>>,
    /// The names of all tags that look like a release.
    pub names: BTreeSet<String>,
}

/// What the former catalog says of tags and commits.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The commit from which it was built.
    pub until: Option<String>,
    /// The commit of each release.
    pub released: BTreeMap<SkillId, BTreeMap<Version, String>>,
}

impl Known {
    fn holds(&self, tag: &Named) -> bool {
        let commit = self.released.get(&tag.skill).and_then(|releases| releases.get(&tag.version));
        commit.is_some_and(|commit| {
            ObjectId::from_hex(commit.as_bytes()).is_ok_and(|commit| commit == tag.commit)
        })
    }
}

/// Reads the history of the `wanted` skills: that of `HEAD` by first parents, down to the commit of the former catalog.
///
/// # Errors
/// When objects that the clone should have are missing or damaged.
pub fn read(folder: &Path, wanted: &BTreeSet<SkillId>, former: &Known) -> Result<History, SourceError> {
    let mut repository = open(folder)?;
    repository.object_cache_size(OBJECT_CACHE);
    let head = repository.head_id().map_err(SourceError::NoCommit)?.detach();
    let broken = |error| SourceError::Git(head.to_string(), error);
    let above = tracked::prefix(&repository, folder);
    let until = former.until.as_deref().and_then(|id| ObjectId::from_hex(id.as_bytes()).ok());
    let shallow = repository.is_shallow().map_err(broken)?;
    let range = Range::of(&repository, head, until, shallow).map_err(broken)?;
    let mut named = names(&repository, wanted).map_err(broken)?;
    let names = named.iter().map(|named| named.tag.clone()).collect();
    named.retain(|named| !former.holds(named));
    let sync = repository.clone().into_sync();
    let walk = Walk { repository: &sync, above, wanted };
    let (states, mut tags) = walk.branch(&range, &named).map_err(broken)?;
    walk.off_branch(&range, &named, &mut tags).map_err(broken)?;
    tags.values_mut().for_each(|tags| tags.sort_by(|a, b| a.at.tag.cmp(&b.at.tag)));
    Ok(History { repository: sync, reach: range.reach, shallow, states, tags, names })
}

/// All that the releases of a repository hang on, beside its files: `HEAD`, where a shallow clone ends, and the tags.
/// Nothing without a commit.
#[must_use]
pub fn fingerprint(folder: &Path) -> Option<String> {
    let repository = open(folder).ok()?;
    let mut lines = vec![repository.head_id().ok()?.to_string()];
    if let Some(ends) = repository.shallow_commits().ok()? {
        lines.extend(ends.iter().map(|commit| format!("shallow {commit}")));
    }
    let references = repository.references().ok()?;
    for reference in references.tags().ok()?.flatten() {
        lines.push(format!("{} {:?}", reference.name().shorten(), reference.target()));
    }
    Some(lines.join("\n"))
}

impl History {
    /// Reads contents, in parallel. Nothing stands for one that is no sound set of files.
    ///
    /// # Errors
    /// When an object is missing or damaged.
    pub fn load(&self, entries: &[&Entry]) -> Result<Vec<Option<SkillSource>>, SourceError> {
        let parts = entries.len().div_ceil(4 * rayon::current_num_threads()).max(1);
        let loaded: Vec<Vec<_>> = entries
            .par_chunks(parts)
            .map(|entries| {
                let mut repository = self.repository.to_thread_local();
                repository.object_cache_size(OBJECT_CACHE);
                entries.iter().map(|entry| source(&repository, entry)).collect::<Result<_, _>>()
            })
            .collect::<Result<_, gix::Error>>()
            .map_err(|error| SourceError::Git("history".to_owned(), error))?;
        Ok(loaded.into_iter().flatten().collect())
    }
}

fn source(repository: &gix::Repository, entry: &Entry) -> Result<Option<SkillSource>, gix::Error> {
    let mut reading = Reading::of(repository, None);
    reading.entry(&entry.path, entry.kind, entry.id)?;
    if !reading.snapshot.diagnostics.is_empty() {
        return Ok(None);
    }
    let (mut sources, found) = discover(reading.snapshot.files);
    Ok(sources.pop().filter(|_| found.is_empty()))
}

/// A tag by its name, with the commit that it points to.
struct Named {
    skill: SkillId,
    version: Version,
    tag: String,
    commit: ObjectId,
}

/// The tags that look like releases of the `wanted` skills. Packed references say what an annotated tag points to, so
/// that most tags are never read.
fn names(repository: &gix::Repository, wanted: &BTreeSet<SkillId>) -> Result<Vec<Named>, gix::Error> {
    let mut named = Vec::new();
    let references = repository.references()?;
    for reference in references.tags()? {
        let mut reference = reference?;
        let tag = reference.name().shorten().to_string();
        let Some((skill, version)) = release_of(&tag).filter(|(skill, _)| wanted.contains(skill)) else {
            continue;
        };
        let Ok(id) = reference.peel_to_id() else { continue };
        let commit = id.detach();
        named.push(Named { skill, version, tag, commit });
    }
    Ok(named)
}

/// The release that a tag's name states: `{team}/{name}@{version}` or `{team}/{name}/v{version}`.
fn release_of(tag: &str) -> Option<(SkillId, Version)> {
    let (skill, version) = tag.split_once('@').or_else(|| tag.rsplit_once("/v"))?;
    Some((skill.parse().ok()?, version.parse().ok()?))
}

impl Named {
    fn tag(&self, time: u64, entry: Option<Entry>, place: Place) -> Tag {
        let at = Released { commit: self.commit.to_string(), time, tag: Some(self.tag.clone()) };
        Tag { version: self.version.clone(), at, entry, place }
    }
}
