//! `cargo xtask corpus`: what it makes is sound, and the same at every run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use e2e::{Repository, files};

fn made(arguments: &[&str]) -> Repository {
    Repository::made(arguments).unwrap()
}

/// Every tag with the commit that it names, and the commit of `HEAD`.
fn references(repository: &Repository) -> String {
    repository.git(&["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"]).unwrap()
}

#[test]
fn a_made_history_is_checked_without_a_finding_and_built() {
    let repository = made(&["--skills", "30", "--versions", "3", "--git"]);
    assert_eq!(repository.git(&["tag"]).unwrap().lines().count(), 90);
    assert_eq!(repository.git(&["rev-list", "--count", "HEAD"]).unwrap(), "90");
    assert_eq!(repository.git(&["status", "--porcelain"]).unwrap(), "");
    assert_eq!(repository.must(&["check"]).unwrap(), "30 skills sound, 0 errors, 0 warnings");
    assert!(repository.build().unwrap().contains("30 skills in "));
}

#[test]
fn the_same_arguments_make_the_same_commits_and_tags() {
    let [first, second] = [(); 2].map(|()| made(&["--skills", "20", "--versions", "2", "--git", "--code"]));
    assert_eq!(references(&first), references(&second));
}

#[test]
fn plain_files_are_those_that_the_history_ends_with() {
    let history = made(&["--skills", "40", "--versions", "3", "--git"]);
    let plain = made(&["--skills", "40", "--versions", "3", "--files"]);
    let mut checked_out = files(history.path()).unwrap();
    checked_out.retain(|path, _| !path.starts_with(".git/"));
    assert_eq!(checked_out, files(plain.path()).unwrap());
}

#[test]
fn a_skill_has_the_same_bytes_among_few_and_among_many() {
    let few = made(&["--skills", "40", "--files"]);
    let many = made(&["--skills", "400", "--files"]);
    let many = files(many.path()).unwrap();
    for (path, bytes) in files(few.path()).unwrap() {
        assert_eq!(many.get(&path), Some(&bytes), "{path}");
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let repository = made(&["--skills", "1", "--files"]);
    let before = files(repository.path()).unwrap();
    let again = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "xtask", "--", "corpus", "--skills", "9", "--files"])
        .arg(repository.path())
        .current_dir(e2e::workspace())
        .output()
        .unwrap();
    assert!(!again.status.success());
    assert_eq!(files(repository.path()).unwrap(), before);
}
