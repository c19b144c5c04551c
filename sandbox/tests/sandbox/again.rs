//! Executions that are ordered again, by other tokens with the same `idem`.

use std::sync::atomic::Ordering;

use registry_core::api::IDEMPOTENT_REPLAYED;
use serde_json::json;

use crate::stage::{Invocation, Stage, edge_key, problem};

/// Prints another number each time it runs.
fn drawing() -> Invocation {
    let mut skill = Invocation::python("import os\nprint(int.from_bytes(os.urandom(6), 'big'))");
    skill.claims.idem = "chosen by a caller".to_owned();
    skill
}

/// The same order with another token.
fn again(skill: &Invocation) -> Invocation {
    let mut other = drawing();
    other.request = skill.request.clone();
    other.bundle = skill.bundle.clone();
    other.claims.digest = skill.claims.digest;
    other.claims.closure_digest = skill.claims.closure_digest;
    other
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn an_execution_that_is_ordered_again_gives_its_result_again_and_does_not_run() {
    let stage = Stage::new().await;
    let skill = drawing();
    let first = stage.send(&skill).await;
    assert_eq!(first.headers().get(IDEMPOTENT_REPLAYED), None);
    let first = first.text().await.unwrap();
    let stage = stage.restart().await;
    for _ in 0..2 {
        let mut other = again(&skill);
        // As in the order of an edge, whose bundle tokens differ.
        other.request.bundle_token = "another".to_owned();
        let second = stage.send(&other).await;
        assert_eq!(second.headers()[IDEMPOTENT_REPLAYED], "true");
        assert_eq!(second.text().await.unwrap(), first);
    }
    assert_eq!(stage.bundles.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_same_idem_for_something_else_is_refused() {
    let stage = Stage::new().await;
    let skill = drawing();
    stage.run(&skill).await;
    let mut payload = again(&skill);
    payload.request.payload = json!({"n": 21});
    assert_eq!(stage.refusal(&payload).await, refused(422, "EXECUTION_REUSED"));
    let mut release = Invocation::python("print(2)");
    release.claims.idem.clone_from(&skill.claims.idem);
    assert_eq!(stage.refusal(&release).await, refused(422, "EXECUTION_REUSED"));
}

#[tokio::test]
async fn of_two_orders_of_the_same_at_the_same_time_one_runs() {
    let stage = Stage::new().await;
    let mut skill = Invocation::python("import time\ntime.sleep(2)\nprint(1)");
    skill.claims.idem = "chosen by a caller".to_owned();
    let other = again(&skill);
    let (one, two) = tokio::join!(stage.send(&skill), stage.send(&other));
    let (well, refusal) = if one.status() == 200 { (one, two) } else { (two, one) };
    assert_eq!(well.status(), 200);
    assert_eq!(problem(refusal).await, refused(409, "EXECUTION_RUNNING"));
    assert_eq!(stage.run(&again(&skill)).await.output, Some(json!(1)));
    assert_eq!(stage.bundles.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_execution_that_was_cut_off_does_not_run_again() {
    let stage = Stage::new().await;
    let mut skill = Invocation::python("import time\ntime.sleep(60)");
    skill.claims.idem = "chosen by a caller".to_owned();
    stage.publish(&skill);
    let (url, token, body) = (stage.url.clone(), skill.token(&edge_key()), skill.body());
    let call = tokio::spawn(async move {
        reqwest::Client::new().post(format!("{url}/execute")).bearer_auth(token).body(body).send().await
    });
    while stage.bundles.fetched.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    call.abort();
    let gone = loop {
        let refusal = stage.refusal(&again(&skill)).await;
        if refusal != refused(409, "EXECUTION_RUNNING") {
            break refusal;
        }
    };
    assert_eq!(gone, refused(409, "RESULT_GONE"));
    assert_eq!(stage.restart().await.refusal(&again(&skill)).await, refused(409, "RESULT_GONE"));
}

#[tokio::test]
async fn what_could_not_be_fetched_may_be_ordered_again() {
    let stage = Stage::new().await;
    let mut skill = drawing();
    let good = std::mem::replace(&mut skill.bundle, b"other".to_vec());
    assert_eq!(stage.refusal(&skill).await, refused(502, "BUNDLE_DIGEST"));
    skill.bundle = good;
    stage.run(&again(&skill)).await;
}

#[tokio::test]
async fn a_busy_sandbox_accepts_nothing() {
    let stage = Stage::with(json!({"max_concurrent": 1})).await;
    let mut slow = Invocation::python("import time\ntime.sleep(2)\nprint(1)");
    slow.claims.idem = "slow".to_owned();
    let skill = drawing();
    stage.publish(&slow);
    let token = slow.token(&edge_key());
    let slow = stage.post(&token, slow.body());
    let busy = async {
        while stage.bundles.fetched.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        problem(stage.post(&skill.token(&edge_key()), skill.body()).await).await
    };
    let (slow, busy) = tokio::join!(slow, busy);
    assert_eq!((slow.status().as_u16(), busy), (200, refused(429, "BUSY")));
    stage.run(&skill).await;
}
