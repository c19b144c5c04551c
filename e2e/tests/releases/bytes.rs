//! Every release is exactly what its tag holds.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use registry_core::digest::Digest;
use serde_json::Value;

use crate::scratch::{Scratch, ask, text};

/// Each skill with the folder or file that holds it.
const SKILLS: [(&str, &str); 3] = [
    ("shared/folder", "skills/shared/folder"),
    ("shared/single", "skills/shared/single.md"),
    ("shared/tool", ".claude/skills/shared/tool"),
];
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "1.2.0", "2.0.0"];

/// Both spellings of a release's tag are in use.
fn tag(id: &str, version: &str) -> String {
    match id {
        "shared/tool" => format!("{id}/v{version}"),
        _ => format!("{id}@{version}"),
    }
}

fn write(scratch: &Scratch, version: &str) {
    let write = |path: &str, text: &str| scratch.repository.write(path, text).unwrap();
    write("skills/shared/folder/SKILL.md", &text("shared/folder", version, "license: MIT\n"));
    write("skills/shared/folder/scripts/run.sh", &format!("#!/bin/sh\r\necho {version}\n"));
    write("skills/shared/folder/references/notes.md", "The same in every version.\n");
    write("skills/shared/single.md", &text("shared/single", version, ""));
    write(".claude/skills/shared/tool/SKILL.md", &text("shared/tool", version, ""));
    write(&format!(".claude/skills/shared/tool/assets/{version}.txt"), "\u{0}\u{1}bytes");
    // One script is executable from its second version on.
    let mode = if version == "1.0.0" { 0o644 } else { 0o755 };
    let script = scratch.repository.path().join("skills/shared/folder/scripts/run.sh");
    fs::set_permissions(script, fs::Permissions::from_mode(mode)).unwrap();
}

/// Commits a version of every skill and tags it, by turns with lightweight and annotated tags.
fn release(scratch: &Scratch, version: &str) {
    write(scratch, version);
    scratch.commit(&format!("release {version}"));
    for (number, (id, _)) in SKILLS.iter().enumerate() {
        let tag = tag(id, version);
        match (number + version.len() + usize::from(version.ends_with("1.0"))) % 2 {
            0 => scratch.git(&["tag", &tag]),
            _ => scratch.git(&["tag", "--annotate", "--message", "release", &tag]),
        };
    }
}

/// Three skills with four versions each: on the branch, on a merged one, before and after packing.
pub(crate) fn twelve_releases() -> Scratch {
    let scratch = Scratch::new();
    release(&scratch, VERSIONS[0]);
    release(&scratch, VERSIONS[1]);
    scratch.git(&["pack-refs", "--all"]);
    scratch.git(&["gc", "--quiet"]);
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    release(&scratch, VERSIONS[2]);
    scratch.repository.write("README.md", "Nothing of a skill.\n").unwrap();
    scratch.commit("write a read-me");
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.repository.write("NOTES.md", "Nothing of a skill.\n").unwrap();
    scratch.commit("write notes");
    scratch.git(&["merge", "--quiet", "--no-ff", "--message", "merge the topic", "topic"]);
    release(&scratch, VERSIONS[3]);
    scratch.repository.write("NOTES.md", "Nothing of a skill, again.\n").unwrap();
    scratch.commit("write more notes");
    scratch
}

/// Mode and content of every file of a skill at a tag, as Git tells.
fn tagged(scratch: &Scratch, tag: &str, path: &str) -> BTreeMap<String, (String, Vec<u8>)> {
    let listed = scratch.git(&["ls-tree", "-r", tag, "--", path]);
    let file = |line: &str| {
        let (facts, full) = line.split_once('\t').unwrap();
        let mode = facts.split(' ').next().unwrap().to_owned();
        let bytes = scratch.repository.git_bytes(&["show", &format!("{tag}:{full}")]).unwrap();
        let name = full.strip_prefix(path).unwrap().trim_start_matches('/');
        // A skill of one file is released under the name of the file.
        let name = if name.is_empty() { "single.md" } else { name };
        (name.to_owned(), (mode, bytes))
    };
    listed.lines().map(file).collect()
}

