//! Routes × callers × skills on each host, over HTTP, compared with the access rules in Cedar. `GUILDHALL_REQUESTS` says
//! how many.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use e2e::{Answer, HostKind, Repository, Stand, World, check, key};
use oracle::{Expected, Oracle};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use registry_core::catalog::SkillRecord;
use registry_core::id::SkillId;
use registry_core::policy::{AccessLevel, Audience, Caller};
use registry_core::requirement::Requirement;
use registry_core::token::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IDENTITY_TYPE, IdentityClaims, SigningKey, sign,
};
use serde_json::{Value, json};

const CONFIG: &str = "organisation: X\nbase_url: https://x\nrequest_access_url: https://ask/{skill}\n\
    teams: {shared: {members: everyone}, support: {}, finance: {}}\n\
    roles: {finance-agent: {teams: [finance]}, support-agent: {teams: [support]}, auditor: {}, guest: {}}\n";
const TEAMS: [&str; 3] = ["finance", "support", "shared"];
const ROLES: [&str; 4] = ["finance-agent", "support-agent", "auditor", "guest"];
const SKILLS: usize = 48;
const CALLERS: usize = 40;
/// The names beyond these are of no skill.
const NAMES: usize = SKILLS + 4;

type Records = BTreeMap<SkillId, SkillRecord>;

/// How a request asks for a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Check,
    Resolve,
    Invoke,
    Page,
    Json,
    Markdown,
    PageOfRelease,
    Bundle,
    Document,
}

const ROUTES: [Route; 9] = [
    Route::Check,
    Route::Resolve,
    Route::Invoke,
    Route::Page,
    Route::Json,
    Route::Markdown,
    Route::PageOfRelease,
    Route::Bundle,
    Route::Document,
];

impl Route {
    fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::PageOfRelease)
    }

    fn ask(self, stand: &Stand, token: &str, skill: &str) -> Answer {
        let get = |path: String, accept: &str| stand.get(&path, token, accept).unwrap();
        match self {
            Self::Check => stand.post("/acl/check", token, &json!({"skill": skill})).unwrap(),
            Self::Resolve => stand.post("/resolve", token, &json!({"spec": skill})).unwrap(),
            Self::Invoke => stand.post("/invoke", token, &json!({"name": skill})).unwrap(),
            Self::Page => get(format!("/skills/{skill}"), "text/html"),
            Self::Json => get(format!("/skills/{skill}"), "application/json"),
            Self::Markdown => get(format!("/skills/{skill}"), "text/markdown"),
            Self::PageOfRelease => get(format!("/skills/{skill}/1.0.0"), "text/html"),
            Self::Bundle => get(format!("/skills/{skill}/1.0.0/bundle"), "*/*"),
            Self::Document => get(format!("/skills/{skill}/1.0.0/SKILL.md"), "*/*"),
        }
    }

    /// The status that is designed for an outcome.
    fn status(self, expected: &Expected, signed_in: bool) -> u16 {
        match expected {
            _ if self == Self::Check => 200,
            Expected::Granted(_) => 200,
            Expected::Blocked(_) if self.is_page() => 200,
            _ if self.is_page() => 404,
            _ if signed_in => 403,
            _ => 401,
        }
    }
}

