//! Audiences: the sets of callers by which the catalog is cut.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{IdError, RoleName, TeamName};
use crate::policy::{Caller, Policy, PublicAccess};

/// Longest text form of an audience: it is a folder name, and file systems allow 255 bytes.
const MAX_TEXT: usize = 200;

/// The level that an author writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    /// Anyone, or anyone who is signed in, by policy.
    Public,
    /// Members of the skill's team.
    Team,
    /// Callers whose role is listed.
    RoleRestricted,
    /// Members of the skill's team while they are elevated.
    Sensitive,
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Team => "team",
            Self::RoleRestricted => "role-restricted",
            Self::Sensitive => "sensitive",
        })
    }
}

/// The set of callers to whom a skill is open: its access rule, made complete by its team or roles.
/// The text form (`public`, `team:t`, `roles:a+b`, `sensitive:t`) names folders of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// Anyone, or anyone who is signed in, by policy.
    Public,
    /// Members of the team.
    Team(TeamName),
    /// Callers with one of these roles.
    Roles(BTreeSet<RoleName>),
    /// Members of the team while they are elevated.
    Sensitive(TeamName),
}

/// Why a text is not an audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// No such form.
    #[error("`{0}` is not an audience")]
    Form(String),
    /// A team or role in it is not a name.
    #[error(transparent)]
    Id(#[from] IdError),
    /// No roles, or so many that the text form is too long.
    #[error("an audience of roles has at least one role and at most {MAX_TEXT} characters")]
    Roles,
}

impl Audience {
    /// The audience of a set of roles.
    ///
    /// # Errors
    /// When the set is empty or its text form is too long for a folder name.
    pub fn of_roles(roles: BTreeSet<RoleName>) -> Result<Self, AudienceError> {
        let audience = Self::Roles(roles);
        match &audience {
            Self::Roles(roles) if roles.is_empty() => Err(AudienceError::Roles),
            _ if audience.to_string().len() > MAX_TEXT => Err(AudienceError::Roles),
            _ => Ok(audience),
        }
    }

    /// The level that an author wrote to get this audience.
    #[must_use]
    pub fn level(&self) -> AccessLevel {
        match self {
            Self::Public => AccessLevel::Public,
            Self::Team(_) => AccessLevel::Team,
            Self::Roles(_) => AccessLevel::RoleRestricted,
            Self::Sensitive(_) => AccessLevel::Sensitive,
        }
    }

    /// Whether `caller` belongs to the audience at `now` (seconds since the epoch). The one place where access
    /// is decided.
    #[must_use]
    pub fn admits(&self, caller: Option<&Caller>, policy: &Policy, now: u64) -> bool {
        match (self, caller) {
            (Self::Public, None) => policy.public == PublicAccess::Anonymous,
            (Self::Public, Some(_)) => true,
            (_, None) => false,
            (Self::Team(team), Some(caller)) => caller.is_member(team, policy),
            (Self::Roles(roles), Some(caller)) => roles.contains(&caller.role),
            (Self::Sensitive(team), Some(caller)) => {
                caller.is_member(team, policy) && caller.is_elevated(now)
            }
        }
    }

    /// Whether some caller may belong to both audiences. Anybody may be in every team and elevated, but nobody has two
    /// roles.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Roles(roles), Self::Roles(others)) => !roles.is_disjoint(others),
            (Self::Public | Self::Team(_) | Self::Sensitive(_) | Self::Roles(_), _) => true,
        }
    }

    /// Whether every caller whom `self` admits is admitted by `wider`, whoever they are. Sound, and deliberately
    /// not complete: it knows the configuration, not the people.
    #[must_use]
    pub fn is_within(&self, wider: &Self, policy: &Policy) -> bool {
        match (self, wider) {
            (_, Self::Public) => true,
            (Self::Public, Self::Team(team)) => {
                policy.open_teams.contains(team) && policy.public == PublicAccess::SignedIn
            }
            (Self::Public, _) => false,
            (_, Self::Team(team)) if policy.open_teams.contains(team) => true,
            (Self::Roles(roles), Self::Team(team)) => {
                roles.iter().all(|role| policy.teams_of(role).any(|of_role| of_role == team))
            }
            (Self::Roles(roles), Self::Roles(wider)) => roles.is_subset(wider),
            (Self::Team(team) | Self::Sensitive(team), Self::Team(wider))
            | (Self::Sensitive(team), Self::Sensitive(wider)) => team == wider,
            (Self::Team(_) | Self::Sensitive(_), Self::Roles(_))
            | (Self::Team(_) | Self::Roles(_), Self::Sensitive(_)) => false,
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::Team(team) => write!(f, "team:{team}"),
            Self::Sensitive(team) => write!(f, "sensitive:{team}"),
            Self::Roles(roles) => {
                f.write_str("roles:")?;
                let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
                f.write_str(&names.join("+"))
            }
        }
    }
}

impl FromStr for Audience {
    type Err = AudienceError;
    fn from_str(text: &str) -> Result<Self, AudienceError> {
        match text.split_once(':') {
            None if text == "public" => Ok(Self::Public),
            Some(("team", team)) => Ok(Self::Team(team.parse()?)),
            Some(("sensitive", team)) => Ok(Self::Sensitive(team.parse()?)),
            Some(("roles", roles)) => {
                Self::of_roles(roles.split('+').map(str::parse).collect::<Result<_, _>>()?)
            }
            _ => Err(AudienceError::Form(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Audience {
    type Error = AudienceError;
    fn try_from(text: String) -> Result<Self, AudienceError> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> String {
        audience.to_string()
    }
}

#[cfg(test)]
mod tests;
