//! Tokens that callers take to the sandbox themselves, on both hosts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use e2e::{HostKind, Repository, Stand};
use registry_core::usage::Outcome;
use reqwest::blocking::Client;
use serde_json::{Value, json};

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
    an_issued_token_runs_the_skill_once,
    a_token_is_issued_only_for_what_runs_in_a_sandbox,
    a_denied_skill_is_answered_like_one_that_does_not_exist,
);

fn start(kind: HostKind) -> Stand {
    Stand::start(kind, Repository::of_examples().unwrap()).unwrap()
}

/// The status and body that the sandbox answers with.
fn sent(issued: &Value, body: &str) -> (u16, Value) {
    let url = issued["url"].as_str().unwrap();
    let token = issued["token"].as_str().unwrap();
    let answer = Client::new().post(url).bearer_auth(token).body(body.to_owned()).send().unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().unwrap()).unwrap())
}

fn an_issued_token_runs_the_skill_once(mut stand: Stand) {
    let token = stand.token("support-agent", &["--subject", "agent-4711"]).unwrap();
    let ask = json!({"name": "support/case-facts", "version_constraint": "1.x", "payload": {"ticket": "ORD-20481937, 退款 \u{1F600}"}});
    let answer = stand.post("/invoke/token", &token, &ask).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let issued = answer.json();
    let body = issued["body"].as_str().unwrap();
    let (status, altered) = sent(&issued, &body.replace("20481937", "20481938"));
    assert_eq!((status, &altered["code"]), (401, &json!("TOKEN_REFUSED")));
    let (status, ran) = sent(&issued, body);
    let direct = stand.post("/invoke", &token, &ask).unwrap().json();
    assert_eq!((status, &ran["outcome"], &ran["output"]), (200, &json!("success"), &direct["output"]));
    let (status, again) = sent(&issued, body);
    assert_eq!((status, &again["code"]), (409, &json!("TOKEN_REPLAYED")));

    let mut records = stand.log().unwrap();
    records.retain(|record| Some(record.txn.as_str()) == issued["txn"].as_str());
    records.sort_by_key(|record| (record.ts, record.outcome));
    let outcomes: Vec<Outcome> = records.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Decided, Outcome::Issued]);
    for record in &records {
        assert_eq!(
            (record.route.as_str(), record.name.as_str()),
            ("POST /invoke/token", "support/case-facts")
        );
        assert_eq!(record.version.as_ref().map(ToString::to_string).as_deref(), issued["version"].as_str());
        assert_eq!(record.digest.map(|digest| digest.to_string()).as_deref(), issued["digest"].as_str());
    }
    let log = serde_json::to_string(&records).unwrap();
    for secret in ["ORD-20481937", issued["token"].as_str().unwrap()] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}

fn a_token_is_issued_only_for_what_runs_in_a_sandbox(stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    for name in ["support/refund-reply", "platform/incident-triage"] {
        let refused = stand.post("/invoke/token", &token, &json!({"name": name})).unwrap();
        assert_eq!((refused.status, &refused.json()["code"]), (501, &json!("TYPE_NOT_SUPPORTED")), "{name}");
    }
    let get = stand.get("/invoke/token", &token, "application/json").unwrap();
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, OPTIONS")));
}

fn a_denied_skill_is_answered_like_one_that_does_not_exist(mut stand: Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    let ask = |stand: &Stand, name: &str, token: &str| {
        stand.post("/invoke/token", token, &json!({"name": name})).unwrap()
    };
    for (token, status) in [(token.as_str(), 403), ("", 401)] {
        let hidden = ask(&stand, "finance/expense-check", token);
        let absent = ask(&stand, "finance/no-such-skill", token);
        assert_eq!((hidden.status, absent.status), (status, status));
        assert_eq!(hidden.text().replace("expense-check", "no-such-skill"), absent.text());
    }
    let denied = stand.log().unwrap();
    assert_eq!(denied.len(), 2, "what anonymous callers are denied is not logged");
    assert!(denied.iter().all(|record| record.outcome == Outcome::AclDenied));
}
