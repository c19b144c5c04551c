use std::sync::mpsc;
use std::thread;

use proptest::prelude::*;
use registry_core::api::ExecutionOutcome;
use registry_core::manifest::SkillType;
use registry_core::organisation::Limits;
use registry_core::token::SKEW_SECONDS;

use super::*;
use crate::replay::MARGIN;

const TIME_LIMIT: u32 = 30;

fn claims(jti: &str, idem: &str) -> InvokeClaims {
    InvokeClaims {
        iss: String::new(),
        aud: String::new(),
        sub: String::new(),
        act: String::new(),
        jti: jti.to_owned(),
        txn: format!("txn of {jti}"),
        idem: idem.to_owned(),
        iat: 1000,
        nbf: 1000,
        exp: 1060,
        skill: "a/b".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b""),
        closure_digest: Digest::of(b""),
        payload_sha256: Digest::of(b""),
        skill_type: SkillType::CodeInline,
        limits: Limits { max_execution_time: TIME_LIMIT, ..Limits::default() },
        permissions: Default::default(),
    }
}

fn result(stdout: &str) -> ExecutionResult {
    ExecutionResult {
        outcome: ExecutionOutcome::Success,
        exit_code: Some(0),
        output: None,
        stdout: Some(stdout.to_owned()),
        stderr: String::new(),
        truncated: false,
        duration_ms: 7,
    }
}

fn open(folder: &tempfile::TempDir) -> Arc<Ledger> {
    Arc::new(Ledger::open(&folder.path().join("ledger.redb")).unwrap())
}

fn ledger() -> (tempfile::TempDir, Arc<Ledger>) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder);
    (folder, ledger)
}

impl Ledger {
    fn presented(self: &Arc<Self>, jti: &str, idem: &str, content: &str, now: u64) -> Accepted {
        self.accept(&claims(jti, idem), Digest::of(content.as_bytes()), now).unwrap()
    }

