//! Exactly what an author may write: every key with its type. The JSON Schema of editors is made of these types.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::Value;

use super::{Deprecation, Parameter, SkillType};
use crate::id::{RoleName, SkillName};
use crate::policy::AccessLevel;

/// Most characters of a description (agentskills.io specification).
pub const MAX_DESCRIPTION: usize = 1024;
/// Most characters of `compatibility` (agentskills.io specification).
pub const MAX_COMPATIBILITY: usize = 500;
/// Most tags.
pub const MAX_TAGS: usize = 32;
/// Longest version: it is a folder's name on the static site.
pub const MAX_VERSION: usize = 64;

/// Declares every key once: its spelling, its field and its type. The keys decode one by one, so that all mistakes of
/// a file are found and not only the first.
macro_rules! keys {
    ($($(#[$attribute:meta])+ $key:literal $field:ident: $kind:ty,)+) => {
        /// The frontmatter of a skill: what it is, who may use it and what it needs.
        #[derive(Debug, Default, JsonSchema)]
        #[schemars(title = "Guildhall skill", extend(
            "required" = ["name", "description"],
            "additionalProperties" = true,
            "allOf" = super::schema::conditions(),
        ))]
        pub struct Written {
            $($(#[$attribute])+ #[schemars(rename = $key)] pub $field: Option<$kind>,)+
        }

        /// The spelling of every key.
        pub const KEYS: &[&str] = &[$($key),+];

        impl Written {
            /// Decodes every key by `decode`, which reports what does not fit.
            pub(super) fn decode(decode: &mut impl Decode) -> Self {
                Self { $($field: decode.key($key)),+ }
            }
        }
    };
}

/// Decodes one key of a frontmatter and reports when its value does not fit.
pub(super) trait Decode {
    fn key<T: serde::de::DeserializeOwned + PartialEq>(&mut self, key: &str) -> Option<T>;
}

keys! {
    /// `team/name`, or the bare name. It is that of the file's path.
    #[schemars(regex(pattern = r"^([a-z0-9]+(-[a-z0-9]+)*/)?[a-z0-9]+(-[a-z0-9]+)*$"))]
    "name" name: String,
    /// The version, by semantic versioning 2.0: raise the major when callers must change.
    #[schemars(length(max = MAX_VERSION), regex(pattern = super::schema::VERSION))]
    "version" version: String,
    /// What the skill does and when to use it: agents choose by this sentence.
    #[schemars(length(min = 1, max = MAX_DESCRIPTION))]
    "description" description: String,
    /// The description in Simplified Chinese.
    #[schemars(length(min = 1, max = MAX_DESCRIPTION))]
    "description_zh" description_zh: String,
    /// Words to find it by, in lower case, words joined by hyphens.
    #[schemars(length(max = MAX_TAGS), inner(regex(pattern = crate::id::SEGMENT)))]
    "tags" tags: Vec<String>,
    /// Who may find, read and invoke it.
    #[schemars()]
    "access_level" access_level: AccessLevel,
    /// The roles that may use a `role-restricted` skill.
    #[schemars()]
    "allowed_roles" allowed_roles: BTreeSet<RoleName>,
    /// Skills that it needs, as `team/name:REQ`: `support/case-facts:1.x`.
    #[schemars(inner(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*(:.+)?$")))]
    "depends_on" depends_on: Vec<String>,
    /// The same as a map of names to requirements. A bare name is looked for in the own team, then in `shared`, then
    /// among what skills provide.
    #[schemars()]
    "dependencies" dependencies: BTreeMap<String, String>,
    /// Whom to ask: `@team` or `@person`. Default: the team's owners.
    #[schemars(inner(regex(pattern = "^@.+$")))]
    "owners" owners: Vec<String>,
    /// Set when this major should no longer be used.
    #[schemars()]
    "deprecated" deprecated: WrittenDeprecation,
    /// What it does when it is invoked. Default: `instructions`.
    #[schemars()]
    "type" skill_type: SkillType,
    /// Further names to find it by.
    #[schemars()]
    "aliases" aliases: BTreeSet<SkillName>,
    /// Where it is meant to be used, in a word: `workspace`, `user`.
    #[schemars()]
    "scope" scope: String,
    /// Who wrote it.
    #[schemars()]
    "author" author: String,
    /// An SPDX expression.
    #[schemars()]
    "license" license: String,
    /// Where to read more.
    #[schemars()]
    "homepage" homepage: String,
    /// What an agent needs to use it, in words.
    #[schemars(length(min = 1, max = MAX_COMPATIBILITY))]
    "compatibility" compatibility: String,
    /// Tools that an agent may use without asking, separated by spaces.
    #[schemars()]
    "allowed-tools" allowed_tools: AllowedTools,
    /// MCP servers that it needs, by name; the text tells why under "MCP Server Requirements".
    #[schemars()]
    "mcp-servers" mcp_servers: BTreeSet<String>,
    /// What it provides for skills that depend on a bare name: name and version.
    #[schemars()]
    "provides" provides: BTreeMap<SkillName, String>,
    /// What people say when they need it, and what they say when they need another skill. The check searches for each.
    #[schemars()]
    "triggers" triggers: WrittenTriggers,
    /// Anything else. A key of this format may stand here as text, for authors who keep to the six keys of the
    /// agentskills.io specification.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    "metadata" metadata: BTreeMap<String, Value>,
    /// What an execution may touch and use.
    #[schemars()]
    "security" security: WrittenSecurity,
    /// What happens when an execution fails.
    #[schemars()]
    "resilience" resilience: Resilience,
    /// What a caller gives: used as `{name}` in a prompt or in `args`.
    #[schemars()]
    "parameters" parameters: Vec<Parameter>,
    /// The program that runs, by name: `python3`, `node`, `bash`. No shell is involved.
    #[schemars(regex(pattern = "^[^/]+$"))]
    "command" command: String,
    /// Its arguments. One that names a file of the skill is that file; `{parameter}` is replaced as one argument.
    #[schemars()]
    "args" args: Vec<String>,
    /// Seconds until the execution is ended. Default: 30.
    #[schemars(range(min = 1))]
    "timeout" timeout: u32,
    /// Upper bounds of an execution.
    #[schemars()]
    "resource_limits" resource_limits: WrittenLimits,
    /// An older spelling of permissions; the strictest of all spellings holds.
    #[schemars()]
    "sandbox" sandbox: WrittenSandbox,
    /// Environment variables: a text, or `{secret: true}`.
    #[schemars()]
    "environment" environment: BTreeMap<String, EnvironmentValue>,
    /// How long sessions live, and how many there are.
    #[schemars()]
    "session_config" session_config: SessionConfig,
    /// The prompt of a conversation.
    #[schemars()]
    "prompt_template" prompt_template: String,
    /// Files that a conversation takes in.
    #[schemars()]
    "context_files" context_files: ContextFiles,
    /// The model that a conversation is written for.
    #[schemars()]
    "model" model: String,
    /// Tokens that a conversation needs.
    #[schemars(range(min = 1))]
    "context_window" context_window: u32,
    /// The prompt, with `{name}` where a parameter goes.
    #[schemars()]
    "prompt" prompt: String,
    /// The form of the answer, for people and agents.
    #[schemars()]
    "output_format" output_format: String,
}

/// `deprecated`: a text, or a map with its details.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text, or a map with `message`")]
pub enum WrittenDeprecation {
    /// Why, and what to do.
    Text(String),
    /// With details.
    Full(Deprecation),
}

/// `triggers`: what people say when they need the skill, or a map that also tells what they say when they do not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a list of what people say, or a map with `positive` and `negative`")]
pub enum WrittenTriggers {
    /// The skill should be found first for each.
    List(Vec<String>),
    /// With examples of both kinds.
    Full(WrittenExamples),
}

/// The examples of `triggers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WrittenExamples {
    /// What people say when they need the skill: it should be found first.
    pub positive: Vec<String>,
    /// What people say when they need another one: this one should not be found first.
    pub negative: Vec<String>,
}

