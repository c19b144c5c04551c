//! Version requirements: `1.x`, `v1.x`, `1.2.x`, `^1.2`, `~1.2`, `=1.2.3`, `>=2.0.0 <3.0.0`, `*`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use semver::{Comparator, Op, Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::id::{IdError, SkillId};

/// Longest requirement text accepted, in bytes.
pub const MAX_REQUIREMENT: usize = 128;

/// A set of versions. Matches as Cargo does: a pre-release only when the requirement names one of the same
/// `major.minor.patch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("maxLength" = MAX_REQUIREMENT, "examples" = ["*", "2.x"]))]
pub struct Requirement {
    text: String,
    parsed: VersionReq,
    /// Set where only this one will do, build metadata included, which ranges ignore.
    exactly: Option<Version>,
}

/// Why a text is not a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// The text breaks the grammar.
    #[error("`{0}` is not a version requirement")]
    Grammar(String),
    /// The text is longer than [`MAX_REQUIREMENT`].
    #[error("a version requirement has at most {MAX_REQUIREMENT} characters")]
    TooLong,
}

impl Requirement {
    /// Every released version.
    #[must_use]
    pub fn any() -> Self {
        Self { text: "*".to_owned(), parsed: VersionReq::STAR, exactly: None }
    }

    /// Only this version, pre-releases and build metadata included.
    #[must_use]
    pub fn exactly(version: &Version) -> Self {
        Self { text: format!("={version}"), parsed: VersionReq::STAR, exactly: Some(version.clone()) }
    }

    /// Whether `version` is in the set.
    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.exactly.as_ref().map_or_else(|| self.parsed.matches(version), |only| only == version)
    }

    /// Whether it may choose a release of this version: one that was withdrawn only where it is pinned exactly.
    #[must_use]
    pub fn chooses(&self, version: &Version, withdrawn: bool) -> bool {
        self.matches(version) && (!withdrawn || self.pins(version))
    }

    /// Whether it names `version` in full and allows no other, as in `=1.2.3`.
    #[must_use]
    pub fn pins(&self, version: &Version) -> bool {
        let whole = |only: &Comparator| only.op == Op::Exact && only.minor.is_some() && only.patch.is_some();
        let named =
            self.exactly.is_some() || matches!(self.parsed.comparators.as_slice(), [only] if whole(only));
        named && self.matches(version)
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        if text.len() > MAX_REQUIREMENT {
            return Err(RequirementError::TooLong);
        }
        let wrong = || RequirementError::Grammar(text.to_owned());
        let parts = text.split(',').flat_map(join_operators);
        let comparators: Vec<String> = parts.map(|part| cargo_syntax(&part)).collect();
        if comparators.is_empty() {
            return Err(wrong());
        }
        let parsed = if comparators == ["*"] {
            VersionReq::STAR
        } else {
            VersionReq::parse(&comparators.join(", ")).map_err(|_| wrong())?
        };
        Ok(Self { text: text.trim().to_owned(), parsed, exactly: None })
    }
}

/// The comparators between two commas. An operator that stands alone belongs to the version that follows: `>= 2.0` is
/// one comparator.
fn join_operators(text: &str) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for part in text.split(' ').map(str::trim).filter(|part| !part.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.chars().all(is_operator) && !part.starts_with(is_operator) => {
                last.push_str(part)
            }
            _ => joined.push(part.to_owned()),
        }
    }
    joined
}

fn is_operator(letter: char) -> bool {
    "<>=^~".contains(letter)
}

/// Rewrites our spelling of one comparator into that of the `semver` crate: a leading `v` goes and `x` is `*`, but in
/// a pre-release or build metadata, where `x` is a name.
fn cargo_syntax(part: &str) -> String {
    let operator_end = part.find(|letter| !is_operator(letter)).unwrap_or(part.len());
    let (operator, version) = part.split_at(operator_end);
    let version = version.strip_prefix('v').unwrap_or(version);
    let (numbers, names) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
    let wildcards: Vec<&str> =
        numbers.split('.').map(|p| if p == "x" || p == "X" { "*" } else { p }).collect();
    format!("{operator}{}{names}", wildcards.join("."))
}

