//! Finds skills below a folder. No link is followed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use registry_core::diagnostic::{Diagnostic, Rule, Span};
use registry_core::digest::FileMode;
use registry_core::manifest::{MAX_SKILL_BYTES, MAX_SKILL_FILES, SourceFile, is_portable};

use super::AdoptError;
use super::report::{Refused, Skipped};
use crate::source;

/// The names of a manifest.
const MANIFESTS: [&str; 2] = ["SKILL.md", "skill.md"];
/// Folders that hold no skills of their own, and what this program writes.
const PASSED_OVER: [&str; 3] = [".git", "node_modules", ".guildhall"];

/// A skill's files, not read yet.
#[derive(Debug)]
pub(super) struct Found {
    /// Its folder relative to where the search began, part by part.
    pub parts: Vec<String>,
    /// Its folder, as people write it.
    pub source: String,
    /// The name of its manifest.
    pub manifest: String,
    /// What forbids reading it.
    pub faults: Vec<Diagnostic>,
    files: BTreeMap<String, (PathBuf, FileMode, u64)>,
}

/// Everything below a folder.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The skills, by path.
    pub skills: Vec<Found>,
    /// Links and the like.
    pub skipped: Vec<Skipped>,
    /// Folders that cannot be read.
    pub unreadable: Vec<Refused>,
}

/// Finds every skill in and below `folder`, but for what lies in `apart`.
pub(super) fn find(folder: &Path, apart: &Path) -> Result<Walk, AdoptError> {
    let failed = |error| AdoptError::Folder(folder.to_owned(), error);
    if !fs::metadata(folder).map_err(failed)?.is_dir() {
        return Err(AdoptError::Folder(folder.to_owned(), io::ErrorKind::NotADirectory.into()));
    }
    let apart = fs::canonicalize(apart).ok().filter(|apart| {
        // A search that begins there, or inside, is meant.
        fs::canonicalize(folder).is_ok_and(|folder| !folder.starts_with(apart))
    });
    let mut walk = Walk::default();
    walk.folder(folder, &mut Vec::new(), None, apart.as_deref());
    Ok(walk)
}

impl Walk {
    /// Goes through one folder; `owner` is the skill that its files belong to.
    fn folder(&mut self, folder: &Path, parts: &mut Vec<String>, owner: Option<usize>, apart: Option<&Path>) {
        let entries = match entries(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(folder, owner, &error),
        };
        let owner = self.skill(folder, parts, &entries).or(owner);
        for (name, metadata) in entries {
            let path = folder.join(&name);
            if metadata.is_symlink() || !(metadata.is_dir() || metadata.is_file()) {
                let reason = if metadata.is_symlink() { "a symbolic link" } else { "no ordinary file" };
                self.skip(&path, reason);
                continue;
            }
            let (name, clean) = match name.into_string() {
                Ok(name) => (name, true),
                Err(name) => (name.to_string_lossy().into_owned(), false),
            };
            let owned = owner.and_then(|owner| self.skills.get_mut(owner));
            match owned {
                Some(skill) if !clean => skill.fault(
                    Rule::Unreadable,
                    format!("the name of `{}` is not UTF-8", path.display()),
                    "rename it",
                ),
                _ if metadata.is_dir() => {
                    let is_apart = |apart| fs::canonicalize(&path).is_ok_and(|path| path == apart);
                    if PASSED_OVER.contains(&name.as_str()) {
                        if owner.is_some() {
                            self.skip(&path, "a folder of this name is no part of a skill");
                        }
                    } else if !apart.is_some_and(is_apart) {
                        parts.push(name);
                        self.folder(&path, parts, owner, apart);
                        parts.pop();
                    }
                }
                Some(skill) => skill.add(parts, &name, path, &metadata),
                None => {}
            }
        }
    }

