//! Decisions over random catalogs and callers, compared with the same rules in Cedar. `GUILDHALL_DECISIONS` says how many.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use oracle::{Expected, Oracle};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use registry_core::catalog::{Member, ReleaseRecord, SkillRecord};
use registry_core::digest::Digest;
use registry_core::id::{SkillId, TeamName};
use registry_core::manifest::{Permissions, SkillType};
use registry_core::organisation::Limits;
use registry_core::policy::{Access, AccessLevel, Audience, Caller, Policy, PublicAccess, Wanted};
use registry_core::requirement::Requirement;

const NOW: u64 = 1_800_000_000;
const SKILLS: usize = 14;
const CALLERS: usize = 12;
const TEAMS: [&str; 3] = ["finance", "support", "shared"];
const ROLES: [&str; 4] = ["finance-agent", "support-agent", "auditor", "guest"];
const REQUIREMENTS: [&str; 5] = ["*", "*", "*", "=1.0.0", "2.x"];

/// A catalog, its rules of membership, and who asks.
#[derive(Debug)]
struct World {
    policy: Policy,
    records: BTreeMap<SkillId, SkillRecord>,
    callers: Vec<Option<Caller>>,
}

fn any_world() -> impl Strategy<Value = World> {
    let skills: Vec<_> = (0..SKILLS).map(any_skill).collect();
    (any_policy(), skills, prop::collection::vec(any_caller(), CALLERS)).prop_map(
        |(policy, skills, callers)| World { policy, records: skills.into_iter().collect(), callers },
    )
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let public = prop::sample::select(vec![PublicAccess::Anonymous, PublicAccess::SignedIn]);
    let open = prop::sample::select(vec![vec![], vec!["shared"], vec!["shared"], vec!["shared", "support"]]);
    let of_roles = prop::collection::vec(prop::sample::subsequence(TEAMS.as_slice(), 0..=2), ROLES.len() - 1);
    (public, open, of_roles).prop_map(|(public, open, of_roles)| Policy {
        public,
        open_teams: open.iter().map(|team| team.parse().unwrap()).collect(),
        roles: ROLES
            .iter()
            .zip(of_roles)
            .map(|(role, of_role)| (role.parse().unwrap(), names(&of_role)))
            .collect(),
    })
}

fn names(teams: &[&str]) -> std::collections::BTreeSet<TeamName> {
    teams.iter().map(|team| team.parse().unwrap()).collect()
}

fn any_caller() -> impl Strategy<Value = Option<Caller>> {
    let good = [NOW + 1, NOW + 300, NOW + 900].map(Some);
    let ends = [&good[..], &good, &[None, Some(NOW), Some(NOW + 901)]].concat();
    let teams = prop::sample::subsequence(TEAMS.as_slice(), 1..=TEAMS.len());
    let caller = (prop::sample::select(ROLES.as_slice()), teams, prop::sample::select(ends));
    prop::option::weighted(
        0.9,
        caller.prop_map(|(role, teams, elevated_until)| Caller {
            issuer: "https://idp.example.com".to_owned(),
            subject: "agent".to_owned(),
            role: role.parse().unwrap(),
            teams: names(&teams),
            elevated_until,
            client: None,
        }),
    )
}

fn any_audience() -> impl Strategy<Value = Audience> {
    let team = || prop::sample::select(TEAMS.as_slice()).prop_map(|team| team.parse::<TeamName>().unwrap());
    let roles = prop::sample::subsequence(ROLES.as_slice(), 2..=3)
        .prop_map(|roles| Audience::Roles(roles.iter().map(|role| role.parse().unwrap()).collect()));
    prop_oneof![
        2 => Just(Audience::Public),
        2 => team().prop_map(Audience::Team),
        2 => roles,
        3 => team().prop_map(Audience::Sensitive),
    ]
}

/// What is drawn for a release: its own rule, or that of its head; the earlier skills that it needs, with their versions.
type Draft = (Option<Audience>, Vec<(usize, bool)>, Option<usize>);

fn any_draft(number: usize) -> impl Strategy<Value = Draft> {
    let needs = prop::collection::vec((0..number.max(1), prop::bool::weighted(0.9)), 0..2);
    // One place beyond the last is a skill that is not there.
    (prop::option::weighted(0.2, any_audience()), needs, prop::option::weighted(0.1, 0..=SKILLS))
}

/// A skill that needs such as were drawn before it. Every other needs nothing that it could be denied for.
fn any_skill(number: usize) -> impl Strategy<Value = (SkillId, SkillRecord)> {
    let releases = (any_draft(number), prop::option::of(any_draft(number)));
    (any_audience(), prop::bool::weighted(0.03), releases).prop_map(
        move |(head, removed, (first, second))| {
            let first = ("1.0.0".parse().unwrap(), release(number, &head, "1.0.0", first));
            let second =
                second.map(|draft| ("2.1.0".parse().unwrap(), release(number, &head, "2.1.0", draft)));
            let record = SkillRecord {
                audience: head,
                removed,
                releases: [first].into_iter().chain(second).collect(),
                files: BTreeMap::new(),
            };
            (id(number), record)
        },
    )
}

