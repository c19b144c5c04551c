//! Keys of issuers that the edge reads itself, on both hosts, and the tokens that Cloudflare Access adds to requests.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e::{Answer, HostKind, Idp, Repository, Stand, key};
use edge_worker::native::FilesHost;
use edge_worker::{Edge, EdgeConfig};
use registry_core::token::{Issuer, TokenError};
use serde_json::{Value, json};

const CONFIGURATION: &str = "organisation: Example\nbase_url: https://skills.example.com\n\
    request_access_url: https://access.example.com/?skill={skill}\n\
    teams:\n  support: {owners: [\"@s\"]}\n";
const SKILL: &str = "---\nname: support/hidden\nversion: 1.0.0\ndescription: Sort the table by its first column.\n\
    tags: [example]\naccess_level: team\n---\n# Task\n\nDo it.\n";
const EDGE: &str = "https://skills.example.com";
const ACCESS: &str = "cf-access-jwt-assertion";
/// The most that a set may have, in bytes.
const MOST: usize = 64 << 10;
/// Where the provider publishes keys; each is an issuer of its own.
const PATHS: [&str; 7] = ["/main", "/other", "/access", "/redirect", "/large", "/broken", "/error"];

/// What the issuer is called whose keys are published at a path.
fn named(path: &str) -> String {
    format!("https://idp.example.com{path}")
}

fn issuer(name: &str, keys: Value, header: &str) -> Issuer {
    let issuer = json!({
        "issuer": name, "audience": EDGE, "typ": ["at+jwt"], "max_lifetime": 3600, "keys": keys,
        "header": header, "algorithms": ["EdDSA"], "bounds": {"teams": ["support"], "roles": ["*"]},
    });
    serde_json::from_value(issuer).unwrap()
}

fn repository() -> Repository {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIGURATION).unwrap();
    repository.write(".gitignore", "/dist\n/.guildhall\n").unwrap();
    repository.write("skills/support/hidden.md", SKILL).unwrap();
    repository.commit("write a skill").unwrap();
    repository
}

fn provider() -> Idp {
    Idp::start(&json!({"k1": "EdDSA", "k2": "EdDSA", "attacker": "EdDSA"})).unwrap()
}

/// A token of one of the provider's issuers for somebody of the team `support`.
fn token(idp: &Idp, path: &str, kid: &str) -> String {
    signed(idp, path, kid, kid)
}

/// The same, signed by one key under the name of another.
fn signed(idp: &Idp, path: &str, key: &str, kid: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
    let claims = json!({"iss": named(path), "aud": EDGE, "sub": "a-7", "role": "agent", "teams": ["support"],
        "iat": now, "exp": now + 600});
    idp.sign(key, &header.to_string(), &claims.to_string()).unwrap()
}

/// An edge that takes tokens of the provider's issuers, whose keys it reads from there.
struct Scene {
    stand: Stand,
    idp: Idp,
}

impl Scene {
    fn new(kind: HostKind) -> Self {
        let idp = provider();
        let at = |path: &str| {
            let header = if path == "/access" { "Cf-Access-Jwt-Assertion" } else { "Authorization" };
            issuer(&named(path), json!({"url": idp.url(path)}), header)
        };
        let issuers = PATHS.into_iter().map(at).collect();
        let stand = Stand::with_issuers(kind, repository(), issuers).unwrap();
        Self { stand, idp }
    }

    fn ask(&self, path: &str, kid: &str) -> Answer {
        ask(&self.stand, &token(&self.idp, path, kid))
    }

    fn asked(&self, path: &str) -> u64 {
        self.idp.asked(path).unwrap()
    }
}

fn ask(stand: &Stand, token: &str) -> Answer {
    stand.post("/acl/check", token, &json!({"skill": "support/hidden"})).unwrap()
}

fn assert_open(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["allowed"]), (200, &json!(true)), "{}", answer.text());
}

fn assert_unknown(answer: &Answer) {
    let problem = answer.json();
    assert_eq!((answer.status, &problem["code"]), (401, &json!("UNAUTHENTICATED")), "{problem}");
    assert_eq!(problem["detail"], TokenError::UnknownKey.to_string());
}

