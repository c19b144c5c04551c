//! What a repository's history says of skills: every content that the published branch has had, and the tags that look
//! like releases. Objects are read with gix; what no caller asks for is not read.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use rayon::prelude::*;
use registry_core::Version;
use registry_core::catalog::Released;
use registry_core::id::SkillId;
use registry_core::manifest::{SkillSource, discover};

use super::git::{Reading, open};
use super::{ROOTS, SourceError, tracked};

/// So many commits are looked at in parallel, and then forgotten.
const CHUNK: usize = 512;
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
    let repository = open(folder)?;
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

/// The commits that are looked at.
struct Range {
    /// All of them, whatever their branch.
    new: HashSet<ObjectId>,
    /// Those of the branch, oldest first.
    branch: Vec<ObjectId>,
    reach: Reach,
    head: ObjectId,
    shallow: bool,
    /// All commits that lead to the head, once they are asked for.
    ancestors: OnceCell<HashSet<ObjectId>>,
}

impl Range {
    fn of(
        repository: &gix::Repository,
        head: ObjectId,
        until: Option<ObjectId>,
        shallow: bool,
    ) -> Result<Self, gix::Error> {
        let hidden = until.filter(|until| repository.has_object(until));
        let mut parents = HashMap::new();
        for info in repository.rev_walk([head]).with_hidden(hidden).all()? {
            let info = info?;
            let commit = repository.find_commit(info.id)?;
            let above: Vec<ObjectId> = commit.parent_ids().map(gix::Id::detach).collect();
            parents.insert(info.id, above);
        }
        let joined =
            until.is_some_and(|until| until == head || parents.values().flatten().any(|id| *id == until));
        if until.is_some() && !joined && !shallow {
            return Ok(Self { reach: Reach::Rewritten, ..Self::of(repository, head, None, shallow)? });
        }
        let mut branch = Vec::new();
        let mut next = Some(head);
        while let Some((id, above)) = next.and_then(|id| parents.get_key_value(&id)) {
            branch.push(*id);
            next = above.first().copied();
        }
        branch.reverse();
        let reach = match until {
            _ if shallow && ends_early(repository, &parents, until)? => Reach::Shallow,
            Some(_) if joined => Reach::Until,
            Some(_) => Reach::Shallow,
            None => Reach::Beginning,
        };
        let new = parents.into_keys().collect();
        Ok(Self { new, branch, reach, head, shallow, ancestors: OnceCell::new() })
    }

    /// Where a commit lies that is not new.
    fn place(&self, repository: &gix::Repository, id: ObjectId) -> Result<Place, gix::Error> {
        if self.new.contains(&id) {
            return Ok(Place::New);
        }
        if !repository.has_object(id) {
            return Ok(Place::Unknown);
        }
        let ancestors = match self.ancestors.get() {
            Some(known) => known,
            None => {
                let walk = repository.rev_walk([self.head]).all()?;
                let all = walk.map(|info| Ok(info?.id)).collect::<Result<_, gix::Error>>()?;
                self.ancestors.get_or_init(|| all)
            }
        };
        Ok(match (ancestors.contains(&id), self.shallow) {
            (true, _) => Place::Old,
            (false, true) => Place::Unknown,
            (false, false) => Place::Elsewhere,
        })
    }
}

/// Whether a shallow clone lacks parents of new commits that may be new themselves: those that no commit up to `until`
/// names as its own. A merged branch can reach farther back than the branch.
fn ends_early(
    repository: &gix::Repository,
    parents: &HashMap<ObjectId, Vec<ObjectId>>,
    until: Option<ObjectId>,
) -> Result<bool, gix::Error> {
    let all = parents.values().flatten().copied().filter(|id| Some(*id) != until);
    let mut missing: HashSet<ObjectId> = all.filter(|id| !repository.has_object(*id)).collect();
    if let Some(until) = until.filter(|until| !missing.is_empty() && repository.has_object(*until)) {
        for info in repository.rev_walk([until]).all()? {
            for parent in repository.find_commit(info?.id)?.parent_ids() {
                missing.remove(&parent.detach());
            }
        }
    }
    Ok(!missing.is_empty())
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

/// The skills of folders of teams, by path and tree.
type Folders = HashMap<(String, ObjectId), HashMap<SkillId, Entry>>;

/// The skills that a commit holds, by team: the folder of the team and its tree.
type Teams = Vec<(String, ObjectId)>;

struct Commit {
    id: ObjectId,
    time: u64,
    teams: Teams,
}

struct Walk<'a> {
    repository: &'a gix::ThreadSafeRepository,
    /// Where the registry lies in the repository.
    above: PathBuf,
    wanted: &'a BTreeSet<SkillId>,
}

