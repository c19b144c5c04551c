//! The wire formats of the edge's API and of the sandbox's, each in one place for both sides.

mod code;
mod execution;
mod object;
mod sign_in;
mod texts;
mod well_known;

pub use execution::{ExecutionCode, IDEMPOTENT_REPLAYED, InvokeTokenAnswer};
pub use sign_in::SignInForm;
pub use texts::{InstructionsAnswer, Invoked, MemberText, PromptAnswer, Tokens};

use std::collections::BTreeSet;

pub use code::Code;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use well_known::{KeySet, ProtectedResource, PublishedKey};

use crate::catalog::{Member, Released};
use crate::digest::Digest;
use crate::id::{SkillId, TeamName};
use crate::manifest::{Permissions, Prompt, SkillType};
use crate::organisation::Limits;
use crate::policy::AccessLevel;
use crate::prompt::Mistake;
use crate::requirement::{Requirement, Spec};
use crate::status::Status;

/// Most results that one search returns.
pub const MAX_RESULTS: usize = 50;
/// Longest query, in bytes.
pub const MAX_QUERY: usize = 4096;

/// Largest answer of a sandbox, in bytes: two outputs of 1 MiB, each byte six characters of JSON at the worst.
pub const MAX_RESULT_BYTES: usize = 16 << 20;

/// Body of `POST /search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// What is looked for, in words; at most 4096 bytes.
    pub query: String,
    /// How many results.
    #[serde(default = "default_k")]
    #[schemars(range(min = 1, max = MAX_RESULTS))]
    pub k: usize,
    /// What the results must be.
    #[serde(default, deserialize_with = "object::object")]
    pub filters: Filters,
    /// Whether each result says why it is one.
    #[serde(default)]
    pub explain: bool,
}

fn default_k() -> usize {
    5
}

/// What search results must be; absent means anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Of this team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamName>,
    /// Of this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<AccessLevel>,
    /// With this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Of this type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub skill_type: Option<SkillType>,
    /// Whose version matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Requirement>,
}

/// What a search says of a skill; a search shard holds it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// `team/name`.
    pub slug: SkillId,
    /// The name within the team.
    pub name: String,
    /// The version to use.
    pub version: Version,
    /// What it does and when to use it.
    pub description: String,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Its level.
    pub access_level: AccessLevel,
    /// What an invocation does.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// Why it should no longer be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// What to use in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Spec>,
}

/// One search result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The skill.
    #[serde(flatten)]
    pub listing: Listing,
    /// From 0 to 1,000,000; comparable within one answer.
    pub score: u32,
    /// Why it is one, where that was asked for.
    #[serde(rename = "explain", default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// What a result's rank is made of, in millionths of what the best possible result of the query would have. A result
/// that is found by its name stands above all that are not, whatever it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// By the words that it shares with the query.
    pub words: u32,
    /// By its meaning.
    pub meaning: u32,
}

/// Answer of `GET /skills/{team}/{name}[/{version}]` as JSON: what a release says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseDetail {
    /// What a search says of it.
    #[serde(flatten)]
    pub listing: Listing,
    /// The source digest.
    pub digest: Digest,
    /// SHA-256 of the bundle.
    pub bundle: Digest,
    /// SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Who looks after it.
    pub owners: Vec<String>,
    /// Where the release comes from; absent for a working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// What has become of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What it requires, as written.
    pub depends_on: Vec<Spec>,
    /// All that is needed, dependencies first, the release itself last.
    pub closure: Vec<Member>,
    /// What an execution may use.
    pub limits: Limits,
    /// What an execution may touch.
    pub permissions: Permissions,
    /// What an invocation of a `prompt_inline` skill takes and makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Prompt>,
    /// How many tokens it takes. Absent in what an older program built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// The source files.
    pub files: Vec<FileDetail>,
}

/// One source file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDetail {
    /// Path relative to the skill.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is executable.
    pub executable: bool,
    /// Digest of the content.
    pub sha256: Digest,
}

