//! What machines read of a catalog: feeds, sitemap, `llms.txt`, the public index.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use generator::catalog::{self, Catalog, Input, Memo, Memory};
use generator::head::Signer;
use generator::library::{self, Checked};
use generator::site::StaticSite;
use generator::source::Snapshot;
use generator::write::Writer;
use registry_core::catalog::{IndexBucket, Key, Released};
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use registry_core::sparse;
use registry_core::token::SigningKey;

const CONFIG: &str = "organisation: Smith & Sons\nbase_url: https://skills.example.com\n\
    teams: {shared: {members: everyone}, support: {}, finance: {}}\n";
/// Each skill with its level, what else its frontmatter says, and when it was released.
const SKILLS: [(&str, &str, &str, Option<u64>); 5] = [
    ("shared/queue", "public", "description: Hands a case over.\ntags: [handover]\n", Some(1_767_225_600)),
    (
        "shared/escape",
        "public",
        "description: \"Tells <b>A & B</b> apart,\\r\\n\\ttherefore \\\"ends\\\" with \\a bell ]]>\"\ntags: []\n",
        Some(1_767_312_001),
    ),
    (
        "support/facts",
        "public",
        "description: Extracts facts.\ntags: [ticket, facts]\ndepends_on: ['shared/queue:1.x']\n\
         deprecated: {message: It is slow., replaced_by: 'shared/queue:1.x', sunset: 2026-12-01}\n",
        Some(1_767_312_001),
    ),
    ("support/draft", "public", "description: Is not committed.\ntags: []\n", None),
    ("finance/audit", "team", "description: Audits.\ntags: [secret]\n", Some(1_767_484_800)),
];

fn small() -> Checked {
    let file = |(id, level, more, _): &(&str, &str, &str, _)| {
        let text =
            format!("---\nname: {id}\nversion: 1.2.0\naccess_level: {level}\n{more}---\n# Title\n\nText.\n");
        (format!("skills/{id}.md"), SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() })
    };
    let files = SKILLS.iter().map(file).collect();
    let config = Some(CONFIG.to_owned());
    let mut checked = library::check(Snapshot { commit: None, files, config, diagnostics: Vec::new() });
    assert_eq!(checked.errors(), 0, "{:?}", checked.outcome.diagnostics);
    for (id, _, _, time) in SKILLS {
        let commit = "0123456789012345678901234567890123456789".to_owned();
        let released = time.map(|time| Released { commit, time, tag: Some(format!("{id}@1.2.0")) });
        checked.library.get_mut(&id.parse().unwrap()).unwrap().released = released;
    }
    checked
}

fn build(checked: &Checked) -> (Catalog, BTreeMap<Key, Vec<u8>>) {
    let files = Memory::default();
    let commit = Some("0123456789012345678901234567890123456789");
    let catalog = catalog::build(Input::new(checked, commit, &Memo::default()), &files).unwrap();
    (catalog, files.into_files())
}

fn text<'a>((catalog, files): &'a (Catalog, BTreeMap<Key, Vec<u8>>), url: &str) -> &'a str {
    let (key, _) = catalog.urls.get(url).unwrap();
    std::str::from_utf8(files.get(key).unwrap()).unwrap()
}

#[test]
fn the_files_for_machines_of_a_small_catalog() {
    let built = build(&small());
    let mut shown = String::new();
    for url in [
        "/feed.atom",
        "/feed.json",
        "/teams/support/feed.atom",
        "/teams/finance/feed.json",
        "/skills/finance/audit/feed.atom",
        "/skills/support/draft/feed.json",
        "/sitemap.xml",
        "/robots.txt",
        "/llms.txt",
        "/index/config.json",
        "/index/support/facts",
        "/index/support/draft",
    ] {
        let (key, media_type) = built.0.urls.get(url).unwrap();
        let Key::Object(audience, _) = key else { panic!("{key:?}") };
        let text = match url.ends_with(".json") {
            true => {
                let value: serde_json::Value = serde_json::from_str(text(&built, url)).unwrap();
                serde_json::to_string_pretty(&value).unwrap() + "\n"
            }
            false => text(&built, url).to_owned(),
        };
        shown.push_str(&format!("=== {url} ({media_type}; {audience})\n{text}\n"));
    }
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("machine_files", shown);
    });
}

#[test]
fn the_index_has_a_file_for_each_public_skill_and_no_other() {
    let built = build(&small());
    let skills: Vec<&str> = built.0.urls.keys().filter_map(|url| url.strip_prefix("/index/")).collect();
    assert_eq!(skills, ["config.json", "shared/escape", "shared/queue", "support/draft", "support/facts"]);
    let config: sparse::Config = serde_json::from_str(text(&built, sparse::CONFIG_URL)).unwrap();
    for id in skills.into_iter().skip(1).map(|id| id.parse().unwrap()) {
        let lines = sparse::decode(text(&built, &sparse::url(&id)).as_bytes()).unwrap();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let bundle = config.bundle_url(&line.name, &line.vers);
        let path = bundle.strip_prefix("https://skills.example.com").unwrap();
        let file = built.0.site.get(path).unwrap();
        assert_eq!(file.digest, line.cksum);
    }
}