fn id(number: usize) -> SkillId {
    format!("{}/skill-{number}", TEAMS[number % TEAMS.len()]).parse().unwrap()
}

fn member(number: usize, version: &str) -> Member {
    Member { skill: id(number), version: version.parse().unwrap(), digest: Digest::of(b"") }
}

fn release(number: usize, head: &Audience, version: &str, (own, needs, blocked): Draft) -> ReleaseRecord {
    let needs = needs.into_iter().filter(|(needed, _)| *needed < number && !number.is_multiple_of(2));
    let needs = needs.map(|(needed, is_there)| member(needed, if is_there { "1.0.0" } else { "9.0.0" }));
    ReleaseRecord {
        audience: own.unwrap_or_else(|| head.clone()),
        digest: Digest::of(b""),
        released: None,
        status: None,
        blocked: blocked.map(id),
        closure: needs.chain([member(number, version)]).collect(),
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

/// What was decided, by the level of the skill's head, and in which of the cases that are easily forgotten.
#[derive(Debug, Default)]
struct Tally {
    decisions: u32,
    /// Allowed, and all.
    levels: BTreeMap<AccessLevel, [u32; 2]>,
    cases: BTreeMap<&'static str, u32>,
}

impl Tally {
    fn add(&mut self, record: Option<&SkillRecord>, expected: &Expected, requirement: &Requirement) {
        self.decisions += 1;
        if let Some(record) = record {
            let [allowed, all] = self.levels.entry(record.audience.level()).or_default();
            *allowed += u32::from(matches!(expected, Expected::Granted(_)));
            *all += 1;
        }
        let chosen = record.and_then(|record| record.choose(requirement));
        let stricter = chosen.is_some_and(|(_, release)| release.audience != record.unwrap().audience);
        let case = match expected {
            Expected::Granted(_) if chosen.is_some_and(|(_, release)| release.closure.len() > 1) => {
                "open closure"
            }
            Expected::Granted(_) if stricter => "open by two rules",
            Expected::Granted(_) => "open",
            Expected::Hidden if record.is_none() => "absent",
            Expected::Hidden if record.is_some_and(|record| record.removed) => "removed",
            Expected::Hidden if stricter => "closed by the head alone or both",
            Expected::Hidden => "hidden",
            Expected::NoVersion => "no version",
            Expected::ReleaseClosed => "closed by its own rule",
            Expected::Blocked(Some(_)) => "blocked by a skill that shows",
            Expected::Blocked(None) => "blocked by one that does not",
            Expected::DependencyClosed(closed) if closed.contains(&None) => "needs what is hidden",
            Expected::DependencyClosed(_) => "needs a closed release of what shows",
        };
        *self.cases.entry(case).or_default() += 1;
    }

    fn assert_balanced(&self) {
        assert_eq!(self.levels.len(), 4, "{self:#?}");
        for [allowed, all] in self.levels.values() {
            let share = f64::from(*allowed) / f64::from(*all);
            assert!((0.3..=0.7).contains(&share), "{self:#?}");
        }
        assert_eq!(self.cases.len(), 13, "{self:#?}");
        assert!(self.cases.values().all(|count| *count > self.decisions / 1000), "{self:#?}");
    }
}

#[test]
fn every_decision_is_that_of_the_rules_in_cedar() {
    let wanted =
        std::env::var("GUILDHALL_DECISIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000);
    let mut runner = TestRunner::default();
    let mut tally = Tally::default();
    while tally.decisions < wanted {
        let world = any_world().new_tree(&mut runner).unwrap().current();
        let oracle = Oracle::new(&world.policy, &world.records, &world.callers, NOW).unwrap();
        for (number, caller) in world.callers.iter().enumerate() {
            let access = Access { caller: caller.as_ref(), policy: &world.policy, now: NOW };
            for skill in (0..=SKILLS).map(id) {
                let requirement = REQUIREMENTS[(number + tally.decisions as usize) % REQUIREMENTS.len()];
                let requirement: Requirement = requirement.parse().unwrap();
                let find = |skill: &SkillId| Ok::<_, Infallible>(world.records.get(skill));
                let Ok(decision) = access.decide(&skill, Wanted::Matching(&requirement), find);
                let expected = oracle.expected(number, &skill, &requirement).unwrap();
                assert!(
                    expected.is(&decision),
                    "{skill}:{requirement} for {caller:?}\n{expected:?}\n{decision:?}\n{world:#?}"
                );
                tally.add(world.records.get(&skill), &expected, &requirement);
            }
            let seen = access.visible(world.records.values().map(|record| &record.audience)).len();
            let of_oracle = world.records.iter().filter(|(skill, record)| {
                record.removed && access.admits(&record.audience) || oracle.sees(number, skill).unwrap()
            });
            assert_eq!(seen, of_oracle.count());
        }
    }
    tally.assert_balanced();
}
