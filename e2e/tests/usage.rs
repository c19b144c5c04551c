//! `GET /usage` on both hosts: who may read the log, what it says, page by page, and how long it stays.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e::{HostKind, Repository, Stand, hosts};
use registry_core::usage::{Outcome, UsageRecord};
use serde_json::{Value, json};

/// The examples with an auditor who may read the log, and whatever else is said of it.
fn repository(more: &str) -> Repository {
    let repository = Repository::of_examples().unwrap();
    let config = repository.path().join("guildhall.yaml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("  auditor: {}\n"));
    let text = text.replace("  auditor: {}\n", "  auditor: {reads_usage: true}\n");
    fs::write(&config, text + more).unwrap();
    repository.commit("let the auditor read the log").unwrap();
    repository
}

fn on_both_hosts(more: &str, test: impl Fn(&mut Stand)) {
    for kind in hosts() {
        test(&mut Stand::start(kind, repository(more)).unwrap());
    }
}

fn deny(stand: &Stand, token: &str, times: usize) {
    for _ in 0..times {
        let denied = stand.post("/invoke", token, &json!({"name": "finance/expense-check", "payload": {}}));
        assert_eq!(denied.unwrap().status, 403);
    }
}

fn records(body: &str) -> Vec<UsageRecord> {
    body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All pages of an address, and how many there were.
fn pages(stand: &Stand, token: &str, first: &str) -> (Vec<UsageRecord>, usize) {
    let (mut address, mut all, mut count) = (Some(first.to_owned()), Vec::new(), 0);
    while let Some(next) = address {
        let answer = stand.get(&next, token, "*/*").unwrap();
        assert_eq!(answer.status, 200, "{next}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/jsonl"));
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        all.extend(records(&answer.text()));
        count += 1;
        address = answer.header("link").map(|link| {
            let address = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            address.to_owned()
        });
    }
    (all, count)
}

#[test]
fn the_log_is_read_in_pages_by_those_whom_the_organisation_lets_and_nobody_else() {
    on_both_hosts("", |stand| {
        let (auditor, agent) =
            (stand.token("auditor", &[]).unwrap(), stand.token("support-agent", &[]).unwrap());
        deny(stand, &agent, 25);
        let (all, count) = pages(stand, &auditor, "/usage?limit=10");
        assert_eq!((all.len(), count), (25, 3), "the reader's own records come after the end of its range");
        assert!(all.iter().all(|record| record.outcome == Outcome::AclDenied));
        assert!(all.is_sorted_by_key(|record| record.ts));
        let mut written: Vec<String> = stand.log().unwrap().into_iter().map(|record| record.txn).collect();
        assert_eq!(written.len(), 28, "each page leaves a record of who read");
        written.sort();
        assert!(all.iter().all(|record| written.binary_search(&record.txn).is_ok()));

        let (ten, last) = (&all[9], &all[24]);
        let at = |ts| registry_core::usage::instant(ts);
        let (some, _) = pages(stand, &auditor, &format!("/usage?from={}&to={}", at(ten.ts), at(last.ts)));
        assert!(some.iter().all(|record| (ten.ts..last.ts).contains(&record.ts)));
        assert!(some.iter().any(|record| record.txn == ten.txn), "the begin belongs to the range");
        assert!(some.iter().all(|record| record.txn != last.txn), "an instant at its end does not");
        let (none, _) = pages(stand, &auditor, "/usage?to=2001-01-01");
        assert_eq!(none, []);
        let (reads, _) = pages(stand, &auditor, "/usage");
        let reads: Vec<_> = reads.iter().filter(|record| record.route == "GET /usage").collect();
        assert!(reads.iter().all(|read| read.outcome == Outcome::Decided && read.name.is_empty()));
        assert_eq!(reads[0].agent_role.as_deref(), Some("auditor"));
        for wrong in ["from=yesterday", "limit=0", "limit=1001", "cursor=x", "to=2026-02-30"] {
            let refused = stand.get(&format!("/usage?{wrong}"), &auditor, "*/*").unwrap();
            assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("BAD_REQUEST")), "{wrong}");
        }
    });
}

#[test]
fn whether_anybody_may_read_the_log_is_told_to_nobody() {
    on_both_hosts("", |stand| {
        let lead = stand.token("finance-lead", &["--elevated"]).unwrap();
        let refusal = |token: &str, path: &str| {
            let answer = stand.get(path, token, "*/*").unwrap();
            (answer.status, answer.json())
        };
        for path in ["/usage", "/usage?from=yesterday"] {
            assert_eq!(refusal("", path).0, 401);
            let (status, problem) = refusal(&lead, path);
            assert_eq!((status, &problem["code"]), (403, &json!("ACL_DENIED")));
        }
        let with_readers = (refusal("", "/usage"), refusal(&lead, "/usage"));
        let denials = stand.log().unwrap();
        assert_eq!(denials.len(), 3, "those of callers who are known");
        assert!(denials.iter().all(|record| record.outcome == Outcome::AclDenied));
        let without = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
        let refusal = |role: &str| {
            let token = if role.is_empty() { String::new() } else { without.token(role, &[]).unwrap() };
            let answer = without.get("/usage", &token, "*/*").unwrap();
            (answer.status, answer.json())
        };
        assert_eq!((refusal(""), refusal("finance-lead")), with_readers);
        assert_eq!(refusal("auditor").0, 403, "the name of a role is no right");
    });
}

