//! Feeds, sitemap, `llms.txt` and the public index of a real history, as an edge answers them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use e2e::{Repository, World, check};
use feed_rs::model::Feed;
use generator::library;
use generator::source::Origin;
use proptest::prelude::*;
use registry_core::catalog::Released;
use registry_core::sparse;
use registry_core::status::State;
use registry_core::token::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, IdentityClaims};
use serde_json::Value;

const CONFIG: &str =
    "organisation: X\nbase_url: https://x\nteams: {shared: {members: everyone}, support: {}, finance: {}}\n";
const NOW: u64 = 1_800_000_000;

fn write(repository: &Repository, id: &str, version: &str, level: &str, needs: &str) {
    let text = format!(
        "---\nname: {id}\nversion: {version}\ndescription: Does {id} {version}.\ntags: [one, two]\naccess_level: {level}\n\
         depends_on: [{needs}]\n---\n# Title\n\nText of {version}.\n"
    );
    repository.write(&format!("skills/{id}.md"), &text).unwrap();
}

/// Four commits: two public releases of a skill, of which the first is withdrawn; a skill that was its team's and is
/// public now; and one that was public and is its team's now.
fn repository() -> Repository {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIG).unwrap();
    write(&repository, "shared/queue", "1.0.0", "public", "");
    write(&repository, "support/facts", "1.0.0", "team", "");
    write(&repository, "finance/audit", "0.9.0", "public", "");
    repository.commit("one").unwrap();
    write(&repository, "finance/audit", "1.0.0", "team", "");
    write(&repository, "shared/queue", "1.1.0", "public", "");
    repository.commit("two").unwrap();
    write(&repository, "support/facts", "1.1.0", "public", "'shared/queue:1.x'");
    repository.commit("three").unwrap();
    let status = "- {versions: =1.0.0, state: withdrawn, since: 2026-01-01, reason: It loses cases.}\n";
    repository.write("skills/_status/shared/queue.yaml", status).unwrap();
    let closed = "- {versions: =1.0.0, state: archived, since: 2026-01-01, reason: It named customers.}\n";
    repository.write("skills/_status/support/facts.yaml", closed).unwrap();
    repository.commit("four").unwrap();
    repository
}

fn world(repository: &Repository) -> World {
    World::build(library::read(repository.path(), Origin::Head, NOW).unwrap(), NOW, true, true).unwrap()
}

async fn get(world: &World, token: Option<&str>, path: &str) -> (u16, String) {
    let (status, body) = world.ask(token, "GET", path, "*/*", &Value::Null).await.unwrap();
    (status, String::from_utf8(body).unwrap())
}

async fn ok(world: &World, token: Option<&str>, path: &str) -> String {
    let (status, text) = get(world, token, path).await;
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// The same feed in both forms, read by a parser that has nothing to do with the writer.
async fn feeds(world: &World, token: Option<&str>, folder: &str) -> [Feed; 2] {
    let atom = ok(world, token, &format!("{folder}feed.atom")).await;
    let json = ok(world, token, &format!("{folder}feed.json")).await;
    [atom, json].map(|text| feed_rs::parser::parse(text.as_bytes()).unwrap())
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.title.as_ref().unwrap().content.as_str()).collect()
}

