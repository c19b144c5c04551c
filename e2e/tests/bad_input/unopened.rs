//! What the file system holds beside ordinary files that may be read: nothing of it is followed or waited for.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::tree::*;

#[test]
fn a_link() {
    run(&[
        case(
            "a link to a file",
            |t| {
                t.write(MANIFEST, skill("bad") + "See references/a.md.\n");
                t.link("../../good.md", "skills/support/bad/references/a.md");
            },
            &["skills/support/bad/references/a.md:1:1 GH0001"],
        ),
        case(
            "a link to a folder",
            |t| {
                t.write(MANIFEST, skill("bad") + "See references/a.md.\n");
                t.link("..", "skills/support/bad/references");
            },
            &["skills/support/bad/references:1:1 GH0001"],
        ),
        case(
            "a loop of links",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.link("b", "skills/support/bad/a");
                t.link("a", "skills/support/bad/b");
            },
            &["skills/support/bad/a:1:1 GH0001", "skills/support/bad/b:1:1 GH0001"],
        ),
        case(
            "a manifest that leads out of the repository",
            |t| {
                t.link("/etc/hostname", MANIFEST);
                t.write("skills/support/bad/x", "");
            },
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
        case(
            "a link to nothing",
            |t| t.link("nowhere", MANIFEST),
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
        case(
            "a linked skill",
            |t| t.link("good.md", "skills/support/bad.md"),
            &["skills/support/bad.md:1:1 GH0001"],
        ),
        case("linked roots", |t| t.link("../skills", ".claude/skills"), &[".claude/skills:1:1 GH0001"]),
        case(
            "a skill that others need",
            |t| {
                t.link("/etc/hostname", MANIFEST);
                let needs = |name: &str, key: &str| {
                    let text = skill(name).replace("---\n# ", &format!("{key}\n---\n# "));
                    t.write(&format!("skills/support/{name}.md"), text);
                };
                needs("first-dependent", "depends_on: [support/bad:1.x]");
                needs("other-dependent", "dependencies: {bad: 1.x}");
            },
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
    ]);
}

#[test]
fn a_file_that_must_not_be_opened() {
    run(&[
        loose(
            "a pipe",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.pipe("skills/support/bad/pipe");
                t.pipe("skills/support/piped.md");
            },
            &["skills/support/bad/pipe:1:1 GH0001", "skills/support/piped.md:1:1 GH0001"],
        ),
        loose(
            "a pipe for what is ignored",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.pipe("skills/support/bad/.gitignore");
                t.link("/dev/zero", "skills/support/.ignore");
            },
            &["skills/support/.ignore:1:1 GH0001", "skills/support/bad/.gitignore:1:1 GH0001"],
        ),
        loose(
            "the same at the root",
            |t| {
                t.remove(".gitignore");
                t.link("/dev/zero", ".gitignore");
            },
            &[".gitignore:1:1 GH0001"],
        ),
        loose(
            "a socket",
            |t| {
                t.write(MANIFEST, skill("bad"));
                drop(UnixListener::bind(t.at("skills/support/bad/socket")).unwrap());
            },
            &["skills/support/bad/socket:1:1 GH0001"],
        ),
        loose(
            "another repository",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.0.git(&["init", "--quiet", "skills/support/bad/inner"]).unwrap();
            },
            &["skills/support/bad/inner:1:1 GH0001"],
        ),
        loose(
            "more bytes than any machine has",
            |t| {
                t.write(MANIFEST, skill("bad"));
                File::create(t.at("skills/support/bad/big")).unwrap().set_len(1 << 42).unwrap();
                File::create(t.at("skills/support/big.md")).unwrap().set_len(1 << 42).unwrap();
            },
            &["skills/support/bad/big:1:1 GH0001", "skills/support/big.md:1:1 GH0001"],
        ),
        case(
            "100 MB",
            |t| {
                File::create(t.at(MANIFEST)).unwrap().set_len(100 << 20).unwrap();
                t.write("skills/support/bad/x", "");
            },
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
    ]);
}

/// `guildhall` as a user who owns nothing here, as far as the user of the test can be another.
fn as_nobody(repository: &Path) -> Command {
    let command = e2e::guildhall(repository, &[]).unwrap();
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return command;
    }
    // Nobody may read the folder in which the programs were built.
    let program = repository.join("guildhall-for-nobody");
    // By another process: a program that this one has open for writing, even for a fork of it, cannot be run.
    assert!(Command::new("cp").arg(command.get_program()).arg(&program).status().unwrap().success());
    let mut other = Command::new("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    other.args(command.get_args()).current_dir(repository);
    other
}

#[test]
fn what_may_not_be_read() {
    let cases: [(&str, u32, &[&str]); 7] = [
        (MANIFEST, 0, &["skills/support/bad/SKILL.md:1:1 GH0001"]),
        ("skills/support/bad/references/a.md", 0, &["skills/support/bad/references/a.md:1:1 GH0001"]),
        ("skills/support/bad/references", 0, &["skills/support/bad/references:1:1 GH0001"]),
        ("skills/support/bad/references", 0o444, &["skills/support/bad/references:1:1 GH0001"]),
        (SKILL, 0, &["skills/support/bad:1:1 GH0001"]),
        ("guildhall.yaml", 0, &["guildhall.yaml:1:1 GH0001"]),
        (".claude/skills", 0, &[".claude/skills:1:1 GH0001"]),
    ];
    for (path, mode, expected) in cases {
        let tree = Tree::new();
        tree.mode(".", 0o755);
        tree.write(MANIFEST, skill("bad") + "See references/a.md.\n");
        tree.write("skills/support/bad/references/a.md", "");
        tree.write("skills/support/bad/references/b.md", "");
        tree.write(".claude/skills/support/last.md", skill("last"));
        tree.write(
            "skills/support/dependent.md",
            skill("dependent").replace("---\n# ", "dependencies: {bad: 1.x}\n---\n# "),
        );
        let before = fs::metadata(tree.0.path().join(path)).unwrap().permissions().mode();
        tree.mode(path, mode);
        let found = tree.check_by(as_nobody(tree.0.path()), &[]);
        tree.mode(path, before);
        assert_eq!(found, sorted(expected), "{path} {mode:o}");
    }
}

/// What adopting has to know of the skills that are there, and what building does with them.
#[test]
fn building_and_adopting_end_too() {
    let tree = Tree::new();
    tree.pipe("skills/support/piped.md");
    tree.pipe("skills/support/bad/SKILL.md");
    tree.link("/dev/zero", "skills/support/endless.md");
    File::create(tree.at("skills/support/big.md")).unwrap().set_len(1 << 42).unwrap();
    tree.write("from/refund/SKILL.md", "---\nname: refund\ndescription: Use when: asked\n---\nPay back.\n");
    tree.pipe("from/refund/pipe");
    let run = |arguments: &[&str]| {
        let done = in_time(&mut e2e::guildhall(tree.0.path(), arguments).unwrap());
        (done.status.code(), [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap()).concat())
    };
    let (code, told) = run(&["build", "--worktree", "--out", "dist"]);
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told.matches("error[GH0001]").count(), 4, "{told}");
    assert_eq!(told.matches("error[").count(), 5, "and the mistake of the other skill: {told}");
    let (code, told) = run(&["adopt", "from", "--team", "support"]);
    assert_eq!(code, Some(0), "{told}");
    let adopted = fs::read_to_string(tree.0.path().join("skills/support/refund/SKILL.md")).unwrap();
    assert!(adopted.contains("\ndescription: \"Use when: asked\"\n"), "{adopted}");
}