    /// The skill that lies in a folder with these entries.
    fn skill(&mut self, folder: &Path, parts: &[String], entries: &[(OsString, Metadata)]) -> Option<usize> {
        let is =
            |manifest: &&str| entries.iter().any(|(name, metadata)| name == manifest && !metadata.is_dir());
        let manifest = *MANIFESTS.iter().find(|manifest| is(manifest))?;
        let mut skill = Found {
            parts: parts.to_vec(),
            source: folder.display().to_string(),
            manifest: manifest.to_owned(),
            faults: Vec::new(),
            files: BTreeMap::new(),
        };
        if MANIFESTS.iter().all(is) {
            let message = "the folder has both `SKILL.md` and `skill.md`".to_owned();
            skill.fault(Rule::TwoForms, message, "keep one of the two");
        }
        if entries.iter().any(|(name, metadata)| name == manifest && !metadata.is_file()) {
            let message = format!("`{manifest}` is no ordinary file");
            skill.fault(Rule::Unreadable, message, "put the file itself here");
        }
        self.skills.push(skill);
        Some(self.skills.len() - 1)
    }

    fn skip(&mut self, path: &Path, reason: &str) {
        self.skipped.push(Skipped { path: path.display().to_string(), reason: reason.to_owned() });
    }

    fn unreadable(&mut self, folder: &Path, owner: Option<usize>, error: &io::Error) {
        let message = format!("the folder `{}` cannot be read: {error}", folder.display());
        if let Some(skill) = owner.and_then(|owner| self.skills.get_mut(owner)) {
            return skill.fault(Rule::Unreadable, message, "give yourself leave to read it");
        }
        let source = folder.display().to_string();
        let finding = Diagnostic::new(Rule::Unreadable, &source, Span::START, message);
        self.unreadable.push(Refused { source, findings: vec![finding] });
    }
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> io::Result<Vec<(OsString, Metadata)>> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name(), entry.metadata()?))
    };
    let mut entries: Vec<_> = fs::read_dir(folder)?.map(entry).collect::<io::Result<_>>()?;
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

impl Found {
    /// The path of its manifest, as people write it.
    pub(super) fn manifest_path(&self) -> String {
        Path::new(&self.source).join(&self.manifest).display().to_string()
    }

    fn fault(&mut self, rule: Rule, message: String, help: &str) {
        let finding = Diagnostic::new(rule, &self.manifest_path(), Span::START, message);
        self.faults.push(finding.with_help(help));
    }

    fn add(&mut self, parts: &[String], name: &str, path: PathBuf, metadata: &Metadata) {
        let below = parts.get(self.parts.len()..).unwrap_or_default();
        let inside = below.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        if !is_portable(&inside) {
            let message = format!("the path `{}` cannot be part of a bundle", inside.escape_debug());
            self.fault(
                Rule::InvalidPath,
                message,
                "shorten it, and use no control characters or backslashes",
            );
        }
        self.files.insert(inside, (path, source::mode(metadata), metadata.len()));
    }

    /// Reads the files, or tells everything that forbids it.
    pub(super) fn read(&mut self) -> Result<BTreeMap<String, SourceFile>, Vec<Diagnostic>> {
        let size: u64 = self.files.values().map(|(_, _, size)| size).sum();
        if size > MAX_SKILL_BYTES as u64 || self.files.len() > MAX_SKILL_FILES {
            let message = format!("the skill has {} files of {size} bytes together", self.files.len());
            let help = format!("keep a skill within {MAX_SKILL_FILES} files and {MAX_SKILL_BYTES} bytes");
            self.fault(Rule::Unreadable, message, &help);
        }
        if !self.faults.is_empty() {
            return Err(std::mem::take(&mut self.faults));
        }
        let mut files = BTreeMap::new();
        for (inside, (path, mode, size)) in std::mem::take(&mut self.files) {
            match source::bytes(&path, size) {
                Ok(Some(bytes)) => drop(files.insert(inside, SourceFile { mode, bytes })),
                Ok(None) => {
                    let message = format!("the file `{inside}` changed while it was read");
                    self.fault(Rule::Unreadable, message, "run the command again");
                }
                Err(error) => {
                    let message = format!("the file `{inside}` cannot be read: {error}");
                    self.fault(Rule::Unreadable, message, "give yourself leave to read it");
                }
            }
        }
        if self.faults.is_empty() { Ok(files) } else { Err(std::mem::take(&mut self.faults)) }
    }
}