/// `allowed-tools`: one text, or the list that some agents accept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text of tools separated by spaces")]
pub enum AllowedTools {
    /// As the agentskills.io specification has it.
    Text(String),
    /// As a list.
    List(Vec<String>),
}

/// `security`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `permissions` and `resource_limits`")]
pub struct WrittenSecurity {
    /// What an execution may touch; absent is denied.
    pub permissions: WrittenPermissions,
    /// Upper bounds.
    pub resource_limits: WrittenLimits,
}

/// `permissions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of permissions")]
pub struct WrittenPermissions {
    /// Folders that it may read, beside its own files; `./` is the work folder.
    pub file_read: Vec<String>,
    /// Folders that it may write; `./` is the work folder.
    pub file_write: Vec<String>,
    /// `false`, or the hosts that it may reach.
    pub network_access: NetworkAccess,
    /// Whether it may start processes.
    pub process_spawn: bool,
}

/// `network_access`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected `false`, or a list of hosts")]
pub enum NetworkAccess {
    /// `false`: none.
    Switch(bool),
    /// The hosts.
    Hosts(Vec<String>),
}

impl Default for NetworkAccess {
    fn default() -> Self {
        Self::Switch(false)
    }
}

/// Upper bounds of an execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of limits")]
pub struct WrittenLimits {
    /// Memory of one process, in MiB.
    #[schemars(range(min = 1))]
    pub max_memory_mb: Option<u32>,
    /// Share of one processor, in per cent.
    #[schemars(range(min = 1))]
    pub max_cpu_percent: Option<u32>,
    /// Wall-clock time, in seconds.
    #[schemars(range(min = 1))]
    pub max_execution_time: Option<u32>,
    /// The largest file that it may write, in MiB.
    #[schemars(range(min = 1))]
    pub max_file_size_mb: Option<u32>,
}

