//! What becomes of releases without a release.

use std::fs;

use serde_json::{Value, json};

use crate::history::{refused, warned};
use crate::scratch::{Scratch, ask, post};

const SKILL: &str = "shared/reply";
const CODE: &str = "type: code_inline\ncommand: python3\n";

/// Three releases, and what the overlay then says of them.
fn scratch(overlay: &str) -> Scratch {
    let scratch = Scratch::new();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        scratch.release(SKILL, version, CODE);
    }
    say(&scratch, overlay);
    scratch
}

fn say(scratch: &Scratch, overlay: &str) {
    scratch.repository.write("skills/_status/shared/reply.yaml", overlay).unwrap();
    scratch.commit("change statuses");
}

/// The version that each route takes for a requirement: the resolution, and what an invocation was decided for.
async fn chosen(scratch: &Scratch, requirement: &str) -> [Value; 2] {
    let served = scratch.served("dist");
    let spec = json!({"spec": format!("{SKILL}:{requirement}")});
    let (_, resolved) = post(&served, Some("support"), "/resolve", spec).await;
    let wanted = json!({"name": SKILL, "version_constraint": requirement});
    post(&served, Some("support"), "/invoke", wanted).await;
    let log = fs::read_dir(scratch.at("log")).unwrap().map(|file| fs::read_to_string(file.unwrap().path()));
    let log: String = log.map(Result::unwrap).collect();
    let records = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut invoked = records.filter(|record| record["route"] == "POST /invoke");
    let invoked = invoked.next_back().unwrap_or_default();
    [resolved["version"].clone(), invoked["version"].clone()]
}

async fn found(scratch: &Scratch) -> Value {
    let served = scratch.served("dist");
    let (status, hits) = post(&served, None, "/search", json!({"query": "reply"})).await;
    assert_eq!(status, 200, "{hits}");
    hits
}

#[tokio::test]
async fn a_withdrawn_release_is_skipped_unless_it_is_pinned() {
    let scratch = scratch("- {versions: =1.2.0, state: withdrawn, since: 2020-01-01, reason: pays twice}\n");
    scratch.build("dist", &[]);
    assert_eq!(chosen(&scratch, "*").await, ["1.1.0", "1.1.0"]);
    assert_eq!(chosen(&scratch, "1.x").await, ["1.1.0", "1.1.0"]);
    assert_eq!(chosen(&scratch, "=1.2.0").await, ["1.2.0", "1.2.0"]);
    assert_eq!(found(&scratch).await[0]["version"], "1.1.0");
    let served = scratch.served("dist");
    let html = ("GET", "/skills/shared/reply/1.2.0/", "text/html");
    let (status, page) = ask(&served, None, html, Value::Null).await;
    assert_eq!(status, 200);
    assert!(page.contains("Withdrawn.") && page.contains("pays twice"), "{page}");
    let (_, page) = ask(&served, None, ("GET", "/skills/shared/reply/", "text/html"), Value::Null).await;
    assert!(page.contains("This text belongs to shared/reply 1.1.0."));
    let spec = json!({"spec": "shared/reply:=1.2.0"});
    let (_, resolved) = post(&served, None, "/resolve", spec).await;
    assert_eq!(resolved["status"]["state"], "withdrawn");
}

#[tokio::test]
async fn a_skill_of_which_everything_was_withdrawn_is_found_by_nobody() {
    let scratch = scratch("- {versions: '*', state: withdrawn, since: 2020-01-01, reason: wrong}\n");
    scratch.build("dist", &[]);
    assert_eq!(found(&scratch).await, json!([]));
    let served = scratch.served("dist");
    let (status, answer) = post(&served, None, "/resolve", json!({"spec": SKILL})).await;
    assert_eq!((status, &answer["code"]), (404, &json!("VERSION_NOT_FOUND")), "{answer}");
}

#[tokio::test]
async fn a_deprecated_release_shows_with_its_reason_and_its_successor() {
    let scratch = scratch(
        "- {versions: 1.x, state: deprecated, since: 2020-01-01, reason: too slow, replaced_by: 'shared/answer:2.x', \
         sunset: 2099-01-01}\n",
    );
    scratch.build("dist", &[]);
    let hit = &found(&scratch).await[0];
    assert_eq!([&hit["deprecated"], &hit["replaced_by"]], ["too slow", "shared/answer:2.x"]);
    let served = scratch.served("dist");
    let (_, resolved) = post(&served, None, "/resolve", json!({"spec": SKILL})).await;
    assert_eq!(resolved["version"], "1.2.0");
    assert_eq!(
        resolved["status"],
        json!({"state": "deprecated", "since": "2020-01-01", "reason": "too slow",
               "replaced_by": "shared/answer:2.x", "sunset": "2099-01-01"})
    );
    let (_, page) = ask(&served, None, ("GET", "/skills/shared/reply/", "text/html"), Value::Null).await;
    assert!(page.contains("too slow") && page.contains("shared/answer:2.x") && page.contains("2099-01-01"));
}

