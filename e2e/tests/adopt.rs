//! Bringing skills of other origin under the registry, by the real program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use e2e::{Repository, files};
use serde_json::{Value, json};

fn repository(team: &str) -> Repository {
    let repository = Repository::empty().unwrap();
    repository.must(&["init", "--team", team]).unwrap();
    repository
}

/// Skills as other repositories lay them out, with everything that can be wrong with them.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    };
    let skill = |name: &str| format!("---\nname: {name}\ndescription: Does {name}.\n---\n# {name}\n");
    write(".claude/skills/notes/SKILL.md", skill("Meeting Notes").as_bytes());
    write(".git/x/SKILL.md", skill("git").as_bytes());
    write("node_modules/x/SKILL.md", skill("module").as_bytes());
    write("README.md", b"no skill");
    write("plugins/one/skills/review/SKILL.md", skill("review").as_bytes());
    write("plugins/two/skills/review/skill.md", skill("review").as_bytes());
    write("plugins/two/skills/review/scripts/run.sh", b"#!/bin/sh\n");
    let script = folder.path().join("plugins/two/skills/review/scripts/run.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    write("plugins/two/skills/review/deep/inner/SKILL.md", skill("inner").as_bytes());
    write("plugins/two/skills/review/deep/inner/a.txt", b"inner");
    write("plugins/two/skills/review/deep/a.txt", b"outer");
    symlink("/etc/hostname", folder.path().join("plugins/two/skills/review/link.txt")).unwrap();
    symlink("one", folder.path().join("plugins/three")).unwrap();
    write("long/SKILL.md", skill(&["word"; 20].join(" ")).as_bytes());
    write("crlf/SKILL.md", b"---\r\nname: crlf\r\ndescription: d\r\n---\r\nbody\r\n");
    write("bad/yaml/SKILL.md", b"---\nname: [a\ndescription: d\n---\n");
    write("bad/bytes/SKILL.md", b"---\nname: bytes\ndescription: d\n---\n\xff\n");
    write("bad/none/SKILL.md", b"# no frontmatter\n");
    write("bad/both/SKILL.md", skill("both").as_bytes());
    write("bad/both/skill.md", skill("both").as_bytes());
    write("bad/name/SKILL.md", skill("named").as_bytes());
    let odd = folder.path().join("bad/name").join(std::ffi::OsStr::from_bytes(b"\xff.txt"));
    fs::write(odd, "x").unwrap();
    folder
}

/// What the program says in JSON, and its exit code.
fn report(repository: &Repository, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["adopt", "--format", "json"], arguments].concat();
    let done = e2e::guildhall(repository.path(), &arguments).unwrap().output().unwrap();
    (done.status.code().unwrap(), serde_json::from_slice(&done.stdout).unwrap())
}

fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item.get(key).unwrap().as_str().unwrap()).collect()
}

#[test]
fn a_tree_of_all_sorts_is_adopted_but_for_what_is_broken() {
    let (repository, tree) = (repository("support"), tree());
    let from = tree.path().to_str().unwrap();
    let (code, said) = report(&repository, &[from, "--team", "support"]);
    assert_eq!(code, 1);
    let long = format!("support/{}", ["word"; 13].join("-"));
    let slugs = texts(said.get("adopted").unwrap(), "slug");
    assert_eq!(
        slugs,
        [
            "support/meeting-notes",
            "support/crlf",
            long.as_str(),
            "support/review",
            "support/two-review",
            "support/inner"
        ]
    );
    let codes: BTreeMap<&str, &str> = said
        .get("refused")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| {
            let source = refused.get("source").unwrap().as_str().unwrap().strip_prefix(from).unwrap();
            (source, refused.pointer("/findings/0/code").unwrap().as_str().unwrap())
        })
        .collect();
    let expected = [
        ("/bad/both", "GH0203"),
        ("/bad/bytes", "GH0001"),
        ("/bad/name", "GH0001"),
        ("/bad/none", "GH0002"),
        ("/bad/yaml", "GH0003"),
    ];
    assert_eq!(codes, expected.into());
    let skipped = texts(said.get("skipped").unwrap(), "path");
    assert_eq!(
        skipped,
        [format!("{from}/plugins/three"), format!("{from}/plugins/two/skills/review/link.txt")]
    );
    let change = json!({"kind": "clash", "key": "name", "from": "review", "to": "two-review"});
    assert_eq!(said.pointer("/adopted/4/changes/0"), Some(&change));
    let skills = repository.path().join("skills/support");
    let review = files(&skills.join("two-review")).unwrap();
    assert_eq!(review.keys().collect::<Vec<_>>(), ["deep/a.txt", "scripts/run.sh", "skill.md"]);
    let mode = |path: &str| fs::metadata(skills.join(path)).unwrap().permissions().mode() & 0o111;
    assert!(mode("two-review/scripts/run.sh") != 0 && mode("two-review/skill.md") == 0);
    assert_eq!(files(&skills.join("inner")).unwrap().len(), 2);
    assert_eq!(
        fs::read_to_string(skills.join("crlf/SKILL.md")).unwrap(),
        "---\r\nname: crlf\r\ndescription: d\r\nversion: 1.0.0\r\ntags: []\r\naccess_level: team\r\n---\r\nbody\r\n"
    );
    assert!(!repository.path().join(".guildhall").exists(), "nothing is left over");
    let (code, text) = repository.guildhall(&["check"]).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("6 skills sound, 0 errors"), "{text}");
}

