//! What the history of the branch says of versions, without tags.

use std::fs;

use registry_core::Version;

use crate::scratch::Scratch;

const SKILL: &str = "shared/reply";

/// The first digits of a commit, as findings name it.
pub(crate) fn short(commit: &str) -> &str {
    &commit[..12]
}

/// Builds over a catalog, which must fail with a finding that holds all of `said`; the catalog stays as it is.
pub(crate) fn refused(scratch: &Scratch, more: &[&str], code: &str, said: &[&str]) {
    let head = scratch.at("dist/head.json");
    let before = fs::read(&head).ok();
    let (status, text) = scratch.try_build("dist", more);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("nothing was built"), "{text}");
    for part in [code].iter().chain(said) {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    assert_eq!(fs::read(&head).ok(), before, "the former head stays");
}

/// Builds, which must go well with a finding that holds all of `said`.
pub(crate) fn warned(scratch: &Scratch, more: &[&str], code: &str, said: &[&str]) {
    let text = scratch.build("dist", more);
    for part in [code].iter().chain(said) {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
}

#[test]
fn without_tags_the_first_commit_that_carries_a_version_releases_it() {
    let scratch = Scratch::new();
    let first = scratch.release(SKILL, "1.0.0", "");
    let second = scratch.release(SKILL, "1.1.0", "");
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    scratch.commit("write notes");
    scratch.build("dist", &[]);
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0", "1.1.0"]);
    for (version, commit) in [("1.0.0", &first), ("1.1.0", &second)] {
        let at = scratch.release_record("dist", SKILL, version).released.unwrap();
        assert_eq!((&at.commit, at.tag), (commit, None));
    }
}

#[test]
fn a_merged_branch_releases_with_the_merge() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.skill(SKILL, "1.1.0", "license: MIT\n");
    scratch.commit("draft");
    scratch.release(SKILL, "1.1.0", "");
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "topic"]);
    let merge = scratch.git(&["rev-parse", "HEAD"]);
    let said = scratch.build("dist", &[]);
    assert!(!said.contains("GH03"), "what was drafted on the topic is nobody's business: {said}");
    assert_eq!(scratch.release_record("dist", SKILL, "1.1.0").released.unwrap().commit, merge);
}

#[test]
fn a_release_changed_in_place_is_an_error_that_names_both_commits() {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    scratch.build("dist", &[]);
    let changed = scratch.edit(SKILL, "1.0.0");
    let both = [short(&released), short(&changed), "1.0.1"];
    refused(&scratch, &[], "GH0302", &both);
    refused(&scratch, &["--previous", &scratch.at("dist")], "GH0302", &both);
    scratch.release(SKILL, "1.0.1", "license: MIT\n");
    // What lay between the two releases was an edit in place; no catalog knows it.
    warned(&scratch, &["--previous", &scratch.at("dist")], "GH0304", &both[..2]);
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0", "1.0.1"]);
    assert_eq!(scratch.release_record("dist", SKILL, "1.0.0").released.unwrap().commit, released);
}

#[test]
fn an_edit_in_place_deep_in_history_is_a_warning_and_the_first_content_stays() {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    let edited = scratch.edit(SKILL, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    warned(&scratch, &[], "GH0304", &[short(&released), short(&edited)]);
    let release = scratch.release_record("dist", SKILL, "1.0.0");
    assert_eq!(release.released.unwrap().commit, released);
    let page = String::from_utf8(scratch.object("dist", SKILL, release.page)).unwrap();
    assert!(!page.contains("one more line"), "the first content is the release");
}

#[test]
fn a_tag_settles_which_content_was_meant() {
    let scratch = Scratch::new();
    let first = scratch.release(SKILL, "1.0.0", "");
    let edited = scratch.edit(SKILL, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    for meant in [&first, &edited] {
        scratch.git(&["tag", "--force", "shared/reply@1.0.0", meant]);
        let said = scratch.build("dist", &[]);
        assert!(!said.contains("GH03"), "{said}");
        assert_eq!(&scratch.release_record("dist", SKILL, "1.0.0").released.unwrap().commit, meant);
    }
}

#[test]
fn a_head_that_carries_a_lower_version_is_a_warning() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "2.0.0", "");
    scratch.release(SKILL, "1.5.0", "");
    warned(&scratch, &[], "GH0305", &["1.5.0", "2.0.0"]);
    assert_eq!(scratch.versions("dist", SKILL), ["1.5.0", "2.0.0"]);
    scratch.release(SKILL, "3.0.0-rc.1", "");
    let said = scratch.build("dist", &[]);
    assert!(!said.contains("GH0305"), "a pre-release goes ahead: {said}");
}

