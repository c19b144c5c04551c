//! What `guildhall init` writes works as it stands: the commands of its CI workflows, run in a scratch repository.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::Repository;

const SKILL: &str = "---\nname: support/greeting\nversion: 1.0.0\ndescription: Greets a customer by name.\n\
    tags: [customer]\naccess_level: team\n---\n# Greeting\n\nSay hello.\n";

/// Runs every `run:` line of a workflow as CI would, with `guildhall` on the `PATH`; fails with the first line that
/// fails.
fn run(repository: &Repository, workflow: &str, head_key: &str) -> Result<(), String> {
    let text = fs::read_to_string(repository.path().join(".github/workflows").join(workflow)).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("run: ")).collect();
    assert!(!lines.is_empty());
    let guildhall = e2e::guildhall(repository.path(), &[]).unwrap();
    let folder = Path::new(guildhall.get_program()).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    for line in lines {
        let done = Command::new("bash")
            .args(["-eo", "pipefail", "-c", line])
            .current_dir(repository.path())
            .env("PATH", &path)
            .env("HEAD_KEY", head_key)
            .env("GUILDHALL_DESTINATION", repository.path().join(".guildhall/published"))
            .output()
            .unwrap();
        let printed =
            [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        if !done.status.success() {
            return Err(format!("{line}: {printed}"));
        }
    }
    Ok(())
}

#[test]
fn the_workflows_of_a_new_repository_check_publish_and_sign() {
    let repository = Repository::empty().unwrap();
    repository
        .must(&["init", "--organisation", "Example: \"Corp\"", "--team", "support", "--team", "data"])
        .unwrap();
    repository.commit("start").unwrap();
    let key = repository.path().join(".guildhall/head.json");
    repository.must(&["key", "new", "head-1", "--out", key.to_str().unwrap()]).unwrap();
    let key = fs::read_to_string(key).unwrap();
    run(&repository, "skills-check.yml", &key).unwrap();
    run(&repository, "skills-publish.yml", &key).unwrap();
    repository.write("skills/support/greeting.md", SKILL).unwrap();
    repository.commit("add support/greeting").unwrap();
    run(&repository, "skills-check.yml", &key).unwrap();
    run(&repository, "skills-publish.yml", &key).unwrap();
    let published = repository.path().join(".guildhall/published");
    assert!(published.join("objects/team:support").is_dir());
    let sequence = || {
        let head = fs::read(published.join("head.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&head).unwrap()["sequence"].clone()
    };
    assert_eq!(sequence(), 2);
    run(&repository, "skills-nightly.yml", &key).unwrap();
    assert_eq!(sequence(), 3);
    assert_eq!(
        repository.git(&["status", "--porcelain"]).unwrap(),
        "",
        "neither catalog nor key may be committed"
    );
}

#[test]
fn the_check_fails_a_pull_request_with_a_wrong_skill() {
    let repository = Repository::empty().unwrap();
    repository.must(&["init"]).unwrap();
    repository.commit("start").unwrap();
    repository.write("skills/support/greeting.md", &SKILL.replace("1.0.0", "one")).unwrap();
    run(&repository, "skills-check.yml", "").unwrap();
    repository.commit("add support/greeting").unwrap();
    let refused = run(&repository, "skills-check.yml", "").unwrap_err();
    assert!(
        refused.contains("::error file=skills/support/greeting.md,line=3,")
            && refused.contains("title=GH0301"),
        "{refused}"
    );
}

#[test]
fn init_overwrites_nothing() {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", "mine").unwrap();
    let (code, text) = repository.guildhall(&["init"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("guildhall.yaml` exists already; nothing was written"), "{text}");
    assert!(!repository.path().join(".github").exists());
}

#[test]
fn init_adds_to_a_gitignore() {
    let repository = Repository::empty().unwrap();
    repository.write(".gitignore", "/target\n").unwrap();
    repository.must(&["init"]).unwrap();
    let ignored = fs::read_to_string(repository.path().join(".gitignore")).unwrap();
    assert_eq!(ignored, "/target\n/dist\n/.guildhall\n");
}
