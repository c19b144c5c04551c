//! Laws 4 and 5 over random catalogs and callers: real files, the real generator, the real edge in this process.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod search;

use std::collections::BTreeMap;

use e2e::{World, check};
use proptest::prelude::*;
use registry_core::catalog::Released;
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::policy::Caller;
use registry_core::token::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IdentityClaims};
use serde_json::{Value, json};

const CONFIG: &str = "organisation: X\nbase_url: https://x\nrequest_access_url: https://ask/{skill}\n\
    teams: {shared: {members: everyone}, support: {}, finance: {}}\n\
    roles: {finance-agent: {teams: [finance]}, support-agent: {teams: [support]}, auditor: {}}\n";
const TEAMS: [&str; 3] = ["shared", "support", "finance"];
const ROLES: [&str; 4] = ["finance-agent", "support-agent", "auditor", "guest"];
const LEVELS: [&str; 4] = ["public", "team", "role-restricted", "sensitive"];
const WORDS: [&str; 8] = ["refund", "budget", "deploy", "customer", "report", "policy", "incident", "draft"];

/// A skill in the making.
#[derive(Debug, Clone)]
struct Draft {
    id: String,
    level: &'static str,
    description: String,
    /// Of earlier skills, those on which it depends if the order of audiences allows.
    wants: Vec<usize>,
}

impl Draft {
    fn text(&self, needs: &[String]) -> String {
        let roles =
            if self.level == "role-restricted" { "allowed_roles: [auditor, finance-agent]\n" } else { "" };
        format!(
            "---\nname: {}\nversion: 1.0.0\ndescription: {}\ntags: []\naccess_level: {}\n{roles}depends_on: [{}]\n---\n# {}\n",
            self.id,
            self.description,
            self.level,
            needs.join(", "),
            self.description
        )
    }
}

fn any_draft(number: usize) -> impl Strategy<Value = Draft> {
    (
        prop::sample::select(TEAMS.as_slice()),
        prop::sample::select(LEVELS.as_slice()),
        prop::collection::vec(prop::sample::select(WORDS.as_slice()), 1..5),
        prop::collection::vec(0..number.max(1), 0..3),
    )
        .prop_map(move |(team, level, words, wants)| Draft {
            id: format!("{team}/skill-{number}"),
            level,
            description: words.join(" "),
            wants: wants.into_iter().filter(|wanted| *wanted < number).collect(),
        })
}

fn any_drafts() -> impl Strategy<Value = Vec<Draft>> {
    (0usize..9).prop_flat_map(|count| (0..count).map(any_draft).collect::<Vec<_>>())
}