fn member(team: &str) -> IdentityClaims {
    IdentityClaims {
        iss: DEVELOPMENT_ISSUER.to_owned(),
        aud: DEVELOPMENT_AUDIENCE.to_owned(),
        sub: "caller".to_owned(),
        iat: now(),
        exp: now() + 3600,
        role: "agent".parse().unwrap(),
        teams: [team.parse().unwrap()].into(),
        elevated_until: None,
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn feeds_tell_of_every_public_release_and_of_no_other() {
    let repository = repository();
    let world = world(&repository);
    let times = repository.git(&["log", "--reverse", "--format=%ct"]).unwrap();
    let times: Vec<i64> = times.lines().map(|line| line.parse().unwrap()).collect();
    // Within one second the order is that of the names.
    let mut expected =
        [(-times[0], "shared/queue", 0), (-times[1], "shared/queue", -1), (-times[2], "support/facts", -1)];
    expected.sort_unstable();
    let expected: Vec<String> =
        expected.iter().map(|(_, id, minor)| format!("{id} 1.{}.0", -minor)).collect();
    for feed in feeds(&world, None, "/").await {
        assert_eq!(titles(&feed), expected);
        assert_eq!(feed.title.as_ref().unwrap().content, "X skills");
        for entry in &feed.entries {
            let title = entry.title.as_ref().unwrap().content.as_str();
            let (id, version) = title.split_once(' ').unwrap();
            let page = format!("https://x/skills/{id}/{version}/");
            assert_eq!((entry.id.as_str(), entry.links[0].href.as_str()), (page.as_str(), page.as_str()));
            assert_eq!(entry.summary.as_ref().unwrap().content, format!("Does {id} {version}."));
            let tags: Vec<&str> = entry.categories.iter().map(|tag| tag.term.as_str()).collect();
            assert_eq!(tags, ["one", "two"]);
            let commit = match title {
                "shared/queue 1.0.0" => 0,
                "shared/queue 1.1.0" => 1,
                _ => 2,
            };
            let at = [entry.published, entry.updated].map(|time| time.unwrap().timestamp());
            assert_eq!(at, [times[commit]; 2], "{title}");
            let content =
                entry.content.as_ref().and_then(|content| content.body.as_deref()).unwrap_or_default();
            let is_withdrawn = content.starts_with("Withdrawn: It loses cases.");
            assert_eq!(is_withdrawn, title == "shared/queue 1.0.0", "{content}");
        }
    }
    for feed in feeds(&world, None, "/teams/support/").await {
        assert_eq!(titles(&feed), ["support/facts 1.1.0"]);
    }
    for feed in feeds(&world, None, "/teams/finance/").await {
        assert_eq!(titles(&feed), [""; 0]);
        assert!(feed.updated.is_none_or(|time| time.timestamp() == 0));
    }
}

#[tokio::test]
async fn the_feed_of_a_skill_is_for_those_who_may_see_it() {
    let world = world(&repository());
    let token = world.token(&member("finance")).unwrap();
    for feed in feeds(&world, Some(&token), "/skills/finance/audit/").await {
        assert_eq!(titles(&feed), ["finance/audit 1.0.0", "finance/audit 0.9.0"]);
    }
    // The team's members may read the former release of the public skill; not all readers of its feed may.
    let token = world.token(&member("support")).unwrap();
    for feed in feeds(&world, Some(&token), "/skills/support/facts/").await {
        assert_eq!(titles(&feed), ["support/facts 1.1.0"]);
    }
    for name in ["feed.atom", "feed.json"] {
        for token in [None, Some(token.as_str())] {
            let (closed, _) = get(&world, token, &format!("/skills/finance/audit/{name}")).await;
            let (absent, _) = get(&world, token, &format!("/skills/finance/absent/{name}")).await;
            assert_eq!((closed, closed == absent), (if token.is_some() { 403 } else { 401 }, true));
        }
    }
}

#[tokio::test]
async fn the_public_index_has_what_a_resolver_needs() {
    let world = world(&repository());
    let config: sparse::Config = serde_json::from_str(&ok(&world, None, sparse::CONFIG_URL).await).unwrap();
    let mut lines = Vec::new();
    for id in ["shared/queue", "support/facts"] {
        let text = ok(&world, None, &sparse::url(&id.parse().unwrap())).await;
        lines.extend(sparse::decode(text.as_bytes()).unwrap());
    }
    let versions: Vec<String> = lines.iter().map(|line| format!("{} {}", line.name, line.vers)).collect();
    assert_eq!(versions, ["shared/queue 1.0.0", "shared/queue 1.1.0", "support/facts 1.1.0"]);
    assert_eq!(lines[0].status.as_ref().map(|status| status.state), Some(State::Withdrawn));
    assert_eq!(
        (lines[2].deps[0].name.to_string(), lines[2].deps[0].req.to_string()),
        ("shared/queue".into(), "1.x".into())
    );
    for line in lines {
        let url = config.bundle_url(&line.name, &line.vers);
        let path = url.strip_prefix("https://x").unwrap();
        let (status, bytes) = world.ask(None, "GET", path, "*/*", &Value::Null).await.unwrap();
        assert_eq!((status, registry_core::digest::Digest::of(&bytes)), (200, line.cksum), "{url}");
    }
    let (closed, _) = get(&world, None, "/index/finance/audit").await;
    assert_eq!((closed, closed), (404, get(&world, None, "/index/finance/absent").await.0));
}

#[tokio::test]
async fn every_url_of_sitemap_and_llms_is_answered_to_everyone() {
    let world = world(&repository());
    let robots = ok(&world, None, "/robots.txt").await;
    let sitemap = robots.lines().find_map(|line| line.strip_prefix("Sitemap: https://x")).unwrap();
    let sitemap = ok(&world, None, sitemap).await;
    let pages: Vec<&str> =
        sitemap.split("<loc>").skip(1).map(|rest| rest.split_once("</loc>").unwrap().0).collect();
    let llms = ok(&world, None, "/llms.txt").await;
    let twins: Vec<&str> = llms.split("](").skip(1).map(|rest| rest.split_once(')').unwrap().0).collect();
    assert_eq!((pages.len(), twins.len()), (2 + 3 + (1 + 2 + 1) + (1 + 1 + 1), 2), "{sitemap}\n{llms}");
    for url in pages.iter().chain(&twins) {
        let path = url.strip_prefix("https://x").unwrap();
        let (status, _) = world.ask(None, "GET", path, "text/html", &Value::Null).await.unwrap();
        assert_eq!(status, 200, "{url}");
    }
    for text in [sitemap, llms] {
        assert!(!text.contains("audit") && !text.contains("facts/1.0.0"), "{text}");
    }
}

#[tokio::test]
async fn the_page_of_versions_shows_of_a_closed_release_its_number_alone() {
    let world = world(&repository());
    let page = async |id: &str| {
        let path = format!("/skills/{id}/versions/");
        let (_, body) = world.ask(None, "GET", &path, "text/html", &Value::Null).await.unwrap();
        String::from_utf8(body).unwrap()
    };
    let open = page("shared/queue").await;
    assert!(
        open.contains("/1.0.0/\">1.0.0</a>") && open.contains("Withdrawn") && open.contains("loses cases")
    );
    let closed = page("support/facts").await;
    assert!(closed.contains("1.0.0") && closed.contains("/1.1.0/\">1.1.0</a>"), "{closed}");
    assert!(
        !closed.contains("/1.0.0/") && !closed.contains("Archived") && !closed.contains("customers"),
        "{closed}"
    );
    assert_eq!(closed.matches("<time").count(), 1, "{closed}");
}

/// What a page says of feeds is true: the link in its head leads to one.
#[tokio::test]
async fn pages_name_their_feeds() {
    let world = world(&repository());
    for page in [
        "/",
        "/teams/support/",
        "/skills/shared/queue/",
        "/skills/shared/queue/1.0.0/",
        "/skills/shared/queue/versions/",
    ] {
        let (_, body) = world.ask(None, "GET", page, "text/html", &Value::Null).await.unwrap();
        let text = String::from_utf8(body).unwrap();
        let (_, link) = text.split_once("<link rel=\"alternate\" type=\"application/atom+xml\"").unwrap();
        let path = link.split_once("href=\"").unwrap().1.split_once('"').unwrap().0;
        feed_rs::parser::parse(ok(&world, None, path).await.as_bytes()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever an author writes, both forms can be parsed and say it.
    #[test]
    fn feeds_hold_what_authors_wrote(descriptions in prop::collection::vec("[ -~\\n\\té𝄞\u{7f}\u{85}\u{2028}\u{fffd}]{0,60}[a-z]", 1..4)) {
        let text = |(number, description): (usize, &String)| {
            let id = format!("shared/s-{number}");
            let description = Value::from(description.as_str());
            let text = format!(
                "---\nname: {id}\nversion: 1.0.0\ndescription: {description}\ntags: []\naccess_level: public\n---\n# A\n"
            );
            (id, text)
        };
        let texts: BTreeMap<String, String> = descriptions.iter().enumerate().map(text).collect();
        let mut checked = check(CONFIG, &texts);
        prop_assume!(checked.errors() == 0);
        for skill in checked.library.values_mut() {
            skill.released = Some(Released { commit: "0".repeat(40), time: NOW, tag: None });
        }
        let written: Vec<String> =
            checked.library.values().map(|skill| skill.manifest.description.trim().to_owned()).collect();
        let world = World::build(checked, NOW, true, true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let [atom, json] = runtime.block_on(feeds(&world, None, "/"));
        let said = |feed: &Feed| -> Vec<String> {
            feed.entries.iter().map(|entry| entry.summary.as_ref().unwrap().content.clone()).collect()
        };
        prop_assert_eq!(said(&json), written.clone());
        let plain = |text: &String| -> String {
            text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
        };
        let trimmed = |texts: Vec<String>| -> Vec<String> { texts.iter().map(|text| text.trim().to_owned()).collect() };
        prop_assert_eq!(trimmed(said(&atom)), trimmed(written.iter().map(plain).collect()));
    }
}