#[tokio::test]
async fn an_archived_skill_leaves_search_and_can_be_fetched() {
    let scratch = scratch("- {versions: 1.x, state: archived, since: 2020-01-01, reason: unused}\n");
    scratch.build("dist", &[]);
    assert_eq!(found(&scratch).await, json!([]));
    assert_eq!(chosen(&scratch, "1.x").await, ["1.2.0", "1.2.0"]);
    let served = scratch.served("dist");
    for (path, accept) in [
        ("/skills/shared/reply/1.2.0/bundle", "*/*"),
        ("/skills/shared/reply", "application/json"),
        ("/skills/shared/reply/1.0.0/", "text/html"),
    ] {
        assert_eq!(ask(&served, None, ("GET", path, accept), Value::Null).await.0, 200, "{path}");
    }
}

#[test]
fn a_status_is_in_force_from_its_day_on() {
    let scratch = scratch("- {versions: 1.x, state: archived, since: 2031-06-01, reason: unused}\n");
    let state = |day: &[&str]| {
        scratch.build("dist", day);
        scratch.release_record("dist", SKILL, "1.0.0").status.map(|status| status.state.as_str())
    };
    assert_eq!(state(&["--as-of", "2031-05-31"]), None);
    assert_eq!(state(&["--as-of", "2031-06-01"]), Some("archived"));
    say(&scratch, "- {versions: 1.x, state: archived, since: 2020-01-01, reason: unused}\n");
    assert_eq!(state(&[]), Some("archived"), "by the day of the commit");
    assert_eq!(state(&["--as-of", "2019-12-31"]), None);
}

#[test]
fn what_the_head_says_of_its_major_holds_for_its_other_releases_where_no_overlay_speaks() {
    let scratch = Scratch::new();
    for (version, keys) in
        [("1.0.0", ""), ("2.0.0", ""), ("2.1.0", ""), ("2.2.0", "deprecated: use another\n")]
    {
        scratch.release(SKILL, version, keys);
    }
    say(&scratch, "- {versions: =2.1.0, state: archived, since: 2020-01-01, reason: unused}\n");
    scratch.build("dist", &[]);
    let status = |version| {
        let status = scratch.release_record("dist", SKILL, version).status;
        status.map(|status| format!("{} {}", status.state.as_str(), status.reason))
    };
    assert_eq!(status("1.0.0"), None);
    assert_eq!(status("2.0.0").as_deref(), Some("deprecated use another"));
    assert_eq!(status("2.1.0").as_deref(), Some("archived unused"));
    assert_eq!(status("2.2.0").as_deref(), Some("deprecated use another"));
}

#[test]
fn an_overlay_that_cannot_be_read_is_an_error() {
    let scratch = scratch("- {versions: 1.x, state: gone, since: 2020-01-01, reason: unused}\n");
    refused(&scratch, &[], "GH0702", &["skills/_status/shared/reply.yaml:1:"]);
    say(&scratch, "[]\n");
    scratch.repository.write("skills/_status/reply.yaml", "[]\n").unwrap();
    scratch.commit("misplace a status");
    refused(&scratch, &[], "GH0702", &["skills/_status/reply.yaml", "skills/_status/{team}/{name}.yaml"]);
}

#[test]
fn an_overlay_that_covers_no_release_is_a_warning() {
    let scratch = scratch("- {versions: 2.x, state: archived, since: 2020-01-01, reason: unused}\n");
    scratch.repository.write("skills/_status/shared/absent.yaml", "[]\n").unwrap();
    scratch.commit("speak of nothing");
    let said = ["no release of `shared/reply` matches `2.x`", "there is no skill `shared/absent`"];
    warned(&scratch, &[], "GH0703", &said);
}

#[test]
fn a_change_of_status_changes_nothing_of_the_release_itself() {
    let scratch = scratch("[]\n");
    scratch.build("dist", &[]);
    let before = scratch.record("dist", SKILL);
    let all = "- {versions: '*', state: deprecated, since: 2020-01-01, reason: too slow}\n";
    for (overlay, previous) in [(all, true), (all, false), ("[]\n", true)] {
        say(&scratch, &format!("{overlay}# {previous}\n"));
        let previous = if previous { vec!["--previous".to_owned(), scratch.at("dist")] } else { Vec::new() };
        scratch.build("dist", &previous.iter().map(String::as_str).collect::<Vec<_>>());
        let after = scratch.record("dist", SKILL);
        for (version, release) in &after.releases {
            let known = &before.releases[version];
            assert_eq!(release.digest, known.digest);
            assert_eq!([release.bundle, release.document], [known.bundle, known.document]);
            assert_eq!(release.closure_digest, known.closure_digest);
            assert_eq!(release.released, known.released);
            assert_eq!(release.status.is_some(), overlay == all);
        }
    }
    assert_eq!(scratch.record("dist", SKILL), before, "and back");
}