#[test]
fn a_feed_has_no_more_than_the_newest_fifty_releases() {
    let mut files = BTreeMap::new();
    for number in 0..60 {
        let text = format!(
            "---\nname: shared/s-{number:02}\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: public\n---\n# A\n"
        );
        let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
        files.insert(format!("skills/shared/s-{number:02}.md"), file);
    }
    let config = Some(CONFIG.to_owned());
    let mut checked = library::check(Snapshot { commit: None, files, config, diagnostics: Vec::new() });
    for (number, skill) in (0u64..).zip(checked.library.values_mut()) {
        // Two by two at one time.
        skill.released = Some(Released { commit: "0".repeat(40), time: number / 2, tag: None });
    }
    let built = build(&checked);
    for url in ["/feed.json", "/teams/shared/feed.json"] {
        let feed: serde_json::Value = serde_json::from_str(text(&built, url)).unwrap();
        let items = feed.get("items").unwrap().as_array().unwrap();
        let titles: Vec<&str> =
            items.iter().map(|item| item.get("title").unwrap().as_str().unwrap()).collect();
        let newest = (0..25).flat_map(|pair| [58 - 2 * pair, 59 - 2 * pair]);
        let expected: Vec<String> = newest.map(|number| format!("shared/s-{number:02} 1.0.0")).collect();
        assert_eq!(titles, expected, "{url}");
    }
}

#[test]
fn every_url_that_sitemap_and_llms_name_is_a_file_of_the_static_site() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::from_seed("head-1", [1; 32]).unwrap();
    let signing = Signer { key: &key, former_keys: &[], now: 1_767_484_800 };
    let writer = Writer::open(folder.path(), signing, &|_| {}).unwrap();
    let checked = small();
    let catalog = catalog::build(Input::new(&checked, Some("0"), &Memo::default()), &writer).unwrap();
    let made = StaticSite::new(&catalog, &checked, folder.path(), None).unwrap();
    writer.finish(catalog.root, 7, Some(&made)).unwrap();
    let site = folder.path().join("site");
    let read = |path: &str| std::fs::read_to_string(site.join(path)).unwrap();
    let sitemap = read("sitemap.xml");
    let pages = sitemap.split("<loc>").skip(1).map(|rest| rest.split_once('<').unwrap().0);
    let llms = read("llms.txt");
    let twins = llms.split("](").skip(1).map(|rest| rest.split_once(')').unwrap().0);
    let (pages, twins): (Vec<&str>, Vec<&str>) = (pages.collect(), twins.collect());
    // The two lists, the teams, and of each public skill its page, its versions and its release.
    assert_eq!((pages.len(), twins.len()), (2 + 3 + 4 * 3, 4));
    for url in pages.into_iter().chain(twins) {
        let path = url.strip_prefix("https://skills.example.com/").unwrap();
        let file = site.join(path);
        assert!(file.is_file() || file.join("index.html").is_file(), "{url}");
    }
    assert!(read("robots.txt").contains("Sitemap: https://skills.example.com/sitemap.xml\n"));
}

#[test]
fn a_release_that_is_not_read_any_more_is_told_of_by_what_the_catalog_keeps() {
    let mut checked = small();
    let (_, files) = build(&checked);
    let id = "support/facts".parse().unwrap();
    let bucket = files.iter().find_map(|(key, bytes)| {
        let bucket = matches!(key, Key::Index(..)).then(|| IndexBucket::decode(bytes).unwrap())?;
        bucket.skills.get(&id).cloned()
    });
    let release = bucket.unwrap().releases.into_values().next().unwrap();
    checked.kept.insert(id.clone(), BTreeMap::from([("0.9.0".parse().unwrap(), release)]));
    let built = build(&checked);
    let lines = sparse::decode(text(&built, &sparse::url(&id)).as_bytes()).unwrap();
    let [kept, _] = lines.as_slice() else { panic!("{lines:?}") };
    let needs: Vec<String> =
        kept.deps.iter().map(|needed| format!("{} {}", needed.name, needed.req)).collect();
    assert_eq!(
        (kept.vers.to_string(), kept.description.as_ref(), needs),
        ("0.9.0".to_owned(), None, vec!["shared/queue =1.2.0".to_owned()])
    );
    let feed = text(&built, "/skills/support/facts/feed.atom");
    let (_, entry) = feed.split_once("<title>support/facts 0.9.0</title>").unwrap();
    assert!(!entry.contains("<summary>") && entry.contains("Deprecated: It is slow."), "{entry}");
    assert!(text(&built, "/sitemap.xml").contains("/skills/support/facts/0.9.0/<"));
}
