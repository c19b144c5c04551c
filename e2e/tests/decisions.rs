//! Decisions that hang on more than one record: old releases under a new head, closures, tokens for bundles, the log.
//! The index is edited into states to which only a history of commits would lead.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;

use e2e::{World, check, key};
use registry_core::catalog::SkillRecord;
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::policy::Audience;
use registry_core::token::{
    BUNDLE_TYPE, BundleClaims, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IdentityClaims, sign,
};
use serde_json::{Value, json};

const CONFIG: &str = "organisation: X\nbase_url: https://x\nrequest_access_url: https://ask/{skill}\n\
    teams: {shared: {}, support: {}, finance: {}}\n";

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

const CODE: &str = "type: code_inline\ncommand: python3";
/// The types that the edge answers itself.
const TEXTS: [&str; 2] = ["type: instructions", "type: prompt_inline\nprompt: Begin."];

/// `shared/base` ← `shared/middle` ← `shared/top`, all public, all `code_inline`; the index edited.
fn world(edit: &dyn Fn(&mut BTreeMap<SkillId, SkillRecord>)) -> World {
    world_of(CODE, now(), edit)
}

/// The same of another type, with a head signed at another time.
fn world_of(kind: &str, signed: u64, edit: &dyn Fn(&mut BTreeMap<SkillId, SkillRecord>)) -> World {
    let skill = |name: &str, needs: &str| {
        let text = format!(
            "---\nname: {name}\nversion: 1.0.0\ndescription: About {name}.\ntags: []\naccess_level: public\n\
             depends_on: [{needs}]\n{kind}\n---\nThe text of {name}.\n"
        );
        (format!("shared/{name}"), text)
    };
    let texts = [skill("base", ""), skill("middle", "shared/base:1.x"), skill("top", "shared/middle:1.x")];
    let checked = check(CONFIG, &texts.into_iter().collect());
    World::build_edited(checked, signed, true, true, edit).unwrap()
}

/// A change of one skill's record.
fn changing(name: &str, change: impl Fn(&mut SkillRecord)) -> impl Fn(&mut BTreeMap<SkillId, SkillRecord>) {
    let id: SkillId = format!("shared/{name}").parse().unwrap();
    move |skills| skills.get_mut(&id).into_iter().for_each(&change)
}

fn finance() -> Audience {
    "team:finance".parse().unwrap()
}

fn close_release(record: &mut SkillRecord) {
    record.releases.values_mut().for_each(|release| release.audience = finance());
}

fn token(world: &World, team: &str) -> String {
    let claims = IdentityClaims {
        iss: DEVELOPMENT_ISSUER.to_owned(),
        aud: DEVELOPMENT_AUDIENCE.to_owned(),
        sub: "agent".to_owned(),
        iat: now(),
        exp: now() + 600,
        role: "agent".parse().unwrap(),
        teams: [team.parse().unwrap()].into(),
        elevated_until: None,
    };
    world.token(&claims).unwrap()
}

async fn ask(world: &World, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = world.ask(Some(token), method, path, "*/*", &body).await.unwrap();
    (status, serde_json::from_slice(&answer).unwrap_or_default())
}

/// What each route that decides answers about a skill to a member of a team: allowed everywhere or denied everywhere,
/// with one reason.
async fn decision(world: &World, team: &str, skill: &str) -> Result<(), String> {
    let token = token(world, team);
    let (_, check) = ask(world, &token, "POST", "/acl/check", json!({"skill": skill})).await;
    let allowed = check["allowed"].as_bool().unwrap();
    for (method, path, body) in [
        ("POST", "/resolve".to_owned(), json!({"spec": skill})),
        ("POST", "/invoke".to_owned(), json!({"name": skill})),
        ("GET", format!("/skills/{skill}"), Value::Null),
        ("GET", format!("/skills/{skill}/1.0.0/bundle"), Value::Null),
        ("GET", format!("/skills/{skill}/1.0.0/SKILL.md"), Value::Null),
    ] {
        let (status, answer) = ask(world, &token, method, &path, body).await;
        assert_eq!(status != 403, allowed, "{method} {path}: {answer}");
        if !allowed {
            assert_eq!(answer["code"], "ACL_DENIED");
            assert_eq!(answer["reason"], check["reason"]);
        }
    }
    if allowed { Ok(()) } else { Err(check["reason"].as_str().unwrap().to_owned()) }
}

