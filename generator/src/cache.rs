//! What was found before, kept under `.guildhall/cache` by the digest of what it was found in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use registry_core::diagnostic::Diagnostic;
use registry_core::digest::Digest;
use registry_core::manifest::SkillSource;
use serde::{Deserialize, Serialize};

use crate::library::{Outcome, check_with, texts};
use crate::lint;
use crate::source::Snapshot;

/// Where the cache lies, relative to the repository.
const FOLDER: &str = ".guildhall/cache";
const FILE: &str = "check.json";

/// The file of a cache: all that one run found out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// The program that found it; another one may have other rules.
    program: String,
    /// The digest of everything that was read.
    tree: Option<Digest>,
    sound: usize,
    diagnostics: Vec<Diagnostic>,
    /// The findings about each skill's text, by its path and the digest of its files.
    skills: BTreeMap<Digest, Vec<Diagnostic>>,
}

/// Checks a snapshot, taking what has not changed from the cache of `repository` and leaving there what was found. A
/// cache that is missing, damaged or of another program is as good as empty.
///
/// # Errors
/// Beside the outcome, when the cache cannot be written.
pub fn check(repository: &Path, snapshot: Snapshot) -> (Outcome, io::Result<()>) {
    let folder = repository.join(FOLDER);
    let program = program();
    let former = read(&folder).filter(|stored| stored.program == program).unwrap_or_default();
    let tree = digest(&snapshot);
    if former.tree == Some(tree) {
        return (recall(former, &snapshot), Ok(()));
    }
    let skills = Mutex::new(BTreeMap::new());
    let checked = check_with(snapshot, &|source, digest, manifest| {
        let key = key(source, digest);
        let found = former.skills.get(&key).cloned().unwrap_or_else(|| lint::check(source, manifest));
        skills.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    });
    let stored = Stored {
        program,
        tree: Some(tree),
        sound: checked.outcome.sound,
        diagnostics: checked.outcome.diagnostics.clone(),
        skills: skills.into_inner().unwrap_or_else(PoisonError::into_inner),
    };
    (checked.outcome, write(&folder, &stored))
}

fn recall(former: Stored, snapshot: &Snapshot) -> Outcome {
    let files = snapshot.files.iter().map(|(path, file)| (path.as_str(), file.bytes.as_slice()));
    let texts = texts(files, snapshot.config.as_deref(), &former.diagnostics);
    let configured = snapshot.config.is_some();
    Outcome { sound: former.sound, configured, diagnostics: former.diagnostics, texts }
}

/// The findings about a skill's text name its path, so that it is part of the key.
fn key(source: &SkillSource, digest: Digest) -> Digest {
    Digest::of(format!("{}\n{digest}", source.manifest_path).as_bytes())
}

/// The program by its file's size and time: whoever changes a rule makes another file.
fn program() -> String {
    let file = std::env::current_exe().and_then(fs::metadata);
    let time = file.as_ref().ok().and_then(|file| file.modified().ok());
    format!("{} {:?} {time:?}", env!("CARGO_PKG_VERSION"), file.map(|file| file.len()).ok())
}

/// The digest of all that checking a snapshot takes in.
fn digest(snapshot: &Snapshot) -> Digest {
    let files: Vec<_> = snapshot.files.iter().collect();
    let mut lines: Vec<String> = files
        .par_iter()
        .map(|(path, file)| format!("{} {path}\0{}\n", file.mode.git_octal(), Digest::of(&file.bytes)))
        .collect();
    lines.push(format!("{:?}\n", snapshot.config));
    lines.extend(snapshot.diagnostics.iter().map(|found| format!("{found:?}\n")));
    Digest::of(lines.concat().as_bytes())
}

fn read(folder: &Path) -> Option<Stored> {
    serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
}

/// Writes the cache aside and puts it in place, in a folder that Git and backups leave out.
fn write(folder: &Path, stored: &Stored) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    mark(&folder.join(".gitignore"), "*\n")?;
    mark(&folder.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(stored)?)?;
    file.persist(folder.join(FILE))?;
    Ok(())
}

fn mark(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() { Ok(()) } else { fs::write(path, text) }
}

#[cfg(test)]
mod tests {
    use registry_core::digest::FileMode;
    use registry_core::manifest::SourceFile;

    use super::*;
    use crate::library;

    fn snapshot(skills: &[(&str, &str)]) -> Snapshot {
        let files = skills
            .iter()
            .map(|(name, body)| {
                let text = format!(
                    "---\nname: {name}\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: team\n---\n{body}"
                );
                let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
                (format!("skills/support/{name}.md"), file)
            })
            .collect();
        Snapshot { commit: None, files, config: None, diagnostics: Vec::new() }
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
            let (cached, written) = check(repository.path(), snapshot(skills));
            written.unwrap();
            assert_eq!(cached, library::check(snapshot(skills)).outcome);
        }
    }

    #[test]
    fn a_damaged_cache_is_as_good_as_none_and_one_of_another_program_too() {
        let repository = tempfile::tempdir().unwrap();
        let skills = [("first", "Run scripts/a.py")];
        let fresh = library::check(snapshot(&skills)).outcome;
        let file = repository.path().join(FOLDER).join(FILE);
        check(repository.path(), snapshot(&skills)).1.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let forged = text.replace("scripts/a.py", "scripts/forged.py");
        fs::write(&file, &forged).unwrap();
        assert_ne!(check(repository.path(), snapshot(&skills)).0, fresh, "the cache is used");
        for damaged in
            ["", "{}", &text[..text.len() / 2], &forged.replace("\"program\":\"", "\"program\":\"x")]
        {
            fs::write(&file, damaged).unwrap();
            assert_eq!(check(repository.path(), snapshot(&skills)).0, fresh);
        }
    }
}
