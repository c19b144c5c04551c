//! Skills as authors write them: source files, frontmatter, and the validated [`Manifest`].

mod frontmatter;
mod quotes;
mod read;
mod schema;
mod source;
mod written;

pub use frontmatter::{Frontmatter, MAX_MANIFEST_BYTES};
pub use read::completed_version;
pub use schema::schema;
pub use source::{MAX_SKILL_BYTES, MAX_SKILL_FILES, SkillSource, SourceFile, discover, is_portable};
pub use written::{Backoff, ContextFiles, KEYS, MAX_DESCRIPTION, Resilience, RetryOn, SessionConfig};

pub use crate::yaml::{Outline, Place};

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};

use crate::diagnostic::Span;
use crate::id::{RoleName, SkillId, SkillName};
use crate::organisation::Limits;
use crate::policy::Audience;
use crate::requirement::{Requirement, Spec};
use crate::status::Date;

/// What a skill does when it is invoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkillType {
    /// Text for an agent to follow.
    #[default]
    Instructions,
    /// A command that runs once.
    CodeInline,
    /// A command with state between calls.
    CodeSession,
    /// A conversation prompt with context files.
    Conversation,
    /// A parameterised prompt.
    PromptInline,
}

impl SkillType {
    /// The spelling in frontmatter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::CodeInline => "code_inline",
            Self::CodeSession => "code_session",
            Self::Conversation => "conversation",
            Self::PromptInline => "prompt_inline",
        }
    }

    /// The type in words, for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Instructions => "Instructions",
            Self::CodeInline => "Runs code",
            Self::CodeSession => "Code session",
            Self::Conversation => "Conversation",
            Self::PromptInline => "Prompt",
        }
    }
}

/// What a `code_inline` skill runs. No shell is involved: `command` is looked up, `args` are passed as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program, looked up on the sandbox's `PATH`.
    pub command: String,
    /// Its arguments; one that names a file of the skill is that file.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables with fixed values.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// What an execution may touch. Absent means denied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of permissions")]
pub struct Permissions {
    /// Network access.
    pub network_access: bool,
    /// Starting further processes.
    pub process_spawn: bool,
}

/// One parameter of a `prompt_inline` skill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `name` and `type`")]
pub struct Parameter {
    /// Its name, as in `{name}` of the prompt.
    pub name: String,
    /// Its type.
    #[serde(rename = "type", default)]
    pub kind: ParameterType,
    /// The values of an `enum`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// A regular expression that a `string` must match as a whole, without look-around and back-references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Whether a caller must give it.
    #[serde(default)]
    pub required: bool,
    /// What it is when a caller does not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
}

/// The type of a [`Parameter`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of `values`.
    Enum,
}

/// A parameterised prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prompt {
    /// The text, with `{parameter}` where a value goes (see [`crate::prompt::pieces`]).
    pub prompt: String,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The form of the answer, for people and agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
}

/// What a `conversation` skill begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The prompt, with `{name}` where a value goes.
    pub prompt_template: String,
    /// Files that it takes in.
    pub context_files: ContextFiles,
    /// The model that it is written for.
    pub model: Option<String>,
    /// Tokens that it needs.
    pub context_window: Option<u32>,
}

/// Notice that a release's major should no longer be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecation {
    /// Why, and what to do.
    pub message: String,
    /// Since when, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Date>,
    /// The skill to use in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub replaced_by: Option<Spec>,
    /// When it goes, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub sunset: Option<Date>,
}

/// A dependency and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What is needed.
    pub spec: Spec,
    /// Where the author wrote it.
    pub span: Span,
}

/// A dependency by a bare name: a skill of the own team, of `shared`, or one that provides the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare {
    /// The name.
    pub name: SkillName,
    /// The versions that will do.
    pub requirement: Requirement,
    /// Where the author wrote it.
    pub span: Span,
}

/// What people say when they need a skill, and what they say when they need another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triggers {
    /// A search for each should find the skill first.
    pub positive: Vec<Example>,
    /// A search for none of these should.
    pub negative: Vec<Example>,
}

/// Words that somebody may search with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The words.
    pub text: String,
    /// Where the author wrote them.
    pub span: Span,
}

/// A skill's validated frontmatter and body.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its identity, from the path.
    pub id: SkillId,
    /// The version of this release.
    pub version: Version,
    /// What it does and when to use it.
    pub description: String,
    /// The same in Simplified Chinese.
    pub description_zh: Option<String>,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// To whom this release is open.
    pub audience: Audience,
    /// What it needs.
    pub depends_on: Vec<Dependency>,
    /// What it needs by a bare name, until the whole library is known.
    pub unlinked: Vec<Bare>,
    /// Who looks after it; empty means the team's owners.
    pub owners: Vec<String>,
    /// Set when its major is on the way out.
    pub deprecated: Option<Deprecation>,
    /// What it does when it is invoked.
    pub skill_type: SkillType,
    /// What a `code_inline` or `code_session` skill runs.
    pub command: Option<Command>,
    /// How long the sessions of a `code_session` skill live.
    pub session: SessionConfig,
    /// What a `conversation` skill begins with.
    pub conversation: Option<Conversation>,
    /// What a `prompt_inline` skill asks.
    pub prompt: Option<Prompt>,
    /// What happens when an execution fails.
    pub resilience: Resilience,
    /// What an execution may touch.
    pub permissions: Permissions,
    /// What the author allows an execution to use, before the organisation's bounds.
    pub limits: Limits,
    /// Further names to find it by.
    pub aliases: BTreeSet<SkillName>,
    /// What it provides for dependencies by a bare name.
    pub provides: BTreeMap<SkillName, Version>,
    /// MCP servers that it needs.
    pub mcp_servers: BTreeSet<String>,
    /// What people say when they need it, and when they do not.
    pub triggers: Triggers,
    /// Where it is meant to be used.
    pub scope: Option<String>,
    /// SPDX expression.
    pub license: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// What an agent needs to use it, in words.
    pub compatibility: Option<String>,
    /// Tools that an agent may use without asking, separated by spaces, or by commas where a name holds a space.
    pub allowed_tools: Option<String>,
    /// Anything else that the author wrote.
    pub metadata: BTreeMap<String, Value>,
    /// Every key as it is written.
    pub keys: Mapping,
    /// The Markdown after the frontmatter.
    pub body: String,
    /// The line of the file on which the body starts, from 1.
    pub body_line: u32,
    /// Where each key stands, for findings that need more than one file.
    pub outline: Outline,
}

impl Manifest {
    /// Where `key` is written, or the start of the file.
    #[must_use]
    pub fn place(&self, key: &str) -> Place {
        let start = Place { key: Span::START, value: Span::START };
        self.outline.get(key).copied().unwrap_or(start)
    }

    /// The roles of a role-restricted skill.
    #[must_use]
    pub fn allowed_roles(&self) -> Vec<&RoleName> {
        match &self.audience {
            Audience::Roles(roles) => roles.iter().collect(),
            Audience::Public | Audience::Team(_) | Audience::Sensitive(_) => Vec::new(),
        }
    }
}
