//! Real skills of other origin: adopted, checked, built, and what is served of them read by the reference validator.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test tells what it counted, and why it skips")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::Repository;
use generator::source::{Origin, read};
use generator::{document, library};
use serde_json::Value;

/// Reads every skill folder below the first argument with the agentskills.io reference library.
const VALIDATE: &str = r#"
import pathlib, sys
from skills_ref.parser import read_properties
from skills_ref.validator import validate
count = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/*/SKILL.md")):
    count += 1
    for error in validate(path.parent):
        print(f"{path.parent}: {error}")
    for key, value in (read_properties(path.parent).metadata or {}).items():
        if not isinstance(value, str):
            print(f"{path.parent}: metadata.{key} is no text")
print(count)
"#;

/// Where real skills lie, if they do.
fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/skills");
    let folder = std::env::var_os("GUILDHALL_CORPUS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn count<'a>(findings: impl Iterator<Item = &'a Value>) -> BTreeMap<&'a str, usize> {
    findings.fold(BTreeMap::new(), |mut codes, finding| {
        *codes.entry(finding.get("code").unwrap().as_str().unwrap()).or_default() += 1;
        codes
    })
}

/// Adopts each folder of the corpus under a team of its own, and tells how many skills that are.
fn adopt(corpus: &Path, repository: &Repository) -> usize {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    let team = |folder: &PathBuf| {
        let words = folder.file_name().unwrap().to_str().unwrap().to_lowercase();
        words.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    };
    let teams: Vec<String> = folders.iter().map(team).collect();
    let named = teams.iter().flat_map(|team| ["--team", team]);
    repository.must(&["init"].into_iter().chain(named).collect::<Vec<_>>()).unwrap();
    folders.iter().zip(&teams).map(|(folder, team)| adopt_folder(folder, team, repository)).sum()
}

fn adopt_folder(folder: &Path, team: &str, repository: &Repository) -> usize {
    let arguments = ["adopt", "--format", "json", folder.to_str().unwrap(), "--team", team];
    let done = e2e::guildhall(repository.path(), &arguments).unwrap().output().unwrap();
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    let list = |key: &str| said.get(key).unwrap().as_array().unwrap();
    assert_eq!(done.status.code(), Some(i32::from(!list("refused").is_empty())));
    let findings =
        list("refused").iter().flat_map(|skill| skill.get("findings").unwrap().as_array().unwrap());
    let errors = count(findings.filter(|finding| finding.get("severity").unwrap() == "error"));
    println!("{team}: adopted {}, refused by {errors:?}", list("adopted").len());
    list("adopted").len()
}

/// What agents get of every skill of the working tree, each in `team/name/SKILL.md`.
fn serve(repository: &Repository, out: &Path) -> usize {
    let checked = library::check(read(repository.path(), Origin::Worktree).unwrap());
    for (id, skill) in &checked.library {
        let folder = out.join(id.team.as_str()).join(id.name.as_str());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("SKILL.md"), document::served(&skill.manifest)).unwrap();
    }
    checked.library.len()
}

#[test]
fn a_corpus_of_real_skills_is_adopted_checked_built_and_served() {
    let Some(corpus) = corpus() else {
        println!("skipped: there is no corpus at ../shared/corpus beside the checkout (or GUILDHALL_CORPUS)");
        return;
    };
    let repository = Repository::empty().unwrap();
    let adopted = adopt(&corpus, &repository);
    let (code, found) = repository.guildhall(&["check", "--format", "json"]).unwrap();
    let found: Vec<Value> = serde_json::from_str(&found).unwrap();
    assert!(found.iter().all(|finding| finding.get("severity").unwrap() == "warning"), "{found:?}");
    println!("warnings of check: {:?}", count(found.iter()));
    assert_eq!(code, 0);
    let built = repository.must(&["build", "--worktree", "--out", "dist"]).unwrap();
    let line = format!("{adopted} releases in {adopted} skills in ");
    assert!(built.lines().any(|said| said.starts_with(&line)), "{built}");
    let served = tempfile::tempdir().unwrap();
    assert_eq!(serve(&repository, served.path()), adopted);
    validate(served.path(), adopted);
}

fn validate(served: &Path, adopted: usize) {
    let python = |code: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", code]).arg(served);
        python.output()
    };
    if !python("import skills_ref").is_ok_and(|done| done.status.success()) {
        println!(
            "skipped the reference validator: `python3` on the PATH has no module skills_ref (PyPI skills-ref)"
        );
        return;
    }
    let done = python(VALIDATE).unwrap();
    let (said, error) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!((said.trim(), error.as_str()), (adopted.to_string().as_str(), ""));
    println!("{adopted} served skills pass skills-ref");
}
