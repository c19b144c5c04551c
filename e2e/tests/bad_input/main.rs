//! Input that nobody should write, and somebody will: each fault is one finding with its place and its code, and the
//! rest of the tree is checked as ever.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tree;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use self::tree::*;

#[test]
fn a_text_that_is_no_skill() {
    run(&[
        case("a sound one", |t| t.write(MANIFEST, skill("bad")), &[]),
        case("empty", |t| t.write(MANIFEST, ""), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case("no block", |t| t.write(MANIFEST, "# Title\n"), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case("no end", |t| t.write(MANIFEST, "---\na: 1\n"), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case(
            "broken YAML",
            |t| t.write(MANIFEST, described("[open")),
            &["skills/support/bad/SKILL.md:5:5 GH0003"],
        ),
        case(
            "an unquoted colon",
            |t| t.write(MANIFEST, described("Use when: asked")),
            &["skills/support/bad/SKILL.md:4:14 GH0003"],
        ),
        case(
            "a key twice",
            |t| t.write(MANIFEST, skill("bad").replace("tags:", "name: x\ntags:")),
            &["skills/support/bad/SKILL.md:5:1 GH0004"],
        ),
        case(
            "an alias bomb",
            |t| {
                let doubled = |n: u32| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
                let bomb: String = (1..64).map(doubled).collect();
                t.write(MANIFEST, format!("---\na0: &a0 [x]\n{bomb}---\n"));
            },
            &["skills/support/bad/SKILL.md:3:10 GH0005"],
        ),
        case(
            "deep nesting",
            |t| t.write(MANIFEST, described(&("[".repeat(200) + &"]".repeat(200)))),
            &["skills/support/bad/SKILL.md:4:29 GH0006"],
        ),
        case(
            "the deepest nesting",
            |t| t.write(MANIFEST, described(&"[".repeat(1_000_000))),
            &["skills/support/bad/SKILL.md:4:269 GH0006"],
        ),
        case(
            "deep nesting in blocks",
            |t| t.write(MANIFEST, format!("---\na:\n{}---\n", " - ".repeat(100_000) + "\n")),
            &["skills/support/bad/SKILL.md:3:47 GH0006"],
        ),
        case(
            "no UTF-8",
            |t| t.write(MANIFEST, [skill("bad").as_bytes(), b"caf\xe9\n"].concat()),
            &["skills/support/bad/SKILL.md:11:4 GH0001"],
        ),
        case(
            "UTF-16",
            |t| t.write(MANIFEST, skill("bad").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            &["skills/support/bad/SKILL.md:1:1 GH0002"],
        ),
        case("a byte order mark", |t| t.write(MANIFEST, format!("\u{feff}{}", skill("bad"))), &[]),
        case("carriage returns", |t| t.write(MANIFEST, skill("bad").replace('\n', "\r\n")), &[]),
        case(
            "carriage returns alone",
            |t| t.write(MANIFEST, skill("bad").replace('\n', "\r")),
            &["skills/support/bad/SKILL.md:1:1 GH0002"],
        ),
        case("three hyphens in a value", |t| t.write(MANIFEST, described("a --- b")), &[]),
        case("three hyphens in a block", |t| t.write(MANIFEST, described("|\n  a\n   ---- \n  b")), &[]),
        case(
            "a line of three hyphens in a value",
            |t| t.write(MANIFEST, described("|\n  a\n---\n  b")),
            &["skills/support/bad/SKILL.md:6:1 GH0101", "skills/support/bad/SKILL.md:6:1 GH0101"],
        ),
        case("a NUL", |t| t.write(MANIFEST, described("a\0b")), &["skills/support/bad/SKILL.md:4:15 GH0003"]),
        case(
            "more than a manifest may have",
            |t| t.write(MANIFEST, skill("bad") + &"x".repeat(1 << 20)),
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
    ]);
}

#[test]
fn a_path_that_is_no_skill() {
    run(&[
        case(
            "both forms",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/bad.md", skill("bad"));
            },
            &["skills/support/bad.md:1:1 GH0203"],
        ),
        case(
            "both roots",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write(".claude/skills/support/bad/SKILL.md", skill("bad"));
            },
            &["skills/support/bad/SKILL.md:1:1 GH0203"],
        ),
        case(
            "two manifests",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/bad/skill.md", skill("bad"));
            },
            &["skills/support/bad/SKILL.md:1:1 GH0203"],
        ),
        case(
            "files that differ by case",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/bad/a.txt", "");
                t.write("skills/support/bad/A.txt", "");
            },
            &["skills/support/bad/SKILL.md:1:1 GH0206"],
        ),
        case(
            "skills that differ by case",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/Bad/SKILL.md", skill("bad"));
            },
            &["skills/support/Bad/SKILL.md:1:1 GH0202"],
        ),
        case(
            "a folder named like a file",
            |t| t.write("skills/support/bad.md/x", ""),
            &["skills/support/bad.md/x:1:1 GH0202"],
        ),
        case(
            "a manifest that is a folder",
            |t| t.write("skills/support/bad/SKILL.md/x", ""),
            &["skills/support/bad:1:1 GH0205"],
        ),
    ]);
}

