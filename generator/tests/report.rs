//! What a check looks like in every format: a change here is a change for people and for tools.

use std::collections::BTreeMap;

use annotate_snippets::Renderer;
use generator::library::{self, Checked};
use generator::report::{self, Summary};
use generator::source::Snapshot;
use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use serde_json::Value;

const CONFIG: &str = "organisation: Example Corp\nbase_url: https://skills.example.com\n\
    teams: {support: {}, data: {}}\n";
const REFUND: &str = "\u{feff}---\r\nname: support/refund\r\nversion: \"1.0\"\r\ndescription: |\r\n  \
    Refunds a customer.\r\ntags:\t[退款, 客户 \t, Customer Support]\r\naccess_level: team\r\n\
    homePage: https://example.com\r\ncolour: red\r\n---\r\n# Refund\r\n";
const CLEAN: &str = "---\nname: data/clean\nversion: 1.0.0\ndescription: \ntags: [a]\naccess_level: team\n\
    allowed-tools:\n  - Read\n  - \"Bash(git:*)\"\n---\n# Clean\n";

fn small() -> Checked {
    let file = |text: &str| SourceFile { mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
    let files = BTreeMap::from([
        ("skills/data/clean.md".to_owned(), file(CLEAN)),
        ("skills/data/100%, 退款.md".to_owned(), file("x")),
        ("skills/support/refund.md".to_owned(), file(REFUND)),
    ]);
    let config = Some(CONFIG.to_owned());
    library::check(Snapshot { commit: None, files, config, diagnostics: Vec::new() })
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn for_people() {
    let checked = small();
    let findings = report::findings(&checked.outcome);
    let text = report::human::render(&findings, &Renderer::plain());
    snapshot("report_human", &format!("{text}{}", Summary::of(checked.library.len(), &findings)));
    let coloured = report::human::render(&findings, &Renderer::styled());
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
}

#[test]
fn for_machines() {
    let checked = small();
    let text = report::json::render(&report::findings(&checked.outcome)).unwrap();
    let read: Vec<registry_core::diagnostic::Diagnostic> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, checked.outcome.diagnostics);
    snapshot("report_json", &text);
}

#[test]
fn for_github() {
    snapshot("report_github", &report::github::render(&report::findings(&small().outcome)));
}

#[test]
fn for_code_scanning() {
    let checked = small();
    let text = report::sarif::render(&report::findings(&checked.outcome)).unwrap();
    let mut log: Value = serde_json::from_str(&text).unwrap();
    let driver = log.pointer_mut("/runs/0/tool/driver").unwrap();
    assert_eq!(driver["semanticVersion"].take(), env!("CARGO_PKG_VERSION"));
    let Value::Array(mut rules) = driver["rules"].take() else { unreachable!("rules are a list") };
    let results = log.pointer_mut("/runs/0/results").unwrap().as_array_mut().unwrap();
    let mut used = Vec::new();
    for result in results {
        // The numbers of rules change whenever one is added.
        let index = usize::try_from(result["ruleIndex"].take().as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        used.push(result["ruleId"].clone());
    }
    rules.retain(|rule| used.contains(&rule["id"]));
    *log.pointer_mut("/runs/0/tool/driver/rules").unwrap() = rules.into();
    snapshot("report_sarif", &serde_json::to_string_pretty(&log).unwrap());
}

#[test]
fn a_file_brings_no_more_findings_than_somebody_reads() {
    let names: String = (0..3000).map(|number| format!("scripts/s{number}.py\n")).collect();
    let text = format!(
        "---\nname: data/a\nversion: 1.0.0\ndescription: d\ntags: [a]\naccess_level: team\n---\n{names}"
    );
    let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
    let files = BTreeMap::from([("skills/data/a/SKILL.md".to_owned(), file)]);
    let config = Some(CONFIG.to_owned());
    let checked = library::check(Snapshot { commit: None, files, config, diagnostics: Vec::new() });
    let found = &checked.outcome.diagnostics;
    let rest = found.iter().filter(|found| found.message == "and 2950 more of this rule in this file");
    assert_eq!(rest.count(), 1, "{found:?}");
    assert!(found.len() < 60, "{}", found.len());
}
