//! What authors and CI see: exit codes, formats and baselines of `guildhall check`, and `guildhall fix` on a real
//! working tree.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use e2e::Repository;
use serde_json::Value;

const SOUND: &str = "---\nname: support/greeting\nversion: 1.0.0\ndescription: Greets a customer by name.\n\
    tags: [customer]\naccess_level: team\n---\n# Greeting\n\nSay hello.\n";
const PATH: &str = "skills/support/greeting.md";

/// A repository with the one skill `text` and a configuration, committed.
fn repository(text: &str) -> Repository {
    let repository = Repository::empty().unwrap();
    repository.must(&["init", "--team", "support"]).unwrap();
    repository.write(PATH, text).unwrap();
    repository.commit("start").unwrap();
    repository
}

/// The skill with a key that only a warning is about.
fn warned(key: &str) -> String {
    SOUND.replace("access_level", &format!("{key}: red\naccess_level"))
}

fn read(repository: &Repository, path: &str) -> String {
    fs::read_to_string(repository.path().join(path)).unwrap()
}

/// The exit code and what stands on standard output alone.
fn output(repository: &Repository, arguments: &[&str]) -> (i32, String) {
    let done = e2e::guildhall(repository.path(), arguments).unwrap().output().unwrap();
    (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
}

#[test]
fn exit_codes_tell_sound_wrong_and_unchecked_apart() {
    let sound = repository(SOUND);
    let (warned, wrong) = (repository(&warned("colour")), repository(&SOUND.replace("1.0.0", "one")));
    for format in ["human", "json", "github", "sarif"] {
        let code = |repository: &Repository, more: &[&str]| {
            repository.guildhall(&[&["check", "--format", format], more].concat()).unwrap().0
        };
        assert_eq!(code(&sound, &["--deny-warnings"]), 0);
        assert_eq!((code(&warned, &[]), code(&warned, &["--deny-warnings"])), (0, 1));
        assert_eq!((code(&wrong, &[]), code(&wrong, &["--head"])), (1, 1));
        assert_eq!(code(&sound, &["--baseline", "absent.json"]), 2);
        assert_eq!(code(&sound, &["--update-baseline"]), 2, "an update needs a file");
    }
    fs::remove_dir_all(sound.path().join("skills")).unwrap();
    fs::remove_file(sound.path().join("guildhall.yaml")).unwrap();
    assert_eq!(sound.guildhall(&["check"]).unwrap().0, 2);
}

#[test]
fn each_format_has_standard_output_to_itself() {
    let repository = repository(&warned("colour").replace("1.0.0", "v1.0"));
    fs::remove_file(repository.path().join("guildhall.yaml")).unwrap();
    let (_, human) = output(&repository, &["check"]);
    assert!(human.contains("\n6 | colour: red\n  | ^^^^^^\n"), "{human}");
    assert!(human.ends_with("0 skills sound, 1 error, 1 warning, 1 can be mended by `guildhall fix`\n"));
    assert!(!human.contains('\u{1b}'), "no colour where no terminal is");
    let (_, json) = output(&repository, &["check", "--format", "json"]);
    let findings: Value = serde_json::from_str(&json).unwrap();
    let codes: Vec<&Value> = findings.as_array().unwrap().iter().map(|found| &found["code"]).collect();
    assert_eq!(codes, ["GH0301", "GH0103"]);
    let (_, github) = output(&repository, &["check", "--format", "github"]);
    assert!(
        github.starts_with(
            "::error file=skills/support/greeting.md,line=3,endLine=3,col=10,endColumn=14,title="
        )
    );
    let (_, sarif) = output(&repository, &["check", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 2);
}

#[test]
fn a_baseline_leaves_only_new_warnings() {
    let repository = repository(&warned("colour"));
    let check = |more: &[&str]| {
        let arguments = [&["check", "--baseline", "known.json", "--deny-warnings"], more].concat();
        repository.guildhall(&arguments).unwrap()
    };
    let (code, text) = check(&["--update-baseline"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("wrote 1 warning to `known.json`"), "{text}");
    let (code, text) = check(&[]);
    assert_eq!(
        (code, text.as_str()),
        (0, "1 skill sound, 0 errors, 0 warnings, 1 warning in the baseline\n")
    );

    let next = |text: &str| text.replace("version: 1.0.0", "version: 1.0.1");
    let more = warned("colour").replace("colour", "shape: round\ncolour");
    repository.write(PATH, &next(&more)).unwrap();
    let (code, text) = check(&[]);
    assert_eq!(code, 1);
    assert!(text.contains("`shape`") && !text.contains("`colour`"), "{text}");

    repository.write(PATH, &next(SOUND)).unwrap();
    let (code, text) = check(&[]);
    assert_eq!(code, 0);
    let note =
        "1 entry of the baseline is mended: run `guildhall check --baseline known.json --update-baseline`";
    assert!(text.contains(note), "{text}");

    repository.write("known.json", "<<<<<<< HEAD").unwrap();
    let (code, text) = check(&[]);
    assert_eq!(code, 2);
    assert!(text.contains("the baseline `known.json` is damaged") && text.contains("caused by:"), "{text}");
}

#[test]
fn an_error_is_never_part_of_a_baseline() {
    let repository = repository(&SOUND.replace("1.0.0", "one"));
    let arguments = ["check", "--baseline", "known.json", "--update-baseline"];
    let (code, text) = repository.guildhall(&arguments).unwrap();
    assert_eq!(code, 1);
    assert!(text.contains("GH0301") && text.contains("wrote 0 warnings"), "{text}");
    assert_eq!(repository.guildhall(&["check", "--baseline", "known.json"]).unwrap().0, 1);
}

#[test]
fn fix_mends_the_working_tree_and_nothing_is_left_of_what_it_mended() {
    let repository = repository(&SOUND.replace("1.0.0", "v1.0").replace("tags:", "Tags:"));
    let target = repository.path().join(PATH);
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, text) = repository.guildhall(&["fix"]).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("fixed skills/support/greeting.md:3:10 GH0301: replace it by `1.0.0`\n"), "{text}");
    assert!(text.contains("fixed skills/support/greeting.md:5:1 GH0103: spell it `tags`\n"), "{text}");
    assert!(text.ends_with("1 skill sound, 0 errors, 0 warnings\n"), "{text}");
    assert_eq!(read(&repository, PATH), SOUND);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(repository.must(&["check"]).unwrap(), "1 skill sound, 0 errors, 0 warnings");
    assert_eq!(repository.must(&["fix"]).unwrap(), "1 skill sound, 0 errors, 0 warnings");
    assert_eq!(repository.git(&["status", "--porcelain"]).unwrap(), format!("M {PATH}"), "and no other file");
}

#[test]
fn a_dry_run_changes_nothing_and_prints_what_git_can_apply() {
    let text = SOUND.replace("1.0.0", "v1.0").replace('\n', "\r\n");
    // The last line has no end, which a diff must say.
    let repository = repository(text.trim_end());
    let before = read(&repository, PATH);
    let (code, diff) = output(&repository, &["fix", "--dry-run"]);
    assert_eq!(code, 0, "{diff}");
    assert_eq!(read(&repository, PATH), before);
    let mut git = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .current_dir(repository.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut git.stdin.take().unwrap(), diff.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success(), "{diff}");
    assert_eq!(read(&repository, PATH), before.replace("v1.0", "1.0.0"));
    let (code, text) = repository.guildhall(&["fix", "--dry-run"]).unwrap();
    assert_eq!((code, text.as_str()), (0, "after these changes: 1 skill sound, 0 errors, 0 warnings\n"));
}

#[test]
fn paths_restrict_what_is_mended_and_what_is_left_fails() {
    let wrong = SOUND.replace("1.0.0", "v1.0");
    let repository = repository(&wrong);
    let other = "skills/shared/parting.md";
    repository.write(other, &wrong.replace("support/greeting", "shared/parting")).unwrap();
    let (code, text) = repository.guildhall(&["fix", "skills/support"]).unwrap();
    assert_eq!(code, 0, "{text}");
    assert_eq!(read(&repository, PATH), SOUND);
    assert!(read(&repository, other).contains("v1.0"));
    let (code, text) = repository.guildhall(&["fix", "skills/nowhere"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("there is no `skills/nowhere`"), "{text}");
    let (code, text) = repository.guildhall(&["fix", "/"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("`/` is not in the repository"), "{text}");
    repository.write(PATH, &SOUND.replace("1.0.0", "one")).unwrap();
    let (code, text) = repository.guildhall(&["fix", "skills/support"]).unwrap();
    assert_eq!(code, 1);
    assert!(text.contains("error[GH0301]") && !text.contains("fixed"), "{text}");
}

#[test]
fn fix_makes_scripts_executable() {
    let repository = repository(SOUND);
    let folder = "skills/support/case-facts";
    let skill = SOUND.replace("support/greeting", "support/case-facts").replace("1.0.0", "v1");
    repository.write(&format!("{folder}/SKILL.md"), &skill).unwrap();
    let script = format!("{folder}/scripts/facts.sh");
    repository.write(&script, "#!/bin/sh\necho facts\n").unwrap();
    repository.commit("add support/case-facts").unwrap();
    let mode = || fs::metadata(repository.path().join(&script)).unwrap().permissions().mode();
    let (code, diff) = output(&repository, &["fix", "--dry-run", folder]);
    assert_eq!((code, mode() & 0o111), (0, 0), "{diff}");
    assert!(diff.contains("\nold mode 100644\nnew mode 100755"), "{diff}");
    let (code, text) = repository.guildhall(&["fix"]).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("fixed {script}:1:1 GH0603: make it executable\n")), "{text}");
    assert!(mode() & 0o100 != 0);
    let changed = repository.git(&["diff", "--summary"]).unwrap();
    assert_eq!(changed, format!("mode change 100644 => 100755 {script}"));
    assert_eq!(
        repository.must(&["check", "--deny-warnings"]).unwrap(),
        "2 skills sound, 0 errors, 0 warnings"
    );
}

#[test]
fn fix_removes_empty_folders() {
    let repository = repository(SOUND);
    let folder = "skills/support/case-facts";
    let skill = SOUND.replace("support/greeting", "support/case-facts");
    repository.write(&format!("{folder}/SKILL.md"), &skill).unwrap();
    let empty = repository.path().join(folder).join("references");
    fs::create_dir_all(empty.join("more/and-more")).unwrap();
    let (code, text) = repository.guildhall(&["check", "--deny-warnings"]).unwrap();
    assert_eq!(code, 1);
    assert!(
        text.contains("2 skills sound, 0 errors, 1 warning, 1 can be mended by `guildhall fix`"),
        "{text}"
    );
    repository.must(&["fix", "--dry-run"]).unwrap();
    assert!(empty.exists());
    let (code, text) = repository.guildhall(&["fix"]).unwrap();
    assert_eq!(
        (code, text.as_str()),
        (
            0,
            "fixed skills/support/case-facts/references:1:1 GH0209: remove the empty folder\n\
             2 skills sound, 0 errors, 0 warnings\n"
        )
    );
    assert!(!empty.exists());
}

#[test]
fn fix_does_not_leave_the_repository() {
    let (inside, outside) = (repository(SOUND), repository(&SOUND.replace("1.0.0", "v1.0")));
    let skills = inside.path().join("skills");
    fs::remove_dir_all(&skills).unwrap();
    symlink(outside.path().join("skills"), &skills).unwrap();
    let before = read(&outside, PATH);
    let (code, text) = inside.guildhall(&["fix"]).unwrap();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error[GH0001]: symbolic links are not part of a skill"), "{text}");
    assert_eq!(read(&outside, PATH), before);
    assert!(Path::new(&skills).is_symlink());
}
