//! How much of an agent's context a skill takes.

use std::fmt;

use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::manifest::{Manifest, SkillSource};
use serde::{Deserialize, Serialize};

use super::text::Text;

/// The vocabulary by which tokens are counted: OpenAI's `o200k_base`, exact by the crate `bpe-openai`.
pub const TOKENIZER: &str = "o200k_base";
/// Every agent reads name and description of every skill it may use.
const MAX_METADATA_TOKENS: usize = 100;
/// An agent reads the body when it uses the skill (agentskills.io recommends less than 5,000 tokens and 500 lines).
const MAX_BODY_TOKENS: usize = 4_999;
const MAX_BODY_LINES: usize = 499;

/// How many tokens the parts of a skill take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Name and description.
    pub metadata: usize,
    /// The body.
    pub body: usize,
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata {}, body {} ({TOKENIZER})", self.metadata, self.body)
    }
}

/// Counts the tokens of a skill.
#[must_use]
pub fn tokens(manifest: &Manifest) -> Tokens {
    Tokens { metadata: count(&described(manifest)), body: count(&manifest.body) }
}

fn count(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

/// More than `limit` tokens, as their number. A token has at least one byte, so short texts need no counting.
fn more_than(limit: usize, text: &str) -> Option<usize> {
    (text.len() > limit).then(|| count(text)).filter(|tokens| *tokens > limit)
}

fn described(manifest: &Manifest) -> String {
    format!("{}: {}", manifest.id, manifest.description.trim())
}

pub(super) fn metadata(source: &SkillSource, manifest: &Manifest) -> Option<Diagnostic> {
    let tokens = more_than(MAX_METADATA_TOKENS, &described(manifest))?;
    let message =
        format!("name and description take {tokens} tokens, more than {MAX_METADATA_TOKENS} ({TOKENIZER})");
    let span = manifest.place("description").key;
    let help = "every agent reads them for every skill: say what it does and when to use it, and no more";
    Some(Diagnostic::new(Rule::MetadataBudget, &source.manifest_path, span, message).with_help(help))
}

pub(super) fn body(text: &Text<'_>) -> Option<Diagnostic> {
    let lines = text.body.lines().count();
    let tokens = more_than(MAX_BODY_TOKENS, text.body);
    let message = match (tokens, lines > MAX_BODY_LINES) {
        (Some(tokens), _) => format!("the body takes {tokens} tokens, 5,000 or more ({TOKENIZER})"),
        (None, true) => format!("the body has {lines} lines, 500 or more"),
        (None, false) => return None,
    };
    let help = "move what is not always needed to files under `references/`, and name them in the body";
    Some(text.finding(Rule::BodyBudget, 0..0, message, help))
}
