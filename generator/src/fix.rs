//! The changes that mend findings: planned on a snapshot of the working tree, then written to it.

mod write;

pub use write::{LeftAlone, remove_folder, replace_file, write};

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use registry_core::diagnostic::{Change, Diagnostic, Fix, Lines, apply};
use registry_core::digest::FileMode;
use registry_core::manifest::{Frontmatter, SourceFile};
use registry_core::organisation::CONFIG_PATH;
use similar::TextDiff;

use crate::library::{self, Checked};
use crate::report::without_mark;
use crate::source::Snapshot;

/// Changes can bring new findings to light, and overlap. No tree needs more rounds than this; a change that does not
/// mend its finding must not be made for ever.
pub const ROUNDS: usize = 10;

/// Most fixes that one file gets in a round: whether they go together is tried for each.
const MOST_FIXES: usize = 64;

/// One file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// As it was checked.
    pub before: SourceFile,
    /// As it shall be.
    pub after: SourceFile,
}

/// Changes to a working tree.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files to change, by path.
    pub edits: BTreeMap<String, Edit>,
    /// Empty folders to remove.
    pub folders: BTreeSet<String>,
    /// The findings that this mends, in the order of the changes.
    pub mended: Vec<Diagnostic>,
}

/// Plans all changes for findings on paths that are `wanted`, and tells what is left to find after them.
#[must_use]
pub fn plan(snapshot: Snapshot, wanted: impl Fn(&str) -> bool) -> (Plan, Checked) {
    let mut draft = Draft { snapshot, plan: Plan::default(), made: BTreeSet::new() };
    let mut checked = library::check(draft.snapshot.clone());
    for _ in 0..ROUNDS {
        if !draft.round(&checked.outcome.diagnostics, &wanted) {
            break;
        }
        checked = library::check(draft.snapshot.clone());
    }
    draft.plan.edits.retain(|_, edit| edit.before != edit.after);
    (draft.plan, checked)
}

/// The paths that the fix of a finding changes.
#[must_use]
pub fn touched(found: &Diagnostic) -> BTreeSet<&str> {
    let path = |change| match change {
        &Change::Replace { .. } => found.path.as_str(),
        Change::MakeExecutable { path } | Change::RemoveFolder { path } => path,
    };
    found.fix.iter().flat_map(|fix| &fix.changes).map(path).collect()
}

/// The change of the file at `path` as Git shows it; `git apply` takes it.
#[must_use]
pub fn diff(path: &str, edit: &Edit) -> String {
    let Edit { before, after } = edit;
    let mut text = format!("diff --git a/{path} b/{path}\n");
    if before.mode != after.mode {
        let [old, new] = [before, after].map(|file| file.mode.git_octal());
        text.push_str(&format!("old mode {old}\nnew mode {new}\n"));
    }
    let [old, new] = [before, after].map(|file| String::from_utf8_lossy(&file.bytes));
    let lines = TextDiff::from_lines(&*old, &*new);
    text.push_str(&lines.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string());
    text
}

struct Draft {
    /// With every change so far.
    snapshot: Snapshot,
    plan: Plan,
    /// Findings whose fix was made: one that comes back the same is not mended by it.
    made: BTreeSet<Diagnostic>,
}

impl Draft {
    /// Makes what can be made at once; `false` when that is nothing.
    fn round(&mut self, findings: &[Diagnostic], wanted: impl Fn(&str) -> bool) -> bool {
        let mut by_path: BTreeMap<&str, Vec<(&Diagnostic, &Fix)>> = BTreeMap::new();
        for found in findings.iter().filter(|found| wanted(&found.path) && !self.made.contains(*found)) {
            let Some(fix) = &found.fix else { continue };
            let fixes = by_path.entry(&found.path).or_default();
            // Two findings may ask for one insertion, which must not be made twice.
            if fixes.len() < MOST_FIXES && fixes.iter().all(|(_, other)| other.changes != fix.changes) {
                fixes.push((found, fix));
            }
        }
        let before = self.made.len();
        for (path, fixes) in by_path {
            self.mend(path, &fixes);
        }
        self.made.len() > before
    }

