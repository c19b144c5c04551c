//! Invocations that are asked for again under an `Idempotency-Key`, on both hosts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::thread;
use std::time::Duration;

use e2e::{Answer, Fate, HostKind, Relay, Repository, Stand};
use registry_core::usage::Outcome;
use reqwest::blocking::Client;
use serde_json::{Value, json};

const CONFIG: &str = "organisation: X\nbase_url: https://x\nrequest_access_url: https://ask/{skill}\n\
    teams:\n  shared: {members: everyone}\n  support: {}\nroles:\n  agent: {teams: [support]}\n  guest: {}\n";

/// An edge whose way to the sandbox leads through a relay.
struct Way {
    stand: Stand,
    relay: Relay,
}

fn skill(repository: &Repository, name: &str, version: &str, level: &str, script: &str) {
    let text = format!(
        "---\nname: support/{name}\nversion: {version}\ndescription: Tells how to {name}.\ntags: []\n\
         access_level: {level}\ntype: code_inline\ncommand: python3\nargs: [-c, '{script}']\n---\nText.\n"
    );
    repository.write(&format!("skills/support/{name}.md"), &text).unwrap();
    repository.commit(&format!("{name} {version}")).unwrap();
}

/// Prints another number each time it runs.
const DRAW: &str = "import os; print(int.from_bytes(os.urandom(6), \"big\"))";

/// As no other skill here, so that its process can be told.
const HOLD: &str = "import time; time.sleep(3.25); print(1)";

fn start(kind: HostKind) -> Way {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIG).unwrap();
    skill(&repository, "draw", "1.0.0", "team", DRAW);
    skill(&repository, "wait", "1.0.0", "team", "import time; time.sleep(3); print(1)");
    skill(&repository, "hold", "1.0.0", "team", HOLD);
    skill(&repository, "flood", "1.0.0", "team", "print(\"x\" * 1000000, end=\"\\x01\" * 40000)");
    repository.write(
        "skills/support/read.md",
        "---\nname: support/read\nversion: 1.0.0\ndescription: Reads.\ntags: []\naccess_level: team\n---\nText.\n",
    ).unwrap();
    repository.commit("add support/read").unwrap();
    let relay = Relay::start().unwrap();
    Way { stand: Stand::through(kind, repository, &relay).unwrap(), relay }
}

