//! Each rule broken alone, each refused by its own error.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: u64 = 1_800_000_000;
const EXPECTED: Expected<'static> = Expected {
    issuer: "https://edge",
    audience: "sandbox-1",
    types: &["skill-invoke+jwt"],
    max_lifetime: 60,
};

fn key() -> SigningKey {
    SigningKey::from_seed("edge-1", [3; 32]).unwrap()
}

fn claims() -> Value {
    json!({"iss": "https://edge", "aud": "sandbox-1", "iat": NOW, "nbf": NOW, "exp": NOW + 60, "jti": "x"})
}

/// A token of any header and claims text, signed by the right key.
fn raw(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key().sign(signed.as_bytes()).unwrap();
    format!("{signed}.{signature}")
}

const HEADER: &str = r#"{"alg":"EdDSA","typ":"skill-invoke+jwt","kid":"edge-1"}"#;

fn outcome(token: &str) -> Result<Value, TokenError> {
    verify(token, &[key().public()], EXPECTED, NOW)
}

fn with_claim(name: &str, value: Value) -> Result<Value, TokenError> {
    let mut claims = claims();
    claims[name] = value;
    outcome(&sign(&claims, "skill-invoke+jwt", &key()).unwrap())
}

#[test]
fn a_good_token_verifies() {
    assert_eq!(outcome(&sign(&claims(), "skill-invoke+jwt", &key()).unwrap()), Ok(claims()));
    assert_eq!(outcome(&raw(HEADER, &claims().to_string())), Ok(claims()));
}

#[test]
fn each_claim_that_is_wrong_is_refused() {
    assert_eq!(with_claim("iss", json!("https://other")), Err(TokenError::Issuer));
    assert_eq!(with_claim("aud", json!("sandbox-2")), Err(TokenError::Audience));
    assert_eq!(with_claim("aud", json!(["sandbox-1", "sandbox-2"])), Err(TokenError::Claims));
    assert_eq!(with_claim("exp", json!(NOW + 61)), Err(TokenError::Lifetime));
    assert_eq!(with_claim("iat", json!(NOW + 61)), Err(TokenError::NotYetValid));
    assert_eq!(with_claim("nbf", json!(NOW + 61)), Err(TokenError::NotYetValid));
    assert_eq!(with_claim("exp", json!(u64::MAX)), Err(TokenError::Lifetime));
    assert_eq!(with_claim("exp", json!(null)), Err(TokenError::Claims));
    assert_eq!(with_claim("exp", json!("1900000000")), Err(TokenError::Claims));
    assert_eq!(with_claim("exp", json!(1.8e9)), Err(TokenError::Claims));
}

#[test]
fn expiry_allows_the_skew_and_no_more() {
    let at = |now| {
        let token = sign(&claims(), "skill-invoke+jwt", &key()).unwrap();
        verify::<Value>(&token, &[key().public()], EXPECTED, now).map(|_| ())
    };
    assert_eq!(at(NOW + 60 + SKEW_SECONDS - 1), Ok(()));
    assert_eq!(at(NOW + 60 + SKEW_SECONDS), Err(TokenError::Expired));
    assert_eq!(at(NOW - SKEW_SECONDS), Ok(()));
    assert_eq!(at(NOW - SKEW_SECONDS - 1), Err(TokenError::NotYetValid));
}

#[test]
fn each_header_that_is_wrong_is_refused() {
    let with = |header: &str| outcome(&raw(header, &claims().to_string())).map(|_| ());
    assert_eq!(with(r#"{"alg":"none","typ":"skill-invoke+jwt","kid":"edge-1"}"#), Err(TokenError::Type));
    assert_eq!(with(r#"{"alg":"HS256","typ":"skill-invoke+jwt","kid":"edge-1"}"#), Err(TokenError::Type));
    assert_eq!(with(r#"{"alg":"EdDSA","typ":"JWT","kid":"edge-1"}"#), Err(TokenError::Type));
    assert_eq!(with(r#"{"alg":"EdDSA","kid":"edge-1"}"#), Err(TokenError::Type));
    assert_eq!(
        with(r#"{"alg":"EdDSA","typ":"skill-invoke+jwt","kid":"edge-1","crit":["x"]}"#),
        Err(TokenError::Type)
    );
    assert_eq!(
        with(r#"{"alg":"EdDSA","typ":"skill-invoke+jwt","kid":"edge-2"}"#),
        Err(TokenError::UnknownKey)
    );
    assert_eq!(with(r#"{"alg":"EdDSA","typ":"skill-invoke+jwt"}"#), Err(TokenError::UnknownKey));
    assert_eq!(
        with(r#"{"alg":"none","alg":"EdDSA","typ":"skill-invoke+jwt","kid":"edge-1"}"#),
        Err(TokenError::Malformed)
    );
}

#[test]
fn an_embedded_key_is_ignored() {
    let attacker = SigningKey::from_seed("edge-1", [9; 32]).unwrap();
    let jwk = serde_json::to_string(&attacker.public()).unwrap();
    let header = format!(
        r#"{{"alg":"EdDSA","typ":"skill-invoke+jwt","kid":"edge-1","jwk":{jwk},"jku":"https://evil"}}"#
    );
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
    let token = format!("{signed}.{}", attacker.sign(signed.as_bytes()).unwrap());
    assert_eq!(outcome(&token), Err(TokenError::Signature));
}

#[test]
fn what_is_written_twice_is_refused() {
    let claims = format!(r#"{{"iss":"https://evil",{}"#, claims().to_string().trim_start_matches('{'));
    assert_eq!(outcome(&raw(HEADER, &claims)), Err(TokenError::Malformed));
    let nested = super::tests::claims().to_string().replace(r#""jti":"x""#, r#""jti":{"a":1,"a":2}"#);
    assert_eq!(outcome(&raw(HEADER, &nested)), Err(TokenError::Malformed));
}

#[test]
fn encoding_tricks_are_refused() {
    let good = sign(&claims(), "skill-invoke+jwt", &key()).unwrap();
    assert_eq!(outcome(&format!("{good}=")).map(|_| ()), Err(TokenError::Malformed));
    assert_eq!(outcome(&good.replacen('.', "=.", 1)).map(|_| ()), Err(TokenError::Malformed));
    assert_eq!(outcome(&format!("{good}.x")).map(|_| ()), Err(TokenError::Malformed));
    assert_eq!(outcome("").map(|_| ()), Err(TokenError::Malformed));
    assert_eq!(outcome(&"a".repeat(1 << 20)).map(|_| ()), Err(TokenError::TooLarge));
}

proptest! {
    /// Changing any one character of a token never yields claims other than those signed.
    #[test]
    fn one_changed_character_never_changes_what_is_accepted(at in 0usize..1000, to in "[A-Za-z0-9_.=-]") {
        let good = sign(&claims(), "skill-invoke+jwt", &key()).unwrap();
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = to.as_bytes()[0];
        let altered = String::from_utf8(bytes).unwrap();
        if altered != good {
            prop_assert!(outcome(&altered).is_err());
        }
    }
}