    /// Makes the changes for findings about one path.
    fn mend(&mut self, path: &str, findings: &[(&Diagnostic, &Fix)]) {
        let text = self.text(path);
        let possible = |change: &Change| match change {
            Change::Replace { .. } => text.is_some(),
            Change::MakeExecutable { path } => self.snapshot.files.contains_key(path),
            Change::RemoveFolder { .. } => true,
        };
        let mut findings: Vec<_> =
            findings.iter().filter(|(_, fix)| fix.changes.iter().all(possible)).collect();
        let text = text.unwrap_or_default();
        let body = without_mark(&text);
        let (lines, mut keys) = (Lines::new(body), BTreeSet::new());
        findings.retain(|(_, fix)| written_key(&lines, fix).is_none_or(|key| keys.insert(key)));
        let fixes: Vec<&Fix> = findings.iter().map(|(_, fix)| *fix).collect();
        let (changed, done) = apply_together(path, body, &fixes);
        if changed != body {
            let mark = text.strip_suffix(body).unwrap_or_default();
            self.set_text(path, format!("{mark}{changed}"));
        }
        for ((found, fix), _) in findings.into_iter().zip(done).filter(|(_, done)| *done) {
            fix.changes.iter().for_each(|change| self.change(change));
            self.snapshot.diagnostics.retain(|other| other != *found);
            self.made.insert((*found).clone());
            self.plan.mended.push((*found).clone());
        }
    }

    /// Makes a change that is none of text.
    fn change(&mut self, change: &Change) {
        match change {
            Change::Replace { .. } => {}
            Change::MakeExecutable { path } => self.edit(path, |file| file.mode = FileMode::Executable),
            Change::RemoveFolder { path } => drop(self.plan.folders.insert(path.clone())),
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        if path == CONFIG_PATH {
            return self.snapshot.config.clone();
        }
        let file = self.snapshot.files.get(path)?;
        String::from_utf8(file.bytes.clone()).ok()
    }

    fn set_text(&mut self, path: &str, text: String) {
        if path == CONFIG_PATH {
            let file = |text: &str| SourceFile { mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
            let before = file(self.snapshot.config.as_deref().unwrap_or_default());
            self.record(path, before, file(&text));
            self.snapshot.config = Some(text);
        } else {
            self.edit(path, |file| file.bytes = text.into_bytes());
        }
    }

    fn edit(&mut self, path: &str, change: impl FnOnce(&mut SourceFile)) {
        if let Some(file) = self.snapshot.files.get_mut(path) {
            let before = file.clone();
            change(file);
            let after = file.clone();
            self.record(path, before, after);
        }
    }

    fn record(&mut self, path: &str, before: SourceFile, after: SourceFile) {
        match self.plan.edits.entry(path.to_owned()) {
            Entry::Occupied(mut edit) => edit.get_mut().after = after,
            Entry::Vacant(none) => drop(none.insert(Edit { before, after })),
        }
    }
}

/// The key at the start of a line that a fix writes: no other fix can write it too.
fn written_key<'a>(lines: &Lines<'_>, fix: &'a Fix) -> Option<&'a str> {
    let [Change::Replace { span, text }] = fix.changes.as_slice() else { return None };
    let is_indented = span.start.column != 1 || text.starts_with(char::is_whitespace);
    if is_indented {
        return None;
    }
    match text.split_once(':') {
        Some((key, _)) => Some(key),
        None => lines.text().get(lines.offset(span.end)?..)?.starts_with(':').then_some(text),
    }
}

/// Makes the fixes that go together. Each is sound alone, but two can spell two keys alike, and a key written twice
/// spoils the file.
fn apply_together(path: &str, text: &str, fixes: &[&Fix]) -> (String, Vec<bool>) {
    let readable = |text: &str| Frontmatter::read(path, text.as_bytes()).is_ok();
    let (all, done) = apply(text, fixes);
    if readable(&all) || !readable(text) {
        return (all, done);
    }
    let mut kept: Vec<&Fix> = Vec::new();
    let mut done = Vec::new();
    for fix in fixes {
        kept.push(fix);
        let (changed, made) = apply(text, &kept);
        let fits = made.last() == Some(&true) && readable(&changed);
        if !fits {
            kept.pop();
        }
        done.push(fits);
    }
    (apply(text, &kept).0, done)
}

#[cfg(test)]
mod tests;