macro_rules! on_both_hosts {
    ($($check:ident),* $(,)?) => {
        mod native {
            $(#[test] fn $check() { super::$check(super::start(super::HostKind::Native)); })*
        }
        mod workers {
            $(#[test] fn $check() { super::$check(super::start(super::HostKind::Workers)); })*
        }
    };
}

on_both_hosts!(
    what_was_done_is_answered_again_and_not_done_again,
    a_key_stands_for_one_request_of_one_caller,
    while_it_is_under_way_nothing_runs_a_second_time,
    who_lost_access_gets_no_answer_again,
    a_release_that_was_closed_since_is_not_answered_again,
    a_lost_answer_is_fetched_by_asking_again,
    a_long_answer_is_kept_by_the_sandbox,
    two_tokens_under_one_key_run_once,
    a_key_that_is_none_is_refused_before_any_skill_is_looked_at,
);

impl Way {
    fn token(&self, role: &str, more: &[&str]) -> String {
        self.stand.token(role, more).unwrap()
    }

    fn post(&self, path: &str, token: &str, key: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        let headers = if token.is_empty() { &headers[1..] } else { &headers };
        self.stand.request("POST", path, headers, body.to_string().into_bytes()).unwrap()
    }

    fn invoke(&self, token: &str, key: &str, name: &str) -> Answer {
        self.post("/invoke", token, key, &json!({"name": name}))
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

fn expected(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn what_was_done_is_answered_again_and_not_done_again(mut way: Way) {
    let token = way.token("agent", &[]);
    for name in ["support/draw", "support/read"] {
        let first = way.invoke(&token, name, name);
        assert_eq!((first.status, is_replayed(&first)), (200, false), "{}", first.text());
        for key in [name.to_owned(), format!("\"{name}\"")] {
            let again = way.invoke(&token, &key, name);
            assert!(is_replayed(&again), "{}", again.text());
            assert_eq!((again.status, again.text()), (200, first.text()));
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
    }
    assert_eq!(way.relay.take_seen().len(), 1);
    let other = way.invoke(&token, "another", "support/draw");
    assert_eq!((other.status, is_replayed(&other), way.relay.take_seen().len()), (200, false, 1));
    let mut log = way.stand.log().unwrap();
    log.retain(|record| record.code.as_deref() == Some("replayed"));
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|record| record.outcome == Outcome::Success));
}

fn a_key_stands_for_one_request_of_one_caller(way: Way) {
    let one = way.token("agent", &["--subject", "one"]);
    let two = way.token("agent", &["--subject", "two"]);
    let first = way.invoke(&one, "k", "support/draw");
    assert_eq!(first.status, 200, "{}", first.text());
    let other = way.invoke(&two, "k", "support/draw");
    assert_eq!((other.status, is_replayed(&other)), (200, false));
    assert_ne!(other.json()["output"], first.json()["output"]);
    let payload = way.post("/invoke", &one, "k", &json!({"name": "support/draw", "payload": 1}));
    assert_eq!(code(&payload), expected(422, "IDEMPOTENCY_KEY_REUSED"));
    let token = way.post("/invoke/token", &one, "k", &json!({"name": "support/draw"}));
    assert_eq!(token.status, 200, "another route: {}", token.text());
    assert_eq!(way.invoke(&one, "k", "support/draw").text(), first.text());
}

fn while_it_is_under_way_nothing_runs_a_second_time(way: Way) {
    let token = way.token("agent", &[]);
    thread::scope(|scope| {
        let first = scope.spawn(|| way.invoke(&token, "k", "support/wait"));
        while way.relay.take_seen().is_empty() {
            thread::sleep(Duration::from_millis(20));
        }
        let second = way.invoke(&token, "k", "support/wait");
        assert_eq!(code(&second), expected(409, "IDEMPOTENCY_KEY_IN_USE"));
        assert_eq!(second.header("retry-after"), Some("1"));
        assert!(way.relay.take_seen().is_empty());
        let first = first.join().unwrap();
        assert_eq!(first.json()["output"], 1, "{}", first.text());
        assert_eq!(way.invoke(&token, "k", "support/wait").text(), first.text());
    });
}

fn who_lost_access_gets_no_answer_again(way: Way) {
    let agent = way.token("agent", &["--subject", "same"]);
    let first = way.invoke(&agent, "k", "support/draw");
    assert_eq!(first.status, 200, "{}", first.text());
    let guest = way.token("guest", &["--subject", "same"]);
    let hidden = way.invoke(&guest, "k", "support/draw");
    assert_eq!(code(&hidden), expected(403, "ACL_DENIED"));
    let absent = way.invoke(&guest, "k", "support/none");
    assert_eq!(hidden.text().replace("draw", "none"), absent.text());
    assert_eq!(way.invoke(&agent, "k", "support/draw").text(), first.text());
}

fn a_release_that_was_closed_since_is_not_answered_again(mut way: Way) {
    let token = way.token("agent", &["--subject", "same"]);
    let guest = way.token("guest", &["--subject", "same", "--team", "support"]);
    let first = way.invoke(&guest, "k", "support/draw");
    assert_eq!(first.status, 200, "{}", first.text());
    skill(&way.stand.repository, "draw", "1.1.0", "role-restricted\nallowed_roles: [agent]", DRAW);
    way.stand.publish().unwrap();
    assert_eq!(code(&way.invoke(&guest, "k", "support/draw")), expected(403, "ACL_DENIED"));
    let again = way.invoke(&token, "k", "support/draw");
    assert_eq!((is_replayed(&again), again.text()), (true, first.text()), "the subject is the same, and may");
    assert_eq!(again.json()["version"], "1.0.0");
}

fn a_lost_answer_is_fetched_by_asking_again(mut way: Way) {
    let token = way.token("agent", &[]);
    way.relay.next([Fate::LosesAnswer]);
    assert_eq!(code(&way.invoke(&token, "k", "support/draw")), expected(502, "SANDBOX_UNREACHABLE"));
    let again = way.invoke(&token, "k", "support/draw");
    assert_eq!((again.status, is_replayed(&again)), (200, true), "{}", again.text());
    let third = way.invoke(&token, "k", "support/draw");
    assert_eq!(third.json()["output"], again.json()["output"]);
    assert_eq!(way.relay.take_seen().len(), 2);
    way.stand.stop_sandbox();
    way.stand.start_sandbox().unwrap();
    assert_eq!(way.invoke(&token, "k", "support/draw").json()["output"], again.json()["output"]);
    let outcomes: Vec<Outcome> = way.stand.log().unwrap().iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Error).count(), 1);
}

fn a_long_answer_is_kept_by_the_sandbox(way: Way) {
    let token = way.token("agent", &[]);
    let first = way.invoke(&token, "k", "support/flood");
    assert!(first.status == 200 && first.body.len() > 1 << 20, "{}", first.body.len());
    let again = way.invoke(&token, "k", "support/flood");
    assert_eq!((again.status, is_replayed(&again)), (200, true));
    assert_eq!(again.json()["stdout"], first.json()["stdout"]);
    assert_eq!(again.json()["duration_ms"], first.json()["duration_ms"]);
}

fn two_tokens_under_one_key_run_once(way: Way) {
    let token = way.token("agent", &[]);
    let issued = |payload: u8| {
        let body = json!({"name": "support/draw", "payload": payload});
        let answer = way.post("/invoke/token", &token, "k", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let sent = |issued: &Value| {
        let request = Client::new().post(issued["url"].as_str().unwrap());
        let request = request.bearer_auth(issued["token"].as_str().unwrap());
        let answer = request.body(issued["body"].as_str().unwrap().to_owned()).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let first = sent(&issued(1));
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(sent(&issued(1)), first);
    let other = sent(&issued(2));
    assert_eq!(other.0, 422);
    assert!(other.1.contains("EXECUTION_REUSED"), "{}", other.1);
}

fn a_key_that_is_none_is_refused_before_any_skill_is_looked_at(mut way: Way) {
    let token = way.token("agent", &[]);
    let long = "x".repeat(129);
    for path in ["/invoke", "/invoke/token"] {
        for name in ["support/draw", "support/none"] {
            let body = json!({"name": name});
            for wrong in ["a b", "a,b", "\"a", long.as_str()] {
                assert_eq!(
                    code(&way.post(path, &token, wrong, &body)),
                    expected(400, "BAD_REQUEST"),
                    "{wrong}"
                );
            }
            assert_eq!(code(&way.post(path, "", "k", &body)), expected(401, "UNAUTHENTICATED"));
        }
    }
    let (bearer, body) = (format!("Bearer {token}"), json!({"name": "support/draw"}).to_string());
    let twice = [("authorization", bearer.as_str()), ("idempotency-key", "a"), ("idempotency-key", "b")];
    let twice = way.stand.request("POST", "/invoke", &twice, body.into_bytes()).unwrap();
    assert_eq!(code(&twice), expected(400, "BAD_REQUEST"));
    assert!(way.stand.log().unwrap().is_empty());
}

/// What only the edge on one machine does: on Workers keys outlive the isolate.
mod restarted {
    use std::fs;

    use super::*;

    /// Whether the skill itself runs, and not only bubblewrap around it.
    fn holds() -> bool {
        let command = |process: fs::DirEntry| fs::read(process.path().join("cmdline")).unwrap_or_default();
        let processes = fs::read_dir("/proc").unwrap().flatten().map(command);
        let wanted = ["python3", "-c", HOLD].join("\0");
        processes.into_iter().any(|command| command.starts_with(wanted.as_bytes()))
    }

    #[test]
    fn an_edge_that_was_started_anew_has_nothing_run_twice() {
        let mut way = start(HostKind::Native);
        let token = way.token("agent", &[]);
        let first = way.invoke(&token, "done", "support/draw");
        assert_eq!(first.status, 200, "{}", first.text());
        thread::scope(|scope| {
            let cut = scope.spawn(|| {
                let body = json!({"name": "support/hold"}).to_string();
                let request = Client::new().post(format!("{}/invoke", way.stand.url())).bearer_auth(&token);
                request.header("idempotency-key", "cut").body(body).send().map(drop)
            });
            while !holds() {
                thread::sleep(Duration::from_millis(20));
            }
            way.stand.kill().unwrap();
            assert!(cut.join().unwrap().is_err(), "the edge was killed");
        });
        way.stand.restart().unwrap();
        let again = way.invoke(&token, "done", "support/draw");
        assert_eq!((is_replayed(&again), &again.json()["output"]), (true, &first.json()["output"]));
        let ended = loop {
            let answer = way.invoke(&token, "cut", "support/hold");
            if answer.json()["code"] != "IDEMPOTENCY_KEY_IN_USE" {
                break answer;
            }
            thread::sleep(Duration::from_millis(200));
        };
        // The relay goes on waiting for the sandbox when the edge has gone, so that the execution comes to its end.
        assert_eq!((ended.status, is_replayed(&ended), &ended.json()["output"]), (200, true, &json!(1)));
    }
}
