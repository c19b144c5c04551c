//! What `POST /invoke` answers where the edge itself has the text: prompts and instructions.

use std::fmt;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::api::InvokeAnswer;
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::SkillType;

/// Answer of `POST /invoke`, by the skill's type.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Invoked {
    /// Of a `prompt_inline` skill.
    Prompt(PromptAnswer),
    /// Of an `instructions` skill.
    Instructions(InstructionsAnswer),
    /// Of what runs in a sandbox.
    Execution(InvokeAnswer),
}

/// How many tokens the parts of a release take, as its build counted them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// The vocabulary by which they are counted.
    pub vocabulary: String,
    /// Name and description.
    pub metadata: u64,
    /// The body.
    pub body: u64,
    /// The template of a `prompt_inline` skill, with its places and without values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<u64>,
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata {}, body {}", self.metadata, self.body)?;
        if let Some(template) = self.template {
            write!(f, ", template {template}")?;
        }
        write!(f, " ({})", self.vocabulary)
    }
}

/// Answer of `POST /invoke` for a `prompt_inline` skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptAnswer {
    /// Names the invocation in every log.
    pub txn: String,
    /// The skill.
    pub skill: SkillId,
    /// The version that was chosen.
    pub version: Version,
    /// Its source digest.
    pub digest: Digest,
    /// `prompt_inline`.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// The prompt with the caller's values.
    pub prompt: String,
    /// Its length in bytes of UTF-8.
    pub bytes: usize,
    /// The tokens of the template, counted at build: no edge has a tokenizer, so the values are not counted.
    pub template_tokens: u64,
    /// The vocabulary of [`PromptAnswer::template_tokens`].
    pub vocabulary: String,
    /// The form that the answer to the prompt should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
}

/// Answer of `POST /invoke` for an `instructions` skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstructionsAnswer {
    /// Names the invocation in every log.
    pub txn: String,
    /// The skill.
    pub skill: SkillId,
    /// The version that was chosen.
    pub version: Version,
    /// Its source digest.
    pub digest: Digest,
    /// `instructions`.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// The bodies of the closure as Markdown, dependencies first, each under a heading `# Skill team/name@version`.
    pub text: String,
    /// Its length in bytes of UTF-8.
    pub bytes: usize,
    /// The sum of the members' tokens, where all are known. Headings are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_tokens: Option<u64>,
    /// The vocabulary by which tokens are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<String>,
    /// The closure, in the order of the text.
    pub members: Vec<MemberText>,
}

/// A member's part of the text of an [`InstructionsAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberText {
    /// The skill.
    pub skill: SkillId,
    /// The version chosen at build.
    pub version: Version,
    /// Its source digest.
    pub digest: Digest,
    /// What an invocation of it does.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// Where its part starts, with its heading, in bytes of UTF-8.
    pub start: usize,
    /// How long its part is, in bytes of UTF-8.
    pub bytes: usize,
    /// The tokens of its body, counted at build. Absent in what an older program built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_tokens: Option<u64>,
}
