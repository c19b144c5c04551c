//! What tags say of versions.

use crate::history::{refused, short, warned};
use crate::scratch::Scratch;

const SKILL: &str = "shared/reply";

fn tag(scratch: &Scratch, version: &str) {
    scratch.git(&["tag", &format!("{SKILL}@{version}")]);
}

/// Tags the commit that is checked out, and says that a build then warns of the tag and makes no release.
fn makes_no_release(scratch: &Scratch, more: &[&str], version: &str, why: &str) {
    let commit = scratch.git(&["rev-parse", &format!("{SKILL}@{version}^{{commit}}")]);
    warned(scratch, more, "GH0306", &[&format!("{SKILL}@{version}"), short(&commit), why]);
    assert!(!scratch.versions("dist", SKILL).contains(&version.to_owned()));
}

#[test]
fn a_tag_chooses_among_the_contents_that_carried_its_version() {
    let scratch = Scratch::new();
    scratch.skill(SKILL, "1.0.0", "license: MIT\n");
    scratch.commit("draft");
    let finished = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    let said = scratch.build("dist", &[]);
    assert!(!said.contains("GH03"), "{said}");
    let at = scratch.release_record("dist", SKILL, "1.0.0").released.unwrap();
    assert_eq!((at.commit, at.tag), (finished, Some(format!("{SKILL}@1.0.0"))));
}

#[test]
fn a_head_that_differs_from_what_was_tagged_is_an_error_that_names_both_commits() {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    let changed = scratch.edit(SKILL, "1.0.0");
    refused(&scratch, &[], "GH0302", &[short(&released), short(&changed)]);
}

#[test]
fn a_tag_that_moved_is_an_error_that_names_both_commits() {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    scratch.build("dist", &[]);
    let previous = scratch.at("dist");
    scratch.git(&["switch", "--quiet", "--detach", &released]);
    let moved = scratch.edit(SKILL, "1.0.0");
    scratch.git(&["tag", "--force", &format!("{SKILL}@1.0.0")]);
    scratch.git(&["switch", "--quiet", "main"]);
    refused(&scratch, &["--previous", &previous], "GH0303", &[short(&released), short(&moved)]);
    scratch.git(&["tag", "--force", &format!("{SKILL}@1.0.0"), &released]);
    let said = scratch.rebuild("dist");
    assert!(!said.contains("GH03"), "set back, it is well again: {said}");
}

#[test]
fn a_tag_that_moved_to_where_the_skill_is_not_is_an_error() {
    let scratch = Scratch::new();
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    let empty = scratch.commit("begin");
    let released = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.build("dist", &[]);
    scratch.git(&["tag", "--force", &format!("{SKILL}@1.0.0"), &empty]);
    refused(&scratch, &["--previous", &scratch.at("dist")], "GH0303", &[short(&released), short(&empty)]);
}

#[test]
fn a_tag_that_moved_to_the_same_content_is_no_matter() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.build("dist", &[]);
    let published = scratch.release_record("dist", SKILL, "1.0.0");
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    scratch.commit("write notes");
    scratch.git(&["tag", "--force", "--annotate", "--message", "again", &format!("{SKILL}@1.0.0")]);
    let said = scratch.rebuild("dist");
    assert!(!said.contains("GH03"), "{said}");
    assert_eq!(scratch.release_record("dist", SKILL, "1.0.0").released, published.released);
}

#[test]
fn two_tags_of_one_version_with_different_contents_are_an_error() {
    let scratch = Scratch::new();
    let first = scratch.release(SKILL, "1.0.0", "license: MIT\n");
    scratch.git(&["tag", &format!("{SKILL}/v1.0.0")]);
    let second = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    refused(&scratch, &[], "GH0303", &[short(&first), short(&second)]);
}

#[test]
fn a_tag_off_the_branch_makes_no_release() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.release(SKILL, "1.1.0", "");
    tag(&scratch, "1.1.0");
    scratch.git(&["switch", "--quiet", "main"]);
    makes_no_release(&scratch, &[], "1.1.0", "not on the published branch");
    scratch.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "topic"]);
    let said = scratch.rebuild("dist");
    assert!(!said.contains("GH03"), "merged, it is reviewed: {said}");
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0", "1.1.0"]);
}

#[test]
fn a_tag_whose_commit_says_another_version_makes_no_release() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.1.0");
    makes_no_release(&scratch, &[], "1.1.0", "says 1.0.0");
}

#[test]
fn a_tag_whose_commit_holds_no_readable_skill_makes_no_release() {
    let scratch = Scratch::new();
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    scratch.commit("begin");
    tag(&scratch, "0.1.0");
    scratch.repository.write(&format!("skills/{SKILL}.md"), "no frontmatter").unwrap();
    scratch.commit("draft");
    tag(&scratch, "0.2.0");
    scratch.release(SKILL, "1.0.0", "");
    for version in ["0.1.0", "0.2.0"] {
        makes_no_release(&scratch, &[], version, "does not hold the skill");
    }
}

#[test]
fn a_tag_on_an_old_commit_that_was_not_published_makes_no_release() {
    let scratch = Scratch::new();
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.release(SKILL, "0.9.0", "");
    let old = scratch.git(&["rev-parse", "HEAD"]);
    scratch.release(SKILL, "1.0.0", "");
    scratch.git(&["switch", "--quiet", "--orphan", "main"]);
    scratch.repository.write("NOTES.md", "nothing of a skill").unwrap();
    scratch.commit("begin");
    let options = ["--allow-unrelated-histories", "--no-ff", "--message", "merge", "topic"];
    scratch.git(&[&["merge", "--quiet", "--strategy-option", "theirs"][..], &options].concat());
    scratch.build("dist", &[]);
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0"]);
    scratch.git(&["tag", &format!("{SKILL}@0.9.0"), &old]);
    makes_no_release(
        &scratch,
        &["--previous", &scratch.at("dist")],
        "0.9.0",
        "older than the last publication",
    );
}

#[test]
fn a_published_release_stays_though_its_tag_is_gone() {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    tag(&scratch, "1.0.0");
    scratch.release(SKILL, "1.1.0", "");
    scratch.build("dist", &[]);
    let published = scratch.release_record("dist", SKILL, "1.0.0");
    scratch.git(&["tag", "--delete", &format!("{SKILL}@1.0.0")]);
    let name = format!("{SKILL}@1.0.0");
    warned(&scratch, &["--previous", &scratch.at("dist")], "GH0307", &[&name, short(&released)]);
    assert_eq!(scratch.release_record("dist", SKILL, "1.0.0"), published);
    let said = scratch.build("fresh", &[]);
    assert!(!said.contains("GH03"), "{said}");
    let found = scratch.release_record("fresh", SKILL, "1.0.0");
    assert_eq!(found.digest, published.digest);
    assert_eq!(found.released.unwrap().tag, None, "the history tells of no tag");
}

#[test]
fn tags_of_other_things_are_no_releases() {
    let scratch = Scratch::new();
    scratch.release(SKILL, "1.0.0", "");
    for tag in
        ["v1.0.0", "shared/reply", "shared/reply@one", "shared/absent@1.0.0", "release/shared/reply/v2.0.0"]
    {
        scratch.git(&["tag", tag]);
    }
    let said = scratch.build("dist", &[]);
    assert!(!said.contains("GH03"), "{said}");
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0"]);
}
