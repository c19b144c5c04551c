//! Commits that no working tree can come from.

use std::process::{Command, Stdio};

use crate::tree::*;

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