#[tokio::test]
async fn an_unchanged_world_is_open() {
    let world = world(&|_| {});
    for skill in ["shared/base", "shared/middle", "shared/top"] {
        assert_eq!(decision(&world, "support", skill).await, Ok(()));
    }
}

#[tokio::test]
async fn a_release_closed_by_its_own_rule_is_denied_though_its_skill_is_visible() {
    let world = world(&changing("base", close_release));
    let reason = "this release of `shared/base` is not open to role `agent`".to_owned();
    assert_eq!(decision(&world, "support", "shared/base").await, Err(reason));
    assert_eq!(decision(&world, "finance", "shared/base").await, Ok(()));
}

#[tokio::test]
async fn tightening_the_head_closes_old_releases_too() {
    let world = world(&changing("top", |record| record.audience = finance()));
    let reason = "`shared/top` does not exist or is not open to role `agent`".to_owned();
    assert_eq!(decision(&world, "support", "shared/top").await, Err(reason));
}

#[tokio::test]
async fn a_closed_dependency_closes_all_that_need_it_and_is_named_to_those_who_may_see_it() {
    let world = world(&changing("base", close_release));
    for skill in ["shared/middle", "shared/top"] {
        let reason = format!(
            "`{skill}` needs `shared/base`, of which the release it needs is not open to role `agent`"
        );
        assert_eq!(decision(&world, "support", skill).await, Err(reason));
        assert_eq!(decision(&world, "finance", skill).await, Ok(()));
    }
}

#[tokio::test]
async fn a_hidden_or_absent_dependency_is_not_named() {
    let tightened = world(&changing("base", |record| record.audience = finance()));
    let absent = world(&|skills| skills.retain(|id, _| id.name.as_str() != "base"));
    for world in [tightened, absent] {
        let reason = "`shared/top` needs a skill that is not open to role `agent`".to_owned();
        assert_eq!(decision(&world, "support", "shared/top").await, Err(reason));
    }
}

#[tokio::test]
async fn a_dependency_without_the_release_that_was_chosen_is_closed() {
    let world = world(&changing("base", |record| record.releases.clear()));
    assert!(decision(&world, "support", "shared/top").await.is_err());
}

#[tokio::test]
async fn what_cannot_be_logged_is_not_done() {
    let world = world(&|_| {});
    let token = token(&world, "support");
    let (status, answer) = ask(&world, &token, "POST", "/invoke", json!({"name": "shared/base"})).await;
    assert_eq!(
        (status, &answer["code"]),
        (502, &json!("SANDBOX_UNREACHABLE")),
        "with a log it gets that far"
    );
    let world = self::world(&|_| {});
    fs::remove_dir_all(world.log()).unwrap();
    fs::write(world.log(), "no folder").unwrap();
    for body in [json!({"name": "shared/base"}), json!({"name": "finance/absent"})] {
        let (status, answer) = ask(&world, &token, "POST", "/invoke", body).await;
        assert_eq!((status, &answer["code"]), (503, &json!("LOG_UNAVAILABLE")));
    }
}

