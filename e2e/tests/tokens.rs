//! Identity tokens over HTTP on both hosts: those of several issuers and algorithms, and what attackers make of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::{Answer, HostKind, Idp, Repository, Stand};
use registry_core::token::{Issuer, TokenError};
use serde_json::{Value, json};

const CONFIGURATION: &str = "organisation: Example\nbase_url: https://skills.example.com\n\
    request_access_url: https://access.example.com/?skill={skill}\n\
    teams:\n  finance: {owners: [\"@f\"]}\n  support: {owners: [\"@s\"]}\n";
const MAIN: &str = "https://idp.example.com";
const OTHER: &str = "https://contractors.example.com";
const EDGE: &str = "https://skills.example.com";

/// An edge with two issuers, and the provider that signs for both.
struct Scene {
    stand: Stand,
    idp: Idp,
    now: u64,
}

impl Scene {
    fn new(kind: HostKind) -> Self {
        let kinds = json!({
            "ed-1": "EdDSA", "ed-2": "EdDSA", "ec-1": "ES256", "rsa-1": "RS256",
            "contractors-1": "ES256", "retired": "EdDSA", "attacker": "EdDSA", "attacker-rsa": "RS256",
        });
        let idp = Idp::start(&kinds).unwrap();
        let main = json!({
            "issuer": MAIN, "audience": EDGE, "typ": ["at+jwt"], "max_lifetime": 3600,
            "keys": {"keys": idp.keys(&["ed-1", "ed-2", "ec-1", "rsa-1"])},
            "algorithms": ["EdDSA", "ES256", "RS256"],
            "claims": {"teams": "groups"},
            "bounds": {"teams": ["support"], "roles": ["*"], "may_elevate": true},
        });
        let other = json!({
            "issuer": OTHER, "audience": EDGE, "typ": ["JWT"], "max_lifetime": 600,
            "keys": idp.keys(&["contractors-1"]),
            "algorithms": ["ES256"],
            "bounds": {"teams": ["*"], "roles": ["contractor"]},
        });
        let issuers: Vec<Issuer> = [main, other].map(|issuer| serde_json::from_value(issuer).unwrap()).into();
        let stand = Stand::with_issuers(kind, repository(), issuers).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self { stand, idp, now }
    }

    fn claims(&self) -> Value {
        let (iat, exp) = (self.now, self.now + 600);
        json!({"iss": MAIN, "aud": EDGE, "sub": "a-7", "role": "agent", "groups": ["support"], "iat": iat, "exp": exp})
    }

    fn with(&self, changes: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn token(&self, kid: &str, claims: &Value) -> String {
        self.sign(kid, &header(kid), &claims.to_string())
    }

    fn sign(&self, kid: &str, header: &Value, claims: &str) -> String {
        self.idp.sign(kid, &header.to_string(), claims).unwrap()
    }

    fn ask(&self, token: &str) -> Answer {
        self.stand.post("/acl/check", token, &json!({"skill": "support/hidden"})).unwrap()
    }

    /// Whether the caller may use the skill of the team `support`.
    fn is_open(&self, token: &str) -> bool {
        let answer = self.ask(token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["allowed"].as_bool().unwrap()
    }

    fn assert_refused(&self, attack: &str, token: &str, error: TokenError) {
        let answer = self.ask(token);
        assert_eq!(answer.status, 401, "{attack}: {}", answer.text());
        let code = match error {
            TokenError::OutOfBounds(_) => "ISSUER_OUT_OF_BOUNDS",
            _ => "UNAUTHENTICATED",
        };
        assert_eq!(answer.json()["code"], code, "{attack}: {}", answer.text());
        assert_eq!(answer.json()["detail"], error.to_string(), "{attack}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{attack}");
        assert_eq!(answer.header("cache-control"), Some("private, no-store"), "{attack}");
    }
}

/// The algorithm of a key, by its name.
fn alg(kid: &str) -> &'static str {
    match kid {
        "ec-1" | "contractors-1" => "ES256",
        "rsa-1" | "attacker-rsa" => "RS256",
        _ => "EdDSA",
    }
}

fn header(kid: &str) -> Value {
    json!({"alg": alg(kid), "typ": "at+jwt", "kid": kid})
}

fn repository() -> Repository {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIGURATION).unwrap();
    repository.write(".gitignore", "/dist\n/.guildhall\n").unwrap();
    let skill = "---\nname: support/hidden\nversion: 1.0.0\ndescription: Sort the table by its first column.\n\
        tags: [example]\naccess_level: team\n---\n# Task\n\nDo it.\n";
    repository.write("skills/support/hidden.md", skill).unwrap();
    repository.commit("write a skill").unwrap();
    repository
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
    tokens_of_every_algorithm_and_issuer_tell_who_asks,
    forged_tokens_are_refused,
    tokens_for_another_use_or_time_are_refused,
    tokens_that_two_readers_could_read_differently_are_refused,
    a_token_that_claims_more_than_its_issuer_may_say_is_refused_whole,
    one_credential_of_bounded_size_is_taken,
);

