//! What the organisation wants of its usage log: who reads it, how long it stays, whether it names people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::pseudonym;
use crate::id::RoleName;
use crate::policy::Caller;
use crate::status::Date;

/// How many days records stay where nothing else is said.
pub const DEFAULT_RETENTION_DAYS: u32 = 400;
/// The fewest days: what was done half a year ago must be possible to find out, whoever writes the configuration.
pub const MIN_RETENTION_DAYS: u32 = 180;
/// The most, so that no arithmetic on days overflows: a hundred years.
const MAX_RETENTION_DAYS: u32 = 36_500;
const SECONDS_PER_DAY: u64 = 86_400;

/// The rules of the usage log, as a catalog's policy file states them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsagePolicy {
    /// The roles that may read it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub readers: BTreeSet<RoleName>,
    /// How many days records stay at least.
    #[serde(skip_serializing_if = "is_default_retention")]
    retention_days: u32,
    /// Whether `sub` is a pseudonym.
    #[serde(skip_serializing_if = "Clone::clone")]
    pseudonymise: bool,
}

/// A retention that is too short, or longer than anybody can mean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`usage.retention_days` is {0}, must be from {MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS}")]
pub struct RetentionError(u32);

fn is_default_retention(days: &u32) -> bool {
    *days == DEFAULT_RETENTION_DAYS
}

impl Default for UsagePolicy {
    fn default() -> Self {
        Self { readers: BTreeSet::new(), retention_days: DEFAULT_RETENTION_DAYS, pseudonymise: true }
    }
}

impl UsagePolicy {
    /// The rules.
    ///
    /// # Errors
    /// When `retention_days` is out of bounds.
    pub fn new(
        readers: BTreeSet<RoleName>,
        retention_days: u32,
        pseudonymise: bool,
    ) -> Result<Self, RetentionError> {
        if (MIN_RETENTION_DAYS..=MAX_RETENTION_DAYS).contains(&retention_days) {
            Ok(Self { readers, retention_days, pseudonymise })
        } else {
            Err(RetentionError(retention_days))
        }
    }

    /// Whether these are the rules that hold where nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a caller may read the log; nobody may without a token.
    #[must_use]
    pub fn admits(&self, caller: Option<&Caller>) -> bool {
        caller.is_some_and(|caller| self.readers.contains(&caller.role))
    }

    /// The first day (UTC) whose records stay at `now` (seconds since the epoch): whole days alone are pruned. A policy
    /// file that was made by other means than [`UsagePolicy::new`] cannot ask for less than [`MIN_RETENTION_DAYS`].
    #[must_use]
    pub fn first_day_kept(&self, now: u64) -> Date {
        let days = self.retention_days.clamp(MIN_RETENTION_DAYS, MAX_RETENTION_DAYS);
        Date::of(now.saturating_sub(u64::from(days) * SECONDS_PER_DAY))
    }

    /// What the log calls a caller.
    #[must_use]
    pub fn subject(&self, caller: &Caller, key: &[u8; 32]) -> String {
        if self.pseudonymise { pseudonym(caller, key) } else { caller.subject.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_305_600 + 3_600;

    fn kept(policy: &UsagePolicy) -> String {
        policy.first_day_kept(NOW).to_string()
    }

    #[test]
    fn whole_days_stay_for_as_long_as_was_said() {
        assert_eq!(Date::of(NOW).to_string(), "2026-11-22");
        let of = |days| UsagePolicy::new(BTreeSet::new(), days, true);
        assert_eq!(kept(&UsagePolicy::default()), "2025-10-18");
        assert_eq!(kept(&of(180).unwrap()), "2026-05-26");
        assert_eq!(of(179), Err(RetentionError(179)));
        assert_eq!(of(MAX_RETENTION_DAYS + 1), Err(RetentionError(MAX_RETENTION_DAYS + 1)));
        assert_eq!(of(MAX_RETENTION_DAYS).unwrap().first_day_kept(NOW).start(), 0);
    }

    #[test]
    fn no_policy_file_can_ask_for_less_than_the_floor() {
        let forged: UsagePolicy = serde_json::from_str("{\"retention_days\": 0}").unwrap();
        assert_eq!(kept(&forged), "2026-05-26");
    }
}