type States = BTreeMap<SkillId, Vec<State>>;
type Tags = BTreeMap<SkillId, Vec<Tag>>;

impl Walk<'_> {
    /// Follows the branch from its oldest commit, and meets the tags on it.
    fn branch(&self, range: &Range, named: &[Named]) -> Result<(States, Tags), gix::Error> {
        let mut at_commit: HashMap<ObjectId, Vec<&Named>> = HashMap::new();
        named.iter().for_each(|named| at_commit.entry(named.commit).or_default().push(named));
        let mut states = States::new();
        let mut tags = Tags::new();
        let mut holds: BTreeMap<String, HashMap<SkillId, Entry>> = BTreeMap::new();
        let mut trees: HashMap<String, ObjectId> = HashMap::new();
        for chunk in range.branch.chunks(CHUNK) {
            let commits = self.commits(chunk)?;
            let known = self.folders(&commits, &trees)?;
            for commit in commits {
                let released = Released { commit: commit.id.to_string(), time: commit.time, tag: None };
                let gone: Vec<String> = trees
                    .keys()
                    .filter(|path| !commit.teams.iter().any(|(team, _)| team == *path))
                    .cloned()
                    .collect();
                for path in gone {
                    trees.remove(&path);
                    holds.remove(&path);
                }
                for (path, tree) in &commit.teams {
                    if trees.insert(path.clone(), *tree) == Some(*tree) {
                        continue;
                    }
                    let entries = known.get(&(path.clone(), *tree)).cloned().unwrap_or_default();
                    let before = holds.insert(path.clone(), entries.clone()).unwrap_or_default();
                    for (skill, entry) in entries {
                        if before.get(&skill) != Some(&entry) {
                            states.entry(skill).or_default().push(State { entry, at: released.clone() });
                        }
                    }
                }
                for named in at_commit.get(&commit.id).into_iter().flatten() {
                    let entry = holds.values().find_map(|entries| entries.get(&named.skill)).cloned();
                    tags.entry(named.skill.clone()).or_default().push(named.tag(
                        commit.time,
                        entry,
                        Place::New,
                    ));
                }
            }
        }
        Ok((states, tags))
    }

    /// Adds the tags whose commits the branch itself did not meet.
    fn off_branch(&self, range: &Range, named: &[Named], tags: &mut Tags) -> Result<(), gix::Error> {
        let on_branch: HashSet<&ObjectId> = range.branch.iter().collect();
        let mut repository = self.repository.to_thread_local();
        repository.object_cache_size(OBJECT_CACHE);
        for named in named.iter().filter(|named| !on_branch.contains(&named.commit)) {
            let place = range.place(&repository, named.commit)?;
            let tag = match place {
                Place::Unknown => named.tag(0, None, place),
                _ => {
                    let Ok(commit) = self.commit(&repository, named.commit) else { continue };
                    named.tag(commit.time, self.entry(&repository, &commit, &named.skill)?, place)
                }
            };
            tags.entry(named.skill.clone()).or_default().push(tag);
        }
        Ok(())
    }

    /// The content of one skill at a commit.
    fn entry(
        &self,
        repository: &gix::Repository,
        commit: &Commit,
        skill: &SkillId,
    ) -> Result<Option<Entry>, gix::Error> {
        let of_team = |path: &str| path.rsplit('/').next() == Some(skill.team.as_str());
        for (path, tree) in commit.teams.iter().filter(|(path, _)| of_team(path)) {
            if let Some(entry) = self.folder(repository, path, *tree)?.remove(skill) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn commits(&self, ids: &[ObjectId]) -> Result<Vec<Commit>, gix::Error> {
        let parts = ids.len().div_ceil(rayon::current_num_threads()).max(1);
        let read: Vec<Vec<Commit>> = ids
            .par_chunks(parts)
            .map(|ids| {
                let mut repository = self.repository.to_thread_local();
                repository.object_cache_size(OBJECT_CACHE);
                ids.iter().map(|id| self.commit(&repository, *id)).collect::<Result<_, _>>()
            })
            .collect::<Result<_, gix::Error>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    fn commit(&self, repository: &gix::Repository, id: ObjectId) -> Result<Commit, gix::Error> {
        let commit = repository.find_commit(id)?;
        let time = u64::try_from(commit.time()?.seconds).unwrap_or(0);
        let tree = commit.tree()?;
        let mut teams = Teams::new();
        for root in ROOTS {
            let Some(folder) = tree.lookup_entry_by_path(self.above.join(root))? else { continue };
            if folder.mode().kind() != EntryKind::Tree {
                continue;
            }
            for team in repository.find_tree(folder.object_id())?.iter() {
                let team = team?;
                let name = String::from_utf8_lossy(team.filename()).into_owned();
                if team.mode().kind() == EntryKind::Tree && !name.starts_with(['_', '.']) {
                    teams.push((format!("{root}/{name}"), team.object_id()));
                }
            }
        }
        Ok(Commit { id, time, teams })
    }

    /// The skills of every folder of a team that a chunk of commits newly has.
    fn folders(&self, commits: &[Commit], known: &HashMap<String, ObjectId>) -> Result<Folders, gix::Error> {
        let all = commits.iter().flat_map(|commit| &commit.teams);
        let new: HashSet<&(String, ObjectId)> =
            all.filter(|(path, tree)| known.get(path) != Some(tree)).collect();
        let new: Vec<&(String, ObjectId)> = new.into_iter().collect();
        let parts = new.len().div_ceil(rayon::current_num_threads()).max(1);
        let read: Vec<Vec<_>> = new
            .par_chunks(parts)
            .map(|folders| {
                let repository = self.repository.to_thread_local();
                let read = |(path, tree): &&(String, ObjectId)| {
                    Ok(((path.clone(), *tree), self.folder(&repository, path, *tree)?))
                };
                folders.iter().map(read).collect::<Result<_, gix::Error>>()
            })
            .collect::<Result<_, gix::Error>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    /// The wanted skills of a team's folder.
    fn folder(
        &self,
        repository: &gix::Repository,
        path: &str,
        tree: ObjectId,
    ) -> Result<HashMap<SkillId, Entry>, gix::Error> {
        let team = path.rsplit('/').next().unwrap_or_default();
        let mut skills = HashMap::new();
        for entry in repository.find_tree(tree)?.iter() {
            let entry = entry?;
            let Ok(file) = std::str::from_utf8(entry.filename()) else { continue };
            let kind = entry.mode().kind();
            let name = match kind {
                EntryKind::Tree => Some(file),
                EntryKind::Blob | EntryKind::BlobExecutable => file.strip_suffix(".md"),
                EntryKind::Link | EntryKind::Commit => None,
            };
            let Some(Ok(skill)) = name.map(|name| format!("{team}/{name}").parse::<SkillId>()) else {
                continue;
            };
            if self.wanted.contains(&skill) {
                skills.insert(skill, Entry { path: format!("{path}/{file}"), kind, id: entry.object_id() });
            }
        }
        Ok(skills)
    }
}

impl Named {
    fn tag(&self, time: u64, entry: Option<Entry>, place: Place) -> Tag {
        let at = Released { commit: self.commit.to_string(), time, tag: Some(self.tag.clone()) };
        Tag { version: self.version.clone(), at, entry, place }
    }
}
