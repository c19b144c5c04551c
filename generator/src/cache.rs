//! What was found before, kept under `.guildhall/cache` by the digest of what it was found in.

mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use registry_core::diagnostic::Diagnostic;
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::manifest::SkillSource;
use registry_core::status::Date;
use serde::{Deserialize, Serialize};

use crate::findable::HitRate;
use crate::library::{Outcome, Setting, check_released, texts};
use crate::lint;
use crate::releases::GatherError;
use crate::source::{Snapshot, history};

pub(crate) use self::folder::Folder;

const FILE: &str = "check.json";
/// The largest file that is taken for a cache, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The file of a cache: all that one run found out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// The program that found it; another one may have other rules.
    program: String,
    /// The digest of everything that was read.
    tree: Option<Digest>,
    sound: usize,
    configured: bool,
    diagnostics: Vec<Diagnostic>,
    triggers: BTreeMap<SkillId, HitRate>,
    /// The paths of the texts that belong to the findings.
    texts: BTreeSet<String>,
    /// The findings about each skill's text, by its path and the digest of its files.
    skills: BTreeMap<Digest, Vec<Diagnostic>>,
}

/// Checks a snapshot, taking what has not changed from the cache of `repository` and leaving there what was found. A
/// cache that is missing, damaged or of another program is as good as empty; one behind a link is not used at all.
///
/// # Errors
/// When former releases cannot be gathered; beside the outcome, when the cache cannot be written.
pub fn check(
    repository: &Path,
    snapshot: Snapshot,
    setting: Setting<'_>,
) -> Result<(Outcome, io::Result<()>), GatherError> {
    let folder = match Folder::of(repository) {
        Ok(folder) => folder,
        Err(error) => {
            let lint = |source: &_, _, manifest: Option<&_>| lint::check(source, manifest);
            return Ok((check_released(snapshot, setting, &lint)?.outcome, Err(error)));
        }
    };
    let former = read(&folder).filter(|stored| stored.program == folder.program()).unwrap_or_default();
    let tree = digest(&snapshot, setting);
    if former.tree == Some(tree) {
        return Ok((recall(former, &snapshot), Ok(())));
    }
    let skills = Mutex::new(BTreeMap::new());
    let checked = check_released(snapshot, setting, &|source, digest, manifest| {
        let key = key(source, digest);
        let found = former.skills.get(&key).cloned().unwrap_or_else(|| lint::check(source, manifest));
        skills.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    })?;
    let stored = Stored {
        program: folder.program().to_owned(),
        tree: Some(tree),
        sound: checked.outcome.sound,
        configured: checked.outcome.configured,
        texts: checked.outcome.texts.keys().cloned().collect(),
        diagnostics: checked.outcome.diagnostics.clone(),
        triggers: checked.outcome.triggers.clone(),
        skills: skills.into_inner().unwrap_or_else(PoisonError::into_inner),
    };
    Ok((checked.outcome, write(&folder, &stored)))
}

fn recall(former: Stored, snapshot: &Snapshot) -> Outcome {
    let files = former.texts.iter().filter_map(|path| snapshot.files.get_key_value(path));
    let files = files.map(|(path, file)| (path.as_str(), file.bytes.as_slice()));
    let texts = texts(files, snapshot.config.as_deref(), &former.diagnostics);
    let Stored { sound, configured, diagnostics, triggers, .. } = former;
    Outcome { sound, configured, diagnostics, triggers, texts }
}

/// The findings about a skill's text name its path, so that it is part of the key.
fn key(source: &SkillSource, digest: Digest) -> Digest {
    Digest::of(format!("{}\n{digest}", source.manifest_path).as_bytes())
}

/// The digest of all that checking a snapshot takes in.
fn digest(snapshot: &Snapshot, setting: Setting<'_>) -> Digest {
    let files: Vec<_> = snapshot.files.iter().collect();
    let mut lines: Vec<String> = files
        .par_iter()
        .map(|(path, file)| format!("{} {path}\0{}\n", file.mode.git_octal(), Digest::of(&file.bytes)))
        .collect();
    lines.push(format!("{:?}\n", snapshot.config));
    lines.push(format!("{:?} {}\n", history::fingerprint(setting.releases.folder), Date::of(setting.as_of)));
    lines.extend(snapshot.diagnostics.iter().map(|found| format!("{found:?}\n")));
    Digest::of(lines.concat().as_bytes())
}

fn read(folder: &Folder) -> Option<Stored> {
    serde_json::from_slice(&folder.read(FILE, MAX_BYTES)?).ok()
}