fn assert_unavailable(answer: &Answer) {
    let problem = answer.json();
    assert_eq!((answer.status, &problem["code"]), (503, &json!("KEYS_UNAVAILABLE")), "{problem}");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
}

/// Each check as a test on each host.
macro_rules! on_both_hosts {
    ($($check:ident),* $(,)?) => {
        mod native {
            $(#[test] fn $check() { super::$check(&super::Scene::new(super::HostKind::Native)); })*
        }
        mod workers {
            $(#[test] fn $check() { super::$check(&super::Scene::new(super::HostKind::Workers)); })*
        }
    };
}

on_both_hosts!(
    tokens_that_come_at_once_have_the_keys_read_once,
    keys_are_changed_without_a_gap,
    unknown_keys_have_the_issuer_asked_once_a_minute,
    an_issuer_that_does_not_answer_is_refused_alone_and_comes_back,
    keys_that_stop_coming_stay_good,
    what_is_no_set_of_keys_of_the_address_itself_is_not_believed,
    what_cloudflare_access_proves_reads_and_does_nothing_else,
);

fn tokens_that_come_at_once_have_the_keys_read_once(scene: &Scene) {
    scene.idp.publish("/main", &["k1"]).unwrap();
    let (stand, token) = (&scene.stand, token(&scene.idp, "/main", "k1"));
    thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| ask(stand, &token))).collect();
        for answer in asked {
            assert_open(&answer.join().unwrap());
        }
    });
    assert_eq!(scene.asked("/main"), 1);
    assert_eq!(scene.asked("/other"), 0, "nobody needs its keys yet");
}

fn keys_are_changed_without_a_gap(scene: &Scene) {
    scene.idp.publish("/main", &["k1"]).unwrap();
    assert_open(&scene.ask("/main", "k1"));
    scene.idp.publish("/main", &["k1", "k2"]).unwrap();
    assert_open(&scene.ask("/main", "k2"));
    assert_open(&scene.ask("/main", "k1"));
    assert_eq!(scene.asked("/main"), 2);
    scene.idp.publish("/other", &["k1"]).unwrap();
    assert_open(&scene.ask("/other", "k1"));
    scene.idp.publish("/other", &["k2"]).unwrap();
    assert_open(&scene.ask("/other", "k2"));
    assert_unknown(&scene.ask("/other", "k1"));
    assert_open(&scene.ask("/main", "k1"));
}

fn unknown_keys_have_the_issuer_asked_once_a_minute(scene: &Scene) {
    scene.idp.publish("/main", &["k1"]).unwrap();
    let begin = Instant::now();
    assert_open(&scene.ask("/main", "k1"));
    let (stand, idp) = (&scene.stand, &scene.idp);
    let flood: Vec<_> = (0..60).map(|at| signed(idp, "/main", "attacker", &format!("x{at}"))).collect();
    thread::scope(|scope| {
        for tokens in flood.chunks(15) {
            scope.spawn(move || tokens.iter().for_each(|token| assert_unknown(&ask(stand, token))));
        }
    });
    assert_open(&scene.ask("/main", "k1"));
    let (asked, minutes) = (scene.asked("/main"), begin.elapsed().as_secs() / 60);
    assert!((2..=2 + minutes).contains(&asked), "{asked} times within {minutes} minutes");
    let nameless = json!({"alg": "EdDSA", "typ": "at+jwt"}).to_string();
    let claims = json!({"iss": named("/other")}).to_string();
    assert_unknown(&ask(stand, &idp.sign("attacker", &nameless, &claims).unwrap()));
    assert_eq!(scene.asked("/other"), 0, "no key is asked for");
}