#[test]
fn denials_on_every_route_are_in_the_log_with_a_pseudonym_or_the_subject() {
    for (more, named) in [("", false), ("usage: {pseudonymise: false}\n", true)] {
        on_both_hosts(more, |stand| {
            let agent = stand.token("support-agent", &[]).unwrap();
            let paths = [
                ("GET /skills/{team}/{name}", "/skills/finance/expense-check"),
                ("GET /skills/{team}/{name}/{version}", "/skills/finance/expense-check/1.0.0"),
                ("GET /skills/{team}/{name}/{version}", "/skills/finance/expense-check/versions"),
                ("GET /skills/{team}/{name}/{version}/{file}", "/skills/finance/expense-check/1.0.0/bundle"),
                (
                    "GET /skills/{team}/{name}/{version}/{file}",
                    "/skills/finance/expense-check/1.0.0/SKILL.md",
                ),
            ];
            for (_, path) in paths {
                assert_eq!(stand.get(path, &agent, "application/json").unwrap().status, 403, "{path}");
            }
            assert_eq!(stand.get(paths[0].1, &agent, "text/html").unwrap().status, 404);
            let resolve = stand.post("/resolve", &agent, &json!({"spec": "finance/expense-check"})).unwrap();
            assert_eq!(resolve.status, 403);
            let mut wanted: Vec<&str> = paths.map(|(route, _)| route).to_vec();
            wanted.extend([paths[0].0, "POST /resolve"]);
            let log = stand.log().unwrap();
            let mut routes: Vec<&str> = log.iter().map(|record| record.route.as_str()).collect();
            wanted.sort_unstable();
            routes.sort_unstable();
            assert_eq!(routes, wanted);
            for record in &log {
                assert_eq!(
                    (record.outcome, record.name.as_str()),
                    (Outcome::AclDenied, "finance/expense-check")
                );
                assert_eq!((&record.version, &record.client), (&None, &None));
                let sub = record.sub.as_deref().unwrap();
                let is_pseudonym = sub.len() == 32 && sub.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert_eq!((is_pseudonym, sub == "developer"), (!named, named), "{sub}");
            }
        });
    }
}

/// What a catalog says of its organisation, as the edge reads it.
fn policy(stand: &Stand) -> Value {
    let folder = stand.repository.catalog().join("index/policy");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_catalog_that_says_nothing_of_the_log_has_the_bytes_that_it_always_had() {
    let stand = Stand::start(HostKind::Native, Repository::of_examples().unwrap()).unwrap();
    assert_eq!(policy(&stand).get("usage"), None);
    let stand = Stand::start(HostKind::Native, repository("usage: {retention_days: 200}\n")).unwrap();
    assert_eq!(policy(&stand)["usage"], json!({"readers": ["auditor"], "retention_days": 200}));
}

#[test]
fn days_that_are_over_are_pruned_on_one_machine_and_no_day_before() {
    let mut stand = Stand::start(HostKind::Native, repository("usage: {retention_days: 180}\n")).unwrap();
    deny(&stand, &stand.token("support-agent", &[]).unwrap(), 1);
    let day = |before: u64| registry_core::status::Date::of(now() - before * 86_400);
    let file = |before| stand.log_folder().join(format!("usage-{}.jsonl", day(before)));
    let (over, kept, today) = (file(182), file(178), file(0));
    stand.kill().unwrap();
    for file in [&over, &kept] {
        fs::write(file, "").unwrap();
    }
    stand.restart().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while over.exists() {
        assert!(Instant::now() < patience, "the day is not pruned");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(kept.exists() && today.exists());
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn rows_of_the_workers_log_go_after_half_a_year_and_not_before() {
    for kind in hosts().filter(|kind| *kind == HostKind::Workers) {
        let mut stand = Stand::start(kind, repository("usage: {retention_days: 180}\n")).unwrap();
        let at = |before: u64| (now() - before * 86_400) * 1000;
        for before in [1, 178, 182, 500] {
            let record = json!({"ts": at(before), "txn": before.to_string(), "route": "r", "name": "n", "outcome": "decided"});
            assert_eq!(stand.ask_log(3, "POST", "append", &record.to_string()).unwrap(), "204");
        }
        let mut prune = |before: u64| {
            let path = format!("prune?before={before}");
            let answer = stand.ask_log(3, "POST", &path, "").unwrap();
            let left: Vec<String> = stand.log().unwrap().into_iter().map(|record| record.txn).collect();
            (answer.split(' ').next().unwrap().to_owned(), left)
        };
        let all = ["500", "182", "178", "1"].map(str::to_owned).to_vec();
        assert_eq!(
            prune(at(0)),
            ("500".to_owned(), all.clone()),
            "a young row stays, and nothing goes by half"
        );
        assert_eq!(prune(at(170)), ("500".to_owned(), all.clone()));
        assert_eq!(prune(at(400)), ("204".to_owned(), all[1..].to_vec()));
        assert_eq!(stand.get("/readyz", "", "*/*").unwrap().status, 200);
        stand.run_daily().unwrap();
        let left: Vec<String> = stand.log().unwrap().into_iter().map(|record| record.txn).collect();
        assert_eq!(left, all[2..], "by the retention of the published policy");
    }
}