fn any_caller() -> impl Strategy<Value = Option<IdentityClaims>> {
    let claims = (
        prop::sample::select(ROLES.as_slice()),
        prop::sample::subsequence(TEAMS.as_slice(), 0..=2),
        any::<bool>(),
    );
    prop::option::weighted(
        0.8,
        claims.prop_map(|(role, teams, elevated)| {
            let now = now();
            IdentityClaims {
                iss: DEVELOPMENT_ISSUER.to_owned(),
                aud: DEVELOPMENT_AUDIENCE.to_owned(),
                sub: "caller".to_owned(),
                iat: now,
                exp: now + 3600,
                role: role.parse().unwrap(),
                teams: teams.into_iter().map(|team| team.parse().unwrap()).collect(),
                elevated_until: elevated.then_some(now + 600),
            }
        }),
    )
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Builds the drafts that `keep` holds, with those dependencies that are legal.
fn world(drafts: &[Draft], keep: &dyn Fn(&str) -> bool) -> World {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for draft in drafts {
        let mut needs: Vec<String> = Vec::new();
        for wanted in &draft.wants {
            let mut more = needs.clone();
            more.push(format!("{}:1.x", drafts[*wanted].id));
            let mut attempt = texts.clone();
            attempt.insert(draft.id.clone(), draft.text(&more));
            if check(CONFIG, &attempt).errors() == 0 {
                needs = more;
            }
        }
        texts.insert(draft.id.clone(), draft.text(&needs));
    }
    texts.retain(|id, _| keep(id));
    let mut checked = check(CONFIG, &texts);
    // A time of its own for each skill, so that feeds have entries in an order that is not that of the names.
    for (id, skill) in &mut checked.library {
        let time = u64::from(Digest::of(id.to_string().as_bytes()).bucket()) * 86_400;
        skill.released = Some(Released { commit: "0".repeat(40), time, tag: None });
    }
    World::build(checked, now(), true, true).unwrap()
}

/// Every request that tells something of the skill `id`.
fn requests(id: &str) -> Vec<(&'static str, String, &'static str, Value)> {
    vec![
        ("POST", "/resolve".to_owned(), "*/*", json!({"spec": id})),
        ("POST", "/resolve".to_owned(), "*/*", json!({"spec": format!("{id}:2.x")})),
        ("POST", "/acl/check".to_owned(), "*/*", json!({"skill": id})),
        ("POST", "/invoke".to_owned(), "*/*", json!({"name": id})),
        ("POST", "/invoke".to_owned(), "*/*", json!({"name": id, "version_constraint": "9.x"})),
        ("GET", format!("/skills/{id}"), "text/html", Value::Null),
        ("GET", format!("/skills/{id}"), "application/json", Value::Null),
        ("GET", format!("/skills/{id}"), "text/markdown", Value::Null),
        ("GET", format!("/skills/{id}/1.0.0"), "text/html", Value::Null),
        ("GET", format!("/skills/{id}/1.0.0/bundle"), "*/*", Value::Null),
        ("GET", format!("/skills/{id}/1.0.0/SKILL.md"), "*/*", Value::Null),
        ("GET", format!("/skills/{id}/versions/"), "text/html", Value::Null),
        ("GET", format!("/skills/{id}/feed.atom"), "*/*", Value::Null),
        ("GET", format!("/skills/{id}/feed.json"), "text/html", Value::Null),
        ("GET", format!("/index/{id}"), "*/*", Value::Null),
    ]
}

/// Every request that tells something of the catalog as a whole.
fn listings() -> Vec<(&'static str, String, &'static str, Value)> {
    let mut all: Vec<_> =
        ["/", "/teams/", "/teams/finance/", "/teams/support/", "/nothing", "/search?q=refund%20report"]
            .into_iter()
            .map(|path| ("GET", path.to_owned(), "text/html", Value::Null))
            .collect();
    let files =
        ["/feed.atom", "/feed.json", "/sitemap.xml", "/robots.txt", "/llms.txt", "/index/config.json"]
            .map(str::to_owned);
    let feeds =
        TEAMS.iter().flat_map(|team| ["atom", "json"].map(|form| format!("/teams/{team}/feed.{form}")));
    all.extend(files.into_iter().chain(feeds).map(|path| ("GET", path, "*/*", Value::Null)));
    for query in
        ["refund", "customer refund policy", "budget report draft deploy incident", "skill-1 skill-2"]
    {
        all.push(("POST", "/search".to_owned(), "*/*", json!({"query": query, "k": 50})));
    }
    all.push((
        "POST",
        "/search".to_owned(),
        "*/*",
        json!({"query": "refund budget", "filters": {"team": "finance"}}),
    ));
    all
}

fn caller(claims: &IdentityClaims) -> Caller {
    Caller {
        issuer: claims.iss.clone(),
        subject: claims.sub.clone(),
        role: claims.role.clone(),
        teams: claims.teams.clone(),
        elevated_until: claims.elevated_until,
        client: None,
    }
}

fn is_visible(world: &World, id: &str, caller: Option<&Caller>) -> bool {
    let id: SkillId = id.parse().unwrap();
    let head = world.checked.library.get(&id).map(|skill| &skill.manifest.audience);
    head.is_some_and(|head| head.admits(caller, &world.checked.organisation.policy, now()))
}

/// An answer without the name that every invocation has for itself.
fn without_txn(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer).into_owned();
    match text.split_once("\"txn\":\"") {
        Some((before, after)) => format!("{before}{}", after.split_once('"').unwrap().1),
        None => text,
    }
}

/// Each case builds two catalogs: fewer than proptest's default, unless the environment asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Laws 4 and 5: what a caller is answered equals, byte for byte, what a catalog without the skills hidden from
    /// them answers.
    #[test]
    fn answers_are_those_of_a_catalog_without_the_hidden_skills(drafts in any_drafts(), claims in any_caller()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let whole = world(&drafts, &|_| true);
        let who = claims.as_ref().map(caller);
        let pruned = world(&drafts, &|id| is_visible(&whole, id, who.as_ref()));
        let token = claims.as_ref().map(|claims| whole.token(claims).unwrap());
        let mut all = listings();
        all.extend(drafts.iter().flat_map(|draft| requests(&draft.id)));
        all.extend(requests("finance/absent"));
        runtime.block_on(async {
            for (method, path, accept, body) in all {
                let token = token.as_deref();
                let with_hidden = whole.ask(token, method, &path, accept, &body).await.unwrap();
                let without = pruned.ask(token, method, &path, accept, &body).await.unwrap();
                prop_assert_eq!(
                    (with_hidden.0, without_txn(&with_hidden.1)),
                    (without.0, without_txn(&without.1)),
                    "{} {} {}", method, path, body
                );
            }
            Ok(())
        })?;
    }
}
