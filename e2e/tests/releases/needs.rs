//! Dependencies over versions: what a change of one skill does to the releases of others.

use std::path::Path;

use registry_core::policy::Audience;
use serde_json::{Value, json};

use crate::history::{refused, warned};
use crate::scratch::{Scratch, ask, post, text};

const NEEDED: &str = "support/facts";
const CALLER: &str = "shared/caller";
const NEEDS: &str = "depends_on: ['support/facts:1.x']\n";

/// A caller, and what it needs, released and published.
fn published() -> Scratch {
    let scratch = Scratch::new();
    scratch.skill(NEEDED, "1.0.0", "");
    scratch.release(CALLER, "1.0.0", NEEDS);
    scratch.build("dist", &[]);
    scratch
}

/// Writes a skill of one file for a team alone.
fn for_its_team(scratch: &Scratch, id: &str, version: &str) {
    let text = text(id, version, "").replace("access_level: public", "access_level: team");
    scratch.repository.write(&format!("skills/{id}.md"), &text).unwrap();
    scratch.commit(&format!("release {id} {version}"));
}

fn blocked(scratch: &Scratch, version: &str) -> Option<String> {
    scratch.release_record("dist", CALLER, version).blocked.map(|by| by.to_string())
}

#[tokio::test]
async fn a_former_release_satisfies_what_the_head_does_not() {
    let scratch = Scratch::new();
    scratch.release(NEEDED, "1.4.0", "");
    scratch.skill(NEEDED, "2.0.0", "");
    scratch.release(CALLER, "1.0.0", NEEDS);
    scratch.build("dist", &[]);
    let (status, resolved) = post(&scratch.served("dist"), None, "/resolve", json!({"spec": CALLER})).await;
    assert_eq!(status, 200, "{resolved}");
    let closure: Vec<[&Value; 2]> = resolved["closure"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| [&member["skill"], &member["version"]])
        .collect();
    assert_eq!(closure, [[NEEDED, "1.4.0"], [CALLER, "1.0.0"]]);
    scratch.release(CALLER, "1.1.0", "depends_on: ['support/facts:3.x']\n");
    refused(&scratch, &["--previous", &scratch.at("dist")], "GH0403", &["1.4.0", "2.0.0"]);
}

#[tokio::test]
async fn a_tightened_dependency_blocks_what_was_published_and_names_itself_to_those_who_see_it() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    warned(&scratch, &["--previous", &scratch.at("dist")], "GH0407", &[CALLER, NEEDED]);
    assert_eq!(blocked(&scratch, "1.0.0").as_deref(), Some(NEEDED));
    let served = scratch.served("dist");
    let asked = json!({"spec": CALLER});
    for (team, named) in [("support", true), ("finance", false)] {
        let (status, answer) = post(&served, Some(team), "/resolve", asked.clone()).await;
        assert_eq!((status, &answer["code"]), (403, &json!("ACL_DENIED")));
        let reason = answer["reason"].as_str().unwrap();
        assert!(reason.contains("is blocked"), "{reason}");
        assert_eq!(answer.to_string().contains(NEEDED), named, "{answer}");
        let (_, check) = post(&served, Some(team), "/acl/check", json!({"skill": CALLER})).await;
        assert_eq!((&check["allowed"], &check["reason"]), (&json!(false), &answer["reason"]));
        let (status, _) = post(&served, Some(team), "/invoke", json!({"name": CALLER})).await;
        assert_eq!(status, 403);
    }
}

#[tokio::test]
async fn people_may_read_the_page_of_a_blocked_release_and_programs_get_nothing_of_it() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    scratch.rebuild("dist");
    let served = scratch.served("dist");
    for path in ["/skills/shared/caller/", "/skills/shared/caller/1.0.0/"] {
        for team in [None, Some("support"), Some("finance")] {
            let (status, page) = ask(&served, team, ("GET", path, "text/html"), Value::Null).await;
            assert_eq!(status, 200, "{path} {team:?}");
            assert!(page.contains("<strong>Blocked.</strong>"), "{page}");
        }
    }
    for (path, accept) in [
        ("/skills/shared/caller", "application/json"),
        ("/skills/shared/caller", "text/markdown"),
        ("/skills/shared/caller.md", "text/html"),
        ("/skills/shared/caller/1.0.0.md", "text/html"),
        ("/skills/shared/caller/1.0.0/SKILL.md", "text/html"),
        ("/skills/shared/caller/1.0.0/bundle", "text/html"),
    ] {
        for (team, code) in [(None, 401), (Some("support"), 403)] {
            let (status, text) = ask(&served, team, ("GET", path, accept), Value::Null).await;
            assert_eq!(status, code, "{path} {accept}: {text}");
            assert!(!text.contains("This text belongs to"), "{text}");
        }
    }
}

#[tokio::test]
async fn the_page_of_a_blocked_release_is_for_those_alone_whom_its_rules_admit() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    for_its_team(&scratch, CALLER, "1.1.0");
    scratch.rebuild("dist");
    assert_eq!(blocked(&scratch, "1.0.0").as_deref(), Some(NEEDED));
    let served = scratch.served("dist");
    let page = ("GET", "/skills/shared/caller/1.0.0/", "text/html");
    assert_eq!(ask(&served, None, page, Value::Null).await.0, 404);
    assert_eq!(ask(&served, Some("support"), page, Value::Null).await.0, 200);
}

