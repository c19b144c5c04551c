//! Who a token proves its bearer to be, for issuers of every kind of key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::token::{Algorithm, Bound, Bounds, ClaimNames, IdentityKey, SigningKey, sign};

const NOW: u64 = 1_800_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&format!("idp-{seed}"), [seed; 32]).unwrap()
}

fn issuer(seed: u8) -> Issuer {
    Issuer {
        issuer: format!("https://idp-{seed}"),
        audience: "https://skills".to_owned(),
        max_lifetime: 3600,
        ..Issuer::development(&key(seed).public())
    }
}

fn claims(seed: u8) -> IdentityClaims {
    IdentityClaims {
        iss: format!("https://idp-{seed}"),
        aud: "https://skills".to_owned(),
        sub: "agent-7".to_owned(),
        iat: NOW,
        exp: NOW + 3600,
        role: "support-agent".parse().unwrap(),
        teams: ["support".parse().unwrap()].into(),
        elevated_until: None,
    }
}

/// The caller of a token that came as a bearer token.
fn caller_from_token(token: &str, issuers: &[Issuer], now: u64) -> Result<Caller, TokenError> {
    let token = IdentityToken::parse(token)?;
    let issuer = token.issuer(issuers, TokenHeader::Authorization)?;
    token.caller(issuer, issuer.keys.inline().unwrap(), now)
}

fn at(claims: &IdentityClaims, issuers: &[Issuer], now: u64) -> Result<Caller, TokenError> {
    caller_from_token(&sign(claims, "at+jwt", &key(1)).unwrap(), issuers, now)
}

/// What an issuer says of a token of these claims, which need not be those that we would write.
fn told(claims: &Value, issuer: &Issuer) -> Result<Caller, TokenError> {
    caller_from_token(&sign(claims, "at+jwt", &key(1)).unwrap(), std::slice::from_ref(issuer), NOW)
}

fn written(name: &str, value: Value) -> Value {
    let mut claims = serde_json::to_value(claims(1)).unwrap();
    claims[name] = value;
    claims
}

#[test]
fn an_elevation_is_short_from_the_issue_of_the_token_on() {
    let at = |elevated_until, now| {
        at(&IdentityClaims { elevated_until: Some(elevated_until), ..claims(1) }, &[issuer(1)], now)
    };
    let until = NOW + MAX_ELEVATION_SECONDS;
    assert!(at(until, NOW).unwrap().is_elevated(NOW));
    assert!(!at(until, until).unwrap().is_elevated(until));
    for now in [NOW, NOW + 1, NOW + 1800] {
        assert_eq!(at(until + 1, now), Err(TokenError::Lifetime), "an elevation that begins later");
    }
}

#[test]
fn each_issuer_speaks_for_itself_alone() {
    let issuers = [issuer(1), issuer(2)];
    let from = |claims: &IdentityClaims, seed| {
        caller_from_token(&sign(claims, "at+jwt", &key(seed)).unwrap(), &issuers, NOW)
    };
    assert_eq!(from(&claims(2), 2).unwrap().issuer, "https://idp-2");
    assert_eq!(from(&claims(1), 2), Err(TokenError::UnknownKey), "one issuer's key, the other's name");
    assert_eq!(from(&claims(3), 3), Err(TokenError::Issuer), "an issuer that is not configured");
    assert_eq!(caller_from_token("", &issuers, NOW), Err(TokenError::Malformed));
    assert_eq!(at(&claims(1), &[], NOW), Err(TokenError::Issuer));
}

#[test]
fn an_issuer_is_believed_by_its_own_header_alone() {
    let by_access = Issuer { header: TokenHeader::CloudflareAccess, ..issuer(2) };
    let issuers = [issuer(1), by_access];
    let chosen = |seed, header| {
        let token = sign(&claims(seed), "at+jwt", &key(seed)).unwrap();
        IdentityToken::parse(&token).unwrap().issuer(&issuers, header).map(|issuer| issuer.issuer.clone())
    };
    let (bearer, access) = (TokenHeader::Authorization, TokenHeader::CloudflareAccess);
    assert_eq!(chosen(1, bearer), Ok("https://idp-1".to_owned()));
    assert_eq!(chosen(2, access), Ok("https://idp-2".to_owned()));
    assert_eq!(chosen(2, bearer), Err(TokenError::Issuer));
    assert_eq!(chosen(1, access), Err(TokenError::Issuer));
}