/// What is drawn for a skill: its level, the skills before it that it would like to need, its release's own rule, whether
/// it is removed, and by what its release is blocked.
type Draft = (&'static str, Vec<usize>, Option<Audience>, bool, Option<usize>);

fn any_draft() -> impl Strategy<Value = Draft> {
    let levels = ["public", "team", "role-restricted", "sensitive"];
    let own = prop::sample::select(vec![
        "public",
        "team:finance",
        "team:support",
        "roles:auditor+guest",
        "sensitive:finance",
        "sensitive:support",
    ]);
    (
        prop::sample::select(levels.to_vec()),
        prop::collection::vec(0..SKILLS, 0..3),
        prop::option::weighted(0.35, own.prop_map(|own| own.parse().unwrap())),
        prop::bool::weighted(0.04),
        prop::option::weighted(0.04, 0..SKILLS),
    )
}

fn any_caller() -> impl Strategy<Value = Option<Caller>> {
    let teams = prop::sample::subsequence(TEAMS.as_slice(), 1..=TEAMS.len());
    let caller = (prop::sample::select(ROLES.as_slice()), teams, prop::bool::weighted(0.8));
    let caller = caller.prop_map(|(role, teams, elevated)| Caller {
        issuer: DEVELOPMENT_ISSUER.to_owned(),
        subject: "agent".to_owned(),
        role: role.parse().unwrap(),
        teams: teams.iter().map(|team| team.parse().unwrap()).collect(),
        elevated_until: elevated.then(|| now() + 800),
        client: None,
    });
    prop::option::weighted(0.9, caller)
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn name(number: usize) -> String {
    format!("{}/skill-{number:02}", TEAMS[number % TEAMS.len()])
}

fn text(number: usize, level: &str, needs: &[String]) -> String {
    let roles =
        if level == "role-restricted" { "allowed_roles: [auditor, finance-agent, guest]\n" } else { "" };
    format!(
        "---\nname: {}\nversion: 1.0.0\ndescription: Answers questions about number {number}.\ntags: []\n\
         access_level: {level}\n{roles}depends_on: [{}]\n---\n# Number {number}\n",
        name(number),
        needs.join(", ")
    )
}

/// The texts of the drafts, with those of the wanted dependencies that the order of audiences allows.
fn texts(drafts: &[Draft]) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (number, (level, wants, ..)) in drafts.iter().enumerate() {
        let mut needs = Vec::new();
        for wanted in wants.iter().filter(|wanted| **wanted < number) {
            let more = [needs.as_slice(), &[format!("{}:1.x", name(*wanted))]].concat();
            let mut attempt = texts.clone();
            attempt.insert(name(number), text(number, level, &more));
            if check(CONFIG, &attempt).errors() == 0 {
                needs = more;
            }
        }
        texts.insert(name(number), text(number, level, &needs));
    }
    texts
}

/// A catalog whose releases have other rules than their heads, are removed and blocked, as a history would leave them,
/// and worse.
fn world(drafts: &[Draft]) -> (World, Records) {
    let edit = |skills: &mut Records| {
        for (number, (_, _, own, removed, blocked)) in drafts.iter().enumerate() {
            let Some(record) = skills.get_mut(&name(number).parse::<SkillId>().unwrap()) else { continue };
            record.removed = *removed;
            for release in record.releases.values_mut() {
                release.audience = own.clone().unwrap_or_else(|| release.audience.clone());
                release.blocked = blocked.map(|by| name(by).parse().unwrap());
            }
        }
    };
    let world = World::build_edited(check(CONFIG, &texts(drafts)), now(), true, true, &edit).unwrap();
    let records = world.records().unwrap();
    (world, records)
}

/// A stand over the catalog of a world, and the key that signs identities for it.
fn stand(kind: HostKind, world: &World) -> (Stand, SigningKey) {
    let repository = Repository::empty().unwrap();
    let keys = [("head", key("head-1").unwrap()), ("identity", key("development-identity").unwrap())];
    for (purpose, key) in &keys {
        let path = format!(".guildhall/keys/development-{purpose}.json");
        repository.write(&path, &serde_json::to_string(key).unwrap()).unwrap();
    }
    let [_, (_, identity)] = keys;
    (Stand::over(kind, repository, &world.catalog()).unwrap(), identity)
}

fn token(caller: &Caller, key: &SigningKey) -> String {
    let claims = IdentityClaims {
        iss: DEVELOPMENT_ISSUER.to_owned(),
        aud: DEVELOPMENT_AUDIENCE.to_owned(),
        sub: caller.subject.clone(),
        iat: now(),
        exp: now() + 3600,
        role: caller.role.clone(),
        teams: caller.teams.clone(),
        elevated_until: caller.elevated_until,
    };
    sign(&claims, IDENTITY_TYPE, key).unwrap()
}

/// What an answer says of a skill, without what differs from one request to the next.
fn essence(answer: &Answer, skill: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !["date", "traceparent"].contains(&name.as_str()));
    (answer.status, headers, answer.text().replace(skill, "{skill}"))
}

#[derive(Debug, Default)]
struct Tally {
    /// Allowed, and all, by the level of the skill's head.
    levels: BTreeMap<AccessLevel, [u32; 2]>,
    concealed: u32,
    blocked: u32,
    closed_dependencies: u32,
    closures: u32,
    stricter_heads: u32,
}