fn an_issuer_that_does_not_answer_is_refused_alone_and_comes_back(scene: &Scene) {
    scene.idp.answer("/main", &json!({"hangsUp": true})).unwrap();
    scene.idp.publish("/other", &["k1"]).unwrap();
    assert_unavailable(&scene.ask("/main", "k1"));
    let main = token(&scene.idp, "/main", "k1");
    for accept in ["text/html", "application/json"] {
        let page = scene.stand.get("/skills/support/hidden", &main, accept).unwrap();
        assert_unavailable(&page);
    }
    let invoked = scene.stand.post("/invoke", &main, &json!({"name": "support/hidden", "payload": {}}));
    assert_unavailable(&invoked.unwrap());
    assert_open(&scene.ask("/other", "k1"));
    assert_open(&ask(&scene.stand, &scene.stand.token("agent", &["--team", "support"]).unwrap()));
    assert_eq!(scene.stand.get("/", "", "text/html").unwrap().status, 200);
    scene.idp.publish("/main", &["k1"]).unwrap();
    let begin = Instant::now();
    while scene.ask("/main", "k1").status == 503 && begin.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(200));
    }
    assert_open(&scene.ask("/main", "k1"));
}

fn keys_that_stop_coming_stay_good(scene: &Scene) {
    scene.idp.publish("/main", &["k1"]).unwrap();
    assert_open(&scene.ask("/main", "k1"));
    for gone in [json!({"hangsUp": true}), json!({"status": 500, "kids": ["k2"]})] {
        scene.idp.answer("/main", &gone).unwrap();
        assert_unknown(&scene.ask("/main", "k2"));
        assert_open(&scene.ask("/main", "k1"));
    }
    assert_eq!(scene.asked("/main"), 2);
}

fn what_is_no_set_of_keys_of_the_address_itself_is_not_believed(scene: &Scene) {
    let idp = &scene.idp;
    idp.publish("/target", &["k1"]).unwrap();
    let target = json!({"location": idp.url("/target")});
    idp.answer("/redirect", &json!({"status": 302, "headers": target, "kids": ["k1"]})).unwrap();
    idp.answer("/large", &json!({"kids": ["k1"], "bytes": MOST + 1})).unwrap();
    idp.answer("/main", &json!({"kids": ["k1"], "bytes": MOST})).unwrap();
    let k1 = idp.keys(&["k1"]).remove(0);
    idp.answer("/broken", &json!({"text": json!({"keys": [k1, k1]}).to_string()})).unwrap();
    idp.answer("/error", &json!({"status": 404, "kids": ["k1"]})).unwrap();
    for refused in ["/redirect", "/large", "/broken", "/error"] {
        assert_unavailable(&scene.ask(refused, "k1"));
        assert_eq!(scene.asked(refused), 1, "{refused}");
    }
    assert_eq!(scene.asked("/target"), 0);
    assert_open(&scene.ask("/main", "k1"));
}

fn what_cloudflare_access_proves_reads_and_does_nothing_else(scene: &Scene) {
    let idp = &scene.idp;
    idp.publish("/main", &["k1"]).unwrap();
    idp.publish("/access", &["k2"]).unwrap();
    let (access, bearer) = (token(idp, "/access", "k2"), token(idp, "/main", "k1"));
    let authorization = format!("Bearer {bearer}");
    let (of_access, of_bearer) = ((ACCESS, access.as_str()), ("authorization", authorization.as_str()));
    let page = "/skills/support/hidden";
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &Value| {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        scene.stand.request(method, path, headers, body).unwrap()
    };
    let read = |method: &str, headers: &[(&str, &str)]| send(method, page, headers, &Value::Null);
    for method in ["GET", "HEAD"] {
        let answer = read(method, &[of_access]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let vary = answer.header("vary").unwrap().to_ascii_lowercase();
        assert!(vary.split(", ").any(|name| name == ACCESS), "{vary}");
        assert_eq!(read(method, &[of_bearer]).status, 200);
        assert_eq!(read(method, &[of_bearer, of_access]).status, 401, "two credentials");
        assert_eq!(read(method, &[of_access, of_access]).status, 401);
        assert_eq!(read(method, &[(ACCESS, &bearer)]).status, 401, "an issuer of bearer tokens");
        assert_eq!(read(method, &[(ACCESS, "x")]).status, 401, "never taken for anonymous");
        let as_bearer = format!("Bearer {access}");
        assert_eq!(read(method, &[("authorization", &as_bearer)]).status, 401, "the issuer of Access");
    }
    for (path, body) in [
        ("/search", json!({"query": "table"})),
        ("/acl/check", json!({"skill": "support/hidden"})),
        ("/resolve", json!({"spec": "support/hidden"})),
        ("/invoke", json!({"name": "support/hidden", "payload": {}})),
    ] {
        let answer = send("POST", path, &[of_access], &body);
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("UNAUTHENTICATED")), "{path}");
        let with_bearer = send("POST", path, &[of_bearer, of_access], &body).status;
        assert_eq!(with_bearer, send("POST", path, &[of_bearer], &body).status, "{path}: the bearer decides");
        assert_ne!(with_bearer, 401, "{path}");
    }
}