#[test]
fn the_static_site_offers_the_page_of_a_blocked_release_alone() {
    let scratch = published();
    let site = |file: &str| Path::new(&scratch.at(&format!("dist/site/skills/shared/caller{file}"))).exists();
    let files = ["/1.0.0.md", ".md", "/1.0.0/SKILL.md", "/1.0.0/bundle.tar.gz"];
    scratch.build("dist", &["--site"]);
    assert_eq!(files.map(site), [true; 4]);
    for_its_team(&scratch, NEEDED, "1.1.0");
    scratch.build("dist", &["--site", "--previous", &scratch.at("dist")]);
    assert_eq!(files.map(site), [false; 4]);
    assert!(site("/1.0.0/index.html") && site("/index.html"));
}

#[test]
fn a_new_version_with_the_fault_of_a_blocked_one_is_an_error() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    scratch.rebuild("dist");
    scratch.release(CALLER, "1.0.1", NEEDS);
    let previous = scratch.at("dist");
    refused(&scratch, &["--previous", &previous], "GH0501", &[CALLER, NEEDED]);
    scratch.release(CALLER, "1.0.2", "");
    scratch.rebuild("dist");
    assert_eq!(blocked(&scratch, "1.0.2"), None);
    assert_eq!(blocked(&scratch, "1.0.0").as_deref(), Some(NEEDED));
}

#[test]
fn without_a_former_catalog_nothing_was_published_and_the_fault_is_an_error() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    refused(&scratch, &[], "GH0501", &[CALLER, NEEDED]);
}

#[test]
fn a_withdrawn_dependency_blocks_until_another_release_will_do() {
    let scratch = published();
    let overlay = "- {versions: =1.0.0, state: withdrawn, since: 2020-01-01, reason: wrong}\n";
    scratch.repository.write("skills/_status/support/facts.yaml", overlay).unwrap();
    scratch.commit("withdraw the facts");
    warned(&scratch, &["--previous", &scratch.at("dist")], "GH0407", &[CALLER, NEEDED]);
    assert_eq!(blocked(&scratch, "1.0.0").as_deref(), Some(NEEDED));
    scratch.release(NEEDED, "1.1.0", "");
    let said = scratch.rebuild("dist");
    assert!(!said.contains("GH0407"), "{said}");
    assert_eq!(blocked(&scratch, "1.0.0"), None);
}

#[test]
fn a_dependency_that_opens_again_unblocks() {
    let scratch = published();
    for_its_team(&scratch, NEEDED, "1.1.0");
    scratch.rebuild("dist");
    scratch.release(NEEDED, "1.2.0", "");
    scratch.rebuild("dist");
    assert_eq!(blocked(&scratch, "1.0.0"), None);
    let closure = scratch.release_record("dist", CALLER, "1.0.0").closure;
    assert_eq!(closure[0].version.to_string(), "1.2.0");
}

#[tokio::test]
async fn tightening_a_head_closes_its_old_releases_and_moves_their_objects() {
    let scratch = Scratch::new();
    scratch.release(NEEDED, "1.0.0", "");
    scratch.build("dist", &[]);
    let open = scratch.record("dist", NEEDED);
    for_its_team(&scratch, NEEDED, "1.1.0");
    scratch.build("next", &["--previous", &scratch.at("dist")]);
    let closed = scratch.record("next", NEEDED);
    let team: Audience = "team:support".parse().unwrap();
    assert_eq!([&open.audience, &closed.audience], [&Audience::Public, &team]);
    let place = |audience: &str, digest: &dyn ToString| {
        Path::new(&scratch.at("next/objects")).join(audience).join(digest.to_string()).exists()
    };
    let (old, new) = (open.releases.values().next().unwrap(), closed.releases.values().next().unwrap());
    assert_eq!([old.bundle, old.document], [new.bundle, new.document]);
    assert_eq!(new.audience, Audience::Public, "the release's own rule is what it was");
    for digest in new.objects() {
        assert!(place("team:support", &digest) && !place("public", &digest), "{digest}");
    }
    let served = scratch.served("next");
    for (team, code) in [(None, 401), (Some("finance"), 403), (Some("support"), 200)] {
        let path = ("GET", "/skills/support/facts/1.0.0/SKILL.md", "*/*");
        assert_eq!(ask(&served, team, path, Value::Null).await.0, code, "{team:?}");
    }
}

#[tokio::test]
async fn search_tells_nothing_of_a_release_that_is_stricter_than_its_head() {
    let scratch = Scratch::new();
    for_its_team(&scratch, NEEDED, "1.0.0");
    scratch.release(NEEDED, "2.0.0-rc.1", "");
    scratch.build("dist", &[]);
    let served = scratch.served("dist");
    let (_, hits) = post(&served, None, "/search", json!({"query": "facts"})).await;
    assert_eq!(hits[0]["description"], "About support/facts 2.0.0-rc.1.", "{hits}");
    let page = |path: &'static str| ("GET", path, "text/html");
    assert_eq!(ask(&served, None, page("/skills/support/facts/1.0.0/"), Value::Null).await.0, 404);
    assert_eq!(ask(&served, None, page("/skills/support/facts/2.0.0-rc.1/"), Value::Null).await.0, 200);
}