#[test]
fn a_name_or_a_size_that_no_bundle_can_have() {
    run(&[
        case(
            "a backslash in a name",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/bad/..\\x", "");
            },
            &["skills/support/bad/SKILL.md:1:1 GH0202"],
        ),
        case(
            "a name that is not UTF-8",
            |t| {
                t.write(MANIFEST, skill("bad"));
                fs::write(t.at(SKILL).join(OsStr::from_bytes(b"caf\xe9")), "").unwrap();
            },
            &["skills/support/bad/caf\u{fffd}:1:1 GH0001"],
        ),
        case(
            "a folder whose name is not UTF-8",
            |t| {
                let folder = t.at(SKILL).with_file_name(OsStr::from_bytes(b"caf\xe9"));
                fs::create_dir(&folder).unwrap();
                fs::write(folder.join("SKILL.md"), skill("bad")).unwrap();
                fs::write(folder.join("x"), "").unwrap();
            },
            &["skills/support/caf\u{fffd}:1:1 GH0001"],
        ),
        case(
            "a script out of the skill",
            |t| {
                let run = "type: code_inline\ncommand: bash\nargs: [scripts/../../../../x.sh]\n---\n# ";
                t.write(MANIFEST, skill("bad").replace("---\n# ", run));
            },
            &["skills/support/bad/SKILL.md:9:8 GH0601"],
        ),
        case(
            "a link out of the skill",
            |t| t.write(MANIFEST, skill("bad") + "See [x](../../../etc/passwd.txt).\n"),
            &["skills/support/bad/SKILL.md:11:5 GH0602"],
        ),
        case(
            "thousands of files",
            |t| {
                t.write(MANIFEST, skill("bad"));
                (0..2_500).for_each(|n| t.write(&format!("{SKILL}/.files/{n}"), ""));
                (0..2_500).for_each(|n| t.write(&format!("{SKILL}/files/{n}"), ""));
            },
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
        case(
            "a skill of many bytes",
            |t| {
                t.write(MANIFEST, skill("bad"));
                (0..40).for_each(|n| t.write(&format!("{SKILL}/{n}"), vec![b'x'; 1 << 20]));
            },
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
        case(
            "a file that every repository has",
            |t| t.write("skills/support/bad/.git-blame-ignore-revs", ""),
            &["skills/support/bad:1:1 GH0205"],
        ),
    ]);
}

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

#[test]
fn folders_that_hold_nothing() {
    run(&[
        loose(
            "a folder in a skill, and in it another",
            |t| {
                t.write(MANIFEST, skill("bad"));
                fs::create_dir_all(t.at("skills/support/bad/references/more")).unwrap();
                fs::create_dir_all(t.at("skills/support/bad/scripts")).unwrap();
            },
            &["skills/support/bad/references:1:1 GH0209", "skills/support/bad/scripts:1:1 GH0209"],
        ),
        loose(
            "what is ignored is something",
            |t| {
                t.write(MANIFEST, skill("bad"));
                t.write("skills/support/bad/.gitignore", "*.pyc\n");
                t.write("skills/support/bad/scripts/x.pyc", "");
                fs::create_dir_all(t.at("skills/support/empty-skill")).unwrap();
                fs::create_dir_all(t.at("skills/empty-team")).unwrap();
                fs::create_dir_all(t.at("skills/_status/support/x")).unwrap();
            },
            &[],
        ),
    ]);
}

#[test]
fn a_damaged_configuration() {
    const CONFIG: &str = "guildhall.yaml";
    fn damage(t: &Tree, change: impl FnOnce(String) -> Vec<u8>) {
        let text = fs::read_to_string(t.0.path().join(CONFIG)).unwrap();
        t.write(CONFIG, change(text));
    }
    run(&[
        case("broken YAML", |t| t.write(CONFIG, "teams: [\n"), &["guildhall.yaml:2:1 GH0701"]),
        case("empty", |t| t.write(CONFIG, ""), &["guildhall.yaml:1:1 GH0701"]),
        case(
            "a key twice",
            |t| damage(t, |text| format!("{text}teams: {{}}\n").into()),
            &["guildhall.yaml:20:1 GH0701"],
        ),
        case("an alias", |t| t.write(CONFIG, "a: &a [x]\nb: *a\n"), &["guildhall.yaml:2:4 GH0701"]),
        case("deep nesting", |t| t.write(CONFIG, "[".repeat(100_000)), &["guildhall.yaml:1:256 GH0701"]),
        case("no UTF-8", |t| t.write(CONFIG, b"a: 1\nb: caf\xe9\n"), &["guildhall.yaml:2:7 GH0001"]),
        case("a byte order mark", |t| damage(t, |text| format!("\u{feff}{text}").into()), &[]),
        case("carriage returns", |t| damage(t, |text| text.replace('\n', "\r\n").into()), &[]),
        case("too large", |t| t.write(CONFIG, "# comment\n".repeat(200_000)), &["guildhall.yaml:1:1 GH0001"]),
        case(
            "100 MB",
            |t| File::create(t.at(CONFIG)).unwrap().set_len(100 << 20).unwrap(),
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case(
            "a link",
            |t| {
                t.remove(CONFIG);
                t.link("nowhere.yaml", CONFIG);
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case(
            "a folder",
            |t| {
                t.remove(CONFIG);
                t.write("guildhall.yaml/x", "");
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        loose(
            "a pipe",
            |t| {
                t.remove(CONFIG);
                t.pipe(CONFIG);
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case("a file for a folder", |t| t.write(".claude/skills", "x"), &[".claude/skills:1:1 GH0001"]),
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
    fs::copy(command.get_program(), &program).unwrap();
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

/// Trees that Git writes for nobody, but takes.
#[test]
fn trees_that_only_an_attacker_makes() {
    let tree = Tree::new();
    tree.0.commit("start").unwrap();
    let make = |lines: &str| {
        let mut child = Command::new("git")
            .args(["mktree"])
            .current_dir(tree.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
    };
    let put = |folder: &str| {
        let support = tree.0.git(&["ls-tree", "HEAD:skills/support"]).unwrap();
        let support = make(&format!("{support}\n040000 tree {folder}\tbad\n"));
        let rest = tree.0.git(&["ls-tree", "HEAD:skills"]).unwrap();
        let rest: Vec<&str> = rest.lines().filter(|line| !line.ends_with("\tsupport")).collect();
        let skills = make(&format!("{}\n040000 tree {support}\tsupport\n", rest.join("\n")));
        let root = tree.0.git(&["ls-tree", "HEAD"]).unwrap();
        let root: Vec<&str> = root.lines().filter(|line| !line.ends_with("\tskills")).collect();
        let root = make(&format!("{}\n040000 tree {skills}\tskills\n", root.join("\n")));
        let commit = tree.0.git(&["commit-tree", "-m", "attack", &root]).unwrap();
        tree.0.git(&["update-ref", "refs/heads/attack", &commit]).unwrap();
        tree.0.git(&["symbolic-ref", "HEAD", "refs/heads/attack"]).unwrap();
        let found = tree.check(&["--head"]);
        tree.0.git(&["symbolic-ref", "HEAD", "refs/heads/main"]).unwrap();
        found
    };
    tree.write("blob", skill("bad"));
    let blob = tree.0.git(&["hash-object", "-w", "blob"]).unwrap();
    let mut wide = make(&format!("100644 blob {blob}\tSKILL.md\n"));
    for _ in 0..12 {
        let entry = |n: u32| format!("040000 tree {wide}\td{n}\n");
        wide = make(&((0..10).map(entry).collect::<String>() + &format!("100644 blob {blob}\tSKILL.md\n")));
    }
    assert_eq!(put(&wide), sorted(&["skills/support/bad/SKILL.md:1:1 GH0001"]));
}
