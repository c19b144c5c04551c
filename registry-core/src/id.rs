//! Identifiers. Each is a newtype that only parsing constructs, so a value in hand is a valid one.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Longest segment of an identifier, in bytes.
pub const MAX_SEGMENT: usize = 64;

/// The grammar of a segment, as a regular expression.
pub(crate) const SEGMENT: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The grammar of a skill's identity, as a regular expression.
const SKILL_ID: &str = "^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$";

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text breaks the segment grammar `^[a-z0-9]+(-[a-z0-9]+)*$`.
    #[error("`{0}` is not a valid name: use lower-case letters, digits and single inner hyphens")]
    Grammar(String),
    /// The text has more than [`MAX_SEGMENT`] bytes.
    #[error("a name has at most {MAX_SEGMENT} characters, this one has {0}")]
    TooLong(usize),
    /// The text is not of the form `team/name`.
    #[error("`{0}` is not of the form `team/name`")]
    NotTwoSegments(String),
}

fn parse_segment(text: &str) -> Result<String, IdError> {
    if text.len() > MAX_SEGMENT {
        return Err(IdError::TooLong(text.len()));
    }
    let valid = !text.is_empty()
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
    if valid { Ok(text.to_owned()) } else { Err(IdError::Grammar(text.to_owned())) }
}

macro_rules! segment {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": SEGMENT, "maxLength": MAX_SEGMENT})
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_segment(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

segment!(
    /// A team: the first segment of a skill's path.
    TeamName
);
segment!(
    /// A skill's name within its team: the second segment of its path.
    SkillName
);
segment!(
    /// The role of an agent or person, as the identity provider states it.
    RoleName
);

/// A skill's identity, `{team}/{name}`. It equals the skill's path, so two skills cannot share one (law 1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = SKILL_ID, "examples" = ["data/pii-redactor"]))]
pub struct SkillId {
    /// The owning team.
    pub team: TeamName,
    /// The name within the team.
    pub name: SkillName,
}

impl FromStr for SkillId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (team, name) = text.split_once('/').ok_or_else(|| IdError::NotTwoSegments(text.to_owned()))?;
        Ok(Self { team: team.parse()?, name: name.parse()? })
    }
}

impl TryFrom<String> for SkillId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<SkillId> for String {
    fn from(id: SkillId) -> String {
        id.to_string()
    }
}

impl fmt::Display for SkillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_the_grammar() {
        for good in ["a", "a1", "refund-resolver", "9-lives"] {
            assert!(good.parse::<SkillName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a/b", "é", "a b", "_x", ".x"] {
            assert!(bad.parse::<SkillName>().is_err(), "{bad}");
        }
        assert_eq!("a".repeat(65).parse::<TeamName>(), Err(IdError::TooLong(65)));
    }

    #[test]
    fn a_skill_id_has_exactly_two_segments() {
        assert_eq!("support/refund".parse::<SkillId>().unwrap().to_string(), "support/refund");
        for bad in ["support", "a/b/c", "/b", "a/"] {
            assert!(bad.parse::<SkillId>().is_err(), "{bad}");
        }
    }
}
