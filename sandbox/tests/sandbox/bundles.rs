//! What the edge may send as a bundle.

use tar::EntryType;

use crate::stage::{Entry, Invocation, Stage};

const MANIFEST: &str = "---\nname: support/try-out\nversion: 1.2.0\ndescription: Try it\ntags: [x]\n\
    access_level: public\ntype: code_inline\ncommand: bash\n---\nText\n";

/// A skill whose every digest fits, with these entries in its archive.
fn with(entries: Vec<Entry>) -> Invocation {
    let manifest = Entry::file("SKILL.md", MANIFEST.as_bytes());
    Invocation::with_files(std::iter::once(manifest).chain(entries).collect())
}

async fn is_invalid(skill: Invocation) {
    let stage = Stage::new().await;
    assert_eq!(stage.refusal(&skill).await, (422, "BUNDLE_INVALID".to_owned()));
}

#[tokio::test]
async fn the_same_skill_without_the_fault_runs() {
    let stage = Stage::new().await;
    stage.run(&with(vec![Entry::file("a/b/c.txt", b"x")])).await;
}

#[tokio::test]
async fn paths_that_leave_the_skill_are_refused() {
    for path in ["../../../tmp/out", "a/../../out", "/tmp/out", "./a", "a//b"] {
        is_invalid(with(vec![Entry::file(path, b"x")])).await;
    }
}

#[tokio::test]
async fn links_folders_and_devices_are_refused() {
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Directory, EntryType::Char, EntryType::Fifo]
    {
        is_invalid(with(vec![Entry { kind, ..Entry::file("a", b"") }])).await;
    }
}

#[tokio::test]
async fn a_path_twice_is_refused() {
    is_invalid(with(vec![Entry::file("a", b"x"), Entry::file("a", b"x")])).await;
    is_invalid(with(vec![Entry::file("a", b"x"), Entry::file("a/b", b"x")])).await;
}

#[tokio::test]
async fn too_many_files_are_refused() {
    is_invalid(with((0..2_000).map(|index| Entry::file(&index.to_string(), b"")).collect())).await;
}

#[tokio::test]
async fn a_bomb_is_refused() {
    let bomb = with(vec![Entry::file("a", &vec![0; (64 << 20) + 1])]);
    assert!(bomb.bundle.len() < 1 << 20);
    is_invalid(bomb).await;
}

#[tokio::test]
async fn bytes_that_are_no_archive_are_refused() {
    let mut skill = with(Vec::new());
    skill.bundle = b"not an archive".to_vec();
    skill.request.bundle = registry_core::digest::Digest::of(&skill.bundle);
    is_invalid(skill).await;
}

#[tokio::test]
async fn a_bundle_of_other_bytes_than_announced_is_refused() {
    let stage = Stage::new().await;
    let mut skill = with(Vec::new());
    skill.bundle = with(vec![Entry::file("more", b"x")]).bundle;
    assert_eq!(stage.refusal(&skill).await, (502, "BUNDLE_DIGEST".to_owned()));
}

#[tokio::test]
async fn an_announced_bundle_with_other_files_than_signed_is_refused() {
    let stage = Stage::new().await;
    let mut skill = with(Vec::new());
    let other = with(vec![Entry::file("more", b"x")]);
    skill.bundle = other.bundle;
    skill.request.bundle = other.request.bundle;
    assert_eq!(stage.refusal(&skill).await, (422, "BUNDLE_DIGEST".to_owned()));
}

#[tokio::test]
async fn a_manifest_that_says_something_else_than_the_token_is_refused() {
    for (from, to) in [
        ("version: 1.2.0", "version: 1.3.0"),
        ("name: support/try-out", "name: support/other"),
        ("type: code_inline\ncommand: bash", "type: instructions"),
        ("command: bash", "command: /bin/bash"),
        ("command: bash", "command: bash\nenvironment: {'A=B': x}"),
        ("command: bash", "command: bash\nargs: [\"a\\0b\"]"),
    ] {
        let manifest = MANIFEST.replace(from, to);
        assert_ne!(manifest, MANIFEST);
        is_invalid(Invocation::with_files(vec![Entry::file("SKILL.md", manifest.as_bytes())])).await;
    }
    is_invalid(Invocation::with_files(vec![Entry::file("a", b"")])).await;
}

#[tokio::test]
async fn an_edge_that_does_not_serve_the_bundle_is_reported() {
    let stage = Stage::new().await;
    let mut skill = with(Vec::new());
    skill.request.bundle_token = "another".to_owned();
    assert_eq!(stage.refusal(&skill).await, (502, "BUNDLE_UNAVAILABLE".to_owned()));
    let mut large = with(Vec::new());
    large.bundle = vec![0; (24 << 20) + 1];
    assert_eq!(stage.refusal(&large).await, (502, "BUNDLE_UNAVAILABLE".to_owned()));
}