#[test]
fn what_was_published_stays_though_the_branch_was_rewritten() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    let lost = scratch.release(SKILL, "1.1.0", "license: MIT\n");
    scratch.build("dist", &[]);
    let published = scratch.release_record("dist", SKILL, "1.1.0");
    scratch.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    scratch.release(SKILL, "1.2.0", "");
    let said = scratch.rebuild("dist");
    assert!(said.contains(&lost) && said.contains("not on this branch"), "{said}");
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0", "1.1.0", "1.2.0"]);
    let kept = scratch.release_record("dist", SKILL, "1.1.0");
    assert_eq!(
        (kept.digest, kept.bundle, kept.released),
        (published.digest, published.bundle, published.released)
    );
    scratch.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let other = scratch.release(SKILL, "1.1.0", "");
    refused(&scratch, &["--previous", &scratch.at("dist")], "GH0302", &[short(&lost), short(&other)]);
}

#[test]
fn a_former_catalog_that_cannot_be_trusted_is_refused() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.build("dist", &[]);
    let other = scratch.at("other.json");
    scratch.repository.must(&["key", "new", "head-2", "--out", &other]).unwrap();
    let build = |more: &[&str]| {
        let (out, dist) = (scratch.at("next"), scratch.at("dist"));
        let given = ["build", "--out", &out, "--previous", &dist, "--head-key", &other];
        scratch.repository.guildhall(&[&given, more].concat()).unwrap()
    };
    let (code, said) = build(&[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--former-key"), "{said}");
    assert!(!fs::exists(scratch.at("next")).unwrap(), "nothing was built");
    let (code, said) = build(&["--former-key", &scratch.at("head.json")]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_damaged_former_catalog_is_refused() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.build("dist", &[]);
    scratch.release(SKILL, "1.1.0", "");
    let bundle = scratch.release_record("dist", SKILL, "1.0.0").bundle;
    fs::write(scratch.at(&format!("dist/objects/public/{bundle}")), "altered").unwrap();
    let (code, said) = scratch.try_build("next", &["--previous", &scratch.at("dist")]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(&bundle.to_string()) && said.contains("missing or altered"), "{said}");
}

#[test]
fn a_working_tree_makes_no_releases() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.skill(SKILL, "1.1.0", "");
    scratch.build("dist", &["--worktree"]);
    let files = scratch.files("dist");
    let root = files.iter().find_map(|(path, bytes)| path.starts_with("roots/").then_some(bytes)).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(root).unwrap()["development"], true);
    let (code, said) = scratch.try_build("next", &["--previous", &scratch.at("dist")]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--worktree"), "{said}");
    let (code, said) = scratch.try_build("next", &["--worktree", "--previous", &scratch.at("dist")]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn the_former_commit_itself_adds_nothing() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.release(SKILL, "1.1.0", "");
    scratch.build("dist", &[]);
    let root = scratch.root("dist");
    let said = scratch.rebuild("dist");
    assert!(said.contains("0 files new") && said.contains("sequence 1"), "{said}");
    assert_eq!(scratch.root("dist"), root);
    let highest = scratch.record("dist", SKILL).latest().map(|(version, _)| version.clone());
    assert_eq!(highest, Some(Version::new(1, 1, 0)));
}