fn tokens_of_every_algorithm_and_issuer_tell_who_asks(scene: &Scene) {
    for kid in ["ed-1", "ed-2", "ec-1", "rsa-1"] {
        assert!(scene.is_open(&scene.token(kid, &scene.claims())), "{kid}");
        let stranger = scene.with(&json!({"groups": []}));
        assert!(!scene.is_open(&scene.token(kid, &stranger)), "{kid}");
    }
    let contractor = |teams: Value| {
        let claims = scene.with(&json!({"iss": OTHER, "role": "contractor", "teams": teams}));
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "contractors-1"});
        scene.is_open(&scene.sign("contractors-1", &header, &claims.to_string()))
    };
    assert!(contractor(json!(["support"])));
    assert!(!contractor(json!([])), "its teams are in `teams`, and `groups` means nothing");
    assert!(
        scene.is_open(&scene.token("ec-1", &scene.with(&json!({"aud": [EDGE]})))),
        "a list of one audience"
    );
    let ours = scene.stand.token("agent", &["--team", "support"]).unwrap();
    assert!(scene.is_open(&ours), "the issuer of `guildhall token`");
    let ignored = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "ed-1", "jku": "https://evil.example",
        "x5u": "https://evil.example", "jwk": scene.idp.keys(&["attacker"])[0]});
    assert!(scene.is_open(&scene.sign("ed-1", &ignored, &scene.claims().to_string())));
}

fn forged_tokens_are_refused(scene: &Scene) {
    let claims = scene.claims().to_string();
    let signed_by = |attacker: &str, header: Value| scene.sign(attacker, &header, &claims);
    let refused = |attack, token: &str, error| scene.assert_refused(attack, token, error);
    for kid in ["ed-1", "ec-1", "rsa-1"] {
        for alg in ["none", "None", "HS256"] {
            let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid}).to_string();
            let public = scene.idp.keys(&[kid])[0].clone();
            let secret = public.get("n").or(public.get("x")).unwrap().as_str().unwrap();
            let with_public_key = scene.idp.authenticate(secret, &header, &claims).unwrap();
            refused("the public key as a secret", &with_public_key, TokenError::Type);
            let (unsigned, _) = with_public_key.rsplit_once('.').unwrap();
            refused("no signature", &format!("{unsigned}."), TokenError::Type);
        }
        refused("another's key under this name", &signed_by("attacker", header(kid)), TokenError::Signature);
    }
    let other_rsa = signed_by("attacker-rsa", header("rsa-1"));
    refused("another's RSA key", &other_rsa, TokenError::Signature);
    refused("an unknown key", &signed_by("attacker", header("attacker")), TokenError::UnknownKey);
    refused("a key that was taken out", &signed_by("retired", header("retired")), TokenError::UnknownKey);
    let nameless = json!({"alg": "EdDSA", "typ": "at+jwt"});
    refused("no name of a key", &signed_by("ed-1", nameless), TokenError::UnknownKey);
    let brought =
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "ed-1", "jwk": scene.idp.keys(&["attacker"])[0]});
    refused("a key that the token brings along", &signed_by("attacker", brought), TokenError::Signature);
    for address in ["jku", "x5u"] {
        let mut linked = header("attacker");
        linked[address] = json!("https://evil.example/jwks.json");
        refused(address, &signed_by("attacker", linked), TokenError::UnknownKey);
    }
    let good = scene.token("ed-1", &scene.claims());
    let promoted = scene.token("attacker", &scene.with(&json!({"role": "admin"})));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (parts(&good), parts(&promoted));
    refused("other claims", &[&ours[0], &*theirs[1], &ours[2]].join("."), TokenError::Signature);
    let others = scene.token("contractors-1", &scene.claims());
    refused("another issuer's key", &others, TokenError::UnknownKey);
}

