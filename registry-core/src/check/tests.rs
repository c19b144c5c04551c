//! Findings of small libraries, as authors see them.

mod past;

use super::*;
use crate::digest::FileMode;
use crate::manifest::{SourceFile, discover};

const CONFIG: &str = "organisation: X\nbase_url: https://x\n\
    teams: {shared: {members: everyone}, support: {}, finance: {}}\n\
    roles: {finance-agent: {teams: [finance]}}\n";

/// Lines `team/name level depends…`, or `team/name@version level depends…`; roles stand behind the level as `role-restricted=a+b`, further keys behind `|`.
fn library(skills: &str) -> Library {
    let mut files = BTreeMap::new();
    for line in skills.lines().map(str::trim) {
        let (line, more) = line.split_once(" | ").unwrap_or((line, ""));
        let mut words = line.split(' ');
        let (name, level) = (words.next().unwrap(), words.next().unwrap());
        let (name, version) = name.split_once('@').unwrap_or((name, "1.0.0"));
        let (level, roles) = level.split_once('=').unwrap_or((level, ""));
        let roles = if roles.is_empty() {
            String::new()
        } else {
            format!("allowed_roles: [{}]\n", roles.replace('+', ", "))
        };
        let needs: Vec<&str> = words.collect();
        let text = format!(
            "---\nname: {name}\nversion: {version}\ndescription: d\ntags: []\naccess_level: {level}\n{roles}depends_on: [{}]\n{more}\n---\n",
            needs.join(", ")
        );
        let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
        files.insert(format!("skills/{name}.md"), file);
    }
    let (sources, _) = discover(files);
    sources
        .into_iter()
        .map(|source| {
            let (manifest, found) = source.read();
            let manifest = manifest.unwrap_or_else(|| panic!("{found:?}"));
            let digest = source.digest();
            (source.id.clone(), Skill { source, manifest, digest, released: None, status: None })
        })
        .collect()
}

