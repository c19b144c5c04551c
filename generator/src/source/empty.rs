//! Folders of a skill that hold no file: an author sees them, and Git does not keep them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use registry_core::diagnostic::{Change, Diagnostic, Fix, Rule, Span};

use super::inner;

/// The folders inside of skills, by path relative to the repository.
#[derive(Debug, Default)]
pub(super) struct Folders {
    all: BTreeSet<String>,
    holding: BTreeSet<String>,
}

impl Folders {
    /// Notes a folder.
    pub(super) fn add(&mut self, path: &str) {
        let parts: Vec<&str> = inner(path).unwrap_or_default().split('/').collect();
        let in_skill = parts.len() > 2 && !parts.iter().take(2).any(|part| part.starts_with(['_', '.']));
        if in_skill {
            self.all.insert(path.to_owned());
        }
    }

    /// Notes a file, or whatever else is no folder.
    pub(super) fn hold(&mut self, path: &str) {
        self.holding.extend(path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
    }

    /// One finding for each folder that holds nothing but empty folders, and lies in none.
    pub(super) fn findings(&self, repository: &Path) -> Vec<Diagnostic> {
        let mut empty: BTreeSet<&str> = BTreeSet::new();
        // What lies in a folder comes behind it.
        for folder in self.all.iter().rev().filter(|folder| !self.holding.contains(*folder)) {
            if holds_only(repository, folder, &empty) {
                empty.insert(folder);
            }
        }
        let topmost =
            |folder: &&&str| folder.rsplit_once('/').is_none_or(|(above, _)| !empty.contains(above));
        empty.iter().filter(topmost).map(|folder| finding(folder, &empty)).collect()
    }
}

/// Whether nothing lies in a folder but what is `empty`. A file that Git ignores is something.
fn holds_only(repository: &Path, folder: &str, empty: &BTreeSet<&str>) -> bool {
    let Ok(entries) = fs::read_dir(repository.join(folder)) else { return false };
    entries.into_iter().all(|entry| {
        entry.is_ok_and(|entry| {
            entry.file_name().to_str().is_some_and(|name| empty.contains(format!("{folder}/{name}").as_str()))
        })
    })
}

fn finding(folder: &str, empty: &BTreeSet<&str>) -> Diagnostic {
    let inside = inner(folder).and_then(|inner| inner.splitn(3, '/').nth(2)).unwrap_or(folder);
    let message = format!("the folder `{inside}/` of the skill is empty, and Git does not keep it");
    let within = format!("{folder}/");
    let below = empty.iter().filter(|other| **other == folder || other.starts_with(&within));
    let changes = below.map(|path| Change::RemoveFolder { path: (*path).to_owned() }).collect();
    Diagnostic::new(Rule::EmptyFolder, folder, Span::START, message)
        .with_help("remove it until there is something to put in it")
        .with_fix(Some(Fix { title: "remove the empty folder".to_owned(), changes }))
}