impl Tally {
    fn add(&mut self, record: Option<&SkillRecord>, expected: &Expected) {
        let is_open = matches!(expected, Expected::Granted(_));
        if let Some(record) = record {
            let [allowed, all] = self.levels.entry(record.audience.level()).or_default();
            *allowed += u32::from(is_open);
            *all += 1;
            let release = record.releases.values().next().unwrap();
            self.closures += u32::from(is_open && release.closure.len() > 1);
            self.stricter_heads += u32::from(!is_open && release.audience == Audience::Public);
        }
        self.concealed += u32::from(*expected == Expected::Hidden);
        self.blocked += u32::from(matches!(expected, Expected::Blocked(_)));
        self.closed_dependencies += u32::from(matches!(expected, Expected::DependencyClosed(_)));
    }

    fn assert_balanced(&self, requests: u32) {
        assert_eq!(self.levels.len(), 4, "{self:#?}");
        for [allowed, all] in self.levels.values() {
            let share = f64::from(*allowed) / f64::from(*all);
            assert!((0.3..=0.75).contains(&share), "{self:#?}");
        }
        let cases =
            [self.concealed, self.blocked, self.closed_dependencies, self.closures, self.stricter_heads];
        assert!(cases.iter().all(|count| *count > requests / 500), "{self:#?}");
    }
}

fn sweep(kind: HostKind) {
    let wanted =
        std::env::var("GUILDHALL_REQUESTS").ok().and_then(|count| count.parse().ok()).unwrap_or(3_000);
    // The same world each time: what is asked of it is drawn anew.
    let fixed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut fixed = TestRunner::new_with_rng(Config::default(), fixed);
    let drafts = prop::collection::vec(any_draft(), SKILLS).new_tree(&mut fixed).unwrap().current();
    let callers = prop::collection::vec(any_caller(), CALLERS).new_tree(&mut fixed).unwrap().current();
    let (world, records) = world(&drafts);
    let (stand, key) = stand(kind, &world);
    let tokens: Vec<String> = callers
        .iter()
        .map(|caller| caller.as_ref().map(|caller| token(caller, &key)).unwrap_or_default())
        .collect();
    let policy = &world.checked.organisation.policy;
    let oracle = Oracle::new(policy, &records, &callers, now()).unwrap();
    let any_request = (0..CALLERS, 0..NAMES, prop::sample::select(ROUTES.to_vec()));
    let (mut runner, mut tally) = (TestRunner::default(), Tally::default());
    for _ in 0..wanted {
        let (caller, number, route) = any_request.new_tree(&mut runner).unwrap().current();
        let (skill, token) = (name(number), tokens[caller].as_str());
        let id: SkillId = skill.parse().unwrap();
        let expected = oracle.expected(caller, &id, &Requirement::any()).unwrap();
        let answer = route.ask(&stand, token, &skill);
        let context =
            || format!("{route:?} {skill} for {:?}\n{expected:?}\n{}", callers[caller], answer.text());
        assert_eq!(answer.status, route.status(&expected, callers[caller].is_some()), "{}", context());
        if route == Route::Check {
            let allowed = matches!(expected, Expected::Granted(_));
            assert_eq!(answer.json()["allowed"], allowed, "{}", context());
        }
        if expected == Expected::Hidden {
            let absent = format!("{}/other-{:02}", TEAMS[number % TEAMS.len()], number);
            let of_absent = route.ask(&stand, token, &absent);
            assert_eq!(essence(&answer, &skill), essence(&of_absent, &absent), "{}", context());
        }
        tally.add(records.get(&id), &expected);
    }
    assert_searches_show_what_is_seen(&stand, &oracle, &records, &tokens);
    tally.assert_balanced(wanted);
}

/// Every search for the word that all descriptions have finds the skills that its caller sees, and no other.
fn assert_searches_show_what_is_seen(
    stand: &Stand,
    oracle: &Oracle<'_>,
    records: &Records,
    tokens: &[String],
) {
    for (caller, token) in tokens.iter().enumerate() {
        let answer = stand.post("/search", token, &json!({"query": "questions", "k": 50})).unwrap();
        let hits: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
        let found = hits.iter().map(|hit| hit["slug"].as_str().unwrap().parse().unwrap());
        // Here only the index says that a skill was removed; a build leaves it out of the shards too.
        let found: BTreeSet<SkillId> = found.filter(|skill| !records[skill].removed).collect();
        let is_seen = |skill: &&SkillId| oracle.sees(caller, skill).unwrap();
        assert_eq!(found, records.keys().filter(is_seen).cloned().collect(), "caller {caller}");
    }
}

#[test]
fn native_decides_as_the_rules_in_cedar_do() {
    sweep(HostKind::Native);
}

#[test]
fn workers_decide_as_the_rules_in_cedar_do() {
    sweep(HostKind::Workers);
}