fn write(folder: &Folder, stored: &Stored) -> io::Result<()> {
    folder.write(FILE, &[&serde_json::to_vec(stored)?])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use registry_core::diagnostic::{Rule, Span};
    use registry_core::digest::FileMode;
    use registry_core::manifest::SourceFile;
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::folder::FOLDER;
    use super::*;
    use crate::{library, releases};

    fn snapshot(skills: &[(&str, &str)]) -> Snapshot {
        let mut files: BTreeMap<_, _> = skills
            .iter()
            .map(|(name, body)| {
                let text = format!(
                    "---\nname: {name}\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: team\n---\n{body}"
                );
                let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
                (format!("skills/support/{name}.md"), file)
            })
            .collect();
        let text = "---\nname: tool\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: team\n---\nscripts/a.sh\n";
        for (path, text) in [("SKILL.md", text), ("scripts/a.sh", "#!/bin/sh\n")] {
            let file = SourceFile { mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
            files.insert(format!("skills/support/tool/{path}"), file);
        }
        Snapshot { commit: None, files, config: None, diagnostics: Vec::new() }
    }

    fn checked(repository: &Path, snapshot: Snapshot) -> (Outcome, io::Result<()>) {
        let releases = releases::Source { folder: repository, former: None, committed: false };
        check(repository, snapshot, Setting { releases, as_of: 0 }).unwrap()
    }

    #[test]
    fn a_cached_check_finds_what_a_fresh_one_does() {
        let repository = tempfile::tempdir().unwrap();
        let states: [&[(&str, &str)]; 5] = [
            &[("first", "Run scripts/a.py"), ("second", "")],
            &[("first", "Run scripts/a.py"), ("second", "")],
            &[("first", "Run scripts/b.py"), ("second", "")],
            &[("other", "Run scripts/b.py"), ("second", "Run scripts/b.py")],
            &[("first", "Run scripts/a.py"), ("second", "")],
        ];
        for skills in states {
            let (cached, written) = checked(repository.path(), snapshot(skills));
            written.unwrap();
            let fresh = library::check(snapshot(skills)).outcome;
            assert!(fresh.diagnostics.iter().any(|found| found.path.ends_with(".sh")), "{fresh:?}");
            assert_eq!(cached, fresh);
        }
    }

    #[test]
    fn a_damaged_cache_is_as_good_as_none_and_one_of_another_program_too() {
        let repository = tempfile::tempdir().unwrap();
        let skills = [("first", "Run scripts/a.py")];
        let fresh = library::check(snapshot(&skills)).outcome;
        let file = repository.path().join(FOLDER).join(FILE);
        checked(repository.path(), snapshot(&skills)).1.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let forged = text.replace("scripts/a.py", "scripts/forged.py");
        fs::write(&file, &forged).unwrap();
        assert_ne!(checked(repository.path(), snapshot(&skills)).0, fresh, "the cache is used");
        for damaged in
            ["", "{}", &text[..text.len() / 2], &forged.replace("\"program\":\"", "\"program\":\"x")]
        {
            fs::write(&file, damaged).unwrap();
            assert_eq!(checked(repository.path(), snapshot(&skills)).0, fresh);
        }
    }

    #[test]
    fn what_is_told_of_the_configuration_is_kept_though_it_could_not_be_read() {
        let repository = tempfile::tempdir().unwrap();
        let snapshot = || {
            let mut snapshot = snapshot(&[]);
            let found = Diagnostic::new(Rule::Unreadable, "guildhall.yaml", Span::START, "m");
            snapshot.diagnostics.push(found);
            snapshot
        };
        let fresh = library::check(snapshot()).outcome;
        assert!(fresh.configured);
        for _ in 0..2 {
            assert_eq!(checked(repository.path(), snapshot()).0, fresh);
        }
    }

    #[test]
    fn a_cache_behind_a_link_is_neither_read_nor_written() {
        for link in [".guildhall", FOLDER] {
            let (repository, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let link = repository.path().join(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), &link).unwrap();
            let (outcome, written) = checked(repository.path(), snapshot(&[("first", "Run scripts/a.py")]));
            assert!(written.unwrap_err().to_string().contains("is a symbolic link"));
            assert_eq!(outcome, library::check(snapshot(&[("first", "Run scripts/a.py")])).outcome);
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn links_and_pipes_in_the_cache_are_neither_followed_nor_waited_for() {
        let (repository, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = repository.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        for name in [".gitignore", "CACHEDIR.TAG", FILE] {
            symlink(elsewhere.path().join(name), folder.join(name)).unwrap();
        }
        checked(repository.path(), snapshot(&[])).1.unwrap();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        assert!(fs::symlink_metadata(folder.join(FILE)).unwrap().is_file());
        fs::remove_file(folder.join(FILE)).unwrap();
        mknodat(CWD, folder.join(FILE), FileType::Fifo, Mode::RWXU, 0).unwrap();
        checked(repository.path(), snapshot(&[])).1.unwrap();
        assert!(fs::symlink_metadata(folder.join(FILE)).unwrap().is_file());
    }
}
