//! What a set of keys is read as, and what is refused in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::token::{Algorithm, SigningKey};

fn fixtures() -> Value {
    let text = include_str!("../../../tests/data/tokens.json");
    serde_json::from_str::<Value>(text).unwrap()["jwks"].clone()
}

fn jwk(kid: &str) -> Value {
    let keys = fixtures()["keys"].clone();
    keys.as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap().clone()
}

fn with(kid: &str, member: &str, value: Value) -> Value {
    let mut key = jwk(kid);
    key[member] = value;
    key
}

/// The names of the keys of a set, or why it is refused.
fn read(set: &Value) -> Result<Vec<String>, IdentityKeyError> {
    let keys = IdentityKeys::try_from(Unique(set.clone()))?;
    Ok(keys.iter().map(|key| key.kid().to_owned()).collect())
}

#[test]
fn a_set_and_a_list_of_the_same_keys_are_the_same() {
    let set = fixtures();
    let kids = ["ed-1", "ec-1", "rsa-2048", "rsa-4096"].map(ToOwned::to_owned);
    assert_eq!(read(&set), Ok(kids.to_vec()));
    assert_eq!(read(&set["keys"]), Ok(kids.to_vec()));
    let keys: IdentityKeys = serde_json::from_value(set).unwrap();
    let algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm()).collect();
    assert_eq!(algorithms, [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Rs256]);
}

#[test]
fn keys_that_are_not_for_our_tokens_are_passed_over() {
    for other in [
        with("rsa-2048", "use", json!("enc")),
        with("rsa-2048", "alg", json!("RSA-OAEP")),
        with("rsa-2048", "alg", json!("PS256")),
        with("rsa-2048", "key_ops", json!(["encrypt"])),
        with("ec-1", "crv", json!("P-384")),
        with("ed-1", "crv", json!("Ed448")),
        with("ed-1", "crv", json!("X25519")),
        json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}),
        json!({"kty": "AKP", "kid": "from-the-future"}),
        json!({"kty": "oct"}),
    ] {
        assert_eq!(read(&json!({"keys": [other, jwk("ec-1")]})), Ok(vec!["ec-1".to_owned()]), "{other}");
        assert_eq!(read(&json!([other])), Ok(vec![]));
    }
    for ours in [with("ed-1", "alg", json!("Ed25519")), with("ed-1", "key_ops", json!(["verify"]))] {
        assert_eq!(read(&json!([ours])), Ok(vec!["ed-1".to_owned()]));
    }
}

#[test]
fn a_name_that_is_missing_or_given_twice_is_refused() {
    let twice = json!([jwk("ed-1"), with("ec-1", "kid", json!("ed-1"))]);
    assert_eq!(read(&twice), Err(IdentityKeyError::Repeated("ed-1".to_owned())));
    for kid in [json!(null), json!(""), json!("x".repeat(257))] {
        assert_eq!(read(&json!([with("ed-1", "kid", kid)])), Err(IdentityKeyError::NoKid));
    }
    let apart = json!([jwk("ed-1"), with("rsa-2048", "use", json!("enc"))]);
    assert_eq!(read(&apart), Ok(vec!["ed-1".to_owned()]));
}

#[test]
fn a_private_half_is_refused() {
    let private = serde_json::to_value(SigningKey::from_seed("idp", [1; 32]).unwrap()).unwrap();
    assert_eq!(read(&json!([private])), Err(IdentityKeyError::Private("idp".to_owned())));
    assert_eq!(
        read(&json!([with("rsa-2048", "d", json!("AQAB"))])),
        Err(IdentityKeyError::Private("rsa-2048".to_owned()))
    );
}

#[test]
fn more_keys_than_are_looked_through_are_refused() {
    let key = |at: usize| with("ed-1", "kid", json!(format!("k{at}")));
    let set = |count| Value::from((0..count).map(key).collect::<Vec<_>>());
    assert_eq!(read(&set(MAX_KEYS)).unwrap().len(), MAX_KEYS);
    assert_eq!(read(&set(MAX_KEYS + 1)), Err(IdentityKeyError::TooMany(MAX_KEYS + 1)));
}

/// An odd number of so many bytes.
fn modulus(bytes: usize, first: u8) -> Value {
    let mut number = vec![first];
    number.resize(bytes, 0x5b);
    URL_SAFE_NO_PAD.encode(number).into()
}

