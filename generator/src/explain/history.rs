//! The repository of an example that has a history, made without the program `git`. Its ids are the same at every run.

use std::fs;
use std::io;
use std::path::Path;

use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::objs::tree::EntryKind;
use gix::refs::transaction::PreviousValue;
use ignore::WalkBuilder;
use registry_core::digest::FileMode;

use super::ExplainError;
use crate::source;

/// The folder that a published example's catalog is in.
pub(super) const CATALOG: &str = "dist";
/// When the first commit was made, in seconds since the epoch; the others follow day by day.
const START: u64 = 1_767_603_600;
const DAY: u64 = 86_400;
/// When examples are checked, in seconds since the epoch.
pub(super) const AS_OF: u64 = START + 60 * DAY;

/// The commits of an example, oldest first.
pub(super) struct History {
    repository: gix::Repository,
    pub(super) commits: Vec<ObjectId>,
}

impl History {
    pub(super) fn begin(folder: &Path) -> Result<Self, ExplainError> {
        let kind = gix::create::Kind::WithWorktree;
        // What the machine is set to must not show in an example.
        let options = gix::open::Options::isolated();
        let made = gix::ThreadSafeRepository::init_opts(folder, kind, Default::default(), options)?;
        Ok(Self { repository: made.to_thread_local(), commits: Vec::new() })
    }

    /// Commits all files of the folder.
    pub(super) fn commit(&mut self, folder: &Path) -> Result<(), ExplainError> {
        let tree = self.tree(folder)?;
        let time = format!("{} +0000", START + DAY * self.commits.len() as u64);
        let author =
            SignatureRef { name: "Example".into(), email: "example@example.com".into(), time: &time };
        let parent = self.commits.last().copied();
        let commit = self.repository.commit_as(author, author, "HEAD", "Example", tree, parent)?;
        self.commits.push(commit.detach());
        Ok(())
    }

    fn tree(&self, folder: &Path) -> Result<ObjectId, ExplainError> {
        let empty = self.repository.empty_tree().id;
        let mut tree = self.repository.edit_tree(empty)?;
        let inner = |path: &Path| path.strip_prefix(folder).map(Path::to_owned).unwrap_or_default();
        let mut walk = WalkBuilder::new(folder);
        walk.standard_filters(false).filter_entry({
            let left_out = [".git", CATALOG].map(|name| folder.join(name));
            move |entry| !left_out.iter().any(|path| path == entry.path())
        });
        for entry in walk.build() {
            let path = entry.map_err(io::Error::other)?.into_path();
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_file() {
                let kind = match source::mode(&metadata) {
                    FileMode::Plain => EntryKind::Blob,
                    FileMode::Executable => EntryKind::BlobExecutable,
                };
                let blob = self.repository.write_blob(fs::read(&path)?)?;
                tree.upsert(inner(&path).to_string_lossy().as_ref(), kind, blob)?;
            }
        }
        Ok(tree.write()?.detach())
    }

    /// Sets a tag at a commit, counted from 1, or removes it.
    pub(super) fn tag(&self, name: &str, number: Option<usize>) -> Result<(), ExplainError> {
        let Some(number) = number else {
            self.repository.find_reference(&format!("refs/tags/{name}"))?.delete()?;
            return Ok(());
        };
        let commit = number.checked_sub(1).and_then(|index| self.commits.get(index));
        let commit = *commit.ok_or_else(|| ExplainError::NoCommit(name.to_owned()))?;
        self.repository.tag_reference(name, commit, PreviousValue::Any)?;
        Ok(())
    }
}
