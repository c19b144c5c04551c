//! The rule of each level, case by case, and the order of audiences against the callers themselves.

use proptest::prelude::*;

use super::*;
use crate::policy::MAX_ELEVATION_SECONDS;

const NOW: u64 = 1_800_000_000;

fn team(name: &str) -> TeamName {
    name.parse().unwrap()
}

fn roles(names: &[&str]) -> BTreeSet<RoleName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn policy(public: PublicAccess) -> Policy {
    Policy {
        public,
        open_teams: [team("shared")].into(),
        roles: [("finance-agent".parse().unwrap(), [team("finance")].into())].into(),
    }
}

fn caller(role: &str, teams: &[&str], elevated_until: Option<u64>) -> Caller {
    Caller {
        issuer: "https://idp.example.com".to_owned(),
        subject: "agent-7".to_owned(),
        role: role.parse().unwrap(),
        teams: teams.iter().map(|name| team(name)).collect(),
        elevated_until,
        client: None,
    }
}

fn admits(audience: &Audience, caller: Option<&Caller>) -> bool {
    audience.admits(caller, &policy(PublicAccess::Anonymous), NOW)
}

#[test]
fn public_is_for_anyone_or_for_the_signed_in_by_policy() {
    let guest = caller("guest", &[], None);
    let open = policy(PublicAccess::Anonymous);
    let signed_in = policy(PublicAccess::SignedIn);
    assert!(Audience::Public.admits(None, &open, NOW));
    assert!(!Audience::Public.admits(None, &signed_in, NOW));
    assert!(Audience::Public.admits(Some(&guest), &open, NOW));
    assert!(Audience::Public.admits(Some(&guest), &signed_in, NOW));
}

#[test]
fn team_is_for_members_by_claim_by_role_or_because_everyone_is() {
    let finance = Audience::Team(team("finance"));
    assert!(admits(&finance, Some(&caller("guest", &["finance"], None))));
    assert!(admits(&finance, Some(&caller("finance-agent", &[], None))));
    assert!(!admits(&finance, Some(&caller("support-agent", &["support"], None))));
    assert!(!admits(&finance, None));
    let shared = Audience::Team(team("shared"));
    assert!(admits(&shared, Some(&caller("guest", &[], None))));
    assert!(!admits(&shared, None));
}

#[test]
fn role_restricted_is_for_the_listed_roles_whatever_their_teams() {
    let audience = Audience::Roles(roles(&["auditor", "finance-agent"]));
    assert!(admits(&audience, Some(&caller("auditor", &[], None))));
    assert!(!admits(&audience, Some(&caller("support-agent", &["finance"], None))));
    assert!(!admits(&audience, None));
}

#[test]
fn sensitive_needs_membership_and_a_running_short_elevation() {
    let audience = Audience::Sensitive(team("finance"));
    let with = |teams: &[&str], until| admits(&audience, Some(&caller("lead", teams, until)));
    assert!(with(&["finance"], Some(NOW + 1)));
    assert!(with(&["finance"], Some(NOW + MAX_ELEVATION_SECONDS)));
    assert!(!with(&["finance"], Some(NOW + MAX_ELEVATION_SECONDS + 1)), "longer than the limit");
    assert!(!with(&["finance"], Some(NOW)), "over");
    assert!(!with(&["finance"], Some(NOW - 1)), "long over");
    assert!(!with(&["finance"], None), "not elevated");
    assert!(!with(&["support"], Some(NOW + 1)), "not a member");
    assert!(!admits(&audience, None));
}

#[test]
fn the_order_as_the_design_states_it() {
    let policy = policy(PublicAccess::Anonymous);
    let finance = Audience::Team(team("finance"));
    let support = Audience::Team(team("support"));
    let shared = Audience::Team(team("shared"));
    let vault = Audience::Sensitive(team("finance"));
    let agents = Audience::Roles(roles(&["finance-agent"]));
    let both = Audience::Roles(roles(&["auditor", "finance-agent"]));
    let all = [&Audience::Public, &finance, &support, &shared, &vault, &agents, &both];
    let table: Vec<Vec<bool>> =
        all.iter().map(|narrow| all.iter().map(|wide| narrow.is_within(wide, &policy)).collect()).collect();
    let expected = [
        // public finance support shared vault agents both
        [true, false, false, false, false, false, false],
        [true, true, false, true, false, false, false],
        [true, false, true, true, false, false, false],
        [true, false, false, true, false, false, false],
        [true, true, false, true, true, false, false],
        [true, true, false, true, false, true, true],
        [true, false, false, true, false, false, true],
    ];
    assert_eq!(table, expected);
    let signed_in = super::tests::policy(PublicAccess::SignedIn);
    assert!(Audience::Public.is_within(&shared, &signed_in));
    assert!(!Audience::Public.is_within(&finance, &signed_in));
}