#[test]
fn rsa_keys_have_2048_to_4096_bits_and_an_exponent_that_is_not_small() {
    let is_taken = |member: &str, value: Value| match read(&json!([with("rsa-2048", member, value)])) {
        Ok(kids) => kids == ["rsa-2048"],
        Err(error) => {
            assert!(matches!(error, IdentityKeyError::Unusable { .. }), "{error}");
            false
        }
    };
    for (bytes, first, expected) in [
        (256, 0x80, true),
        (512, 0xff, true),
        (256, 0x7f, false),
        (513, 1, false),
        (128, 0x80, false),
        (257, 0, false),
    ] {
        assert_eq!(is_taken("n", modulus(bytes, first)), expected, "{bytes} bytes, the first {first:#x}");
    }
    for (exponent, expected) in [
        ("AQAB", true),
        ("_____w", true),
        ("Aw", false),
        ("AQ", false),
        ("AQAA", false),
        ("AAEAAQ", false),
        ("AQAAAAE", false),
        ("", false),
    ] {
        assert_eq!(is_taken("e", exponent.into()), expected, "{exponent}");
    }
    assert!(!is_taken("n", URL_SAFE_NO_PAD.encode([0x80; 256]).into()), "an even modulus");
    assert!(!is_taken("n", json!("")));
    assert!(!is_taken("n", json!(7)));
    assert!(!is_taken("n", json!(format!("{}=", jwk("rsa-2048")["n"].as_str().unwrap()))));
}

#[test]
fn a_point_off_the_curve_is_no_key() {
    let (x, y) = (jwk("ec-1")["x"].clone(), jwk("ec-1")["y"].clone());
    for (member, value) in [
        ("x", y.clone()),
        ("y", x),
        ("x", json!("AAAA")),
        ("y", json!("")),
        ("y", json!(format!("{}A", y.as_str().unwrap()))),
    ] {
        let refused = read(&json!([with("ec-1", member, value)]));
        assert!(matches!(refused, Err(IdentityKeyError::Unusable { .. })), "{refused:?}");
    }
    let [x, y] =
        ["x", "y"].map(|member| URL_SAFE_NO_PAD.decode(jwk("ec-1")[member].as_str().unwrap()).unwrap());
    let (x, y) = ([&x[..], &y[..1]].concat(), &y[1..]);
    let mut shifted = with("ec-1", "x", URL_SAFE_NO_PAD.encode(x).into());
    shifted["y"] = URL_SAFE_NO_PAD.encode(y).into();
    assert!(read(&json!([shifted])).is_err(), "the same bytes, divided elsewhere");
    let weak = with("ed-1", "x", json!("A".repeat(43)));
    assert!(matches!(read(&json!([weak])), Err(IdentityKeyError::Unusable { .. })), "a point of small order");
}

#[test]
fn what_is_no_set_of_keys_is_refused() {
    for other in
        [json!(null), json!({}), json!({"keys": {}}), json!("keys"), json!([7]), json!([{"kid": "x"}])]
    {
        assert_eq!(read(&other), Err(IdentityKeyError::NotKeys), "{other}");
    }
    let twice = r#"[{"kty": "OKP", "kty": "RSA"}]"#;
    assert!(serde_json::from_str::<IdentityKeys>(twice).is_err());
}

fn any_jwk() -> impl Strategy<Value = Value> {
    let member = prop_oneof!["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "d", "key_ops"];
    let value = prop_oneof![
        "[A-Za-z0-9_=-]{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["sig", "enc", "RSA", "EC", "OKP", "P-256", "RS256", "AQAB"])
            .prop_map(Value::from),
        Just(json!(["verify"])),
        Just(Value::Null),
        any::<u8>().prop_map(Value::from),
    ];
    let key = prop::sample::select(vec!["ed-1", "ec-1", "rsa-2048"]).prop_map(jwk);
    (key, prop::collection::vec((member, value), 0..3)).prop_map(|(mut key, changes)| {
        for (member, value) in changes {
            key[member] = value;
        }
        key
    })
}

proptest! {
    /// Any set is refused, or its keys have names of their own and survive being written.
    #[test]
    fn what_is_read_of_a_set_can_be_written_and_read_again(keys in prop::collection::vec(any_jwk(), 0..4)) {
        if let Ok(read) = serde_json::from_value::<IdentityKeys>(json!({"keys": keys})) {
            let written = serde_json::to_value(&read).unwrap();
            let again: IdentityKeys = serde_json::from_value(written.clone()).unwrap();
            prop_assert_eq!(serde_json::to_value(&again).unwrap(), written);
            for key in read.iter() {
                prop_assert!(again.get(key.kid()).unwrap().is_same_pair(key));
            }
        }
    }
}
