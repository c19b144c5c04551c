//! What the branch held, commit by commit. A commit changes few of many skills, so that only what differs between two
//! trees is looked at.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::TreeRefIter;
use gix::objs::tree::{EntryKind, EntryRef};
use rayon::prelude::*;
use registry_core::catalog::Released;
use registry_core::id::SkillId;

use super::range::{Node, Range};
use super::{Entry, Named, OBJECT_CACHE, Place, State, Tag};
use crate::source::ROOTS;

/// So many commits are looked at in parallel, and then forgotten.
const CHUNK: usize = 2048;

/// The folder of a team, relative to the folder of the registry, and its tree.
type Team = (String, ObjectId);
type States = BTreeMap<SkillId, Vec<State>>;
type Tags = BTreeMap<SkillId, Vec<Tag>>;

/// What a commit of the branch holds.
struct Commit {
    id: ObjectId,
    time: u64,
    teams: Vec<Team>,
}

/// A walk along the branch.
pub(super) struct Walk<'a> {
    pub(super) repository: &'a gix::ThreadSafeRepository,
    /// Where the registry lies in the repository.
    pub(super) above: PathBuf,
    pub(super) wanted: &'a BTreeSet<SkillId>,
}

impl Walk<'_> {
    /// Follows the branch from its oldest commit, and meets the tags on it.
    pub(super) fn branch(&self, range: &Range, named: &[Named]) -> Result<(States, Tags), gix::Error> {
        let mut at_commit: HashMap<ObjectId, Vec<&Named>> = HashMap::new();
        named.iter().for_each(|named| at_commit.entry(named.commit).or_default().push(named));
        let (mut states, mut tags) = (States::new(), Tags::new());
        let mut branch = Branch { walk: self, teams: BTreeMap::new(), holds: HashMap::new() };
        for chunk in range.branch().chunks(CHUNK) {
            let commits =
                self.parallel(chunk, |repository, (id, node)| self.commit(repository, *id, node))?;
            let trees = self.trees(&commits)?;
            for commit in commits {
                let at = Released { commit: commit.id.to_string(), time: commit.time, tag: None };
                for (skill, entry) in branch.advance(&commit.teams, &trees)? {
                    states.entry(skill).or_default().push(State { entry, at: at.clone() });
                }
                for named in at_commit.get(&commit.id).into_iter().flatten() {
                    let tag = named.tag(commit.time, branch.holds.get(&named.skill).cloned(), Place::New);
                    tags.entry(named.skill.clone()).or_default().push(tag);
                }
            }
        }
        Ok((states, tags))
    }

    /// Adds the tags whose commits the branch itself did not meet.
    pub(super) fn off_branch(
        &self,
        range: &Range,
        named: &[Named],
        tags: &mut Tags,
    ) -> Result<(), gix::Error> {
        let on_branch: HashSet<ObjectId> = range.branch().into_iter().map(|(id, _)| id).collect();
        let mut repository = self.repository.to_thread_local();
        repository.object_cache_size(OBJECT_CACHE);
        for named in named.iter().filter(|named| !on_branch.contains(&named.commit)) {
            let place = range.place(&repository, named.commit)?;
            let tag = match place {
                Place::Unknown => named.tag(0, None, place),
                Place::New | Place::Old | Place::Elsewhere => {
                    let Ok(node) = Node::read(&repository, named.commit) else { continue };
                    let commit = self.commit(&repository, named.commit, &node)?;
                    named.tag(node.time, self.entry(&repository, &commit, &named.skill)?, place)
                }
            };
            tags.entry(named.skill.clone()).or_default().push(tag);
        }
        Ok(())
    }

    /// Does something for each of many things, with a repository for each thread.
    fn parallel<T: Sync, R: Send>(
        &self,
        things: &[T],
        work: impl Fn(&gix::Repository, &T) -> Result<R, gix::Error> + Sync,
    ) -> Result<Vec<R>, gix::Error> {
        let part = things.len().div_ceil(rayon::current_num_threads()).max(1);
        let done: Vec<Vec<R>> = things
            .par_chunks(part)
            .map(|things| {
                let mut repository = self.repository.to_thread_local();
                repository.object_cache_size(OBJECT_CACHE);
                things.iter().map(|thing| work(&repository, thing)).collect::<Result<_, _>>()
            })
            .collect::<Result<_, gix::Error>>()?;
        Ok(done.into_iter().flatten().collect())
    }

    fn commit(&self, repository: &gix::Repository, id: ObjectId, node: &Node) -> Result<Commit, gix::Error> {
        let tree = repository.find_tree(node.tree)?;
        let mut teams = Vec::new();
        for root in ROOTS {
            let Some(folder) = tree.lookup_entry_by_path(self.above.join(root))? else { continue };
            if folder.mode().kind() != EntryKind::Tree {
                continue;
            }
            for team in repository.find_tree(folder.object_id())?.iter() {
                let team = team?;
                let name = String::from_utf8_lossy(team.filename());
                if team.mode().kind() == EntryKind::Tree && !name.starts_with(['_', '.']) {
                    teams.push((format!("{root}/{name}"), team.object_id()));
                }
            }
        }
        Ok(Commit { id, time: node.time, teams })
    }

    /// The bytes of every team's tree in some commits.
    fn trees(&self, commits: &[Commit]) -> Result<HashMap<ObjectId, Vec<u8>>, gix::Error> {
        let mut seen = HashSet::new();
        let ids = commits.iter().flat_map(|commit| &commit.teams).map(|(_, tree)| *tree);
        let new: Vec<ObjectId> = ids.filter(|tree| seen.insert(*tree)).collect();
        let read = self.parallel(&new, |repository, id| {
            Ok((*id, std::mem::take(&mut repository.find_tree(*id)?.data)))
        })?;
        Ok(read.into_iter().collect())
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
            for found in TreeRefIter::from_bytes(&repository.find_tree(*tree)?.data, Kind::Sha1) {
                let found = found.map_err(gix::Error::from_error)?;
                if skill_of(path, &found).as_ref() == Some(skill) {
                    return Ok(Some(entry(path, &found)));
                }
            }
        }
        Ok(None)
    }
}

