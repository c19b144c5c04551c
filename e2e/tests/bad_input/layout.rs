//! Files and folders that no skill consists of.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::tree::*;

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
