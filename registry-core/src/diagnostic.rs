//! What the checker tells an author: a stable code, where, what is wrong and how to mend it.

use std::error::Error;
use std::fmt;

use serde::Serialize;

/// The causes of a failure, a line each, as a program prints them once behind the failure itself.
#[must_use]
pub fn causes(failure: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!("\n  caused by: {inner}"));
        cause = inner.source();
    }
    text
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The catalog cannot be built.
    Error,
    /// The catalog can be built; somebody should look.
    Warning,
}

/// A place in a file; both numbers count from one, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// The rules. A code is never used again for another rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A source file cannot be read as UTF-8 text of a sane size.
    Unreadable,
    /// A skill file does not open with a `---` frontmatter block.
    NoFrontmatter,
    /// The frontmatter is not YAML, or repeats a key.
    InvalidYaml,
    /// A required key is absent.
    MissingKey,
    /// A key's value has the wrong type or is outside its limits.
    InvalidValue,
    /// A key is not part of the format.
    UnknownKey,
    /// `allowed_roles` and `access_level` do not fit together.
    RolesMismatch,
    /// The `name` key disagrees with the path.
    NameMismatch,
    /// The path holds a segment that is not a valid name, or a reserved one.
    InvalidPath,
    /// One skill has two source forms.
    TwoForms,
    /// A skill lies outside any team folder.
    NoTeam,
    /// A skill's folder has no `SKILL.md`.
    NoManifest,
    /// The version is not semantic versioning 2.0.
    InvalidVersion,
    /// A dependency cannot be read.
    InvalidDependency,
    /// A dependency does not exist.
    MissingDependency,
    /// No released version of a dependency satisfies the requirement.
    UnsatisfiableDependency,
    /// Dependencies form a cycle.
    DependencyCycle,
    /// Two requirements in one closure exclude each other.
    DependencyConflict,
    /// A dependency is closed to somebody who may use the dependent.
    AudienceOrder,
    /// The team or role is not in `guildhall.yaml`.
    UnknownTeam,
    /// An executable skill's command or script is missing.
    InvalidExecution,
    /// `guildhall.yaml` is wrong.
    InvalidConfig,
}

impl Rule {
    /// The stable code, `GH` and four digits.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "GH0001",
            Self::NoFrontmatter => "GH0002",
            Self::InvalidYaml => "GH0003",
            Self::MissingKey => "GH0101",
            Self::InvalidValue => "GH0102",
            Self::UnknownKey => "GH0103",
            Self::RolesMismatch => "GH0104",
            Self::NameMismatch => "GH0201",
            Self::InvalidPath => "GH0202",
            Self::TwoForms => "GH0203",
            Self::NoTeam => "GH0204",
            Self::NoManifest => "GH0205",
            Self::InvalidVersion => "GH0301",
            Self::InvalidDependency => "GH0401",
            Self::MissingDependency => "GH0402",
            Self::UnsatisfiableDependency => "GH0403",
            Self::DependencyCycle => "GH0404",
            Self::DependencyConflict => "GH0405",
            Self::AudienceOrder => "GH0501",
            Self::UnknownTeam => "GH0502",
            Self::InvalidExecution => "GH0601",
            Self::InvalidConfig => "GH0701",
        }
    }

    /// The severity of every finding of this rule.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::UnknownKey => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Path relative to the repository, `/`-separated.
    pub path: String,
    /// Where in the file.
    #[serde(flatten)]
    pub position: Position,
    /// The rule that was broken.
    #[serde(rename = "code")]
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of `rule` at `position` of `path`.
    #[must_use]
    pub fn new(rule: Rule, path: &str, position: Position, message: String) -> Self {
        Self { path: path.to_owned(), position, rule, severity: rule.severity(), message, help: None }
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, position: Position { line, column }, rule, message, .. } = self;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{path}:{line}:{column}: {severity}[{}]: {message}", rule.code())?;
        self.help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
    }
}
