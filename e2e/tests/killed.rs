//! Both hosts ended by SIGKILL under load: what it answered is in the log, and the log is whole.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use e2e::{HostKind, Repository, Stand, hosts};
use registry_core::usage::Outcome;
use serde_json::json;

/// How many callers invoke at the same time, and for how long at most.
const CALLERS: usize = 4;
const INVOCATIONS: usize = 200;

/// The transactions of one caller that were answered, until the edge is gone.
fn invoke_until_it_is_gone(stand: &Stand, token: &str) -> Vec<String> {
    let body =
        json!({"name": "data/pii-redactor", "version_constraint": "2.x", "payload": {"text": "a@b.example"}});
    let answers = (0..INVOCATIONS).map_while(|_| stand.post("/invoke", token, &body).ok());
    let answered = answers.filter(|answer| answer.status == 200);
    answered.map(|answer| answer.json()["txn"].as_str().unwrap().to_owned()).collect()
}

/// Of each transaction, the outcomes in the log; that every line is whole, reading it shows.
fn outcomes(stand: &mut Stand) -> BTreeMap<String, Vec<Outcome>> {
    let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for record in stand.log().unwrap() {
        outcomes.entry(record.txn).or_default().push(record.outcome);
    }
    outcomes
}

#[test]
fn every_acknowledged_invocation_is_in_the_log_of_an_edge_that_was_killed() {
    for kind in hosts() {
        kill_under_load(&mut Stand::start(kind, Repository::of_examples().unwrap()).unwrap());
    }
}

/// Between the first answers and the last, at whatever point of the work that is.
fn kill_under_load(stand: &mut Stand) {
    let token = stand.token("support-agent", &[]).unwrap();
    for millis in [700, 1100, 1600] {
        let answered: Vec<String> = thread::scope(|scope| {
            let stand = &*stand;
            let callers: Vec<_> =
                (0..CALLERS).map(|_| scope.spawn(|| invoke_until_it_is_gone(stand, &token))).collect();
            thread::sleep(Duration::from_millis(millis));
            stand.kill().unwrap();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        });
        assert!(!answered.is_empty(), "nothing was answered within {millis} ms");
        stand.restart().unwrap();
        let outcomes = outcomes(stand);
        for txn in answered {
            assert_eq!(outcomes[&txn], [Outcome::Decided, Outcome::Success]);
        }
    }
}

#[test]
fn half_a_line_of_an_edge_that_was_killed_spoils_no_other() {
    let mut stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    let token = stand.token("support-agent", &[]).unwrap();
    let deny = |stand: &Stand| {
        let body = json!({"name": "finance/expense-check", "payload": {}});
        assert_eq!(stand.post("/invoke", &token, &body).unwrap().status, 403);
    };
    deny(&stand);
    stand.kill().unwrap();
    let mut log = OpenOptions::new().append(true).open(stand.log_file().unwrap()).unwrap();
    log.write_all(b"{\"ts\":17").unwrap();
    stand.restart().unwrap();
    deny(&stand);
    let outcomes = outcomes(&mut stand);
    assert_eq!(
        outcomes.into_values().flatten().collect::<Vec<_>>(),
        [Outcome::AclDenied, Outcome::AclDenied]
    );
}