fn findings(skills: &str) -> String {
    let mut library = library(skills);
    let (_, found) = check_library(
        &mut library,
        &mut Past::default(),
        &Unsound::default(),
        &Organisation::parse(CONFIG).unwrap(),
    );
    found.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sound_library_has_no_findings() {
    let skills = "shared/a public\nsupport/b team shared/a:1.x\nfinance/c sensitive finance/d:1.x\nfinance/d team\nfinance/e role-restricted=finance-agent finance/d:1.x";
    assert_eq!(findings(skills), "");
}

#[test]
fn dependency_findings() {
    let skills = "support/a public support/b:1.x\nsupport/b public support/c:*\nsupport/c public support/b:*\nsupport/d public support/e:2.x\nsupport/e public support/bb:1.x\nother/f public";
    insta::with_settings!({snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("library_dependency_findings", findings(skills));
    });
}

#[test]
fn a_near_name_is_searched_for_the_first_missing_dependencies() {
    let needs: Vec<String> = (10..40).map(|number| format!("support/near{number}:*")).collect();
    let found = findings(&format!("support/a team {}\nsupport/near team", needs.join(" ")));
    assert_eq!(found.matches("did you mean").count(), 20, "{found}");
    assert_eq!(found.matches("GH0402").count(), 30, "{found}");
}

#[test]
fn many_names_that_are_one_without_hyphens_are_not_all_compared() {
    let hyphens = |bits: u32| (0..8).map(|n| if bits >> n & 1 == 1 { "-a" } else { "a" }).collect::<String>();
    let skills: Vec<String> = (0..128).map(|bits| format!("support/x{} team", hyphens(bits))).collect();
    let found = findings(&skills.join("\n"));
    let pairs = found.matches("is easily confused with").count();
    assert!((127..128 * 127 / 2).contains(&pairs), "{pairs}");
}

#[test]
fn audience_findings() {
    let skills = "support/a public support/b:1.x\nsupport/b team\nfinance/c role-restricted=finance-agent support/b:1.x\nfinance/d team finance/e:*\nfinance/e sensitive\nshared/f role-restricted=ghost";
    insta::with_settings!({snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("library_audience_findings", findings(skills));
    });
}

#[test]
fn a_bare_name_is_found_in_the_own_team_then_in_shared_then_among_what_skills_provide() {
    let skills =
        "support/caller team | dependencies: {facts: 1.x, queue: 1.x, formatter: '>=1.2', reports/all: '*'}
        support/facts team
        shared/facts public
        shared/queue public
        finance/formats public | provides: {formatter: 1.3.0}
        platform/formats public | provides: {formatter: 1.1.0}
        reports/all public";
    let mut library = library(skills);
    assert_eq!(links::link(&mut library, &Unsound::default()), []);
    let caller = &library[&"support/caller".parse().unwrap()].manifest;
    let needs: Vec<String> = caller.depends_on.iter().map(|needed| needed.spec.to_string()).collect();
    assert_eq!(needs, ["reports/all:*", "support/facts:1.x", "finance/formats:^1.0.0", "shared/queue:1.x"]);
}

#[test]
fn bare_name_and_name_findings() {
    let skills = "support/caller public | dependencies: {formatter: 1.x, parser: 2.x, case-fact: 1.x, shared/queue: 2.x}
        support/case-facts public | aliases: [caller, facts]
        support/casefacts public | aliases: [facts]
        shared/queue public | provides: {formatter: 1.0.0, parser: 1.0.0}
        shared/other public | provides: {formatter: 1.1.0}
        shared/twice public shared/queue:1.x | dependencies: {queue: '=1.0.0'}";
    insta::with_settings!({snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("library_name_findings", findings(skills));
    });
}

fn unsound(skills: &[&str]) -> Unsound {
    let skills = skills.iter().map(|id| id.parse().unwrap()).collect();
    Unsound { skills, may_provide: true }
}

#[test]
fn a_dependency_with_errors_of_its_own_is_not_missing() {
    let mut library = library("support/a team support/b:1.x\nsupport/c team | dependencies: {d: 1.x}");
    let unsound = unsound(&["support/b", "shared/d"]);
    let (_, found) =
        check_library(&mut library, &mut Past::default(), &unsound, &Organisation::parse(CONFIG).unwrap());
    assert_eq!(found, []);
}

#[test]
fn a_bare_name_that_an_unsound_skill_may_provide_is_not_missing() {
    let skills = "support/a team | dependencies: {formatter: 1.x, parser: 2.x}
        shared/b public | provides: {parser: 1.0.0}";
    let organisation = Organisation::parse(CONFIG).unwrap();
    let (_, found) =
        check_library(&mut library(skills), &mut Past::default(), &unsound(&["shared/c"]), &organisation);
    assert_eq!(found, []);
    assert_eq!(findings(skills).matches("GH04").count(), 2);
}

#[test]
fn a_bare_name_means_the_sound_skill_of_the_own_team_whatever_is_wrong_with_that_of_shared() {
    let mut library = library("support/a team | dependencies: {facts: 1.x}\nsupport/facts team");
    assert_eq!(links::link(&mut library, &unsound(&["shared/facts"])), []);
    let needs = &library[&"support/a".parse().unwrap()].manifest.depends_on;
    assert_eq!(needs.iter().map(|needed| needed.spec.to_string()).collect::<Vec<_>>(), ["support/facts:1.x"]);
}

#[test]
fn no_hint_names_the_skill_itself() {
    for skills in ["support/facts team | dependencies: {fact: 1.x}", "support/facts team support/fact:1.x"] {
        let mut library = library(skills);
        let organisation = Organisation::parse(CONFIG).unwrap();
        let (_, found) =
            check_library(&mut library, &mut Past::default(), &Unsound::default(), &organisation);
        let helps: Vec<&str> = found.iter().filter_map(|found| found.help.as_deref()).collect();
        assert_eq!(helps, ["add the skill, or remove the dependency"], "{skills}");
    }
}

#[test]
fn a_closure_that_is_too_large_is_to_be_split() {
    let chain = (0..600).map(|n| format!("support/step-{n} team support/step-{}:1.x\n", n + 1));
    let found = findings(&format!("{}support/step-600 team", chain.collect::<String>()));
    assert!(found.contains("split the closure: let fewer skills depend on each other"), "{found}");
}