#[test]
fn text_forms_round_trip_and_refuse_the_rest() {
    for text in ["public", "team:finance", "roles:a+b", "sensitive:finance"] {
        assert_eq!(text.parse::<Audience>().unwrap().to_string(), text);
    }
    for bad in ["", "Public", "team:", "team:../x", "roles:", "roles:a+", "everyone", "public:x"] {
        assert!(bad.parse::<Audience>().is_err(), "{bad}");
    }
}

#[test]
fn levels_have_the_spelling_that_authors_write() {
    let levels =
        [AccessLevel::Public, AccessLevel::Team, AccessLevel::RoleRestricted, AccessLevel::Sensitive];
    for level in levels {
        assert_eq!(serde_json::to_value(level).unwrap(), level.to_string());
    }
    assert_eq!(AccessLevel::RoleRestricted.to_string(), "role-restricted");
}

#[test]
fn roles_have_to_fit_into_a_folder_name() {
    // `roles:`, three names of 64 and two `+` make 200; the longest name of a folder is 255.
    let of = |lengths: &[usize]| {
        let names = lengths.iter().enumerate().map(|(n, length)| format!("{n}{}", "x".repeat(length - 1)));
        Audience::of_roles(names.map(|name| name.parse().unwrap()).collect())
    };
    assert_eq!(of(&[64, 64, 64]).unwrap().to_string().len(), 200);
    assert_eq!(of(&[64, 64, 63, 1]), Err(AudienceError::Roles));
    assert_eq!(of(&[]), Err(AudienceError::Roles));
}

#[test]
fn an_elevation_lasts_a_quarter_of_an_hour() {
    assert_eq!(MAX_ELEVATION_SECONDS, 900);
}

fn any_names(pool: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(pool, 0..=pool.len())
}

const TEAMS: &[&str] = &["finance", "support", "shared"];
const ROLES: &[&str] = &["auditor", "finance-agent", "lead"];

fn any_audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        Just(Audience::Public),
        prop::sample::select(TEAMS).prop_map(|name| Audience::Team(team(name))),
        prop::sample::select(TEAMS).prop_map(|name| Audience::Sensitive(team(name))),
        prop::sample::subsequence(ROLES, 1..=3).prop_map(|names| Audience::Roles(roles(&names))),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any_names(TEAMS), prop::collection::vec(any_names(TEAMS), ROLES.len())).prop_map(
        |(anonymous, open, of_roles)| Policy {
            public: if anonymous { PublicAccess::Anonymous } else { PublicAccess::SignedIn },
            open_teams: open.into_iter().map(team).collect(),
            roles: ROLES
                .iter()
                .zip(of_roles)
                .map(|(role, teams)| (role.parse().unwrap(), teams.into_iter().map(team).collect()))
                .collect(),
        },
    )
}

fn any_caller() -> impl Strategy<Value = Option<Caller>> {
    let elevation = prop_oneof![Just(None), Just(Some(NOW + 60)), Just(Some(NOW - 60))];
    prop::option::weighted(
        0.9,
        (prop::sample::select(ROLES), any_names(TEAMS), elevation)
            .prop_map(|(role, teams, until)| caller(role, &teams, until)),
    )
}

#[test]
fn nobody_belongs_to_audiences_of_different_roles() {
    let of = |names: &[&str]| Audience::Roles(roles(names));
    assert!(!of(&["auditor"]).meets(&of(&["lead", "agent"])));
    assert!(of(&["auditor", "agent"]).meets(&of(&["lead", "agent"])));
    assert!(of(&["auditor"]).meets(&Audience::Sensitive(team("finance"))));
}

proptest! {
    #[test]
    fn a_narrower_audience_admits_nobody_whom_the_wider_refuses(
        narrow in any_audience(), wide in any_audience(), policy in any_policy(), caller in any_caller(),
    ) {
        if narrow.is_within(&wide, &policy) && narrow.admits(caller.as_ref(), &policy, NOW) {
            prop_assert!(wide.admits(caller.as_ref(), &policy, NOW));
        }
    }

    #[test]
    fn two_audiences_of_one_caller_meet(
        one in any_audience(), other in any_audience(), policy in any_policy(), caller in any_caller(),
    ) {
        let admits = |audience: &Audience| audience.admits(caller.as_ref(), &policy, NOW);
        prop_assert_eq!(one.meets(&other), other.meets(&one));
        if admits(&one) && admits(&other) {
            prop_assert!(one.meets(&other));
        }
    }
}
