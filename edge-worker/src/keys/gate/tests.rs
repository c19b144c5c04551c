//! Who reads an issuer's keys when, and until when they are believed.

use registry_core::token::SigningKey;
use serde_json::json;

use super::*;

const NOW: u64 = 1_800_000_000;
const HOUR: u64 = 60 * 60;

fn keys(kids: &[&str]) -> IdentityKeys {
    let key = |(seed, kid): (u8, &&str)| SigningKey::from_seed(kid, [seed; 32]).unwrap().public();
    serde_json::from_value(json!((1..).zip(kids).map(key).collect::<Vec<_>>())).unwrap()
}

fn at_address() -> Gate {
    Gate::new(&KeyPlace::Url { url: "https://idp/keys".parse().unwrap() })
}

fn in_file() -> Gate {
    Gate::new(&KeyPlace::File { file: "keys.json".to_owned() })
}

/// A gate that read these keys at [`NOW`].
fn holding(mut gate: Gate, kids: &[&str]) -> Gate {
    assert_eq!(told(&mut gate, kids[0], NOW), "turn");
    gate.settle(Some(kids[0]), Some(keys(kids)), NOW);
    gate
}

/// What a token is told: by a set that has its key (`known`) or not (`unknown`), or what else.
fn told(gate: &mut Gate, kid: &str, now: u64) -> &'static str {
    match gate.look(kid, now) {
        Look::Keys(keys) if keys.get(kid).is_some() => "known",
        Look::Keys(_) => "unknown",
        Look::Turn => "turn",
        Look::Wait => "wait",
        Look::Nothing => "nothing",
    }
}

/// How many reads, each of which `read` answers, a token a second causes.
fn reads(gate: &mut Gate, kid: &str, seconds: u64, read: impl Fn() -> Option<IdentityKeys>) -> usize {
    let mut turns = 0;
    for now in (NOW..).take(usize::try_from(seconds).unwrap()) {
        if told(gate, kid, now) == "turn" {
            turns += 1;
            gate.settle(Some(kid), read(), now);
        }
    }
    turns
}

#[test]
fn the_first_token_has_the_set_read_and_others_wait_for_it() {
    let mut gate = at_address();
    assert_eq!(told(&mut gate, "a", NOW), "turn");
    assert_eq!(told(&mut gate, "a", NOW), "wait");
    assert_eq!(told(&mut gate, "b", NOW + 1), "wait");
    gate.settle(Some("a"), Some(keys(&["a"])), NOW + 1);
    assert_eq!(told(&mut gate, "a", NOW + 1), "known");
}

#[test]
fn an_unknown_key_is_looked_for_once_a_minute_however_many_tokens_name_one() {
    let mut gate = holding(at_address(), &["a"]);
    assert_eq!(reads(&mut gate, "other", 600, || Some(keys(&["a"]))), 10);
    let mut failing = holding(at_address(), &["a"]);
    assert_eq!(reads(&mut failing, "other", 600, || None), 10, "the issuer does not answer");
    let mut first = at_address();
    assert_eq!(reads(&mut first, "other", 60, || Some(keys(&["a"]))), 1, "the first read counts");
}

#[test]
fn a_flood_of_unknown_keys_does_not_hold_up_known_ones() {
    let mut gate = holding(at_address(), &["a"]);
    assert_eq!(told(&mut gate, "other", NOW + 1), "turn");
    assert_eq!(told(&mut gate, "other", NOW + 1), "wait");
    assert_eq!(told(&mut gate, "a", NOW + 1), "known");
    gate.settle(Some("other"), None, NOW + 2);
    assert_eq!(told(&mut gate, "other", NOW + 2), "unknown");
    assert_eq!(told(&mut gate, "a", NOW + 2), "known");
}

#[test]
fn a_new_key_is_found_at_once_and_one_that_was_taken_out_is_gone() {
    let mut gate = holding(at_address(), &["a"]);
    assert_eq!(told(&mut gate, "b", NOW + 1), "turn");
    gate.settle(Some("b"), Some(keys(&["a", "b"])), NOW + 1);
    assert_eq!(told(&mut gate, "a", NOW + 2), "known");
    assert_eq!(told(&mut gate, "b", NOW + 2), "known");
    assert!(gate.takes_turn_to_refresh(NOW + 1 + FRESH_SECONDS));
    gate.settle(None, Some(keys(&["b"])), NOW + 1 + FRESH_SECONDS);
    assert_eq!(told(&mut gate, "b", NOW + 2 + FRESH_SECONDS), "known");
    assert_ne!(told(&mut gate, "a", NOW + 2 + FRESH_SECONDS), "known");
}