fn tokens_for_another_use_or_time_are_refused(scene: &Scene) {
    let now = scene.now;
    let changed = |changes: Value| scene.token("ec-1", &scene.with(&changes));
    for (attack, changes, error) in [
        ("an unknown issuer", json!({"iss": "https://evil.example"}), TokenError::Issuer),
        ("nearly the issuer", json!({"iss": format!("{MAIN}/")}), TokenError::Issuer),
        ("no issuer", json!({"iss": null}), TokenError::Issuer),
        ("another issuer's name", json!({"iss": OTHER}), TokenError::UnknownKey),
        ("another audience", json!({"aud": "https://other.example"}), TokenError::Audience),
        ("two audiences", json!({"aud": [EDGE, "https://other.example"]}), TokenError::Claims),
        ("expired", json!({"iat": now - 900, "exp": now - 300}), TokenError::Expired),
        ("issued tomorrow", json!({"iat": now + 86_400, "exp": now + 86_500}), TokenError::NotYetValid),
        ("not valid yet", json!({"nbf": now + 400}), TokenError::NotYetValid),
        ("a life that is too long", json!({"exp": now + 3601}), TokenError::Lifetime),
        ("an end before its beginning", json!({"iat": now, "exp": now - 30}), TokenError::Lifetime),
        ("no end", json!({"exp": null}), TokenError::Claims),
        ("an end that is a text", json!({"exp": (now + 60).to_string()}), TokenError::Claims),
        ("no subject", json!({"sub": null}), TokenError::Claims),
        ("no role", json!({"role": null}), TokenError::Claims),
        ("a long elevation", json!({"elevated_until": now + 1000}), TokenError::Lifetime),
    ] {
        scene.assert_refused(attack, &changed(changes), error);
    }
    for typ in [json!("JWT"), json!("skill-invoke+jwt"), json!("AT+JWT"), json!(null)] {
        let header = json!({"alg": "ES256", "typ": typ, "kid": "ec-1"});
        let token = scene.sign("ec-1", &header, &scene.claims().to_string());
        scene.assert_refused("another type", &token, TokenError::Type);
    }
    let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": "ec-1", "crit": ["b64"], "b64": true});
    let critical = scene.sign("ec-1", &header, &scene.claims().to_string());
    scene.assert_refused("an extension that must be understood", &critical, TokenError::Type);
}

