//! What an issuer may say about callers.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TokenError;
use crate::id::{RoleName, TeamName};
use crate::policy::Caller;

/// What stands for every name.
const ANY: &str = "*";

/// Names that an issuer may give. Written as a list of names, or as `["*"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[serde(bound(deserialize = "T: FromStr<Err: Display> + Ord", serialize = "T: Clone + Display"))]
pub enum Bound<T> {
    /// Every name: `["*"]`.
    Any,
    /// These names and no others.
    Only(BTreeSet<T>),
}

impl<T: Ord> Bound<T> {
    fn admits(&self, name: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

impl<T: FromStr<Err: Display> + Ord> TryFrom<Vec<String>> for Bound<T> {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        match names.as_slice() {
            [any] if any == ANY => Ok(Self::Any),
            names if names.iter().any(|name| name == ANY) => {
                Err("`*` stands for every name: leave out the others, or leave out `*`".to_owned())
            }
            names => names
                .iter()
                .map(|name| name.parse().map_err(|error: T::Err| error.to_string()))
                .collect::<Result<_, _>>()
                .map(Self::Only),
        }
    }
}

impl<T: Display> From<Bound<T>> for Vec<String> {
    fn from(bound: Bound<T>) -> Self {
        match bound {
            Bound::Any => vec![ANY.to_owned()],
            Bound::Only(names) => names.iter().map(T::to_string).collect(),
        }
    }
}

/// What an issuer may say about callers. A token that says more is refused whole: an issuer that oversteps once is not
/// believed about the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Teams that it may claim.
    pub teams: Bound<TeamName>,
    /// Roles that it may give. A role brings the teams that `guildhall.yaml` gives it, whatever `teams` says here.
    pub roles: Bound<RoleName>,
    /// Whether it may elevate.
    #[serde(default)]
    pub may_elevate: bool,
}

impl Bounds {
    /// Refuses a caller of whom more is said than the issuer may say.
    ///
    /// # Errors
    /// [`TokenError::OutOfBounds`].
    pub(super) fn check(&self, caller: &Caller) -> Result<(), TokenError> {
        if !self.roles.admits(&caller.role) {
            return Err(TokenError::OutOfBounds("a role"));
        }
        if !caller.teams.iter().all(|team| self.teams.admits(team)) {
            return Err(TokenError::OutOfBounds("a team"));
        }
        if caller.elevated_until.is_some() && !self.may_elevate {
            return Err(TokenError::OutOfBounds("an elevation"));
        }
        Ok(())
    }
}
