//! Shallow clones, as CI makes them.

use crate::history::{refused, short};
use crate::scratch::Scratch;

const SKILL: &str = "shared/reply";

/// Two releases, of which the first was published.
fn published() -> (Scratch, String) {
    let scratch = Scratch::new();
    scratch.release(SKILL, "0.9.0", "");
    let released = scratch.release(SKILL, "1.0.0", "");
    scratch.git(&["tag", "--annotate", "--message", "release", &format!("{SKILL}@1.0.0")]);
    scratch.build("dist", &[]);
    (scratch, released)
}

/// A clone of one commit.
fn shallow(scratch: &Scratch) -> Scratch {
    let clone = scratch.cloned(&["--depth", "1"]);
    clone.git(&["config", "user.name", "Author"]);
    clone.git(&["config", "user.email", "author@example.com"]);
    clone
}

#[test]
fn a_clone_of_one_commit_builds_on_what_was_published_by_its_parent() {
    let (scratch, _) = published();
    scratch.release(SKILL, "1.1.0", "");
    let clone = shallow(&scratch);
    assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), "1");
    clone.build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(clone.versions("next", SKILL), ["0.9.0", "1.0.0", "1.1.0"]);
    scratch.build("full", &["--previous", &scratch.at("dist")]);
    assert_eq!(scratch.files("full"), clone.files("next"));
}

#[test]
fn a_clone_that_does_not_reach_the_former_commit_is_refused() {
    let (scratch, published) = published();
    scratch.release(SKILL, "1.1.0", "");
    scratch.release(SKILL, "1.2.0", "");
    let clone = shallow(&scratch);
    let (code, said) = clone.try_build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(code, 2, "{said}");
    for part in ["fetch-depth: 0", &published] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    clone.git(&["fetch", "--quiet", "--deepen", "1"]);
    clone.build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(clone.versions("next", SKILL), ["0.9.0", "1.0.0", "1.1.0", "1.2.0"]);
}

#[test]
fn a_clone_that_lacks_commits_of_a_merged_branch_is_refused() {
    let (scratch, _) = published();
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.release(SKILL, "1.1.0", "");
    scratch.git(&["tag", &format!("{SKILL}@1.1.0")]);
    scratch.release(SKILL, "1.2.0", "");
    scratch.release(SKILL, "1.3.0", "");
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "topic"]);
    // The former commit is the merge's first parent, the tagged one lies deeper.
    let clone = scratch.cloned(&["--depth", "2"]);
    let (code, said) = clone.try_build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("fetch-depth: 0"), "{said}");
    clone.git(&["fetch", "--quiet", "--deepen", "2"]);
    clone.build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(clone.versions("next", SKILL), ["0.9.0", "1.0.0", "1.1.0", "1.3.0"]);
    scratch.build("full", &["--previous", &scratch.at("dist")]);
    assert_eq!(scratch.files("full"), clone.files("next"));
}

#[test]
fn a_merged_branch_that_began_before_the_former_commit_is_no_obstacle() {
    let scratch = Scratch::new();
    scratch.release("shared/other", "1.0.0", "");
    scratch.git(&["branch", "topic"]);
    scratch.release(SKILL, "1.0.0", "");
    scratch.build("dist", &[]);
    scratch.git(&["switch", "--quiet", "topic"]);
    scratch.release("shared/other", "1.1.0", "");
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "topic"]);
    let clone = scratch.cloned(&["--depth", "2"]);
    clone.build("next", &["--previous", &clone.at("dist")]);
    assert_eq!(clone.versions("next", "shared/other"), ["1.0.0", "1.1.0"]);
}

#[test]
fn a_shallow_clone_without_a_former_catalog_builds_with_a_note() {
    let (scratch, _) = published();
    let clone = shallow(&scratch);
    let said = clone.build("next", &[]);
    assert!(said.contains("shallow clone") && said.contains("fetch-depth: 0"), "{said}");
    assert_eq!(clone.versions("next", SKILL), ["1.0.0"]);
}

#[test]
fn a_clone_that_was_deepened_is_built_anew() {
    let (scratch, _) = published();
    scratch.release(SKILL, "1.1.0", "");
    let clone = shallow(&scratch);
    clone.build("next", &[]);
    for expected in [&["1.0.0", "1.1.0"][..], &["0.9.0", "1.0.0", "1.1.0"]] {
        clone.git(&["fetch", "--quiet", "--deepen", "1"]);
        clone.build("next", &[]);
        assert_eq!(clone.versions("next", SKILL), expected);
    }
}

#[test]
fn a_clone_of_one_commit_sees_a_release_changed_in_place() {
    let (scratch, released) = published();
    let changed = scratch.edit(SKILL, "1.0.0");
    let clone = shallow(&scratch);
    let previous = clone.at("dist");
    refused(&clone, &["--previous", &previous], "GH0302", &[short(&released), short(&changed)]);
}

#[test]
fn a_clone_of_one_commit_sees_a_tag_that_moved_there() {
    let (scratch, released) = published();
    let moved = scratch.release(SKILL, "1.1.0", "");
    scratch.git(&["tag", "--force", &format!("{SKILL}@1.0.0")]);
    let clone = shallow(&scratch);
    let previous = clone.at("dist");
    refused(&clone, &["--previous", &previous], "GH0303", &[short(&released), short(&moved)]);
}

#[test]
fn a_clone_of_one_commit_does_not_take_its_missing_tags_for_lost_ones() {
    let (scratch, _) = published();
    scratch.release(SKILL, "1.1.0", "");
    let clone = shallow(&scratch);
    assert_eq!(clone.git(&["tag", "--list"]), "");
    let said = clone.build("next", &["--previous", &clone.at("dist")]);
    assert!(!said.contains("GH03"), "{said}");
}

#[test]
fn a_clone_of_one_commit_sees_a_version_that_goes_back() {
    let (scratch, _) = published();
    scratch.release(SKILL, "0.9.5", "");
    let clone = shallow(&scratch);
    let said = clone.build("next", &["--previous", &clone.at("dist")]);
    assert!(said.contains("GH0305"), "{said}");
}
