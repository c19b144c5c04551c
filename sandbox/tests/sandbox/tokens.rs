//! Who may have something executed, and how often.

use std::sync::atomic::Ordering;

use registry_core::digest::Digest;
use registry_core::manifest::SkillType;
use registry_core::token::{INVOKE_TYPE, InvokeClaims, SKEW_SECONDS, SigningKey, sign};
use reqwest::Client;

use crate::stage::{Invocation, Stage, edge_key, now, problem};

fn refused() -> (u16, String) {
    (401, "TOKEN_REFUSED".to_owned())
}

fn skill() -> Invocation {
    Invocation::python("print(1)")
}

#[tokio::test]
async fn a_token_is_good_for_one_execution_also_after_a_restart() {
    let stage = Stage::new().await;
    let skill = skill();
    stage.run(&skill).await;
    let replayed = (409, "TOKEN_REPLAYED".to_owned());
    assert_eq!(stage.refusal(&skill).await, replayed);
    let stage = stage.restart().await;
    assert_eq!(stage.refusal(&skill).await, replayed);
    assert_eq!(stage.bundles.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn of_two_uses_at_the_same_time_one_wins() {
    let stage = Stage::new().await;
    let skill = skill();
    let (one, two) = tokio::join!(stage.send(&skill), stage.send(&skill));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_token_that_met_a_broken_bundle_is_used_up() {
    let stage = Stage::new().await;
    let mut skill = skill();
    let good = std::mem::replace(&mut skill.bundle, b"other".to_vec());
    assert_eq!(stage.refusal(&skill).await, (502, "BUNDLE_DIGEST".to_owned()));
    skill.bundle = good;
    assert_eq!(stage.refusal(&skill).await, (409, "TOKEN_REPLAYED".to_owned()));
}

#[tokio::test]
async fn an_altered_payload_is_refused() {
    let stage = Stage::new().await;
    let skill = skill();
    stage.publish(&skill);
    let token = skill.token(&edge_key());
    let altered = String::from_utf8(skill.body()).unwrap().replace("20", "21");
    assert_eq!(problem(stage.post(&token, altered.into_bytes()).await).await, refused());
    let spaced = [skill.body(), b" ".to_vec()].concat();
    assert_eq!(problem(stage.post(&token, spaced).await).await, refused());
    assert_eq!(stage.post(&token, skill.body()).await.status(), 200);
}

/// A token with one claim changed is refused before anything is fetched.
async fn is_refused(change: impl FnOnce(&mut InvokeClaims)) {
    let stage = Stage::new().await;
    let mut skill = skill();
    change(&mut skill.claims);
    assert_eq!(stage.refusal(&skill).await, refused());
    assert_eq!(stage.bundles.fetched.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_for_another_sandbox_is_refused() {
    is_refused(|claims| claims.aud = "https://other.test".to_owned()).await;
}

#[tokio::test]
async fn a_token_of_another_edge_is_refused() {
    is_refused(|claims| claims.iss = "https://other.test".to_owned()).await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    is_refused(|claims| {
        claims.exp = now() - SKEW_SECONDS;
        claims.iat = claims.exp - 60;
    })
    .await;
}

#[tokio::test]
async fn a_token_that_lives_too_long_is_refused() {
    is_refused(|claims| claims.exp = now() + 3600).await;
}

#[tokio::test]
async fn a_token_of_another_type_is_refused() {
    let stage = Stage::new().await;
    let mut claims = skill().claims;
    claims.payload_sha256 = Digest::of(&skill().body());
    let other_type = sign(&claims, "skill-bundle+jwt", &edge_key()).unwrap();
    assert_eq!(problem(stage.post(&other_type, skill().body()).await).await, refused());
}

#[tokio::test]
async fn a_token_of_another_key_is_refused_under_any_name() {
    let stage = Stage::new().await;
    for kid in ["edge-1", "edge-2"] {
        let skill = skill();
        let token = skill.token(&SigningKey::from_seed(kid, [8; 32]).unwrap());
        assert_eq!(problem(stage.post(&token, skill.body()).await).await, refused());
    }
}

#[tokio::test]
async fn exactly_one_authorization_header_is_taken() {
    let stage = Stage::new().await;
    let skill = skill();
    stage.publish(&skill);
    let url = format!("{}/execute", stage.url);
    let (token, body) = (skill.token(&edge_key()), skill.body());
    let without = Client::new().post(&url).body(body.clone());
    let twice = Client::new().post(&url).bearer_auth(&token).bearer_auth(&token).body(body.clone());
    let basic = Client::new().post(&url).basic_auth("x", Some(&token)).body(body.clone());
    for request in [without, twice, basic] {
        assert_eq!(problem(request.send().await.unwrap()).await, refused());
    }
    assert_eq!(stage.post(&token, body).await.status(), 200);
}

#[tokio::test]
async fn the_closure_must_be_the_signed_one_and_hold_the_release() {
    let stage = Stage::new().await;
    let mismatch = (400, "CLOSURE_MISMATCH".to_owned());
    let mut more = skill();
    let mut member = more.request.closure[0].clone();
    member.skill = "support/other".parse().unwrap();
    more.request.closure.push(member.clone());
    assert_eq!(stage.refusal(&more).await, mismatch);

    let mut without = skill();
    without.claims.closure_digest =
        registry_core::digest::closure_digest([(&member.skill, &member.version, &member.digest)]);
    without.request.closure = vec![member];
    assert_eq!(stage.refusal(&without).await, mismatch);
    assert_eq!(stage.bundles.fetched.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let stage = Stage::new().await;
    for body in ["", "{}", "[1]", "{\"closure\":[]}"] {
        let mut claims = skill().claims;
        claims.payload_sha256 = Digest::of(body.as_bytes());
        let token = sign(&claims, INVOKE_TYPE, &edge_key()).unwrap();
        let answer = stage.post(&token, body.into()).await;
        assert_eq!(problem(answer).await, (400, "BAD_REQUEST".to_owned()), "{body}");
    }
    let mut large = skill();
    large.request.payload = "x".repeat(2 << 20).into();
    assert_eq!(stage.refusal(&large).await, (400, "BAD_REQUEST".to_owned()));
}

#[tokio::test]
async fn types_other_than_code_inline_do_not_run() {
    let stage = Stage::new().await;
    for skill_type in [SkillType::Instructions, SkillType::CodeSession, SkillType::Conversation] {
        let mut skill = skill();
        skill.claims.skill_type = skill_type;
        assert_eq!(stage.refusal(&skill).await, (501, "TYPE_NOT_SUPPORTED".to_owned()));
    }
}