#[test]
fn a_set_is_refreshed_when_it_is_ten_minutes_old() {
    let mut gate = holding(at_address(), &["a"]);
    assert!(!gate.takes_turn_to_refresh(NOW + FRESH_SECONDS - 1));
    assert!(gate.takes_turn_to_refresh(NOW + FRESH_SECONDS));
    assert!(!gate.takes_turn_to_refresh(NOW + FRESH_SECONDS), "one has the turn");
    gate.settle(None, None, NOW + FRESH_SECONDS + 1);
    assert!(!gate.takes_turn_to_refresh(NOW + FRESH_SECONDS + REST_SECONDS - 1), "it did not answer");
    assert!(gate.takes_turn_to_refresh(NOW + FRESH_SECONDS + REST_SECONDS));
    assert!(!at_address().takes_turn_to_refresh(NOW), "nobody asked for it yet");
}

#[test]
fn an_old_set_is_believed_while_the_issuer_does_not_answer_until_it_is_a_day_old() {
    let mut gate = holding(at_address(), &["a"]);
    for hour in 1..24 {
        assert!(gate.takes_turn_to_refresh(NOW + hour * HOUR));
        gate.settle(None, None, NOW + hour * HOUR);
        assert_eq!(told(&mut gate, "a", NOW + hour * HOUR), "known", "after {hour} hours");
    }
    assert_eq!(told(&mut gate, "a", NOW + LIFE_SECONDS - 1), "known");
    assert_eq!(
        told(&mut gate, "a", NOW + LIFE_SECONDS),
        "turn",
        "it must be read before anything is believed"
    );
    assert!(gate.settle(Some("a"), None, NOW + LIFE_SECONDS).is_none());
    assert_eq!(told(&mut gate, "a", NOW + LIFE_SECONDS + 1), "nothing");
    assert_eq!(told(&mut gate, "a", NOW + LIFE_SECONDS + RETRY_SECONDS), "turn");
    gate.settle(Some("a"), Some(keys(&["a"])), NOW + LIFE_SECONDS + RETRY_SECONDS);
    assert_eq!(told(&mut gate, "a", NOW + 2 * LIFE_SECONDS), "known");
}

#[test]
fn without_a_set_the_issuer_is_asked_every_ten_seconds_at_most() {
    assert_eq!(reads(&mut at_address(), "a", 60, || None), 6);
}

#[test]
fn a_file_is_read_again_every_minute_and_never_too_old() {
    let mut gate = holding(in_file(), &["a"]);
    assert!(!gate.takes_turn_to_refresh(NOW + REST_SECONDS - 1));
    assert!(gate.takes_turn_to_refresh(NOW + REST_SECONDS));
    gate.settle(None, None, NOW + REST_SECONDS);
    assert_eq!(told(&mut gate, "a", NOW + 30 * LIFE_SECONDS), "known");
}

#[test]
fn a_turn_that_was_lost_is_given_to_another() {
    let mut gate = at_address();
    assert_eq!(told(&mut gate, "a", NOW), "turn");
    assert_eq!(told(&mut gate, "a", NOW + LOST_SECONDS - 1), "wait");
    assert_eq!(told(&mut gate, "a", NOW + LOST_SECONDS), "nothing", "none is read so soon again");
    assert_eq!(told(&mut gate, "a", NOW + RETRY_SECONDS), "turn");
}

#[test]
fn a_clock_that_was_put_back_neither_stops_reading_nor_keeps_a_set_alive() {
    let mut gate = holding(at_address(), &["a"]);
    assert_eq!(told(&mut gate, "a", NOW - LIFE_SECONDS), "turn");
    let mut gate = holding(at_address(), &["a"]);
    assert!(gate.takes_turn_to_refresh(NOW - FRESH_SECONDS));
}
