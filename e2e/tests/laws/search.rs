//! Law 4 for search: answers, scores included, and the files that are opened for them.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::sync::Mutex;

use bytes::Bytes;
use e2e::{Watched, World};
use edge_worker::{Body, Edge, Host, handle};
use proptest::prelude::*;
use registry_core::catalog::{Head, Key, Root};
use registry_core::token::IdentityClaims;
use serde_json::{Value, json};

use super::{LEVELS, TEAMS, WORDS, any_caller, any_drafts, caller, cases, is_visible, world};

/// How many callers search each catalog, and how often each.
const CALLERS: usize = 4;
const QUERIES: usize = 200;

/// A search: words, some of them misspelt or of no skill, and filters.
fn any_search() -> impl Strategy<Value = Value> {
    let known = || prop::sample::select(WORDS.as_slice()).prop_map(str::to_owned);
    let word = prop_oneof![
        4 => known(),
        1 => (known(), any::<prop::sample::Index>()).prop_map(|(mut word, at)| {
            word.remove(at.index(word.len()));
            word
        }),
        1 => prop::sample::select(["money back", "ship", "sick", "skill-3", "finance/skill-1", "退款", ""].as_slice())
            .prop_map(str::to_owned),
    ];
    let filters = prop_oneof![
        3 => Just(json!({})),
        1 => prop::sample::select(TEAMS.as_slice()).prop_map(|team| json!({"team": team})),
        1 => prop::sample::select(LEVELS.as_slice()).prop_map(|level| json!({"access_level": level})),
    ];
    (prop::collection::vec(word, 0..6), 1..12usize, filters, any::<bool>()).prop_map(|(words, k, filters, explain)| {
        json!({"query": words.join(" "), "k": k, "filters": filters, "explain": explain})
    })
}

type Searches = Vec<(Option<IdentityClaims>, Vec<Value>)>;

fn any_searches() -> impl Strategy<Value = Searches> {
    let of_caller = (any_caller(), prop::collection::vec(any_search(), QUERIES));
    prop::collection::vec(of_caller, CALLERS)
}

/// What kind of file it is, and of which audience; not which one.
fn kind(key: &Key) -> String {
    let path = key.path();
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

/// The kinds of the files that were opened since this was last asked.
type Opened = Mutex<Vec<String>>;

/// The host of a world that writes down the kinds of the files that are opened.
fn watched<'a>(world: &World, opened: &'a Opened) -> impl Host + use<'a> {
    let told = |key: Key| -> Ready<()> {
        opened.lock().unwrap().push(kind(&key));
        ready(())
    };
    Watched::over(world, told).unwrap()
}

/// An answer, and the kinds of the files that were opened for it.
async fn search(
    host: &impl Host,
    opened: &Opened,
    edge: &Edge,
    token: Option<&str>,
    query: &Value,
) -> (u16, Value, Vec<String>) {
    let mut request = http::Request::post("/search");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Bytes::from(query.to_string())).unwrap();
    let answer = handle(host, edge, request).await;
    let status = answer.status().as_u16();
    let body = match answer.into_body() {
        Body::Bytes(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Body::Object(key) => json!(key.path()),
    };
    (status, body, std::mem::take(&mut opened.lock().unwrap()))
}

/// The shards of a catalog, by audience.
fn shards(world: &World) -> BTreeMap<String, Vec<String>> {
    let read = |path: &str| std::fs::read(world.catalog().join(path)).unwrap();
    let head: Head = serde_json::from_slice(&read("head.json")).unwrap();
    let root = Root::decode(&read(&Key::Root(head.root).path()), &head.root).unwrap();
    let named = |digests: Vec<_>| digests.iter().map(ToString::to_string).collect();
    root.shards.into_iter().map(|(audience, digests)| (audience.to_string(), named(digests))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases() / 4))]

    #[test]
    fn a_search_tells_nothing_of_hidden_skills(drafts in any_drafts(), searches in any_searches()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let whole = world(&drafts, &|_| true);
        let all = shards(&whole);
        for (claims, queries) in searches {
            let who = claims.as_ref().map(caller);
            let pruned = world(&drafts, &|id| is_visible(&whole, id, who.as_ref()));
            for (audience, shards) in shards(&pruned) {
                prop_assert_eq!(Some(&shards), all.get(&audience), "the shards of {}", audience);
            }
            let token = claims.as_ref().map(|claims| whole.token(claims).unwrap());
            // Neither edge has opened anything yet.
            let opened = [Opened::default(), Opened::default()];
            let [of_whole, of_pruned] = &opened;
            let hosts = [watched(&whole, of_whole), watched(&pruned, of_pruned)];
            let edges = [&whole, &pruned].map(|world| world.reopen().unwrap());
            for query in queries {
                let [with_hidden, without] = [0, 1].map(|at| {
                    let asked = search(&hosts[at], &opened[at], edges[at].edge(), token.as_deref(), &query);
                    runtime.block_on(asked)
                });
                prop_assert_eq!(with_hidden, without, "{}", query);
            }
        }
    }
}
