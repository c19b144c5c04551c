//! A skill that goes, and comes back.

use serde_json::{Value, json};

use crate::history::{refused, short};
use crate::scratch::{Scratch, ask, post};

const SKILL: &str = "shared/reply";

/// A skill that was published and then removed, the commit of its release, and the folder's catalog built since.
fn removed() -> (Scratch, String) {
    let scratch = Scratch::new();
    let released = scratch.release(SKILL, "1.0.0", "");
    scratch.release("shared/other", "1.0.0", "");
    scratch.build("dist", &[]);
    scratch.git(&["rm", "--quiet", &format!("skills/{SKILL}.md")]);
    scratch.commit("remove the skill");
    scratch.rebuild("dist");
    (scratch, released)
}

#[tokio::test]
async fn a_removed_skill_is_hidden_from_everyone_as_if_it_had_never_been() {
    let (scratch, _) = removed();
    assert!(scratch.record("dist", SKILL).removed);
    let served = scratch.served("dist");
    for team in [None, Some("support")] {
        let mut answers = Vec::new();
        for name in ["reply", "ghost"] {
            let mut of_name = Vec::new();
            for (path, accept) in [
                ("", "application/json"),
                ("/", "text/html"),
                ("/1.0.0/", "text/html"),
                ("/1.0.0/bundle", "*/*"),
                ("/1.0.0/SKILL.md", "*/*"),
                ("/versions/", "text/html"),
            ] {
                let path = format!("/skills/shared/{name}{path}");
                of_name.push(ask(&served, team, ("GET", &path, accept), Value::Null).await);
            }
            for (path, key) in [("/resolve", "spec"), ("/acl/check", "skill"), ("/invoke", "name")] {
                let body = json!({key: format!("shared/{name}")});
                of_name.push(ask(&served, team, ("POST", path, "*/*"), body).await);
            }
            answers.push(
                of_name.into_iter().map(|(status, text)| (status, text.replace(name, "NAME"))).collect(),
            );
        }
        let [gone, never]: [Vec<(u16, String)>; 2] = answers.try_into().unwrap();
        assert_eq!(gone, never, "{team:?}");
        assert!(gone.iter().any(|(status, _)| *status == 404));
    }
    let (_, hits) = post(&served, Some("support"), "/search", json!({"query": "reply"})).await;
    assert_eq!(hits, json!([]));
}

#[test]
fn a_removed_skill_stays_removed_and_whole_over_builds() {
    let (scratch, _) = removed();
    let root = scratch.root("dist");
    scratch.rebuild("dist");
    assert_eq!(scratch.root("dist"), root);
    scratch.build("next", &["--previous", &scratch.at("dist")]);
    assert_eq!(scratch.root("next"), root);
    let key = scratch.at("head.json");
    scratch.repository.must(&["verify", &scratch.at("next"), "--head-key", &key]).unwrap();
}

#[test]
fn the_versions_of_a_removed_skill_stay_taken() {
    let (scratch, released) = removed();
    let back = scratch.edit(SKILL, "1.0.0");
    let previous = scratch.at("dist");
    refused(&scratch, &["--previous", &previous], "GH0302", &[short(&released), short(&back)]);
    refused(&scratch, &[], "GH0302", &[short(&released), short(&back)]);
    scratch.release(SKILL, "1.1.0", "");
    scratch.rebuild("dist");
    let record = scratch.record("dist", SKILL);
    assert!(!record.removed);
    assert_eq!(scratch.versions("dist", SKILL), ["1.0.0", "1.1.0"]);
    assert_eq!(scratch.release_record("dist", SKILL, "1.0.0").released.unwrap().commit, released);
}

#[test]
fn a_skill_that_comes_back_as_it_was_is_the_release_that_it_was() {
    let (scratch, released) = removed();
    scratch.release(SKILL, "1.0.0", "");
    scratch.rebuild("dist");
    let record = scratch.record("dist", SKILL);
    assert!(!record.removed);
    assert_eq!(scratch.release_record("dist", SKILL, "1.0.0").released.unwrap().commit, released);
}

#[test]
fn what_needs_a_removed_skill_is_blocked() {
    let scratch = Scratch::new();
    scratch.skill(SKILL, "1.0.0", "");
    scratch.release("shared/caller", "1.0.0", "depends_on: ['shared/reply:1.x']\n");
    scratch.build("dist", &[]);
    scratch.git(&["rm", "--quiet", &format!("skills/{SKILL}.md")]);
    scratch.commit("remove the skill");
    let said = scratch.rebuild("dist");
    assert!(said.contains("GH0407"), "{said}");
    let blocked = scratch.release_record("dist", "shared/caller", "1.0.0").blocked;
    assert_eq!(blocked.map(|by| by.to_string()).as_deref(), Some(SKILL));
}
