//! The verified identity behind a request.

use std::collections::BTreeSet;

use crate::id::{RoleName, TeamName};
use crate::policy::Policy;

/// Longest elevation that is honoured, in seconds. A longer one would let a stolen token reach `sensitive` skills
/// long after the reason for the elevation has gone.
pub const MAX_ELEVATION_SECONDS: u64 = 15 * 60;

/// Who asks, as a verified token states it. `None` in place of a caller means anonymous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The issuer of the token.
    pub issuer: String,
    /// The subject within the issuer.
    pub subject: String,
    /// The role.
    pub role: RoleName,
    /// The teams that the token claims.
    pub teams: BTreeSet<TeamName>,
    /// Until when the caller is elevated, in seconds since the epoch.
    pub elevated_until: Option<u64>,
    /// The program that the token was issued to (`client_id`, RFC 9068 section 2.2), where the issuer's claims tell.
    /// For the usage log alone: nothing is decided by it.
    pub client: Option<String>,
}

impl Caller {
    /// Whether the caller belongs to `team`: by claim, by role, or because everyone does.
    #[must_use]
    pub fn is_member(&self, team: &TeamName, policy: &Policy) -> bool {
        policy.open_teams.contains(team)
            || self.teams.contains(team)
            || policy.teams_of(&self.role).any(|of_role| of_role == team)
    }

    /// Whether the caller is elevated at `now` (seconds since the epoch). An end further away than
    /// [`MAX_ELEVATION_SECONDS`] does not count at all: it was not granted by our rules.
    #[must_use]
    pub fn is_elevated(&self, now: u64) -> bool {
        self.elevated_until.is_some_and(|end| now < end && end - now <= MAX_ELEVATION_SECONDS)
    }
}
