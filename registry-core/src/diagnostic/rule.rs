//! The rules, each with its code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The catalog cannot be built.
    Error,
    /// The catalog can be built; somebody should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Declares every rule once: its summary, code, name and severity. A code is never used again for another rule.
macro_rules! rules {
    ($(#[doc = $summary:literal] $rule:ident = $code:literal $name:literal $severity:ident,)+) => {
        /// A rule that skills and their repository keep.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Rule {
            $(#[doc = $summary] $rule,)+
        }

        impl Rule {
            /// Every rule, by code.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// The stable code, `GH` and four digits.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$rule => $code),+ }
            }

            /// A name of a few words joined by hyphens.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$rule => $name),+ }
            }

            /// The severity of every finding of this rule.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity),+ }
            }

            /// What breaks it, in a sentence without a full stop.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$rule => $summary.trim_ascii()),+ }
            }
        }
    };
}

rules! {
    /// A source file cannot be read: no UTF-8, too large, a link
    Unreadable = "GH0001" "unreadable" Error,
    /// A skill file does not open with a frontmatter block between two `---` lines
    NoFrontmatter = "GH0002" "no-frontmatter" Error,
    /// The frontmatter is not YAML, or no map of keys
    InvalidYaml = "GH0003" "invalid-yaml" Error,
    /// A key is written twice
    DuplicateKey = "GH0004" "duplicate-key" Error,
    /// A YAML alias, anchor or merge key, which small files use to become large
    YamlAlias = "GH0005" "yaml-alias" Error,
    /// YAML nested deeper than any skill needs
    TooDeep = "GH0006" "too-deep" Error,
    /// A required key is absent
    MissingKey = "GH0101" "missing-key" Error,
    /// A key's value has the wrong type or is outside its limits
    InvalidValue = "GH0102" "invalid-value" Error,
    /// A key is not part of the format
    UnknownKey = "GH0103" "unknown-key" Warning,
    /// `allowed_roles` and `access_level` do not fit together
    RolesMismatch = "GH0104" "roles-mismatch" Error,
    /// Two spellings of one key say different things
    ConflictingSpellings = "GH0105" "conflicting-spellings" Error,
    /// A key has no effect on a skill of this type
    IdleKey = "GH0106" "idle-key" Warning,
    /// The `name` key disagrees with the path
    NameMismatch = "GH0201" "name-mismatch" Error,
    /// The path holds a segment that is no valid name, or a reserved one
    InvalidPath = "GH0202" "invalid-path" Error,
    /// One skill has two source forms
    TwoForms = "GH0203" "two-forms" Error,
    /// A skill lies outside any team folder
    NoTeam = "GH0204" "no-team" Error,
    /// A skill's folder has no `SKILL.md`
    NoManifest = "GH0205" "no-manifest" Error,
    /// Two paths differ only by case, and cannot both be checked out on every machine
    CaseCollision = "GH0206" "case-collision" Error,
    /// An alias is the name or alias of another skill of the team
    AliasTaken = "GH0207" "alias-taken" Error,
    /// Two skills of a team have names that are easily confused
    NearMissName = "GH0208" "near-miss-name" Warning,
    /// A folder of a skill holds nothing
    EmptyFolder = "GH0209" "empty-folder" Warning,
    /// The version is not semantic versioning 2.0
    InvalidVersion = "GH0301" "invalid-version" Error,
    /// A skill changed, and its version is that of a release
    UnbumpedChange = "GH0302" "unbumped-change" Error,
    /// A tag names other content than the release that was published under it
    MovedTag = "GH0303" "moved-tag" Error,
    /// History holds several contents under one version
    EditedRelease = "GH0304" "edited-release" Warning,
    /// The branch carries a lower version than one that is released
    VersionGoesBack = "GH0305" "version-goes-back" Warning,
    /// A tag looks like a release and makes none
    StrayTag = "GH0306" "stray-tag" Warning,
    /// The tag of a release is gone
    LostTag = "GH0307" "lost-tag" Warning,
    /// A dependency cannot be read, or is written twice
    InvalidDependency = "GH0401" "invalid-dependency" Error,
    /// A dependency does not exist
    MissingDependency = "GH0402" "missing-dependency" Error,
    /// No released version of a dependency satisfies the requirement
    UnsatisfiableDependency = "GH0403" "unsatisfiable-dependency" Error,
    /// Dependencies form a cycle
    DependencyCycle = "GH0404" "dependency-cycle" Error,
    /// Requirements in one closure exclude each other
    DependencyConflict = "GH0405" "dependency-conflict" Error,
    /// A bare dependency name fits several skills
    AmbiguousDependency = "GH0406" "ambiguous-dependency" Error,
    /// A release cannot be used any more, because of a dependency that has changed since
    BlockedRelease = "GH0407" "blocked-release" Warning,
    /// A dependency is closed to somebody who may use the dependent
    AudienceOrder = "GH0501" "audience-order" Error,
    /// A team or role that `guildhall.yaml` does not list
    UnknownTeam = "GH0502" "unknown-team" Error,
    /// What an executable skill runs, or asks for, cannot be had
    InvalidExecution = "GH0601" "invalid-execution" Error,
    /// The text refers to a file that the skill does not have
    MissingFile = "GH0602" "missing-file" Warning,
    /// A script is not executable
    NotExecutable = "GH0603" "not-executable" Warning,
    /// A demand that the sandbox of this version does not grant
    NotGranted = "GH0604" "not-granted" Warning,
    /// The pattern of a parameter cannot be used
    InvalidPattern = "GH0605" "invalid-pattern" Error,
    /// A prompt and its parameters do not fit together
    PromptMismatch = "GH0606" "prompt-mismatch" Error,
    /// `guildhall.yaml` is wrong
    InvalidConfig = "GH0701" "invalid-config" Error,
    /// A file of `skills/_status/` is wrong
    InvalidStatus = "GH0702" "invalid-status" Error,
    /// A status covers no release
    IdleStatus = "GH0703" "idle-status" Warning,
    /// The description holds `<` or `>`, which agents may take for markup
    DescriptionMarkup = "GH0801" "description-markup" Warning,
    /// `allowed-tools` is a list, where the agentskills.io specification wants one text
    ToolsList = "GH0802" "tools-list" Warning,
    /// The name holds a word that is reserved for a vendor
    ReservedWord = "GH0803" "reserved-word" Warning,
    /// The text calls a tool of one agent platform
    PlatformToolCall = "GH0901" "platform-tool-call" Warning,
    /// The text fixes the environment in which a script of the skill runs
    ExecutionEnvironment = "GH0902" "execution-environment" Warning,
    /// The text tells how one platform connects to an MCP server
    McpConnection = "GH0903" "mcp-connection" Warning,
    /// `mcp-servers` and the section about MCP servers disagree
    McpSection = "GH0904" "mcp-section" Warning,
    /// Name and description take more than their share of an agent's context
    MetadataBudget = "GH1001" "metadata-budget" Warning,
    /// The body is longer than an agent should have to read
    BodyBudget = "GH1002" "body-budget" Warning,
    /// A search for an example of `triggers` does not find the skill that it should
    MissedTrigger = "GH1101" "missed-trigger" Warning,
    /// Two teams describe the same skill
    NearDuplicate = "GH1102" "near-duplicate" Warning,
}

/// A text that is no rule's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{0}`")]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;
    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let wanted = |rule: &&Self| rule.code().eq_ignore_ascii_case(text) || rule.name() == text;
        Self::ALL.iter().find(wanted).copied().ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

impl TryFrom<String> for Rule {
    type Error = UnknownRule;
    fn try_from(text: String) -> Result<Self, UnknownRule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        rule.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        let codes: Vec<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        assert!(codes.is_sorted() && codes.iter().collect::<BTreeSet<_>>().len() == codes.len());
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), codes.len());
        for rule in Rule::ALL {
            assert_eq!(rule.code().parse(), Ok(*rule));
            assert_eq!(rule.name().parse(), Ok(*rule));
            assert!(rule.code().len() == 6 && rule.code().starts_with("GH"));
        }
    }
}