#[test]
fn the_rules_of_one_issuer_are_not_those_of_another() {
    let short = Issuer { max_lifetime: 60, typ: vec!["JWT".to_owned()], ..issuer(2) };
    let issuers = [issuer(1), short];
    assert!(at(&claims(1), &issuers, NOW).is_ok());
    let from_second =
        |typ: &str, life| sign(&IdentityClaims { exp: NOW + life, ..claims(2) }, typ, &key(2)).unwrap();
    let outcome = |token: &str| caller_from_token(token, &issuers, NOW).map(drop);
    assert_eq!(outcome(&from_second("at+jwt", 60)), Err(TokenError::Type));
    assert_eq!(outcome(&from_second("JWT", 61)), Err(TokenError::Lifetime));
    assert_eq!(outcome(&from_second("JWT", 60)), Ok(()));
}

#[test]
fn a_token_that_claims_more_than_its_issuer_may_say_is_refused_whole() {
    let bounds = Bounds {
        teams: Bound::Only(["support".parse().unwrap()].into()),
        roles: Bound::Only(["support-agent".parse().unwrap()].into()),
        may_elevate: false,
    };
    let with = |bounds: Bounds, name: &str, value: Value| {
        told(&written(name, value), &Issuer { bounds: Some(bounds), ..issuer(1) }).map(drop)
    };
    let tight = || bounds.clone();
    assert_eq!(with(tight(), "teams", json!(["support"])), Ok(()));
    assert_eq!(with(tight(), "teams", json!([])), Ok(()));
    let refused = |what| Err(TokenError::OutOfBounds(what));
    assert_eq!(with(tight(), "teams", json!(["support", "finance"])), refused("a team"));
    assert_eq!(with(tight(), "role", json!("finance-agent")), refused("a role"));
    assert_eq!(with(tight(), "elevated_until", json!(NOW + 60)), refused("an elevation"));
    assert_eq!(with(tight(), "elevated_until", json!(0)), refused("an elevation"));
    let open = Bounds { teams: Bound::Any, roles: Bound::Any, may_elevate: true };
    assert_eq!(with(open.clone(), "teams", json!(["support", "finance"])), Ok(()));
    assert_eq!(with(open.clone(), "role", json!("finance-agent")), Ok(()));
    assert_eq!(with(open, "elevated_until", json!(NOW + 60)), Ok(()));
}

#[test]
fn bounds_say_nothing_to_whom_the_signature_does_not_convince() {
    let nothing = Bound::Only(std::collections::BTreeSet::new());
    let bounds = Bounds { teams: Bound::Any, roles: nothing, may_elevate: false };
    let issuer = Issuer { bounds: Some(bounds), ..issuer(1) };
    let forger = SigningKey::from_seed("idp-1", [9; 32]).unwrap();
    let forged = sign(&claims(1), "at+jwt", &forger).unwrap();
    assert_eq!(caller_from_token(&forged, &[issuer], NOW), Err(TokenError::Signature));
}

#[test]
fn claims_are_read_under_the_names_that_the_issuer_uses() {
    let names = ClaimNames {
        role: "https://example.com/role".to_owned(),
        teams: "groups".to_owned(),
        ..ClaimNames::default()
    };
    let issuer = Issuer { claims: names, ..issuer(1) };
    let mut claims = written("https://example.com/role", json!("auditor"));
    claims["groups"] = json!(["finance"]);
    let caller = told(&claims, &issuer).unwrap();
    assert_eq!(caller.role.as_str(), "auditor", "not the claim `role`, which this issuer leaves to others");
    assert_eq!(caller.teams, ["finance".parse().unwrap()].into());
    assert_eq!(told(&written("role", json!("auditor")), &issuer), Err(TokenError::Claims));
}

#[test]
fn the_program_that_a_token_was_issued_to_is_told_where_the_issuer_names_its_claim() {
    let naming = |client: Option<&str>| Issuer {
        claims: ClaimNames { client: client.map(str::to_owned), ..ClaimNames::default() },
        ..issuer(1)
    };
    let told = |value, client| told(&written("azp", value), &naming(client)).map(|caller| caller.client);
    assert_eq!(told(json!("desk"), Some("azp")), Ok(Some("desk".to_owned())));
    assert_eq!(told(json!("desk"), Some("client_id")), Ok(None));
    assert_eq!(told(json!("desk"), None), Ok(None));
    assert_eq!(told(json!(7), None), Ok(None));
    assert_eq!(told(json!(7), Some("azp")), Err(TokenError::Claims));
}

