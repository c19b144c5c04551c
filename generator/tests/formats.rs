//! The formats of a catalog, as edges and API callers read them: a change here is a change for them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use generator::catalog::{self, Catalog, Input, Memo, Memory};
use generator::library;
use generator::source::Snapshot;
use registry_core::catalog::{IndexBucket, Key};
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use serde_json::Value;

const CONFIG: &str = "organisation: Example Corp\nbase_url: https://skills.example.com\n\
    teams: {shared: {members: everyone}, support: {owners: ['@support-leads']}}\n";
const QUEUE: &str = "---\nname: shared/queue\nversion: 1.2.0\ndescription: Hands a case over.\ntags: [handover]\n\
    access_level: public\n---\n# Queue\n\nHand it over.\n";
const FACTS: &str = "---\nname: facts\nversion: 2.0.0\ndescription: Extracts facts.\ntags: [ticket, facts]\n\
    access_level: team\ndepends_on: [shared/queue:1.x]\ntype: code_inline\ncommand: python3\nargs: [scripts/facts.py]\n\
    timeout: 5\nlicense: MIT\ndeprecated: use shared/queue\n---\n# Facts\n\nRun `scripts/facts.py`.\n";

fn small() -> (Catalog, BTreeMap<Key, Vec<u8>>) {
    let file = |text: &str, mode| SourceFile { mode, bytes: text.as_bytes().to_vec() };
    let files = BTreeMap::from([
        ("skills/shared/queue.md".to_owned(), file(QUEUE, FileMode::Plain)),
        ("skills/support/facts/SKILL.md".to_owned(), file(FACTS, FileMode::Plain)),
        ("skills/support/facts/scripts/facts.py".to_owned(), file("print(1)\n", FileMode::Executable)),
    ]);
    let snapshot = Snapshot { commit: None, files, config: Some(CONFIG.to_owned()), diagnostics: Vec::new() };
    let checked = library::check(snapshot);
    assert_eq!(checked.outcome.diagnostics, []);
    let files = Memory::default();
    let commit = Some("0123456789012345678901234567890123456789");
    let catalog = catalog::build(Input::new(&checked, commit, &Memo::default()), &files).unwrap();
    (catalog, files.into_files())
}

#[test]
fn the_formats_of_a_small_catalog() {
    let (catalog, files) = small();
    let mut shown = String::from("public URLs\n");
    for (url, file) in &catalog.site {
        // The style sheet's URL changes with every change of its looks.
        let url = if url.starts_with("/assets/") { "/assets/…" } else { url };
        shown.push_str(&format!("  {url} {}\n", file.media_type));
    }
    for (key, bytes) in &files {
        let Key::Index(..) = key else { continue };
        for (id, record) in IndexBucket::decode(bytes).unwrap().skills {
            let mut value = serde_json::to_value(&record).unwrap();
            *value.pointer_mut("/files/versions~1/digest").unwrap() = Value::from("…");
            let release =
                value.pointer_mut("/releases").unwrap().as_object_mut().unwrap().values_mut().next().unwrap();
            // Pages change with the templates.
            *release.get_mut("page").unwrap() = Value::from("…");
            shown.push_str(&format!(
                "\nindex record of {id}\n{}\n",
                serde_json::to_string_pretty(&value).unwrap()
            ));
            let [release] = record.releases.values().collect::<Vec<_>>().try_into().unwrap();
            for (name, digest) in [("record", release.record), ("served SKILL.md", release.document)] {
                let bytes = files.get(&Key::Object(record.audience.clone(), digest)).unwrap();
                shown.push_str(&format!("\n{name} of {id}\n{}\n", std::str::from_utf8(bytes).unwrap()));
            }
        }
    }
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("catalog_formats", shown);
    });
}
