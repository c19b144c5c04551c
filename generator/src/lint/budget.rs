//! How much of an agent's context a skill takes.

use registry_core::api::Tokens;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::manifest::{Manifest, SkillSource};

use super::text::Text;

/// The vocabulary by which tokens are counted: OpenAI's `o200k_base`, exact by the crate `bpe-openai`.
pub const TOKENIZER: &str = "o200k_base";
/// Every agent reads name and description of every skill it may use.
const MAX_METADATA_TOKENS: usize = 100;
/// An agent reads the body when it uses the skill (agentskills.io recommends less than 5,000 tokens and 500 lines).
const MAX_BODY_TOKENS: usize = 4_999;
const MAX_BODY_LINES: usize = 499;

/// Counts the tokens of a skill.
#[must_use]
pub fn tokens(manifest: &Manifest) -> Tokens {
    Tokens {
        vocabulary: TOKENIZER.to_owned(),
        metadata: count(&described(manifest)) as u64,
        body: count(&manifest.body) as u64,
        template: manifest.prompt.as_ref().map(|prompt| count(&prompt.prompt) as u64),
    }
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