/// The branch at one of its commits.
struct Branch<'a> {
    walk: &'a Walk<'a>,
    /// The tree of each team, and its bytes.
    teams: BTreeMap<String, (ObjectId, Vec<u8>)>,
    /// The content of each skill.
    holds: HashMap<SkillId, Entry>,
}

impl Branch<'_> {
    /// Goes on to the next commit, and returns the contents that are new with it.
    fn advance(
        &mut self,
        teams: &[Team],
        trees: &HashMap<ObjectId, Vec<u8>>,
    ) -> Result<Vec<(SkillId, Entry)>, gix::Error> {
        let none = Vec::new();
        let gone: Vec<String> =
            self.teams.keys().filter(|path| !teams.iter().any(|(team, _)| team == *path)).cloned().collect();
        for path in gone {
            let (_, former) = self.teams.remove(&path).unwrap_or((ObjectId::null(Kind::Sha1), Vec::new()));
            self.changes(&path, &former, &none, &mut Vec::new())?;
        }
        let mut new = Vec::new();
        for (path, tree) in teams {
            if self.teams.get(path).is_some_and(|(former, _)| former == tree) {
                continue;
            }
            let former = self.teams.remove(path).map(|(_, bytes)| bytes).unwrap_or_default();
            let bytes = trees.get(tree).unwrap_or(&none);
            self.changes(path, &former, bytes, &mut new)?;
            self.teams.insert(path.clone(), (*tree, bytes.clone()));
        }
        // Of a skill in two forms nobody can say which is meant.
        let mut times: HashMap<SkillId, usize> = HashMap::new();
        new.iter().for_each(|(skill, _)| *times.entry(skill.clone()).or_default() += 1);
        new.retain(|(skill, _)| times.get(skill) == Some(&1));
        Ok(new)
    }

    /// Takes in what differs between two trees of a team.
    fn changes(
        &mut self,
        path: &str,
        former: &[u8],
        tree: &[u8],
        new: &mut Vec<(SkillId, Entry)>,
    ) -> Result<(), gix::Error> {
        let read = |bytes| TreeRefIter::from_bytes(bytes, Kind::Sha1).collect::<Result<Vec<_>, _>>();
        let (former, tree) =
            (read(former).map_err(gix::Error::from_error)?, read(tree).map_err(gix::Error::from_error)?);
        let (mut old, mut now) = (former.iter().peekable(), tree.iter().peekable());
        loop {
            let order = match (old.peek(), now.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(now)) => old.cmp(now),
            };
            let gone = if order.is_le() { old.next() } else { None };
            let come = if order.is_ge() { now.next() } else { None };
            if gone.zip(come).is_some_and(|(gone, come)| gone.oid == come.oid && gone.mode == come.mode) {
                continue;
            }
            if let Some((gone, skill)) = gone.and_then(|gone| Some((gone, skill_of(path, gone)?))) {
                // The skill may have come back in its other form already.
                if self.holds.get(&skill).is_some_and(|held| held.path == entry(path, gone).path) {
                    self.holds.remove(&skill);
                }
            }
            let Some(come) = come else { continue };
            let skill = skill_of(path, come).filter(|skill| self.walk.wanted.contains(skill));
            if let Some(skill) = skill {
                let entry = entry(path, come);
                self.holds.insert(skill.clone(), entry.clone());
                new.push((skill, entry));
            }
        }
    }
}

/// The skill that an entry of a team's tree is, if it is one.
fn skill_of(path: &str, entry: &EntryRef<'_>) -> Option<SkillId> {
    let team = path.rsplit('/').next()?;
    let file = std::str::from_utf8(entry.filename).ok()?;
    let name = match entry.mode.kind() {
        EntryKind::Tree => file,
        EntryKind::Blob | EntryKind::BlobExecutable => file.strip_suffix(".md")?,
        EntryKind::Link | EntryKind::Commit => return None,
    };
    format!("{team}/{name}").parse().ok()
}

fn entry(path: &str, found: &EntryRef<'_>) -> Entry {
    let file = String::from_utf8_lossy(found.filename);
    Entry { path: format!("{path}/{file}"), kind: found.mode.kind(), id: found.oid.to_owned() }
}
