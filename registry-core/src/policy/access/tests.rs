//! Decisions case by case.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use super::*;
use crate::catalog::Member;
use crate::digest::Digest;
use crate::manifest::{Permissions, SkillType};
use crate::organisation::Limits;
use crate::policy::PublicAccess;

type Records = BTreeMap<SkillId, SkillRecord>;

fn policy() -> Policy {
    Policy { public: PublicAccess::Anonymous, open_teams: Default::default(), roles: Default::default() }
}

fn finance_member() -> Caller {
    Caller {
        issuer: String::new(),
        subject: String::new(),
        role: "agent".parse().unwrap(),
        teams: ["finance".parse().unwrap()].into(),
        elevated_until: None,
        client: None,
    }
}

fn id(text: &str) -> SkillId {
    text.parse().unwrap()
}

/// A release of this audience, which needs version 1.0.0 of others.
fn release(audience: &str, needs: &[&str]) -> ReleaseRecord {
    let member =
        |skill: &&str| Member { skill: id(skill), version: Version::new(1, 0, 0), digest: Digest::of(b"") };
    ReleaseRecord {
        audience: audience.parse().unwrap(),
        digest: Digest::of(b""),
        released: None,
        status: None,
        blocked: None,
        closure: needs.iter().map(member).collect(),
        closure_digest: Digest::of(b""),
        skill_type: SkillType::Instructions,
        limits: Limits::default(),
        permissions: Permissions::default(),
        bundle: Digest::of(b""),
        document: Digest::of(b""),
        record: Digest::of(b""),
        page: Digest::of(b""),
    }
}

fn skill(head: &str, releases: &[(&str, ReleaseRecord)]) -> SkillRecord {
    SkillRecord {
        audience: head.parse().unwrap(),
        removed: false,
        releases: releases
            .iter()
            .map(|(version, release)| (version.parse().unwrap(), release.clone()))
            .collect(),
        files: BTreeMap::new(),
    }
}

fn records(skills: &[(&str, SkillRecord)]) -> Records {
    skills.iter().map(|(name, record)| (id(name), record.clone())).collect()
}

/// The decision in short, for a member of `finance`, and the skills whose records it asked for.
fn decided(records: &Records, skill: &str, requirement: &str) -> (String, Vec<String>) {
    let (caller, policy) = (finance_member(), policy());
    let access = Access { caller: Some(&caller), policy: &policy, now: 0 };
    let asked = RefCell::new(Vec::new());
    let find = |id: &SkillId| {
        asked.borrow_mut().push(id.to_string());
        Ok::<_, Infallible>(records.get(id))
    };
    let Ok(decision) = access.decide(&id(skill), Wanted::Matching(&requirement.parse().unwrap()), find);
    let text = match decision {
        Decision::Granted(chosen) => format!("granted {}", chosen.version),
        Decision::Blocked(chosen, denial) => format!("{denial:?} {}", chosen.version),
        Decision::Denied(denial) => format!("{denial:?}"),
        Decision::NoVersion(record) => format!("none of {}", record.releases.len()),
    };
    (text, asked.into_inner())
}

fn said(records: &Records, skill: &str, requirement: &str) -> String {
    decided(records, skill, requirement).0
}

#[test]
fn a_release_is_open_only_by_both_rules() {
    let of = |head: &str, own: &str| records(&[("finance/a", skill(head, &[("1.0.0", release(own, &[]))]))]);
    let said = |head, own| said(&of(head, own), "finance/a", "*");
    assert_eq!(said("public", "team:finance"), "granted 1.0.0");
    assert_eq!(said("team:finance", "public"), "granted 1.0.0");
    assert_eq!(said("team:support", "public"), "Hidden", "the head was tightened");
    assert_eq!(said("public", "team:support"), "ReleaseClosed", "the release's own rule");
}

#[test]
fn hidden_absent_and_removed_skills_are_alike_and_open_one_record() {
    let mut records = records(&[
        ("support/a", skill("team:support", &[("1.0.0", release("public", &["finance/a"]))])),
        ("finance/a", skill("public", &[("1.0.0", release("public", &[]))])),
    ]);
    records.get_mut(&id("finance/a")).unwrap().removed = true;
    for name in ["support/a", "support/b", "finance/a"] {
        assert_eq!(decided(&records, name, "*"), ("Hidden".to_owned(), vec![name.to_owned()]));
    }
}

