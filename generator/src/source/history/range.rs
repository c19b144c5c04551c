//! Which commits are looked at.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use super::{Place, Reach};

/// What is known of a commit.
pub(super) struct Node {
    parents: Vec<ObjectId>,
    pub(super) tree: ObjectId,
    /// In seconds since the epoch.
    pub(super) time: u64,
}

impl Node {
    pub(super) fn read(repository: &gix::Repository, id: ObjectId) -> Result<Self, gix::Error> {
        let commit = repository.find_commit(id)?;
        let time = u64::try_from(commit.time()?.seconds).unwrap_or(0);
        let parents = commit.parent_ids().map(gix::Id::detach).collect();
        Ok(Self { parents, tree: commit.tree_id()?.detach(), time })
    }
}

/// The commits that are looked at.
pub(super) struct Range {
    /// All of them, whatever their branch.
    new: HashMap<ObjectId, Node>,
    /// Those of the branch, oldest first.
    branch: Vec<ObjectId>,
    pub(super) reach: Reach,
    head: ObjectId,
    shallow: bool,
    /// All commits that lead to the head, once they are asked for.
    ancestors: OnceCell<HashSet<ObjectId>>,
}

impl Range {
    pub(super) fn of(
        repository: &gix::Repository,
        head: ObjectId,
        until: Option<ObjectId>,
        shallow: bool,
    ) -> Result<Self, gix::Error> {
        let hidden = until.filter(|until| repository.has_object(until));
        let mut new = HashMap::new();
        for info in repository.rev_walk([head]).with_hidden(hidden).all()? {
            let id = info?.id;
            new.insert(id, Node::read(repository, id)?);
        }
        let joined = until.is_some_and(|until| {
            until == head || new.values().any(|node: &Node| node.parents.contains(&until))
        });
        if until.is_some() && !joined && !shallow {
            return Ok(Self { reach: Reach::Rewritten, ..Self::of(repository, head, None, shallow)? });
        }
        let mut branch = Vec::new();
        let mut next = Some(head);
        while let Some((id, node)) = next.and_then(|id| new.get_key_value(&id)) {
            branch.push(*id);
            next = node.parents.first().copied();
        }
        branch.reverse();
        let reach = match until {
            _ if shallow && ends_early(repository, &new, until)? => Reach::Shallow,
            Some(_) if joined => Reach::Until,
            Some(_) => Reach::Shallow,
            None => Reach::Beginning,
        };
        Ok(Self { new, branch, reach, head, shallow, ancestors: OnceCell::new() })
    }

    /// The commits of the branch, oldest first.
    pub(super) fn branch(&self) -> Vec<(ObjectId, &Node)> {
        self.branch.iter().filter_map(|id| Some((*id, self.new.get(id)?))).collect()
    }

    /// Where a commit lies.
    pub(super) fn place(&self, repository: &gix::Repository, id: ObjectId) -> Result<Place, gix::Error> {
        if self.new.contains_key(&id) {
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
    new: &HashMap<ObjectId, Node>,
    until: Option<ObjectId>,
) -> Result<bool, gix::Error> {
    let all = new.values().flat_map(|node| node.parents.iter().copied()).filter(|id| Some(*id) != until);
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
