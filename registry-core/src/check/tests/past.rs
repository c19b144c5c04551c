//! What becomes of releases that were made before.

use super::*;

/// Checks heads over former releases, with the `settled` heads published as they are. Returns what is blocked by what,
/// and the findings.
fn check(heads: &str, former: &str, settled: &[&str]) -> (Closures, String) {
    check_with(heads, former, settled, |_, _| {})
}

fn check_with(
    heads: &str,
    former: &str,
    settled: &[&str],
    change: impl FnOnce(&mut Library, &mut Past),
) -> (Closures, String) {
    let mut heads = library(heads);
    let mut past =
        Past { settled: settled.iter().map(|id| id.parse().unwrap()).collect(), ..Past::default() };
    for (id, skill) in former.lines().flat_map(library) {
        let version = skill.manifest.version.clone();
        past.releases.entry(id).or_default().insert(version, skill);
    }
    change(&mut heads, &mut past);
    let organisation = Organisation::parse(CONFIG).unwrap();
    let (closures, found) = check_library(&mut heads, &mut past, &Unsound::default(), &organisation);
    let found = found.iter().map(|found| format!("{} {}", found.rule.code(), found.message));
    (closures, found.collect::<Vec<_>>().join("\n"))
}

fn closure<'a>(closures: &'a Closures, id: &str, version: &str) -> &'a Closure {
    &closures[&id.parse().unwrap()][&version.parse().unwrap()]
}

fn members(closure: &Closure) -> Vec<String> {
    closure.members.iter().map(|member| format!("{}@{}", member.skill, member.version)).collect()
}

/// By what a release is blocked; then its closure is the release alone.
fn blocked(closures: &Closures, id: &str, version: &str) -> Option<String> {
    let closure = closure(closures, id, version);
    if closure.blocked.is_some() {
        assert_eq!(members(closure), [format!("{id}@{version}")]);
    }
    closure.blocked.as_ref().map(ToString::to_string)
}

fn withdraw(skill: &mut Skill) {
    let reason = "wrong".to_owned();
    skill.status =
        Some(Status { state: State::Withdrawn, since: None, reason, replaced_by: None, sunset: None });
}

#[test]
fn a_head_may_need_what_only_a_former_release_satisfies() {
    let heads = "shared/a@2.0.0 public\nsupport/b public shared/a:1.x";
    let (closures, found) = check(heads, "shared/a@1.4.0 public\nshared/a@1.3.0 public", &[]);
    assert_eq!(found, "");
    assert_eq!(members(closure(&closures, "support/b", "1.0.0")), ["shared/a@1.4.0", "support/b@1.0.0"]);
    assert_eq!(members(closure(&closures, "shared/a", "1.3.0")), ["shared/a@1.3.0"]);
}

#[test]
fn the_same_fault_is_an_error_of_a_new_head_and_blocks_a_settled_one() {
    let faults = [
        ("support/b public support/a:1.x\nsupport/a@1.1.0 team", "GH0501"),
        ("support/b public support/a:1.x\nsupport/a@2.0.0 public", "GH0403"),
        ("support/b public support/a:1.x", "GH0402"),
        ("support/b public support/a:*\nsupport/a public support/b:*", "GH0404"),
    ];
    for (heads, code) in faults {
        let (_, found) = check(heads, "", &[]);
        assert!(found.contains(code) && !found.contains("GH0407"), "{heads}: {found}");
        let (closures, found) = check(heads, "", &["support/a", "support/b"]);
        assert!(found.contains("GH0407 `support/b` 1.0.0 is blocked"), "{heads}: {found}");
        assert!(!found.contains(code), "{heads}: {found}");
        assert_eq!(blocked(&closures, "support/b", "1.0.0").as_deref(), Some("support/a"), "{heads}");
    }
}