#[test]
fn a_claim_may_lie_within_another() {
    let at = |role: &str| {
        let names =
            ClaimNames { role: role.to_owned(), teams: "/custom/groups".to_owned(), ..ClaimNames::default() };
        let mut claims = written("custom", json!({"groups": ["finance"], "a/b": ["x", "auditor"]}));
        claims["/c~d"] = json!("auditor");
        told(&claims, &Issuer { claims: names, ..issuer(1) })
    };
    for role in ["/custom/a~1b/1", "/~1c~0d"] {
        let caller = at(role).unwrap();
        assert_eq!((caller.role.as_str(), caller.teams), ("auditor", ["finance".parse().unwrap()].into()));
    }
    for missing in ["/custom/role", "/custom/a/b/1", "/custom/a~1b/2", "/role/", "custom/a~1b/1"] {
        assert_eq!(at(missing), Err(TokenError::Claims), "{missing}");
    }
}

#[test]
fn claims_of_another_form_are_refused() {
    for (name, value) in [
        ("role", json!(null)),
        ("role", json!(["support-agent"])),
        ("role", json!("Support Agent")),
        ("teams", json!("support")),
        ("teams", json!(["Support Team"])),
        ("teams", json!(null)),
        ("elevated_until", json!(true)),
        ("elevated_until", json!(-1)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("aud", json!(["https://skills", "https://other"])),
        ("aud", json!([])),
    ] {
        assert_eq!(
            told(&written(name, value.clone()), &issuer(1)),
            Err(TokenError::Claims),
            "{name}: {value}"
        );
    }
    assert!(told(&written("elevated_until", json!(null)), &issuer(1)).is_ok());
    assert!(told(&written("aud", json!(["https://skills"])), &issuer(1)).is_ok());
    assert_eq!(told(&written("aud", json!(["https://other"])), &issuer(1)), Err(TokenError::Audience));
}

/// Keys of every kind and a token of each, made by Node.
fn fixtures() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/tokens.json")).unwrap()
}

fn of_every_kind() -> Issuer {
    Issuer {
        issuer: "https://idp.example.com".to_owned(),
        audience: "https://skills.example.com".to_owned(),
        keys: serde_json::from_value(fixtures()["jwks"].clone()).unwrap(),
        algorithms: [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256].into(),
        claims: ClaimNames {
            role: "https://example.com/role".to_owned(),
            teams: "groups".to_owned(),
            ..ClaimNames::default()
        },
        ..issuer(1)
    }
}

fn tokens() -> Vec<(String, String)> {
    let tokens = fixtures()["tokens"].as_object().unwrap().clone();
    tokens.into_iter().map(|(kid, token)| (kid, token.as_str().unwrap().to_owned())).collect()
}

fn outcome(token: &str) -> Result<Caller, TokenError> {
    caller_from_token(token, &[of_every_kind()], NOW)
}

#[test]
fn tokens_of_every_algorithm_that_node_signed_are_verified() {
    for (kid, token) in tokens() {
        let caller = outcome(&token).unwrap();
        assert_eq!((caller.subject.as_str(), caller.role.as_str()), ("agent-7", "support-agent"), "{kid}");
        assert_eq!(caller.teams, ["support".parse().unwrap()].into());
    }
}

#[test]
fn an_algorithm_that_the_issuer_does_not_list_is_refused() {
    for (kid, token) in tokens() {
        let mut issuer = of_every_kind();
        issuer.algorithms.remove(&issuer.keys.inline().unwrap().get(&kid).unwrap().algorithm());
        assert_eq!(caller_from_token(&token, &[issuer], NOW), Err(TokenError::UnknownKey), "{kid}");
    }
}

