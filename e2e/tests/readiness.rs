//! What an edge that runs says of itself when its catalog, its head or its log is not what it should be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use e2e::{HostKind, Repository, Stand, hosts};
use serde_json::{Value, json};

const PAGE: &str = "/skills/data/pii-redactor";

fn readiness(stand: &Stand) -> (u16, Value) {
    let answer = stand.get("/readyz", "", "*/*").unwrap();
    (answer.status, answer.json())
}

fn status(stand: &Stand, path: &str, accept: &str) -> u16 {
    stand.get(path, "", accept).unwrap().status
}

/// The objects that the public may read.
fn public_objects(stand: &Stand) -> Vec<String> {
    let folder = fs::read_dir(stand.repository.catalog().join("objects/public")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("objects/public/{name}")).collect()
}

#[test]
fn damaged_objects_are_never_served_and_readiness_counts_them_until_they_are_mended() {
    for kind in hosts() {
        let mut stand = Stand::start(kind, Repository::of_examples().unwrap()).unwrap();
        let forms = [(PAGE, "text/html"), (PAGE, "text/markdown"), (PAGE, "application/json")];
        for (path, accept) in forms {
            assert_eq!(status(&stand, path, accept), 200);
        }
        assert_eq!(readiness(&stand).1["status"], "ready");
        let objects = public_objects(&stand);
        for (damaged, fault) in [(Some("cut"), "altered"), (None, "missing")] {
            for key in &objects {
                stand.damage(key, damaged).unwrap();
            }
            for (path, accept) in forms {
                let answer = stand.get(path, "", accept).unwrap();
                let refused = (answer.status, answer.json()["code"].clone());
                assert_eq!(refused, (503, json!("CATALOG_UNAVAILABLE")), "{accept}");
            }
            let (ready, answer) = readiness(&stand);
            assert_eq!(
                (ready, &answer["status"]),
                (200, &json!("degraded")),
                "all edges read the same files"
            );
            assert_eq!(answer["faults"], json!([{"file": "object", "fault": fault, "count": 3}]));
            assert!(!answer.to_string().contains("pii"), "{answer}");
        }
        for key in &objects {
            stand.mend(key).unwrap();
        }
        for (path, accept) in forms {
            assert_eq!(status(&stand, path, accept), 200, "{accept}");
        }
        let (ready, answer) = readiness(&stand);
        assert_eq!((ready, &answer["status"], answer.get("faults")), (200, &json!("ready"), None));
    }
}

#[test]
fn a_bundle_that_is_gone_is_refused_and_counted() {
    for kind in hosts() {
        let mut stand = Stand::start(kind, Repository::of_examples().unwrap()).unwrap();
        let version = stand.get(PAGE, "", "application/json").unwrap().json()["version"].clone();
        let bundle = format!("{PAGE}/{}/bundle", version.as_str().unwrap());
        assert_eq!(status(&stand, &bundle, "*/*"), 200);
        for key in &public_objects(&stand) {
            stand.damage(key, None).unwrap();
        }
        assert_eq!(status(&stand, &bundle, "*/*"), 503);
        assert_eq!(
            readiness(&stand).1["faults"],
            json!([{"file": "object", "fault": "missing", "count": 1}])
        );
    }
}

#[test]
fn a_head_that_was_rolled_back_is_refused_after_a_restart_as_well() {
    for kind in hosts() {
        let mut stand = Stand::start(kind, Repository::of_examples().unwrap()).unwrap();
        let head = stand.repository.catalog().join("head.json");
        let first = fs::read(&head).unwrap();
        let skill = stand.repository.path().join("guildhall.yaml");
        let text = fs::read_to_string(&skill).unwrap();
        fs::write(&skill, text.replace("Example Corp", "Example Company")).unwrap();
        stand.repository.commit("rename the company").unwrap();
        stand.publish().unwrap();
        assert_eq!((readiness(&stand).0, &readiness(&stand).1["sequence"]), (200, &json!(2)));
        let second = fs::read(&head).unwrap();
        for sequence in [2, 2] {
            stand.kill().unwrap();
            stand.restart().unwrap();
            let (ready, answer) = readiness(&stand);
            assert_eq!((ready, &answer["sequence"]), (200, &json!(sequence)), "the same head is taken again");
        }

        stand.kill().unwrap();
        fs::write(&head, &first).unwrap();
        stand.restart().unwrap();
        let (ready, answer) = readiness(&stand);
        assert_eq!((ready, &answer["code"]), (503, &json!("CATALOG_UNAVAILABLE")));
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("goes back to an earlier sequence"), "{detail}");
        assert_eq!(status(&stand, PAGE, "text/html"), 503);
        let forged = String::from_utf8(first.clone()).unwrap().replace("\"sequence\":1", "\"sequence\":3");
        fs::write(&head, forged).unwrap();
        stand.upload().unwrap();
        assert!(readiness(&stand).1["detail"].as_str().unwrap().contains("does not verify"));

        fs::write(&head, &second).unwrap();
        stand.upload().unwrap();
        assert_eq!(readiness(&stand).0, 200);
        assert_eq!(status(&stand, PAGE, "text/html"), 200);
    }
}

#[test]
fn an_edge_whose_log_cannot_be_written_gets_no_requests_and_invokes_nothing() {
    let stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    let token = stand.token("support-agent", &[]).unwrap();
    let invoke = || {
        let body =
            json!({"name": "data/pii-redactor", "version_constraint": "2.x", "payload": {"text": "a"}});
        stand.post("/invoke", &token, &body).unwrap()
    };
    assert_eq!(invoke().status, 200);
    let (folder, aside) = (stand.log_folder(), stand.log_folder().with_extension("aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::remove_dir_all(&aside).unwrap();
    fs::write(&folder, "no folder").unwrap();
    assert_eq!((invoke().status, &invoke().json()["code"]), (503, &json!("LOG_UNAVAILABLE")));
    let (ready, answer) = readiness(&stand);
    assert_eq!((ready, &answer["code"]), (503, &json!("LOG_UNAVAILABLE")));
    let folder = folder.to_str().unwrap();
    assert!(!answer.to_string().contains(folder), "{answer}");
    assert_eq!(status(&stand, PAGE, "text/html"), 200, "what is public is read on");
}

#[test]
fn where_the_objects_of_the_log_throw_nothing_is_invoked_and_reading_goes_on() {
    for kind in hosts().filter(|kind| *kind == HostKind::Workers) {
        let mut stand = Stand::start(kind, Repository::of_examples().unwrap()).unwrap();
        let token = stand.token("support-agent", &[]).unwrap();
        let invoke = |stand: &Stand, name: &str| {
            let answer =
                stand.post("/invoke", &token, &json!({"name": name, "payload": {"text": "a"}})).unwrap();
            (answer.status, answer.json()["code"].clone())
        };
        assert_eq!(invoke(&stand, "data/pii-redactor").0, 200);
        stand.deafen_log().unwrap();
        for name in ["data/pii-redactor", "finance/expense-check"] {
            assert_eq!(invoke(&stand, name), (503, json!("LOG_UNAVAILABLE")), "granted and denied alike");
        }
        assert_eq!(status(&stand, PAGE, "text/html"), 200);
    }
}

#[test]
fn what_an_anonymous_prober_learns_names_no_place() {
    let stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    assert_eq!(readiness(&stand).0, 200);
    fs::remove_file(stand.repository.catalog().join("head.json")).unwrap();
    let (ready, answer) = readiness(&stand);
    assert_eq!((ready, &answer["alarm"]), (200, &json!("head.json cannot be read")));
}