    fn fresh(self: &Arc<Self>, jti: &str, idem: &str, now: u64) -> Running {
        match self.presented(jti, idem, "x", now) {
            Accepted::Fresh(running) => running,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_token_is_taken_once_also_after_a_restart() {
    let (folder, ledger) = ledger();
    drop(ledger.fresh("a", "i", 1000));
    assert!(matches!(ledger.presented("a", "other", "x", 1000), Accepted::Replayed));
    drop(ledger.fresh("b", "j", 1000));
    drop(ledger);
    assert!(matches!(open(&folder).presented("a", "i", "x", 1001), Accepted::Replayed));
}

#[test]
fn a_token_is_forgotten_only_long_after_it_would_be_refused_as_expired() {
    let (_folder, ledger) = ledger();
    let last_second = 1060 + SKEW_SECONDS + MARGIN - 1;
    drop(ledger.fresh("a", "i", 1000));
    assert!(matches!(ledger.presented("a", "j", "x", last_second), Accepted::Replayed));
    drop(ledger.fresh("other", "k", last_second + PRUNE_EVERY));
    drop(ledger.fresh("a", "l", last_second + PRUNE_EVERY));
}

#[test]
fn a_second_service_on_the_same_state_is_refused() {
    let (folder, _first) = ledger();
    assert!(Ledger::open(&folder.path().join("ledger.redb")).is_err());
}

#[test]
fn only_its_owner_reads_the_store() {
    let (folder, _ledger) = ledger();
    let mode = fs::metadata(folder.path().join("ledger.redb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn another_token_for_the_same_waits_for_the_end_and_then_gets_the_result() {
    let (folder, ledger) = ledger();
    let running = ledger.fresh("a", "i", 1000);
    assert!(matches!(ledger.presented("b", "i", "x", 1001), Accepted::Running));
    assert!(matches!(ledger.presented("c", "i", "other", 1001), Accepted::Reused));
    running.ended(&result("hello"), 1002).unwrap();
    drop(running);
    for now in [1003, 1002 + KEEP - 1] {
        let done = ledger.presented(&format!("d{now}"), "i", "x", now);
        assert!(matches!(done, Accepted::Done(ref same) if **same == result("hello")), "{done:?}");
        assert!(matches!(ledger.presented(&format!("e{now}"), "i", "y", now), Accepted::Reused));
    }
    drop(ledger);
    assert!(matches!(open(&folder).presented("f", "i", "x", 1004), Accepted::Done(_)));
}

#[test]
fn what_was_cut_off_never_runs_again_while_it_is_remembered() {
    let (folder, ledger) = ledger();
    drop(ledger.fresh("a", "i", 1000));
    assert!(matches!(ledger.presented("b", "i", "x", 1001), Accepted::Gone));
    let running = ledger.fresh("c", "j", 1000);
    // As a process that is killed: nothing of it is dropped.
    std::mem::forget(running);
    assert!(matches!(ledger.presented("d", "j", "x", 1001), Accepted::Running));
    let reopened = {
        let path = folder.path().join("ledger.redb");
        let copy = folder.path().join("copy.redb");
        fs::copy(path, &copy).unwrap();
        Arc::new(Ledger::open(&copy).unwrap())
    };
    assert!(matches!(reopened.presented("e", "j", "x", 1002), Accepted::Gone));
    let forgotten = 1000 + KEEP + u64::from(TIME_LIMIT);
    assert!(matches!(reopened.presented("f", "j", "x", forgotten - 1), Accepted::Gone));
    drop(reopened.fresh("g", "j", forgotten + PRUNE_EVERY));
}

#[test]
fn what_never_ran_may_be_tried_again() {
    let (_folder, ledger) = ledger();
    let first = ledger.fresh("a", "i", 1000);
    first.never_ran().unwrap();
    let second = ledger.fresh("b", "i", 1001);
    drop(first);
    assert!(matches!(ledger.presented("c", "i", "x", 1002), Accepted::Running), "the second still runs");
    drop(second);
}

#[test]
fn a_result_that_is_too_large_or_of_nobody_s_choosing_is_not_kept() {
    let (_folder, ledger) = ledger();
    let running = ledger.fresh("a", "i", 1000);
    running.ended(&result(&"x".repeat(MAX_RESULT)), 1001).unwrap();
    drop(running);
    assert!(matches!(ledger.presented("b", "i", "x", 1002), Accepted::Gone));
    let running = ledger.fresh("c", "txn of c", 1000);
    running.ended(&result("secret"), 1001).unwrap();
    drop(running);
    assert!(matches!(ledger.presented("d", "txn of c", "x", 1002), Accepted::Gone));
}

#[test]
fn of_many_tokens_for_the_same_at_the_same_time_one_runs() {
    let (_folder, ledger) = ledger();
    let (sender, fresh) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..8 {
            let (ledger, sender) = (ledger.clone(), sender.clone());
            scope.spawn(move || {
                if let Accepted::Fresh(running) = ledger.presented(&number.to_string(), "i", "x", 1000) {
                    sender.send(running).unwrap();
                }
            });
        }
    });
    drop(sender);
    assert_eq!(fresh.iter().collect::<Vec<_>>().len(), 1);
}

/// What may happen to executions of few names: a token comes, and its execution ends well, is refused before it ran, or
/// is cut off; or the service starts anew.
#[derive(Debug, Clone, Copy)]
enum Event {
    Token { idem: u8, content: u8 },
    Ends(u8),
    NeverRan(u8),
    CutOff(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..3u8, 0..2u8).prop_map(|(idem, content)| Event::Token { idem, content }),
        1 => (0..3u8).prop_map(Event::Ends),
        1 => (0..3u8).prop_map(Event::NeverRan),
        1 => (0..3u8).prop_map(Event::CutOff),
    ]
}

/// What the ledger must know of an `idem`, in the plainest words.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    Runs(u8),
    Ended(u8),
    Cut(u8),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn no_order_of_events_runs_a_thing_twice(events in prop::collection::vec(event(), 1..40)) {
        let (_folder, ledger) = ledger();
        let mut known: BTreeMap<u8, Known> = BTreeMap::new();
        let mut running: BTreeMap<u8, Running> = BTreeMap::new();
        for (number, event) in events.into_iter().enumerate() {
            match event {
                Event::Token { idem, content } => {
                    let (jti, name) = (number.to_string(), idem.to_string());
                    match (ledger.presented(&jti, &name, &content.to_string(), 1000), known.get(&idem)) {
                        (Accepted::Fresh(new), None) => {
                            running.insert(idem, new);
                            known.insert(idem, Known::Runs(content));
                        }
                        (Accepted::Running, Some(Known::Runs(same)))
                        | (Accepted::Done(_), Some(Known::Ended(same)))
                        | (Accepted::Gone, Some(Known::Cut(same))) => prop_assert_eq!(*same, content),
                        (Accepted::Reused, Some(Known::Runs(other) | Known::Ended(other) | Known::Cut(other))) => {
                            prop_assert_ne!(*other, content);
                        }
                        (got, expected) => prop_assert!(false, "{:?} where {:?}", got, expected),
                    }
                }
                Event::Ends(idem) => if let Some(ending) = running.remove(&idem) {
                    ending.ended(&result("x"), 1000).unwrap();
                    let Some(Known::Runs(content)) = known.get(&idem).copied() else { panic!("it ran") };
                    known.insert(idem, Known::Ended(content));
                },
                Event::NeverRan(idem) => if let Some(ending) = running.remove(&idem) {
                    ending.never_ran().unwrap();
                    known.remove(&idem);
                },
                Event::CutOff(idem) => if running.remove(&idem).is_some() {
                    let Some(Known::Runs(content)) = known.get(&idem).copied() else { panic!("it ran") };
                    known.insert(idem, Known::Cut(content));
                },
            }
        }
    }
}
