//! What becomes of an invocation when the way to the sandbox goes wrong, on both hosts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::{Answer, Fate, HostKind, Relay, Repository, Stand, answer};
use registry_core::api::{ExecutionCode, MAX_RESULT_BYTES};
use registry_core::usage::Outcome;
use serde_json::{Value, json};

/// An edge whose way to the sandbox leads through a relay, and a skill that prints another number each time.
struct Way {
    stand: Stand,
    relay: Relay,
}

fn drawing() -> Repository {
    let repository = Repository::empty().unwrap();
    let skill = "---\nname: shared/draw\nversion: 1.0.0\ndescription: Draws.\ntags: []\naccess_level: public\n\
        type: code_inline\ncommand: python3\ntimeout: 1\n\
        args: [-c, 'import os; print(int.from_bytes(os.urandom(6), \"big\"))']\n---\nDraws.\n";
    repository.write("skills/shared/draw.md", skill).unwrap();
    repository.commit("add shared/draw").unwrap();
    repository
}

fn start(kind: HostKind) -> Way {
    let relay = Relay::start().unwrap();
    Way { stand: Stand::through(kind, drawing(), &relay).unwrap(), relay }
}

macro_rules! on_both_hosts {
    ($($check:ident),* $(,)?) => {
        mod native {
            $(#[test] fn $check() { super::$check(super::HostKind::Native); })*
        }
        mod workers {
            $(#[test] fn $check() { super::$check(super::HostKind::Workers); })*
        }
    };
}

on_both_hosts!(
    what_the_sandbox_did_not_accept_is_sent_again_with_another_token,
    a_sandbox_that_stays_busy_is_told_so_after_the_third_attempt,
    what_may_have_been_accepted_is_never_sent_again,
    a_sandbox_that_is_down_is_told_so,
    a_sandbox_that_says_nothing_is_a_timeout,
    what_is_no_result_is_not_taken_for_one,
    a_sandbox_that_cannot_be_reached_is_left_alone_for_a_while,
);

impl Way {
    fn draw(&self) -> Answer {
        self.stand.post("/invoke", "", &json!({"name": "shared/draw"})).unwrap()
    }

    /// Draws, and expects this refusal, which is in the log too.
    fn is_refused(&mut self, status: u16, code: &str, outcome: Outcome) -> Answer {
        let before = self.ends().len();
        let refused = self.draw();
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (status, Some(code)),
            "{}",
            refused.text()
        );
        let ends = self.ends();
        assert_eq!(ends.len(), before + 1);
        assert_eq!(ends[before], (outcome, Some(code.to_owned())));
        refused
    }

    fn ends(&mut self) -> Vec<(Outcome, Option<String>)> {
        let mut records = self.stand.log().unwrap();
        records.retain(|record| record.outcome != Outcome::Decided);
        records.sort_by_key(|record| record.ts);
        records.into_iter().map(|record| (record.outcome, record.code)).collect()
    }
}

fn claims(request: &[u8]) -> Value {
    let text = String::from_utf8_lossy(request);
    let token = text.split("Bearer ").nth(1).unwrap().split_whitespace().next().unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

fn problem(status: &str, code: ExecutionCode) -> Fate {
    let number: u16 = status.split(' ').next().unwrap().parse().unwrap();
    let body =
        json!({"type": "about:blank", "title": "", "status": number, "detail": "", "code": code.as_str()});
    Fate::Says(answer(status, "application/problem+json", body.to_string().as_bytes()))
}

fn what_the_sandbox_did_not_accept_is_sent_again_with_another_token(kind: HostKind) {
    let mut way = start(kind);
    way.relay.next([
        problem("429 Too Many Requests", ExecutionCode::Busy),
        problem("503 Service Unavailable", ExecutionCode::StoreUnavailable),
    ]);
    let drawn = way.draw();
    assert_eq!((drawn.status, &drawn.json()["outcome"]), (200, &json!("success")), "{}", drawn.text());
    assert_eq!(way.ends(), [(Outcome::Success, None)]);
    let orders: Vec<Value> = way.relay.take_seen().iter().map(|request| claims(request)).collect();
    assert_eq!(orders.len(), 3);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert_ne!(orders[one]["jti"], orders[other]["jti"]);
        assert_eq!(orders[one]["txn"], orders[other]["txn"]);
        assert_eq!(orders[one]["idem"], orders[other]["idem"]);
    }
    assert_eq!(orders[0]["txn"], drawn.json()["txn"]);
}

fn a_sandbox_that_stays_busy_is_told_so_after_the_third_attempt(kind: HostKind) {
    let mut way = start(kind);
    way.relay.always(Some(problem("429 Too Many Requests", ExecutionCode::Busy)));
    let busy = way.is_refused(503, "SANDBOX_BUSY", Outcome::Error);
    assert_eq!(busy.header("retry-after"), Some("1"));
    assert_eq!(way.relay.take_seen().len(), 3);
}

fn what_may_have_been_accepted_is_never_sent_again(kind: HostKind) {
    let mut way = start(kind);
    for fate in [
        Fate::LosesAnswer,
        Fate::Says(Vec::new()),
        Fate::Says(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{".to_vec(),
        ),
    ] {
        way.relay.next([fate]);
        way.is_refused(502, "SANDBOX_UNREACHABLE", Outcome::Error);
        assert_eq!(way.relay.take_seen().len(), 1);
    }
    way.relay.next([problem("409 Conflict", ExecutionCode::Running)]);
    way.is_refused(409, "IDEMPOTENCY_KEY_IN_USE", Outcome::Error);
    assert_eq!(way.relay.take_seen().len(), 1);
}

fn a_sandbox_that_is_down_is_told_so(kind: HostKind) {
    let mut stand = Stand::start(kind, drawing()).unwrap();
    stand.stop_sandbox();
    let body = json!({"name": "shared/draw"});
    let refused = stand.post("/invoke", "", &body).unwrap();
    assert_eq!((refused.status, &refused.json()["code"]), (502, &json!("SANDBOX_UNREACHABLE")));
    stand.start_sandbox().unwrap();
    assert_eq!(stand.post("/invoke", "", &body).unwrap().json()["outcome"], "success");
}

fn a_sandbox_that_says_nothing_is_a_timeout(kind: HostKind) {
    let mut way = start(kind);
    way.relay.next([Fate::Silence]);
    way.is_refused(504, "SANDBOX_TIMEOUT", Outcome::Timeout);
    assert_eq!(way.relay.take_seen().len(), 1);
}

fn what_is_no_result_is_not_taken_for_one(kind: HostKind) {
    let mut way = start(kind);
    let result = json!({"outcome": "success", "exit_code": 0, "output": 1, "stdout": null, "stderr": "",
        "truncated": false, "duration_ms": 1});
    let good = result.to_string().into_bytes();
    let mut more = result;
    more["more"] = json!(1);
    let long = [&good[..], &vec![b' '; MAX_RESULT_BYTES]].concat();
    let html = b"<h1>Proxy</h1>".to_vec();
    for (status, media_type, body) in [
        ("200 OK", "text/html", good.clone()),
        ("200 OK", "application/json", html.clone()),
        ("200 OK", "application/json", more.to_string().into_bytes()),
        ("200 OK", "application/json", Vec::new()),
        ("200 OK", "application/json", long),
        ("201 Created", "application/json", good.clone()),
        ("302 Found", "application/json", good.clone()),
        ("503 Service Unavailable", "text/html", html),
        ("503 Service Unavailable", "application/json", good.clone()),
    ] {
        way.relay.next([Fate::Says(answer(status, media_type, &body))]);
        way.is_refused(502, "SANDBOX_GARBAGE", Outcome::Error);
        assert_eq!(way.relay.take_seen().len(), 1, "{status} {media_type}");
        assert_eq!(way.draw().status, 200, "it is not left alone for what came between");
        assert_eq!(way.relay.take_seen().len(), 1);
    }
    way.relay.next([Fate::Says(answer("200 OK", "Application/JSON; charset=utf-8", &good))]);
    assert_eq!(way.draw().json()["output"], 1);
    let unknown = json!({"type": "about:blank", "title": "", "status": 418, "detail": "", "code": "TEAPOT"});
    let unknown = answer("418 Teapot", "application/problem+json", unknown.to_string().as_bytes());
    way.relay.next([Fate::Says(unknown)]);
    way.is_refused(502, "SANDBOX_REFUSED", Outcome::Error);
}

fn a_sandbox_that_cannot_be_reached_is_left_alone_for_a_while(kind: HostKind) {
    let mut way = start(kind);
    let busy = problem("429 Too Many Requests", ExecutionCode::Busy);
    way.relay.always(Some(busy));
    for _ in 0..6 {
        way.is_refused(503, "SANDBOX_BUSY", Outcome::Error);
    }
    way.relay.always(Some(Fate::Says(Vec::new())));
    for _ in 0..5 {
        way.is_refused(502, "SANDBOX_UNREACHABLE", Outcome::Error);
    }
    let _ = way.relay.take_seen();
    way.relay.always(None);
    let refused = way.is_refused(503, "SANDBOX_UNAVAILABLE", Outcome::Error);
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert!(way.relay.take_seen().is_empty(), "nothing was tried");
    let drawn = loop {
        let answer = way.draw();
        if answer.json()["code"] != "SANDBOX_UNAVAILABLE" {
            break answer;
        }
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(drawn.status, 200, "{}", drawn.text());
    assert_eq!(way.draw().status, 200);
}