#[test]
fn people_read_every_change_and_how_to_go_on() {
    let (repository, tree) = (repository("support"), tree());
    let from = tree.path().to_str().unwrap();
    let (code, text) = repository.guildhall(&["adopt", from, "--team", "support"]).unwrap();
    assert_eq!(code, 1);
    let notes = format!(
        "adopted {from}/.claude/skills/notes → skills/support/meeting-notes (slug support/meeting-notes)\n  \
         ~ name: Meeting Notes → meeting-notes\n  + version: 1.0.0\n  + tags: []\n  + access_level: team\n"
    );
    assert!(text.contains(&notes), "{text}");
    assert!(text.contains("\n  ~ name: review → two-review (the name is taken)\n"), "{text}");
    assert!(
        text.contains(&format!("refused {from}/bad/none\n  {from}/bad/none/SKILL.md:1:1: error[GH0002]"))
    );
    let end = "adopted 6, refused 5 (GH0001: 2, GH0002: 1, GH0003: 1, GH0203: 1)\nnext: guildhall check\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let (repository, tree) = (repository("support"), tree());
    let before = files(repository.path()).unwrap();
    let arguments = [tree.path().to_str().unwrap(), "--team", "support"];
    let dry = report(&repository, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(files(repository.path()).unwrap(), before);
    assert!(!repository.path().join(".guildhall").exists());
    assert_eq!(dry, report(&repository, &arguments));
}

#[test]
fn what_is_there_is_never_overwritten_and_adopting_twice_adds_nothing() {
    let (repository, tree) = (repository("support"), tree());
    let own = "---\nname: review\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: team\naliases: [inner]\n---\n";
    repository.write("skills/support/review.md", own).unwrap();
    let arguments = [tree.path().to_str().unwrap(), "--team", "support"];
    let (_, first) = report(&repository, &arguments);
    let slugs = texts(first.get("adopted").unwrap(), "slug").join(" ");
    assert!(slugs.ends_with("support/one-review support/two-review support/deep-inner"), "{slugs}");
    let after = files(repository.path()).unwrap();
    let (_, second) = report(&repository, &arguments);
    assert_eq!(second.get("adopted").unwrap(), &json!([]));
    assert_eq!(second.get("unchanged").unwrap().as_array().unwrap().len(), 6);
    assert_eq!(files(repository.path()).unwrap(), after);
    assert_eq!(fs::read_to_string(repository.path().join("skills/support/review.md")).unwrap(), own);
}

#[test]
fn a_folder_that_is_a_skill_itself_is_one_and_skills_of_the_repository_are_left_alone() {
    let repository = repository("support");
    let flat = "---\nname: x\ndescription: d\n---\n";
    repository.write(".claude/skills/x/SKILL.md", flat).unwrap();
    let text = repository.must(&["adopt", ".claude/skills/x", "--team", "support"]).unwrap();
    assert!(text.contains("the originals below `.claude/skills` are still there"), "{text}");
    assert!(repository.path().join("skills/support/x/SKILL.md").exists());
    let text = repository.must(&["adopt", ".", "--team", "support"]).unwrap();
    assert!(text.starts_with("unchanged ./.claude/skills/x → skills/support/x"), "{text}");
    assert!(text.contains("adopted 0, unchanged 1, refused 0"), "{text}");
    fs::remove_dir_all(repository.path().join(".claude")).unwrap();
    repository.must(&["check"]).unwrap();
}

#[test]
fn what_cannot_be_done_at_all_ends_with_two() {
    let repository = repository("support");
    fs::create_dir(repository.path().join("empty")).unwrap();
    for (arguments, said) in [
        (["nowhere", "--team", "support"], "cannot search `nowhere`"),
        (["guildhall.yaml", "--team", "support"], "cannot search `guildhall.yaml`"),
        (["empty", "--team", "support"], "there is no `SKILL.md` in or below `empty`"),
        (["empty", "--team", "No Team"], "`No Team` is not a valid name"),
    ] {
        let (code, text) = repository.guildhall(&[&["adopt"], &arguments[..]].concat()).unwrap();
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(said), "{text}");
    }
    let tree = tree();
    let from = tree.path().join("crlf");
    let (code, text) = repository.guildhall(&["adopt", from.to_str().unwrap(), "--team", "sales"]).unwrap();
    assert_eq!(code, 0);
    assert!(text.contains("warning: the team `sales` is not listed in guildhall.yaml"), "{text}");
}

#[test]
fn what_a_run_that_was_killed_left_goes_and_nothing_else() {
    let (repository, tree) = (repository("support"), tree());
    let left =
        [".guildhall/tmp-Ab12Cd/half", ".guildhall/tmp-Zz99Zz", ".guildhall/tmp-12345", ".guildhall/keys"];
    for folder in left {
        repository.write(&format!("{folder}/SKILL.md"), "half").unwrap();
    }
    repository.write(".guildhall/tmp-abcdef", "a file").unwrap();
    let running = fs::File::open(repository.path().join(".guildhall/tmp-Zz99Zz")).unwrap();
    running.lock().unwrap();
    let from = tree.path().join("crlf");
    let arguments = ["adopt", from.to_str().unwrap(), "--team", "support"];
    repository.must(&[&arguments[..], &["--dry-run"]].concat()).unwrap();
    assert!(repository.path().join(".guildhall/tmp-Ab12Cd").exists());
    repository.must(&arguments).unwrap();
    let mut kept: Vec<String> = fs::read_dir(repository.path().join(".guildhall"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["keys", "tmp-12345", "tmp-Zz99Zz", "tmp-abcdef"]);
}