fn tokens_that_two_readers_could_read_differently_are_refused(scene: &Scene) {
    let good = scene.token("ed-1", &scene.claims());
    let refused = |attack, token: &str| scene.assert_refused(attack, token, TokenError::Malformed);
    let parts: Vec<&str> = good.split('.').collect();
    refused("padding at the end", &format!("{good}=="));
    refused("padding within", &[parts[0], &format!("{}=", parts[1]), parts[2]].join("."));
    refused("four parts", &format!("{good}.{}", parts[2]));
    refused("two parts", &[parts[0], parts[1]].join("."));
    refused("no part", "x");
    refused("a space before", &format!(" {good}"));
    // 64 bytes leave four bits of the last character unused; they are zero, or there would be two texts for one value.
    let (rest, last) = good.split_at(good.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let other = alphabet.as_bytes()[alphabet.find(last).unwrap() + 1] as char;
    refused("unused bits that are set", &format!("{rest}{other}"));
    let claims = scene.claims().to_string();
    for (attack, claims) in [
        ("a role twice", claims.replacen('{', r#"{"role":"admin","#, 1)),
        ("an issuer twice", claims.replacen('{', r#"{"iss":"https://evil.example","#, 1)),
        ("a claim twice, once in escapes", claims.replacen('{', r#"{"\u0072ole":"admin","#, 1)),
        ("twice within a claim", claims.replacen('{', r#"{"x":{"y":1,"y":2},"#, 1)),
        ("two documents", format!("{claims}{claims}")),
        ("a list", format!("[{claims}]")),
        ("a nest", format!("{}{}", "[".repeat(2000), "]".repeat(2000))),
    ] {
        refused(attack, &scene.sign("ed-1", &header("ed-1"), &claims));
    }
    let twice = r#"{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"ed-1"}"#;
    refused("an algorithm twice", &scene.idp.sign("ed-1", twice, &claims).unwrap());
}

fn a_token_that_claims_more_than_its_issuer_may_say_is_refused_whole(scene: &Scene) {
    let main = |changes: Value| scene.token("rsa-1", &scene.with(&changes));
    let other = |changes: Value| {
        let mut claims = scene.with(&json!({"iss": OTHER, "role": "contractor"}));
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "contractors-1"});
        scene.sign("contractors-1", &header, &claims.to_string())
    };
    let refused =
        |attack, token: &str, what| scene.assert_refused(attack, token, TokenError::OutOfBounds(what));
    refused("a team of others", &main(json!({"groups": ["finance"]})), "a team");
    refused(
        "one of its teams, and one of others",
        &main(json!({"groups": ["support", "finance"]})),
        "a team",
    );
    refused("a role of others", &other(json!({"role": "agent"})), "a role");
    refused("an elevation", &other(json!({"elevated_until": scene.now + 60})), "an elevation");
    assert!(scene.is_open(&main(json!({"role": "anything", "elevated_until": scene.now + 60}))));
    let page =
        scene.stand.get("/search?q=table", &main(json!({"groups": ["finance"]})), "text/html").unwrap();
    assert_eq!(page.status, 401, "a page is refused too, and not shown as to strangers");
}

fn one_credential_of_bounded_size_is_taken(scene: &Scene) {
    let good = scene.token("ed-1", &scene.claims());
    let bearer = format!("Bearer {good}");
    let body = json!({"skill": "support/hidden"}).to_string().into_bytes();
    let ask =
        |headers: &[(&str, &str)]| scene.stand.request("POST", "/acl/check", headers, body.clone()).unwrap();
    let twice = format!("{bearer}, {bearer}");
    for (case, headers) in [
        ("twice", vec![("authorization", bearer.as_str()), ("authorization", &bearer)]),
        ("with another", vec![("authorization", &bearer), ("authorization", "Basic eDp5")]),
        ("twice in one header", vec![("authorization", &twice)]),
        ("as another scheme", vec![("authorization", "Basic eDp5")]),
    ] {
        let answer = ask(&headers);
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("UNAUTHENTICATED")), "{case}");
    }
    let of_size = |bytes: usize| {
        let padded = |filling: usize| {
            let claims = scene.with(&json!({"filling": "x".repeat(filling)}));
            scene.token("ed-1", &claims)
        };
        let missing = bytes - padded(0).len();
        padded(missing * 3 / 4)
    };
    let (largest, larger) = (of_size(8 << 10), of_size((8 << 10) + 8));
    assert!(largest.len() <= 8 << 10 && larger.len() > 8 << 10, "{} and {}", largest.len(), larger.len());
    assert!(scene.is_open(&largest));
    scene.assert_refused("a large token", &larger, TokenError::TooLarge);
    // The server answers before it has read all of it, and the client may notice only that nobody reads any more.
    if let Ok(answer) = scene.stand.get("/skills/support/hidden", &"a".repeat(1 << 20), "application/json") {
        assert_eq!(answer.status, 431, "{}", answer.text());
    }
    assert!(scene.is_open(&good), "the edge goes on");
}