#[test]
fn a_fault_of_a_former_release_blocks_it_without_a_finding() {
    let heads = "support/a@1.1.0 team\nsupport/b@2.0.0 public";
    let former = "support/b@1.0.0 public support/a:1.x\nsupport/b@1.1.0 team support/a:1.x\n\
                  support/b@1.2.0 public support/gone:*";
    let (closures, found) = check(heads, former, &[]);
    assert_eq!(found, "");
    assert_eq!(blocked(&closures, "support/b", "1.0.0").as_deref(), Some("support/a"));
    assert_eq!(blocked(&closures, "support/b", "1.1.0"), None, "its own rule is as strict");
    assert_eq!(blocked(&closures, "support/b", "1.2.0").as_deref(), Some("support/gone"));
    assert_eq!(blocked(&closures, "support/b", "2.0.0"), None);
}

#[test]
fn a_head_that_is_as_strict_as_the_dependency_bounds_its_former_releases() {
    let heads = "support/a@1.1.0 team\nsupport/b@2.0.0 team";
    let (closures, _) = check(heads, "support/b@1.0.0 public support/a:1.x", &[]);
    assert_eq!(blocked(&closures, "support/b", "1.0.0"), None);
}

#[test]
fn a_former_release_that_is_stricter_than_its_head_is_no_dependency_for_all() {
    let heads = "support/a@2.0.0 public\nsupport/b public support/a:1.x";
    let former = "support/a@1.0.0 team";
    let (_, found) = check(heads, former, &[]);
    assert!(found.contains("GH0501"), "{found}");
    let (closures, _) = check(heads, former, &["support/b"]);
    assert_eq!(blocked(&closures, "support/b", "1.0.0").as_deref(), Some("support/a"));
}

#[test]
fn what_is_closed_deep_in_the_closure_is_named_and_not_what_leads_there() {
    let heads = "support/a@1.1.0 team\nsupport/b public support/a:1.x\nsupport/c public support/b:1.x";
    let (closures, found) = check(heads, "", &["support/b", "support/c"]);
    for id in ["support/b", "support/c"] {
        assert_eq!(blocked(&closures, id, "1.0.0").as_deref(), Some("support/a"), "{found}");
    }
}

#[test]
fn a_withdrawn_release_is_needed_by_nobody_but_those_who_pin_it() {
    let heads = "support/a public\nsupport/b public support/a:1.x\nsupport/c public support/a:=1.0.0";
    let all = ["support/a", "support/b", "support/c"];
    let head = |library: &mut Library, _: &mut Past| {
        withdraw(library.get_mut(&"support/a".parse().unwrap()).unwrap());
    };
    let (closures, found) = check_with(heads, "", &all, head);
    assert_eq!(blocked(&closures, "support/b", "1.0.0").as_deref(), Some("support/a"));
    assert_eq!(blocked(&closures, "support/c", "1.0.0"), None);
    assert_eq!(found.matches("GH0407").count(), 1, "{found}");
    let (closures, found) = check_with(heads, "support/a@1.0.1 public", &all, head);
    assert_eq!(found, "");
    assert_eq!(members(closure(&closures, "support/b", "1.0.0")), ["support/a@1.0.1", "support/b@1.0.0"]);
}

#[test]
fn a_blocked_release_blocks_those_that_need_it() {
    let heads = "support/c public support/b:1.x\nsupport/b@2.0.0 public";
    let (closures, _) = check(heads, "support/b@1.0.0 public support/gone:*", &["support/c"]);
    assert!(blocked(&closures, "support/b", "1.0.0").is_some());
    assert!(blocked(&closures, "support/c", "1.0.0").is_some());
}

#[test]
fn a_former_release_with_a_bare_name_that_nobody_has_any_more_is_blocked() {
    let heads = "support/b@2.0.0 public\nsupport/a public";
    let former = "support/b@1.0.0 public | dependencies: {gone: 1.x}\n\
                  support/b@1.1.0 public | dependencies: {a: 1.x}";
    let (closures, found) = check(heads, former, &[]);
    assert_eq!(found, "");
    assert!(blocked(&closures, "support/b", "1.0.0").is_some());
    assert_eq!(members(closure(&closures, "support/b", "1.1.0")), ["support/a@1.0.0", "support/b@1.1.0"]);
}
