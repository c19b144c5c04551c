//! What the edge does when the catalog is not what it should be: it refuses, and serves nothing that is wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use e2e::{Watched, World, check, key};
use edge_worker::{Body, handle};
use generator::library::Checked;
use registry_core::catalog::{Head, Key};
use registry_core::digest::Digest;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

const CONFIG: &str = "organisation: X\nbase_url: https://x\nteams: {shared: {}}\n";
const DAY: u64 = 86_400;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn world(signed: u64, committed: bool, development: bool) -> World {
    World::build(skills("Tunes a piano."), signed, committed, development).unwrap()
}

/// One skill that says what it does.
fn skills(description: &str) -> Checked {
    let skill = "---\nname: tune\nversion: 1.0.0\ndescription: Tunes a piano.\ntags: []\naccess_level: public\n\
        type: code_inline\ncommand: python3\n---\n# Tune\n";
    let skill = skill.replace("Tunes a piano.", description);
    check(CONFIG, &BTreeMap::from([("shared/tune".to_owned(), skill)]))
}

async fn search(world: &World) -> (u16, String) {
    outcome(world, "POST", "/search", json!({"query": "piano"})).await
}

/// The status, and the code of a refusal.
async fn outcome(world: &World, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = world.ask(None, method, path, "*/*", &body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    (status, answer["code"].as_str().unwrap_or_default().to_owned())
}

fn unavailable() -> (u16, String) {
    (503, "CATALOG_UNAVAILABLE".to_owned())
}

#[tokio::test]
async fn after_the_head_expires_reads_go_on_and_invoke_stops() {
    let world = world(now() - 8 * DAY, true, false);
    assert_eq!(search(&world).await.0, 200);
    assert_eq!(outcome(&world, "GET", "/", Value::Null).await.0, 200);
    let invoked = outcome(&world, "POST", "/invoke", json!({"name": "shared/tune"})).await;
    assert_eq!(invoked, (503, "HEAD_EXPIRED".to_owned()));
}

#[tokio::test]
async fn a_catalog_of_a_working_tree_is_for_development_only() {
    assert_eq!(search(&world(now(), false, true)).await.0, 200);
    assert_eq!(search(&world(now(), false, false)).await, unavailable());
    assert_eq!(search(&world(now(), true, false)).await.0, 200);
}

#[tokio::test]
async fn a_head_that_cannot_be_taken_leaves_the_one_held() {
    let world = world(now(), true, false);
    assert_eq!(search(&world).await.0, 200);
    let nowhere = Digest::of(b"no root has this digest");
    for sequence in [0, 1, 9] {
        let head = Head::sign(nowhere, sequence, now() + DAY, &key("head-1").unwrap()).unwrap();
        fs::write(world.catalog().join("head.json"), serde_json::to_vec(&head).unwrap()).unwrap();
        assert_eq!(search(&world).await.0, 200, "sequence {sequence}");
    }
    fs::remove_file(world.catalog().join("head.json")).unwrap();
    assert_eq!(search(&world).await.0, 200);
}

async fn description(world: &World) -> String {
    let (_, answer) = world.ask(None, "GET", "/skills/shared/tune", "*/*", &Value::Null).await.unwrap();
    serde_json::from_slice::<Value>(&answer).unwrap()["description"].as_str().unwrap().to_owned()
}

async fn readiness(world: &World) -> (u16, Value) {
    let (status, answer) = world.ask(None, "GET", "/readyz", "*/*", &Value::Null).await.unwrap();
    (status, serde_json::from_slice(&answer).unwrap())
}

#[tokio::test]
async fn readiness_tells_which_head_is_served_and_why_no_newer_one_is() {
    let world = world(now(), true, false);
    let (status, answer) = readiness(&world).await;
    assert_eq!((status, &answer["status"], &answer["sequence"]), (200, &json!("ready"), &json!(1)));
    let head = world.catalog().join("head.json");
    let first = fs::read(&head).unwrap();
    world.publish(&skills("Tunes a harp."), now()).unwrap();
    assert_eq!(readiness(&world).await.1["sequence"], 2);
    let second = fs::read_to_string(&head).unwrap();
    let forged = second.replace("\"sequence\":2", "\"sequence\":3");
    let alarms = [
        (first, "goes back to an earlier sequence"),
        (forged.into_bytes(), "the signature of head.json does not verify"),
        (b"{}".to_vec(), "head.json is not a head"),
    ];
    for (bytes, alarm) in alarms {
        fs::write(&head, bytes).unwrap();
        let (status, answer) = readiness(&world).await;
        assert_eq!((status, &answer["status"], &answer["sequence"]), (200, &json!("degraded"), &json!(2)));
        assert!(answer["alarm"].as_str().unwrap().contains(alarm), "{answer}");
    }
    fs::write(&head, second).unwrap();
    assert_eq!(readiness(&world).await.1["status"], "ready");
}

#[tokio::test]
async fn an_edge_that_serves_nothing_is_not_ready() {
    let world = world(now(), true, false);
    fs::write(world.catalog().join("head.json"), "{}").unwrap();
    let (status, answer) = readiness(&world).await;
    assert_eq!((status, &answer["code"]), (503, &json!("CATALOG_UNAVAILABLE")));
}

#[tokio::test]
async fn a_newer_head_is_taken_and_an_older_one_is_not() {
    let world = world(now(), true, false);
    assert_eq!(description(&world).await, "Tunes a piano.");
    let head = world.catalog().join("head.json");
    let older = fs::read(&head).unwrap();
    world.publish(&skills("Tunes a harp."), now()).unwrap();
    assert_eq!(description(&world).await, "Tunes a harp.");
    fs::write(&head, older).unwrap();
    assert_eq!(description(&world).await, "Tunes a harp.");
}

#[tokio::test]
async fn an_older_catalog_that_arrives_late_does_not_replace_a_newer_one() {
    let world = world(now(), true, false);
    let older: Head = serde_json::from_slice(&fs::read(world.catalog().join("head.json")).unwrap()).unwrap();
    let (asked, release) = (&Notify::new(), &Notify::new());
    let host = Watched::over(&world, move |key| async move {
        if key == Key::Root(older.root) {
            asked.notify_one();
            release.notified().await;
        }
    })
    .unwrap();
    let get = async || {
        let request = http::Request::get("/skills/shared/tune").body(Bytes::new()).unwrap();
        match handle(&host, world.edge(), request).await.into_body() {
            Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Body::Object(_) => String::new(),
        }
    };
    let overtake = async {
        asked.notified().await;
        world.publish(&skills("Tunes a harp."), now()).unwrap();
        let newer = get().await;
        release.notify_one();
        newer
    };
    let (late, newer) = tokio::join!(get(), overtake);
    assert!(newer.contains("Tunes a harp."), "{newer}");
    assert!(late.contains("Tunes a harp."), "answered from the older catalog: {late}");
}

#[tokio::test]
async fn what_a_root_consists_of_is_read_once() {
    let world = world(now(), true, false);
    let reads = &AtomicUsize::new(0);
    let host = Watched::over(&world, |_| {
        reads.fetch_add(1, Ordering::Relaxed);
        ready(())
    })
    .unwrap();
    let reads_of_a_search = async || {
        let request =
            http::Request::post("/search").body(Bytes::from_static(b"{\"query\":\"piano\"}")).unwrap();
        assert_eq!(handle(&host, world.edge(), request).await.status(), 200);
        reads.swap(0, Ordering::Relaxed)
    };
    assert_eq!(reads_of_a_search().await, 4, "root, policy, shard, table");
    assert_eq!(reads_of_a_search().await, 0);
}

/// The first file below a folder of the catalog.
fn a_file(catalog: &Path, folder: &str) -> PathBuf {
    fs::read_dir(catalog.join(folder)).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn files_that_are_missing_or_altered_are_never_served() {
    let damages: [fn(&Path); 3] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::write(file, [fs::read(file).unwrap(), b" ".to_vec()].concat()).unwrap(),
        |file| fs::write(file, []).unwrap(),
    ];
    for damage in damages {
        for folder in ["roots", "index/policy", "shards/public"] {
            let world = world(now(), true, false);
            damage(&a_file(&world.catalog(), folder));
            assert_eq!(search(&world).await, unavailable(), "{folder}");
        }
        let world = world(now(), true, false);
        for file in fs::read_dir(world.catalog().join("objects/public")).unwrap() {
            damage(&file.unwrap().path());
        }
        for path in ["/", "/skills/shared/tune", "/search?q=piano", "/no/such/page"] {
            assert_eq!(outcome(&world, "GET", path, Value::Null).await, unavailable(), "{path}");
        }
    }
}

#[tokio::test]
async fn without_the_embedding_table_words_alone_answer_and_the_answer_says_so() {
    let reads_of_table = &AtomicUsize::new(0);
    let found = async |world: &World| {
        let host = Watched::over(world, |key| {
            reads_of_table.fetch_add(usize::from(matches!(key, Key::Table(_))), Ordering::Relaxed);
            ready(())
        });
        let query = Bytes::from_static(b"{\"query\":\"piano\"}");
        let answer =
            handle(&host.unwrap(), world.edge(), http::Request::post("/search").body(query).unwrap()).await;
        let degraded = answer.headers().contains_key("guildhall-degraded");
        let Body::Bytes(hits) = answer.into_body() else { panic!("the answer of a search is in memory") };
        let hits: Value = serde_json::from_slice(&hits).unwrap();
        (degraded, hits[0]["slug"].clone())
    };
    assert_eq!(found(&world(now(), true, false)).await, (false, json!("shared/tune")));
    let damages: [fn(&Path); 2] =
        [|file| fs::remove_file(file).unwrap(), |file| fs::write(file, "GHTABLE").unwrap()];
    for damage in damages {
        let world = world(now(), true, false);
        damage(&a_file(&world.catalog(), "tables"));
        reads_of_table.store(0, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(found(&world).await, (true, json!("shared/tune")));
        }
        assert_eq!(reads_of_table.load(Ordering::Relaxed), 1, "it is not asked for again at once");
    }
}

#[tokio::test]
async fn a_table_that_is_late_is_not_waited_for_and_read_afterwards() {
    let world = world(now(), true, false);
    let may_be_read = &Semaphore::new(0);
    let host = Watched::over(&world, async |key| {
        if matches!(key, Key::Table(_)) {
            may_be_read.acquire().await.unwrap().forget();
        }
    });
    let host = host.unwrap();
    let is_degraded = async || {
        let request = http::Request::post("/search").body(Bytes::from_static(b"{\"query\":\"piano\"}"));
        let answer = handle(&host, world.edge(), request.unwrap()).await;
        assert_eq!(answer.status(), 200);
        answer.headers().contains_key("guildhall-degraded")
    };
    assert!(is_degraded().await);
    assert!(is_degraded().await, "it is not waited for again at once");
    may_be_read.add_permits(1);
    assert!(world.edge().catch_up(&host).await.is_empty());
    assert!(!is_degraded().await);
    assert!(world.edge().catch_up(&host).await.is_empty(), "there is nothing left to do");
}

#[tokio::test]
async fn an_edge_without_a_head_that_verifies_serves_nothing() {
    let world = world(now(), true, false);
    let head = world.catalog().join("head.json");
    let good = fs::read_to_string(&head).unwrap();
    for bad in
        ["", "{}", &good.replace("\"sequence\":1", "\"sequence\":2"), &good.replace("head-1", "head-2")]
    {
        fs::write(&head, bad).unwrap();
        assert_eq!(search(&world).await, unavailable());
        assert_eq!(outcome(&world, "GET", "/", Value::Null).await, unavailable());
    }
    fs::write(&head, good).unwrap();
    assert_eq!(search(&world).await.0, 200);
}