/// What the program tar makes of a bundle.
fn unpacked(bundle: &[u8]) -> BTreeMap<String, (String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar")
        .args(["--extract", "--gzip", "--same-permissions"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    tar.stdin.take().unwrap().write_all(bundle).unwrap();
    assert!(tar.wait().unwrap().success());
    let mode = |name: &str| {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        format!("100{:o}", mode & 0o777)
    };
    let files = e2e::files(folder.path()).unwrap();
    files.into_iter().map(|(name, bytes)| (name.clone(), (mode(&name), bytes))).collect()
}

fn sha256sum(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("bytes");
    fs::write(path, bytes).unwrap();
    let done = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(done.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

/// The digest of a release by its definition, with no code of ours.
fn slow_digest(files: &BTreeMap<String, (String, Vec<u8>)>) -> String {
    let line = |(name, (mode, bytes)): (&String, &(String, Vec<u8>))| {
        format!("{mode} {name}\0{}\n", sha256sum(bytes))
    };
    let mut lines: Vec<String> = files.iter().map(line).collect();
    lines.sort();
    sha256sum(lines.concat().as_bytes())
}

fn body(text: &str) -> &str {
    text.split_once("\n---\n").unwrap().1
}

#[test]
fn every_release_holds_what_its_tag_holds() {
    let scratch = twelve_releases();
    scratch.build("dist", &[]);
    for (id, path) in SKILLS {
        assert_eq!(scratch.versions("dist", id), VERSIONS);
        for version in VERSIONS {
            let tag = tag(id, version);
            let release = scratch.release_record("dist", id, version);
            let object = |digest: Digest| scratch.object("dist", id, digest);
            let text_of = |digest: Digest| String::from_utf8(object(digest)).unwrap();
            let source = tagged(&scratch, &tag, path);
            let executable = source.values().any(|(mode, _)| mode == "100755");
            assert_eq!(executable, id == "shared/folder" && version != "1.0.0", "{tag}");
            assert_eq!(unpacked(&object(release.bundle)), source, "{tag}");
            assert_eq!(release.digest.to_string(), slow_digest(&source), "{tag}");
            let written =
                source.iter().find(|(name, _)| name.ends_with(".md") && !name.contains('/')).unwrap();
            let written = String::from_utf8(written.1.1.clone()).unwrap();
            assert_eq!(body(&text_of(release.document)).trim(), body(&written).trim(), "{tag}");
            for other in VERSIONS {
                let own = format!("This text belongs to {id} {other}.");
                assert_eq!(text_of(release.page).contains(&own), other == version, "{tag}");
            }
            let record: Value = serde_json::from_str(&text_of(release.record)).unwrap();
            assert_eq!(record["digest"], release.digest.to_string());
            let at = release.released.unwrap();
            assert_eq!(at.commit, scratch.git(&["rev-parse", &format!("{tag}^{{commit}}")]), "{tag}");
            assert_eq!(at.time.to_string(), scratch.git(&["log", "-1", "--format=%ct", &at.commit]));
            assert_eq!(at.tag, Some(tag));
        }
    }
}

#[tokio::test]
async fn an_edge_answers_every_version() {
    let scratch = twelve_releases();
    scratch.build("dist", &[]);
    let served = scratch.served("dist");
    let get = async |path: &str, accept: &str| {
        let (status, text) = ask(&served, None, ("GET", path, accept), Value::Null).await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    };
    for (id, _) in SKILLS {
        for version in VERSIONS {
            let own = format!("This text belongs to {id} {version}.");
            let release = scratch.release_record("dist", id, version);
            let at = format!("/skills/{id}/{version}");
            assert!(get(&format!("{at}/"), "text/html").await.contains(&own));
            assert!(get(&format!("{at}.md"), "*/*").await.contains(&own));
            assert!(get(&format!("{at}/SKILL.md"), "*/*").await.contains(&own));
            let record: Value = serde_json::from_str(&get(&at, "application/json").await).unwrap();
            assert_eq!(record["digest"], release.digest.to_string());
            let (_, bundle) =
                served.ask(None, "GET", &format!("{at}/bundle"), "*/*", &Value::Null).await.unwrap();
            assert_eq!(Digest::of(&bundle), release.bundle);
        }
        let latest = format!("This text belongs to {id} 2.0.0.");
        assert!(get(&format!("/skills/{id}/"), "text/html").await.contains(&latest));
        let listed = get(&format!("/skills/{id}/versions/"), "text/html").await;
        assert!(VERSIONS.iter().all(|version| listed.contains(version)), "{listed}");
    }
}
