//! Who may see and use what. One function, [`Audience::admits`], decides; everything else composes it.

mod access;
mod audience;
mod caller;

pub use access::{Access, Chosen, Decision, Denial, Wanted};
pub use audience::{AccessLevel, Audience, AudienceError};
pub use caller::{Caller, MAX_ELEVATION_SECONDS};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{RoleName, TeamName};

/// Who may read what is `public`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicAccess {
    /// Anybody, without signing in.
    Anonymous,
    /// Anybody who is signed in.
    SignedIn,
}

/// The organisation's rules of membership: all that [`Audience::admits`] needs beside the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Who may read `public` skills.
    pub public: PublicAccess,
    /// Teams to which everyone who is signed in belongs.
    pub open_teams: BTreeSet<TeamName>,
    /// The teams that a role brings with it, beside those that the token claims.
    pub roles: BTreeMap<RoleName, BTreeSet<TeamName>>,
}

impl Policy {
    /// The teams that `role` brings with it.
    pub fn teams_of(&self, role: &RoleName) -> impl Iterator<Item = &TeamName> {
        self.roles.get(role).into_iter().flatten()
    }
}
