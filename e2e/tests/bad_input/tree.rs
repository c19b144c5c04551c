//! A tree with one case of bad input beside a sound skill and another mistake, and what the program says of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use e2e::Repository;
use serde_json::Value;

/// No case takes a second; one that takes this long never ends.
pub const HANG: Duration = Duration::from_secs(60);
/// The skill under test: a folder, its manifest, and the one-file form beside it.
pub const SKILL: &str = "skills/support/bad";
pub const MANIFEST: &str = "skills/support/bad/SKILL.md";
/// A finding that every tree has, and that no other may hide.
pub const OTHER: &str = "skills/support/other.md:3:10 GH0301";

pub fn skill(name: &str) -> String {
    format!(
        "---\nname: support/{name}\nversion: 1.0.0\ndescription: Greets a customer by name.\ntags: [customer]\n\
         access_level: team\n---\n# Greeting\n\nSay hello.\n"
    )
}

/// The skill under test with another description.
pub fn described(description: &str) -> String {
    skill("bad").replace("Greets a customer by name.", description)
}

/// A tree with a sound skill and one with a mistake.
pub struct Tree(pub Repository);

impl Tree {
    pub fn new() -> Self {
        let tree = Self(Repository::empty().unwrap());
        tree.0.must(&["init", "--team", "support"]).unwrap();
        tree.write("skills/support/good.md", skill("good"));
        tree.write("skills/support/other.md", skill("other").replace("1.0.0", "one"));
        tree
    }

    pub fn at(&self, path: &str) -> PathBuf {
        let target = self.0.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        target
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.at(path), bytes).unwrap();
    }

    pub fn remove(&self, path: &str) {
        let target = self.0.path().join(path);
        if target.is_dir() { fs::remove_dir_all(target).unwrap() } else { fs::remove_file(target).unwrap() }
    }

    pub fn link(&self, to: &str, path: &str) {
        symlink(to, self.at(path)).unwrap();
    }

    pub fn pipe(&self, path: &str) {
        assert!(Command::new("mkfifo").arg(self.at(path)).status().unwrap().success());
    }

    pub fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.0.path().join(path), Permissions::from_mode(mode)).unwrap();
    }

    /// What `guildhall check` finds, as `path:line:column CODE`, sorted.
    pub fn check(&self, arguments: &[&str]) -> Vec<String> {
        self.check_by(e2e::guildhall(self.0.path(), &[]).unwrap(), arguments)
    }

    pub fn check_by(&self, mut command: Command, arguments: &[&str]) -> Vec<String> {
        let done = in_time(command.args(["check", "--format", "json"]).args(arguments));
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(matches!(done.status.code(), Some(0 | 1)), "{:?}: {told}", done.status);
        let findings: Value = serde_json::from_slice(&done.stdout).unwrap();
        let mut shown: Vec<String> = findings.as_array().unwrap().iter().map(shown).collect();
        let errors = findings.as_array().unwrap().iter().any(|found| found["severity"] == "error");
        assert_eq!(done.status.code(), Some(i32::from(errors)));
        shown.sort();
        shown
    }
}

pub fn shown(found: &Value) -> String {
    assert!(found["help"].is_string(), "no help: {found}");
    let text = |key: &str| found[key].as_str().unwrap();
    format!("{}:{}:{} {}", text("path"), found["line"], found["column"], text("code"))
}

/// Runs a command that must end in time.
pub fn in_time(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (reader(child.stdout.take().unwrap()), reader(child.stderr.take().unwrap()));
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        let hangs = started.elapsed() > HANG;
        if hangs {
            child.kill().unwrap();
        }
        assert!(!hangs, "{command:?} hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (stdout, stderr) = (out.join().unwrap(), err.join().unwrap());
    Output { status: child.wait().unwrap(), stdout, stderr }
}

pub fn reader(mut stream: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// What Git can hold of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The same finding in the commit as in the working tree.
    Whole,
    /// Nothing: only a working tree has it.
    No,
}

pub struct Case {
    name: &'static str,
    held: Held,
    make: fn(&Tree),
    expected: &'static [&'static str],
}

pub const fn case(name: &'static str, make: fn(&Tree), expected: &'static [&'static str]) -> Case {
    Case { name, held: Held::Whole, make, expected }
}

pub const fn loose(name: &'static str, make: fn(&Tree), expected: &'static [&'static str]) -> Case {
    Case { name, held: Held::No, make, expected }
}

/// Runs all cases and tells of all that fail.
pub fn run(cases: &[Case]) {
    let mut wrong = Vec::new();
    for Case { name, held, make, expected } in cases {
        let tree = Tree::new();
        make(&tree);
        let expected: Vec<String> = sorted(expected);
        let mut compare = |origin: &str, actual: Vec<String>| {
            if actual != expected {
                wrong.push(format!("{name}, {origin}: {actual:#?} instead of {expected:#?}"));
            }
        };
        compare("working tree", tree.check(&[]));
        if *held == Held::Whole {
            tree.0.commit(name).unwrap();
            compare("commit", tree.check(&["--head"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub fn sorted(expected: &[&str]) -> Vec<String> {
    let mut expected: Vec<String> = expected.iter().chain([&OTHER]).map(|line| (*line).to_owned()).collect();
    expected.sort();
    expected
}
