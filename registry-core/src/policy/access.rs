//! Decisions over skills and releases, composed of [`Audience::admits`].

use crate::id::SkillId;
use crate::policy::{Audience, Caller, Policy};

/// Whether a caller may know that a skill exists. It hangs on the skill's head alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// The head is open to the caller.
    Visible,
    /// The head is closed, or there is no such skill: the two look alike (law 5).
    Hidden,
}

/// Why a request for a release is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The skill is hidden or absent.
    Hidden,
    /// The skill is visible, and this release's own rule is closed to the caller.
    ReleaseClosed,
    /// A member of the closure is closed. Named only where the caller may see it.
    DependencyClosed(Option<SkillId>),
    /// The release was published, and a dependency of it is gone, or closed to some who may use the release. Named only
    /// where the caller may see it.
    Blocked(Option<SkillId>),
}

/// Whether a skill whose head has audience `head` is visible to the caller; `None` stands for an absent skill.
#[must_use]
pub fn visibility(head: Option<&Audience>, caller: Option<&Caller>, policy: &Policy, now: u64) -> Visibility {
    match head {
        Some(head) if head.admits(caller, policy, now) => Visibility::Visible,
        _ => Visibility::Hidden,
    }
}

/// Whether one release is open: by its own rule *and* by the rule of its skill's head, so that tightening a
/// skill closes its old releases too (law 3).
#[must_use]
pub fn release_is_open(
    own: &Audience,
    head: &Audience,
    caller: Option<&Caller>,
    policy: &Policy,
    now: u64,
) -> bool {
    own.admits(caller, policy, now) && head.admits(caller, policy, now)
}

/// Those of `audiences` that admit the caller: the shards that a search of theirs may open (law 4).
pub fn visible_audiences<'a>(
    audiences: impl IntoIterator<Item = &'a Audience>,
    caller: Option<&Caller>,
    policy: &Policy,
    now: u64,
) -> Vec<&'a Audience> {
    audiences.into_iter().filter(|audience| audience.admits(caller, policy, now)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PublicAccess;

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
        }
    }

    #[test]
    fn a_release_is_open_only_by_both_rules() {
        let team = Audience::Team("finance".parse().unwrap());
        let other = Audience::Team("support".parse().unwrap());
        let caller = finance_member();
        let open = |own, head| release_is_open(own, head, Some(&caller), &policy(), 0);
        assert!(open(&team, &Audience::Public));
        assert!(open(&Audience::Public, &team));
        assert!(!open(&Audience::Public, &other), "the head was tightened");
        assert!(!open(&other, &Audience::Public), "the release's own rule");
    }

    #[test]
    fn hidden_and_absent_look_alike() {
        let team = Audience::Team("finance".parse().unwrap());
        let caller = finance_member();
        assert_eq!(visibility(Some(&team), Some(&caller), &policy(), 0), Visibility::Visible);
        assert_eq!(visibility(Some(&team), None, &policy(), 0), Visibility::Hidden);
        assert_eq!(visibility(None, Some(&caller), &policy(), 0), Visibility::Hidden);
    }

    #[test]
    fn search_opens_the_callers_audiences_only() {
        let all = ["public", "team:finance", "team:support"].map(|text| text.parse().unwrap());
        let caller = finance_member();
        let seen = visible_audiences(&all, Some(&caller), &policy(), 0);
        assert_eq!(seen, [&all[0], &all[1]]);
    }
}
