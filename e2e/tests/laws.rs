//! Laws 4 and 5 over random catalogs and callers: real files, the real generator, the real edge in this process.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use bytes::Bytes;
use edge_worker::native::FilesHost;
use edge_worker::{Body, Edge, EdgeConfig, handle};
use generator::catalog::{self, Input};
use generator::library;
use generator::source::Snapshot;
use generator::write::{self, Signing};
use proptest::prelude::*;
use registry_core::digest::{Digest, FileMode};
use registry_core::id::SkillId;
use registry_core::manifest::SourceFile;
use registry_core::policy::{Caller, Visibility, visibility};
use registry_core::token::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IDENTITY_TYPE, IdentityClaims, SigningKey, sign,
};
use serde_json::{Value, json};
use tempfile::TempDir;

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

fn key() -> SigningKey {
    SigningKey::from_seed("development-key", [7; 32]).unwrap()
}

/// A built catalog with an edge over it.
struct World {
    folder: TempDir,
    edge: Edge,
    host: FilesHost,
    library: registry_core::check::Library,
    organisation: registry_core::organisation::Organisation,
}

/// Builds the drafts that `keep` holds, with those dependencies that are legal.
fn world(drafts: &[Draft], keep: &dyn Fn(&str) -> bool) -> World {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for draft in drafts {
        let mut needs: Vec<String> = Vec::new();
        for wanted in &draft.wants {
            let mut more = needs.clone();
            more.push(format!("{}:1.x", drafts[*wanted].id));
            more.dedup();
            let mut attempt = texts.clone();
            attempt.insert(draft.id.clone(), draft.text(&more));
            if checked(&attempt).errors() == 0 {
                needs = more;
            }
        }
        texts.insert(draft.id.clone(), draft.text(&needs));
    }
    texts.retain(|id, _| keep(id));
    let checked = checked(&texts);
    assert_eq!(checked.errors(), 0, "{:?}", checked.diagnostics);
    let built = catalog::build(Input {
        library: &checked.library,
        closures: &checked.closures,
        organisation: &checked.organisation,
        commit: Some("0000000000000000000000000000000000000000"),
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let signing = Signing { key: &key(), now: now(), expires_days: 7 };
    write::write(&built, &folder.path().join("dist"), signing, &mut |_| {}).unwrap();
    let config = json!({
        "origin": "https://edge", "development": true, "head_keys": [key().public()], "invoke_key": key(),
        "identity": [registry_core::token::Issuer::development(key().public())],
        "sandbox": {"url": "http://127.0.0.1:9", "audience": "sandbox"}, "pseudonym_key": Digest::of(b""),
    });
    World {
        edge: Edge::new(EdgeConfig::parse(config.to_string().as_bytes()).unwrap()).unwrap(),
        host: FilesHost::new(&folder.path().join("dist"), &folder.path().join("log")).unwrap(),
        folder,
        library: checked.library,
        organisation: checked.organisation,
    }
}

fn checked(texts: &BTreeMap<String, String>) -> library::Checked {
    let file = |text: &String| SourceFile { mode: FileMode::Plain, bytes: text.clone().into_bytes() };
    let files = texts.iter().map(|(id, text)| (format!("skills/{id}.md"), file(text))).collect();
    library::check(Snapshot { commit: None, files, config: Some(CONFIG.to_owned()), diagnostics: Vec::new() })
}

/// Status and body, the transaction aside.
async fn ask(
    world: &World,
    token: Option<&str>,
    method: &str,
    path: &str,
    accept: &str,
    body: &Value,
) -> (u16, Vec<u8>) {
    let mut request = http::Request::builder().method(method).uri(path).header("accept", accept);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if method == "GET" { Bytes::new() } else { body.to_string().into() };
    let answer = handle(&world.host, &world.edge, request.body(body).unwrap()).await;
    let status = answer.status().as_u16();
    let body = match answer.into_body() {
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::Object(key) => std::fs::read(world.folder.path().join("dist").join(key.path())).unwrap(),
    };
    (status, body)
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
    ]
}

/// Every request that tells something of the catalog as a whole.
fn listings() -> Vec<(&'static str, String, &'static str, Value)> {
    let mut all: Vec<_> =
        ["/", "/teams/", "/teams/finance/", "/teams/support/", "/nothing", "/search?q=refund%20report"]
            .into_iter()
            .map(|path| ("GET", path.to_owned(), "text/html", Value::Null))
            .collect();
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
        let visible = |id: &str| {
            let id: SkillId = id.parse().unwrap();
            let head = whole.library.get(&id).map(|skill| &skill.manifest.audience);
            visibility(head, who.as_ref(), &whole.organisation.policy, now()) == Visibility::Visible
        };
        let pruned = world(&drafts, &visible);
        let token = claims.as_ref().map(|claims| sign(claims, IDENTITY_TYPE, &key()).unwrap());
        let mut all = listings();
        all.extend(drafts.iter().flat_map(|draft| requests(&draft.id)));
        all.extend(requests("finance/absent"));
        runtime.block_on(async {
            for (method, path, accept, body) in all {
                let of = |world| ask(world, token.as_deref(), method, &path, accept, &body);
                let (with_hidden, without) = (of(&whole).await, of(&pruned).await);
                prop_assert_eq!(
                    (with_hidden.0, String::from_utf8_lossy(&with_hidden.1)),
                    (without.0, String::from_utf8_lossy(&without.1)),
                    "{} {} {}", method, path, body
                );
            }
            Ok(())
        })?;
    }
}