/// The token with another header, and everything else as it was.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn the_header_cannot_choose_the_algorithm_of_a_key() {
    for (kid, token) in tokens() {
        let algorithm = of_every_kind().keys.inline().unwrap().get(&kid).unwrap().algorithm();
        let algs = ["none", "HS256", "EdDSA", "ES256", "RS256", "RS512", "PS256", "ES384"];
        for alg in algs.into_iter().filter(|alg| *alg != algorithm.name()) {
            let altered = with_header(&token, &json!({"alg": alg, "typ": "at+jwt", "kid": kid}));
            assert_eq!(outcome(&altered), Err(TokenError::Type), "{alg} for {kid}");
        }
        for other in ["ed-1", "ec-1", "rsa-2048", "rsa-4096"].into_iter().filter(|other| *other != kid) {
            let other_alg = of_every_kind().keys.inline().unwrap().get(other).unwrap().algorithm();
            let altered = with_header(&token, &json!({"alg": other_alg, "typ": "at+jwt", "kid": other}));
            assert_eq!(outcome(&altered), Err(TokenError::Signature), "the key of {kid} as {other}");
        }
    }
}

#[test]
fn signatures_of_zeros_or_in_another_form_are_refused() {
    for (kid, token) in tokens() {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let length = URL_SAFE_NO_PAD.decode(signature).unwrap().len();
        for bytes in [vec![], vec![0; length], vec![0xff; length], vec![0; length - 1], vec![1; length + 1]] {
            let altered = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(outcome(&altered), Err(TokenError::Signature), "{kid}");
        }
    }
}

#[test]
fn two_keys_are_good_at_once_while_an_issuer_changes_them() {
    let both = json!([key(1).public(), key(2).public()]);
    let issuer = |keys: &Value| Issuer { keys: serde_json::from_value(keys.clone()).unwrap(), ..issuer(1) };
    let (former, next) = (key(1), key(2));
    for (signer, keys, expected) in [
        (&former, &both, None),
        (&next, &both, None),
        (&former, &json!([next.public()]), Some(TokenError::UnknownKey)),
    ] {
        let token = sign(&claims(1), "at+jwt", signer).unwrap();
        assert_eq!(caller_from_token(&token, &[issuer(keys)], NOW).err(), expected);
    }
}

#[test]
fn a_key_of_a_head_and_the_same_key_of_an_issuer_are_one_pair() {
    let (one, renamed) = (key(1), SigningKey::from_seed("other", [1; 32]).unwrap());
    let identity = |key: &SigningKey| IdentityKey::from(&key.public());
    assert!(identity(&one).is_same_pair(&identity(&renamed)));
    assert!(!identity(&one).is_same_pair(&identity(&key(2))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Changing any one character of a token of any algorithm never makes another that is accepted.
    #[test]
    fn one_changed_character_is_never_accepted(which in 0usize..4, at: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let (_, good) = tokens().swap_remove(which);
        let mut altered = good.clone();
        let at = at.index(good.len());
        altered.replace_range(at..=at, &to);
        prop_assert_eq!(outcome(&altered).is_ok(), altered == good);
    }
}

/// What the issuer says of an ID token of these claims for the sign-in of the client `guildhall` with the nonce `n`.
fn signed_in(claims: &Value, typ: &str) -> Result<Caller, TokenError> {
    let token = sign(claims, typ, &key(1)).unwrap();
    let issuer = issuer(1);
    let sign_in = SignIn { client_id: "guildhall", nonce: "n" };
    IdentityToken::parse(&token)?.signed_in(&issuer, issuer.keys.inline().unwrap(), sign_in, NOW)
}

fn id_token() -> Value {
    let mut claims = written("aud", json!("guildhall"));
    claims["nonce"] = json!("n");
    claims
}

#[test]
fn an_id_token_is_for_the_client_and_for_one_sign_in() {
    assert_eq!(signed_in(&id_token(), "JWT").unwrap().subject, "agent-7");
    let with = |name: &str, value: Value| {
        let mut claims = id_token();
        claims[name] = value;
        signed_in(&claims, "JWT").unwrap_err()
    };
    assert_eq!(with("aud", json!("https://skills")), TokenError::Audience);
    assert_eq!(with("azp", json!("another")), TokenError::Audience);
    assert_eq!(with("nonce", json!("m")), TokenError::Claims);
    assert_eq!(with("nonce", Value::Null), TokenError::Claims);
    assert_eq!(signed_in(&id_token(), "at+jwt"), Err(TokenError::Type), "an access token is none");
}

#[test]
fn an_id_token_is_no_access_token() {
    let token = sign(&id_token(), "JWT", &key(1)).unwrap();
    assert_eq!(caller_from_token(&token, &[issuer(1)], NOW), Err(TokenError::Type));
}