#[test]
fn a_denial_never_falls_back_to_another_version() {
    let versions = [("1.0.0", release("public", &[])), ("1.1.0", release("team:support", &[]))];
    let records = records(&[("finance/a", skill("public", &versions))]);
    assert_eq!(said(&records, "finance/a", "1.x"), "ReleaseClosed");
    assert_eq!(said(&records, "finance/a", "=1.0.0"), "granted 1.0.0");
    assert_eq!(said(&records, "finance/a", "2.x"), "none of 2");
}

#[test]
fn the_whole_closure_must_be_open_and_names_only_what_the_caller_sees() {
    let of = |needed: SkillRecord| {
        records(&[
            ("finance/a", skill("public", &[("1.0.0", release("public", &["finance/b", "finance/a"]))])),
            ("finance/b", needed),
        ])
    };
    let one = |audience: &str| [("1.0.0", release(audience, &[]))];
    assert_eq!(said(&of(skill("public", &one("public"))), "finance/a", "*"), "granted 1.0.0");
    let hidden = "DependencyClosed(None)";
    assert_eq!(said(&of(skill("team:support", &one("public"))), "finance/a", "*"), hidden);
    let named = format!("DependencyClosed(Some({:?}))", id("finance/b"));
    assert_eq!(said(&of(skill("public", &one("team:support"))), "finance/a", "*"), named);
    assert_eq!(said(&of(skill("public", &[("2.0.0", release("public", &[]))])), "finance/a", "*"), named);
    let removed = SkillRecord { removed: true, ..skill("public", &one("public")) };
    assert_eq!(said(&of(removed), "finance/a", "*"), hidden);
    let mut alone = of(skill("public", &one("public")));
    alone.remove(&id("finance/b"));
    assert_eq!(said(&alone, "finance/a", "*"), hidden);
}

#[test]
fn a_blocked_release_is_refused_after_its_own_rules() {
    let blocked = |own: &str| ReleaseRecord { blocked: Some(id("finance/b")), ..release(own, &[]) };
    let of = |own: &str, needed: &str| {
        records(&[
            ("finance/a", skill("public", &[("1.0.0", blocked(own))])),
            ("finance/b", skill(needed, &[])),
        ])
    };
    assert_eq!(said(&of("team:support", "public"), "finance/a", "*"), "ReleaseClosed");
    assert_eq!(said(&of("public", "team:support"), "finance/a", "*"), "Blocked(None) 1.0.0");
    let named = format!("Blocked(Some({:?})) 1.0.0", id("finance/b"));
    assert_eq!(said(&of("public", "public"), "finance/a", "*"), named);
}

#[test]
fn the_latest_release_is_wanted_without_a_requirement() {
    let versions = [("1.0.0-rc.1", release("public", &[]))];
    let records = records(&[("finance/a", skill("public", &versions))]);
    let policy = policy();
    let access = Access { caller: None, policy: &policy, now: 0 };
    let find = |id: &SkillId| Ok::<_, Infallible>(records.get(id));
    let Ok(latest) = access.decide(&id("finance/a"), Wanted::Latest, find);
    assert!(matches!(latest, Decision::Granted(_)));
    let Ok(matching) = access.decide(&id("finance/a"), Wanted::Matching(&Requirement::any()), find);
    assert!(matches!(matching, Decision::NoVersion(_)));
}

#[test]
fn an_error_of_a_lookup_ends_the_decision() {
    let policy = policy();
    let access = Access { caller: None, policy: &policy, now: 0 };
    let find = |_: &SkillId| Err("unreachable");
    assert_eq!(access.decide(&id("finance/a"), Wanted::Latest, find).unwrap_err(), "unreachable");
}

#[test]
fn search_opens_the_callers_audiences_only() {
    let all = ["public", "team:finance", "team:support"].map(|text| text.parse().unwrap());
    let (caller, policy) = (finance_member(), policy());
    let access = Access { caller: Some(&caller), policy: &policy, now: 0 };
    assert_eq!(access.visible(&all), [&all[0], &all[1]]);
}

#[test]
fn a_reason_names_the_role_and_nothing_that_is_hidden() {
    let (caller, policy) = (finance_member(), policy());
    let anonymous = Access { caller: None, policy: &policy, now: 0 };
    let signed_in = Access { caller: Some(&caller), ..anonymous };
    let a = id("finance/a");
    assert_eq!(
        anonymous.reason(&a, &Denial::Hidden),
        "`finance/a` does not exist or is not open to anonymous callers"
    );
    assert_eq!(
        signed_in.reason(&a, &Denial::DependencyClosed(None)),
        "`finance/a` needs a skill that is not open to role `agent`"
    );
}