impl TryFrom<String> for Requirement {
    type Error = RequirementError;
    fn try_from(text: String) -> Result<Self, RequirementError> {
        text.parse()
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> String {
        requirement.text
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a spec begins, as a regular expression.
const SPEC: &str = "^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*(:.*)?$";

/// A skill and the versions of it that will do: `team/name` or `team/name:REQ`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = SPEC, "examples" = ["data/pii-redactor", "data/pii-redactor:2.x"]))]
pub struct Spec {
    /// The skill asked for.
    pub skill: SkillId,
    /// The versions that will do; `*` when the text names none.
    pub requirement: Requirement,
}

/// Why a text is not a [`Spec`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The skill's name is wrong.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The requirement is wrong.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
}

impl FromStr for Spec {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text.split_once(':') {
            Some((skill, requirement)) => {
                Ok(Self { skill: skill.trim().parse()?, requirement: requirement.parse()? })
            }
            None => Ok(Self { skill: text.trim().parse()?, requirement: Requirement::any() }),
        }
    }
}

impl TryFrom<String> for Spec {
    type Error = SpecError;
    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl From<Spec> for String {
    fn from(spec: Spec) -> String {
        spec.to_string()
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.skill, self.requirement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(requirement: &str, inside: &[&str], outside: &[&str]) {
        let parsed: Requirement = requirement.parse().unwrap();
        for version in inside {
            assert!(parsed.matches(&version.parse().unwrap()), "{requirement} should hold {version}");
        }
        for version in outside {
            assert!(!parsed.matches(&version.parse().unwrap()), "{requirement} holds {version}");
        }
    }

    #[test]
    fn every_spelling_of_the_grammar() {
        check("1.x", &["1.0.0", "1.9.3"], &["0.9.9", "2.0.0", "1.5.0-rc.1"]);
        check("v1.x", &["1.0.0"], &["2.0.0"]);
        check("1.2.x", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.0"]);
        check("^1.2", &["1.2.0", "1.9.0"], &["1.1.9", "2.0.0"]);
        check("~1.2", &["1.2.9"], &["1.3.0"]);
        check("=1.2.3", &["1.2.3"], &["1.2.4"]);
        check(">=2.0.0 <3.0.0", &["2.0.0", "2.9.9"], &["3.0.0", "1.9.9"]);
        check(">= 2.0.0, < 3.0.0", &["2.5.0"], &["3.0.0"]);
        check("*", &["0.0.1", "9.0.0"], &["1.0.0-alpha"]);
        check("=1.0.0-rc.1", &["1.0.0-rc.1"], &["1.0.0"]);
        check("=1.0.0-rc.x", &["1.0.0-rc.x"], &["1.0.0-rc.1", "1.0.0"]);
    }

    #[test]
    fn what_is_not_a_requirement() {
        for bad in [
            "", " ", "latest", "1.x.3x", "^^1", ">=", "1..2", "1.2.3.4", "=>1", "> , =1", ">,1", "> =1",
            ">=,",
        ] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad}");
        }
        assert_eq!("1".repeat(129).parse::<Requirement>(), Err(RequirementError::TooLong));
    }

    proptest! {
        #[test]
        fn exactly_holds_its_own_version_and_no_other(a in 0u64..4, b in 0u64..4, c in 0u64..4, d in 0u64..4) {
            let (this, other) = (Version::new(a, b, c), Version::new(a, b, d));
            prop_assert!(Requirement::exactly(&this).matches(&this));
            prop_assert_eq!(Requirement::exactly(&this).matches(&other), c == d);
            let built = Version { build: semver::BuildMetadata::new("x").unwrap(), ..this.clone() };
            prop_assert!(!Requirement::exactly(&this).matches(&built));
        }

        #[test]
        fn parsing_never_panics_and_text_round_trips(text in "[v0-9x.*<>=^~, -]{0,24}") {
            if let Ok(parsed) = text.parse::<Requirement>() {
                prop_assert_eq!(parsed.to_string().parse::<Requirement>(), Ok(parsed));
            }
        }
    }
}