/// The configuration of an issuer whose keys lie in a file.
fn in_file(file: &Path) -> Issuer {
    issuer(&named("/main"), json!({"file": file}), "Authorization")
}

#[test]
fn keys_in_a_file_are_read_again_when_they_change() {
    let (idp, folder) = (provider(), tempfile::tempdir().unwrap());
    let file = folder.path().join("keys.json");
    let write = |kids: &[&str]| fs::write(&file, json!({"keys": idp.keys(kids)}).to_string()).unwrap();
    write(&["k1"]);
    let stand = Stand::with_issuers(HostKind::Native, repository(), vec![in_file(&file)]).unwrap();
    let ask = |kid: &str| ask(&stand, &token(&idp, "/main", kid));
    assert_open(&ask("k1"));
    write(&["k1", "k2"]);
    assert_open(&ask("k2"));
    fs::write(&file, "half a file").unwrap();
    assert_open(&ask("k1"));
    assert_open(&ask("k2"));
    assert_unknown(&ask("attacker"));
}

#[tokio::test]
async fn an_edge_does_not_start_without_the_files_of_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let config = json!({
        "origin": "https://edge", "head_keys": [], "invoke_key": key("invoke-1").unwrap(),
        "identity": [in_file(&file)], "sandbox": {"url": "http://127.0.0.1:9", "audience": "sandbox"},
        "pseudonym_key": "0".repeat(64),
    });
    let start = async || {
        let config = EdgeConfig::parse(config.to_string().as_bytes()).unwrap();
        let host = FilesHost::new(folder.path(), &folder.path().join("log")).unwrap();
        let outcome = Edge::new(config).unwrap().read_key_files(&host).await;
        outcome.map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "FILE"))
    };
    let mut told = Vec::new();
    told.push(start().await.unwrap_err());
    let invoke = json!([key("invoke-1").unwrap().public()]).to_string();
    for text in ["half a file", "[]", &invoke, &" ".repeat(MOST + 1)] {
        fs::write(&file, text).unwrap();
        told.push(start().await.unwrap_err());
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    the keys of the issuer `https://idp.example.com/main` cannot be taken from `FILE`: No such file or directory (os error 2)
    the keys of the issuer `https://idp.example.com/main` cannot be taken from `FILE`: expected value at line 1 column 1
    the keys of the issuer `https://idp.example.com/main` cannot be taken from `FILE`: it has no key that is usable; no token could be accepted
    the keys of the issuer `https://idp.example.com/main` cannot be taken from `FILE`: the key `invoke-1` serves two purposes; each needs a key of its own
    the keys of the issuer `https://idp.example.com/main` cannot be taken from `FILE`: the file has more than 65536 bytes
    ");
    fs::write(&file, json!([key("idp-1").unwrap().public()]).to_string()).unwrap();
    assert_eq!(start().await, Ok(()));
}

#[test]
fn the_program_ends_where_a_file_of_keys_is_missing() {
    let missing = in_file(Path::new("/nowhere/keys.json"));
    assert!(Stand::with_issuers(HostKind::Native, repository(), vec![missing]).is_err());
}

#[test]
fn a_worker_refuses_keys_in_a_file() {
    let issuers = vec![in_file(Path::new("keys.json"))];
    let stand = Stand::with_issuers(HostKind::Workers, repository(), issuers).unwrap();
    let answer = stand.get("/", "", "text/html").unwrap();
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("NOT_CONFIGURED")));
}