/// `sandbox`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of permissions")]
pub struct WrittenSandbox {
    /// Whether it may use the network at all.
    pub allow_network: Option<bool>,
    /// The hosts that it may reach.
    pub hosts: Option<Vec<String>>,
    /// Whether it may write files.
    pub allow_file_write: Option<bool>,
    /// Folders that it may touch.
    pub allowed_paths: Option<Vec<String>>,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text, or `{secret: true}`")]
pub enum EnvironmentValue {
    /// A fixed text.
    Text(String),
    /// A secret that the organisation grants.
    Secret(Secret),
}

/// `{secret: true}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Always `true`.
    pub secret: bool,
}

/// `session_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of a session's bounds")]
pub struct SessionConfig {
    /// Seconds without a call after which a session ends.
    pub session_timeout: Option<u32>,
    /// Most sessions of one caller at a time.
    pub max_sessions: Option<u32>,
    /// Whether a session's files go with it.
    pub cleanup_on_exit: Option<bool>,
    /// Whether callers share a session.
    pub shared: Option<bool>,
}

/// `context_files`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `patterns`")]
pub struct ContextFiles {
    /// Globs of files to take in.
    pub patterns: Vec<String>,
    /// Most files.
    pub max_files: Option<u32>,
    /// Largest file, in KiB.
    pub max_file_size_kb: Option<u32>,
    /// Globs of files to leave out.
    pub exclude_patterns: Vec<String>,
}

/// `resilience`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `retry_attempts`, `backoff` and the like")]
pub struct Resilience {
    /// How often to try again.
    pub retry_attempts: Option<u32>,
    /// How the pause between tries grows.
    pub backoff: Option<Backoff>,
    /// What to try again after.
    pub retry_on: Vec<RetryOn>,
    /// Seconds for one try.
    #[schemars(range(min = 1))]
    pub timeout: Option<u32>,
    /// What to run when all tries have failed, split like words of a shell.
    pub fallback_command: Option<String>,
}

/// How the pause between tries grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// It stays the same.
    Fixed,
    /// It grows by the same amount.
    Linear,
    /// It doubles.
    Exponential,
}

/// A failure that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// It took too long.
    Timeout,
    /// It met a limit.
    ResourceLimit,
    /// The network failed.
    NetworkError,
    /// It ended with an error.
    Error,
}
