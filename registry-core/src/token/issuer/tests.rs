//! Which issuers are refused, and what their operator is told.

use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    let text = include_str!("../../../tests/data/tokens.json");
    let fixtures: Value = serde_json::from_str(text).unwrap();
    json!({
        "issuer": "https://idp.example.com",
        "audience": "https://skills.example.com",
        "typ": ["at+jwt"],
        "keys": fixtures["jwks"],
        "algorithms": ["EdDSA", "ES256", "RS256"],
        "claims": {"role": "role", "teams": "groups"},
        "bounds": {"teams": ["support"], "roles": ["*"], "may_elevate": true},
        "max_lifetime": 3600,
    })
}

fn with(member: &str, value: Value) -> Issuer {
    let mut issuer = good();
    issuer[member] = value;
    serde_json::from_value(issuer).unwrap()
}

fn fault(issuer: Issuer) -> Option<String> {
    check_issuers(&[issuer], false).err().map(|error| error.to_string())
}

#[test]
fn an_issuer_survives_being_written() {
    let issuer: Issuer = serde_json::from_value(good()).unwrap();
    assert_eq!(fault(issuer.clone()), None);
    let written = serde_json::to_value(&issuer).unwrap();
    let again: Issuer = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), written);
    assert_eq!(written["claims"]["elevated_until"], "elevated_until");
    assert_eq!(written["bounds"], good()["bounds"]);
}

#[test]
fn what_makes_an_issuer_unusable_is_told_with_what_to_do() {
    let of = |member, value| fault(with(member, value)).unwrap();
    insta::assert_snapshot!(of("bounds", json!(null)), @r#"the issuer `https://idp.example.com` has no `bounds`; say which teams and roles it may give, as in `"bounds": {"teams": ["support"], "roles": ["*"], "may_elevate": false}`"#);
    insta::assert_snapshot!(of("algorithms", json!(["EdDSA", "RS256"])), @"the key `ec-1` of the issuer `https://idp.example.com` is for ES256, which its `algorithms` do not list; add it there or leave out the key");
    insta::assert_snapshot!(of("algorithms", json!([])), @"`algorithms` of the issuer `https://idp.example.com` is empty or has nothing usable in it; no token could be accepted");
    insta::assert_snapshot!(of("keys", json!([{"kty": "oct"}])), @"`keys` of the issuer `https://idp.example.com` is empty or has nothing usable in it; no token could be accepted");
    insta::assert_snapshot!(of("typ", json!([])), @"`typ` of the issuer `https://idp.example.com` is empty or has nothing usable in it; no token could be accepted");
    insta::assert_snapshot!(of("max_lifetime", json!(86_401)), @"`max_lifetime` of the issuer `https://idp.example.com` must be from 1 to 86400 seconds");
    insta::assert_snapshot!(of("claims", json!({"teams": "sub"})), @"`claims` of the issuer `https://idp.example.com` must be different names, none of them empty or a registered claim");
    let twice = [with("max_lifetime", json!(1)), with("max_lifetime", json!(2))];
    insta::assert_snapshot!(check_issuers(&twice, true).unwrap_err(), @"the issuer `https://idp.example.com` is there twice; put the keys of both into one");
}

#[test]
fn keys_over_plain_http_are_for_development() {
    let at = |url: &str| with("keys", json!({"url": url}));
    let plain = at("http://127.0.0.1:9/keys");
    insta::assert_snapshot!(fault(plain.clone()).unwrap(), @"the keys of the issuer `https://idp.example.com` lie at `http://127.0.0.1:9/keys`, and plain HTTP is for development mode; give an `https://` address");
    assert_eq!(check_issuers(&[plain], true), Ok(()));
    assert_eq!(fault(at("https://idp.example.com/keys")), None);
    assert_eq!(fault(with("keys", json!({"file": "keys.json"}))), None);
}

#[test]
fn tokens_come_by_authorization_unless_another_header_is_named() {
    let issuer: Issuer = serde_json::from_value(good()).unwrap();
    assert_eq!(issuer.header, TokenHeader::Authorization);
    let access = with("header", json!("Cf-Access-Jwt-Assertion"));
    assert_eq!(access.header, TokenHeader::CloudflareAccess);
    let mut other = good();
    other["header"] = json!("Cookie");
    assert!(serde_json::from_value::<Issuer>(other).is_err());
}

#[test]
fn names_of_claims_stand_for_one_thing_each() {
    for claims in [
        json!({"role": ""}),
        json!({"role": "/"}),
        json!({"role": "teams"}),
        json!({"role": "/teams"}),
        json!({"elevated_until": "exp"}),
        json!({"role": "/sub"}),
        json!({"role": "/aud/0"}),
        json!({"client": "role"}),
        json!({"client": "sub"}),
    ] {
        assert!(matches!(check_issuers(&[with("claims", claims)], true), Err(IssuerError::ClaimNames(_))));
    }
    let within = json!({"role": "/custom/role", "teams": "/custom/groups"});
    assert_eq!(check_issuers(&[with("claims", within)], true), Ok(()));
}

#[test]
fn bounds_are_names_or_a_star_alone() {
    let is_read = |bounds: Value| {
        let mut issuer = good();
        issuer["bounds"] = bounds;
        serde_json::from_value::<Issuer>(issuer).is_ok()
    };
    assert!(is_read(json!({"teams": [], "roles": []})));
    assert!(is_read(json!({"teams": ["*"], "roles": ["*"]})));
    assert!(!is_read(json!({"teams": ["*", "support"], "roles": []})));
    assert!(!is_read(json!({"teams": ["Support"], "roles": []})));
    assert!(!is_read(json!({"teams": ["support"]})), "roles are not said");
    assert!(!is_read(json!({"teams": [], "roles": [], "elevate": true})), "a key that means nothing");
}