#[tokio::test]
async fn texts_are_decided_and_logged_like_code() {
    for kind in TEXTS {
        let world = world_of(kind, now(), &changing("base", close_release));
        assert!(decision(&world, "support", "shared/top").await.is_err());
        assert_eq!(decision(&world, "finance", "shared/top").await, Ok(()));
        let invoke = async |world: &World| {
            let token = token(world, "finance");
            ask(world, &token, "POST", "/invoke", json!({"name": "shared/top"})).await
        };
        assert_eq!(invoke(&world).await.0, 200, "{kind}");
        let unlogged = world_of(kind, now(), &|_| {});
        fs::remove_dir_all(unlogged.log()).unwrap();
        fs::write(unlogged.log(), "no folder").unwrap();
        let (status, answer) = invoke(&unlogged).await;
        assert_eq!((status, &answer["code"]), (503, &json!("LOG_UNAVAILABLE")), "{kind}");
        let expired = world_of(kind, now() - 30 * 24 * 60 * 60, &|_| {});
        let (status, answer) = invoke(&expired).await;
        assert_eq!((status, &answer["code"]), (503, &json!("HEAD_EXPIRED")), "{kind}");
    }
}

#[tokio::test]
async fn a_closure_that_names_another_release_than_the_index_is_not_composed() {
    let other = |record: &mut SkillRecord| {
        record.releases.values_mut().for_each(|release| release.digest = Digest::of(b"other"));
    };
    let world = world_of(TEXTS[0], now(), &changing("base", other));
    let token = token(&world, "support");
    let (status, answer) = ask(&world, &token, "POST", "/invoke", json!({"name": "shared/top"})).await;
    assert_eq!((status, &answer["code"]), (503, &json!("CATALOG_UNAVAILABLE")));
}

#[tokio::test]
async fn a_prompt_that_an_older_program_left_out_of_the_record_is_told() {
    let world = world_of(TEXTS[1], now(), &|_| {});
    let token = token(&world, "support");
    let (_, mut record) = ask(&world, &token, "GET", "/skills/shared/top", Value::Null).await;
    let former = record.as_object_mut().unwrap();
    assert!(former.remove("template").is_some() && former.remove("tokens").is_some());
    let former = serde_json::to_vec(&record).unwrap();
    let digest = Digest::of(&former);
    let older = world_of(
        TEXTS[1],
        now(),
        &changing("top", |record| record.releases.values_mut().for_each(|release| release.record = digest)),
    );
    fs::write(older.catalog().join(format!("objects/public/{digest}")), former).unwrap();
    let (status, answer) = ask(&older, &token, "POST", "/invoke", json!({"name": "shared/top"})).await;
    assert_eq!((status, &answer["code"]), (501, &json!("TYPE_NOT_SUPPORTED")), "{answer}");
}

#[tokio::test]
async fn a_bundle_token_opens_its_bundles_and_nothing_else() {
    let world = world(&|_| {});
    let caller = token(&world, "support");
    let (_, record) = ask(&world, &caller, "GET", "/skills/shared/base", Value::Null).await;
    let bundle: Digest = record["bundle"].as_str().unwrap().parse().unwrap();
    let bearer = |digests: &[Digest], kid: &str, typ: &str| {
        let claims = BundleClaims {
            iss: "https://edge".to_owned(),
            aud: "https://edge".to_owned(),
            txn: "txn".to_owned(),
            iat: now(),
            exp: now() + 60,
            digests: digests.iter().copied().collect(),
        };
        sign(&claims, typ, &key(kid).unwrap()).unwrap()
    };
    let status = async |token: &str, path: &str| ask(&world, token, "GET", path, Value::Null).await.0;
    let good = bearer(&[bundle], "invoke-1", BUNDLE_TYPE);
    assert_eq!(status(&good, "/skills/shared/base/1.0.0/bundle").await, 200);
    assert_eq!(status(&good, "/skills/shared/top/1.0.0/bundle").await, 403);
    assert_eq!(status(&good, "/skills/shared/base/2.0.0/bundle").await, 403);
    assert_eq!(status(&good, "/skills/shared/absent/1.0.0/bundle").await, 403);
    assert_eq!(status(&good, "/skills/shared/base/1.0.0/SKILL.md").await, 401);
    assert_eq!(status(&good, "/skills/shared/base").await, 401);
    for bad in [bearer(&[bundle], "identity-1", BUNDLE_TYPE), bearer(&[bundle], "invoke-1", "at+jwt")] {
        assert_eq!(status(&bad, "/skills/shared/base/1.0.0/bundle").await, 401);
    }
}