/// Answer of `GET /readyz` while a catalog is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// `ready`, or `degraded` where there is an alarm.
    pub status: String,
    /// The sequence of the head that is served.
    pub sequence: u64,
    /// Its root.
    pub root: Digest,
    /// The commit that the root was built from.
    pub commit: Option<String>,
    /// When the head ceases to be valid, in seconds since the epoch.
    pub expires: u64,
    /// What the operator must know: a head that was not taken, and why, or one that has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// Files that could not be served when they were last asked for, since this root was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Faults>,
}

/// How many files of one kind have one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// What they are for: `object`, `paths`, `table`, `shard`, `index`.
    pub file: String,
    /// What is wrong with them.
    pub fault: Fault,
    /// How many, 1,000 of all kinds at most.
    pub count: u32,
}

/// What is wrong with a file of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It does not have its digest: cut off, overwritten, or exchanged.
    Altered,
    /// The storage does not give it, or it is not of its format.
    Unreadable,
}

/// Body of `POST /resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// `team/name` or `team/name:REQ`.
    #[schemars(with = "Spec")]
    pub spec: String,
}

/// Answer of `POST /resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// The skill.
    pub skill: SkillId,
    /// The version chosen.
    pub version: Version,
    /// Its source digest.
    pub digest: Digest,
    /// What an invocation does.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// What has become of it since its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// All that is needed, dependencies first, the release itself last.
    pub closure: Vec<Member>,
}

/// Body of `POST /acl/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AclRequest {
    /// `team/name` or `team/name:REQ`.
    #[schemars(with = "Spec")]
    pub skill: String,
}

/// Answer of `POST /acl/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclAnswer {
    /// Whether the caller may find, read and invoke it.
    pub allowed: bool,
    /// Why.
    pub reason: String,
    /// Where to ask for access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_url: Option<String>,
}

/// Body of `POST /invoke`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvokeRequest {
    /// `team/name`.
    #[schemars(with = "SkillId")]
    pub name: String,
    /// The versions that will do.
    #[serde(default = "any_version")]
    #[schemars(with = "Requirement")]
    pub version_constraint: String,
    /// What a code skill gets on standard input, or the parameters of a prompt by name.
    #[serde(default)]
    pub payload: Value,
}

fn any_version() -> String {
    "*".to_owned()
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionOutcome {
    /// Exit code 0.
    Success,
    /// Another exit code, or a signal.
    Error,
    /// Stopped at the wall-clock limit.
    Timeout,
    /// Stopped at another limit.
    ResourceLimit,
}

/// What an execution produced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionResult {
    /// How it ended.
    pub outcome: ExecutionOutcome,
    /// The exit code, when the process exited by itself.
    pub exit_code: Option<i32>,
    /// Standard output, parsed, when it is JSON.
    pub output: Option<Value>,
    /// Standard output as text, when it is not JSON.
    pub stdout: Option<String>,
    /// Standard error as text.
    pub stderr: String,
    /// Whether an output was cut at the sandbox's cap.
    pub truncated: bool,
    /// Wall-clock time of the process.
    pub duration_ms: u64,
}

/// Answer of `POST /invoke` for what runs in a sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvokeAnswer {
    /// Names the invocation in every log.
    pub txn: String,
    /// The skill.
    pub skill: SkillId,
    /// The version that ran.
    pub version: Version,
    /// What it produced.
    #[serde(flatten)]
    pub result: ExecutionResult,
}

/// Body of the sandbox's `POST /execute`; the invoke token in `Authorization` signs its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionRequest {
    /// The closure whose digest is in the token.
    pub closure: Vec<Member>,
    /// The archive of the release's source files.
    pub bundle: Digest,
    /// Lets the sandbox fetch the bundle from the edge.
    pub bundle_token: String,
    /// What the skill gets on standard input.
    pub payload: Value,
}

/// An error answer (RFC 9457) of edge and sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// Stable, for machines.
    #[schemars(with = "Code")]
    pub code: String,
    /// Every mistake of a payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Mistake>,
    /// Set on denials.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub denial: Option<DenialDetail>,
}

/// What a denial says beside the problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DenialDetail {
    /// The code once more, under the name that agents look for.
    pub error: String,
    /// The skill asked for.
    pub skill: String,
    /// Always `false`.
    pub allowed: bool,
    /// Why.
    pub reason: String,
    /// Where to ask for access.
    pub request_url: String,
}
