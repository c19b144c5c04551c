//! Every skill that `guildhall new` writes is sound, and its script works.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use e2e::Repository;

fn repository() -> Repository {
    let repository = Repository::empty().unwrap();
    repository.must(&["init", "--team", "support"]).unwrap();
    repository
}

#[test]
fn every_type_in_every_form_and_level_has_no_findings() {
    let repository = repository();
    let mut written = 0;
    for level in ["public", "team", "role-restricted", "sensitive"] {
        for kind in ["instructions", "code_inline", "code_session", "conversation", "prompt_inline"] {
            let forms: &[&[&str]] = match kind.starts_with("code") {
                true => &[&["--language", "python"], &["--language", "node"], &["--language", "bash"], &[]],
                false => &[&[], &["--file"]],
            };
            for (number, form) in forms.iter().enumerate() {
                let name =
                    format!("support/{}-{level}-{}", kind.replace('_', "-"), ["a", "b", "c", "d"][number]);
                let arguments = [&["new", &name, "--type", kind, "--level", level], *form].concat();
                repository.must(&arguments).unwrap();
                written += 1;
            }
        }
    }
    let (code, found) = repository.guildhall(&["check", "--format", "json"]).unwrap();
    assert_eq!((code, found.trim()), (0, "[]"));
    let (_, text) = repository.guildhall(&["check"]).unwrap();
    assert!(text.contains(&format!("{written} skills sound, 0 errors, 0 warnings")), "{text}");
    repository.must(&["build", "--worktree", "--out", "dist"]).unwrap();
}

/// The exit code, standard output and standard error of a script.
fn run(command: &[&str], folder: &Path, payload: &str) -> (i32, String, String) {
    let (program, arguments) = command.split_first().unwrap();
    let mut started = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    started.stdin.take().unwrap().write_all(payload.as_bytes()).unwrap();
    let done = started.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn scripts_answer_in_json_and_tell_what_is_wrong_with_a_payload() {
    let repository = repository();
    for (language, program, file) in
        [("python", "python3", "run.py"), ("node", "node", "run.mjs"), ("bash", "bash", "run.sh")]
    {
        for kind in ["code_inline", "code_session"] {
            let id = format!("support/{}-{language}", kind.replace('_', "-"));
            repository.must(&["new", &id, "--type", kind, "--language", language]).unwrap();
            let script = repository.path().join("skills").join(&id).join("scripts").join(file);
            let work = tempfile::tempdir().unwrap();
            let script = script.to_str().unwrap();
            for (call, command) in [[program, script].as_slice(), &[script]].into_iter().enumerate() {
                let (code, out, error) = run(command, work.path(), "{\"text\": \"one two  three\"}\n");
                assert_eq!((code, error.as_str()), (0, ""));
                let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
                assert_eq!(answer.get("words").unwrap(), 3);
                let total = (kind == "code_session").then_some(3 * (call as u64 + 1));
                assert_eq!(answer.get("total").and_then(serde_json::Value::as_u64), total);
            }
            for wrong in ["", "no JSON", "{\"text\": 1}", "[]"] {
                let (code, out, error) = run(&[program, script], work.path(), wrong);
                assert_eq!((code, out.as_str()), (1, ""), "{language} {wrong}");
                assert_eq!(error.lines().count(), 1, "{error}");
            }
        }
    }
}

#[test]
fn only_what_has_content_is_written() {
    let repository = repository();
    repository.must(&["new", "support/plain"]).unwrap();
    let entries = fs::read_dir(repository.path().join("skills/support/plain")).unwrap();
    assert_eq!(entries.count(), 1);
    let text =
        repository.must(&["new", "support/one", "--file", "--description", "Says: \"hi\" # {id}"]).unwrap();
    assert!(text.starts_with("wrote skills/support/one.md\nnext: "), "{text}");
    let text = fs::read_to_string(repository.path().join("skills/support/one.md")).unwrap();
    let schema = "---\n# yaml-language-server: $schema=https://skills.example.com/schema/skill.json\nname: support/one\n";
    assert!(text.starts_with(schema), "{text}");
    assert!(text.contains("\ndescription: \"Says: \\\"hi\\\" # {id}\"\n"), "{text}");
    fs::remove_file(repository.path().join("guildhall.yaml")).unwrap();
    repository.must(&["new", "support/two", "--file"]).unwrap();
    let text = fs::read_to_string(repository.path().join("skills/support/two.md")).unwrap();
    assert!(text.starts_with("---\nname: support/two\n"), "{text}");
}

#[test]
fn nothing_is_overwritten_and_every_refusal_says_why() {
    let repository = repository();
    repository.must(&["new", "support/one", "--file"]).unwrap();
    repository.write(".claude/skills/support/two/SKILL.md", "x").unwrap();
    for (arguments, said) in [
        (vec!["support/one"], "`skills/support/one.md` exists already"),
        (vec!["support/two"], "`.claude/skills/support/two` exists already"),
        (vec!["support/Three"], "`Three` is not a valid name"),
        (vec!["three"], "`three` is not of the form `team/name`"),
        (vec!["support/skill"], "the name `skill` is reserved"),
        (vec!["support/three", "--type", "code_inline", "--file"], "leave out `--file`"),
        (vec!["support/three", "--language", "node"], "`--language` has no effect"),
        (vec!["support/three", "--description", " "], "the description has 0 characters"),
    ] {
        let (code, text) = repository.guildhall(&[&["new"], arguments.as_slice()].concat()).unwrap();
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert!(!repository.path().join("skills/support/three").exists());
    let (code, text) = repository.guildhall(&["new", "sales/offer"]).unwrap();
    assert_eq!(code, 0);
    assert!(text.contains("the team `sales` is not listed in guildhall.yaml"), "{text}");
    assert!(text.contains("listed: `shared`, `support`"), "{text}");
}
