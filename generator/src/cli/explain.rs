//! `guildhall explain`.

use std::cmp::Reverse;
use std::process::ExitCode;

use annotate_snippets::Renderer;
use registry_core::diagnostic::Rule;

use super::skills::Format;
use super::{Failure, output};
use crate::explain::{self, ExplainError, Explanation};

/// Most letters that a misspelt code or name may differ by.
const NEAR: usize = 2;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The rule, by its code or name. Without it, all rules are listed.
    #[arg(value_name = "CODE")]
    rule: Option<String>,
    /// Explain all rules in one Markdown document.
    #[arg(long, conflicts_with = "rule")]
    all: bool,
    /// How the explanation is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  guildhall explain                list all rules
  guildhall explain GH0301         why the rule exists, an example that breaks it, and the mended example
  guildhall explain invalid-version --format json | jq -r .why";

/// No rule has this code or name.
#[derive(Debug, thiserror::Error)]
#[error("there is no rule `{text}`; {}", hint(*near))]
struct NoSuchRule {
    text: String,
    near: Option<Rule>,
}

fn hint(near: Option<Rule>) -> String {
    match near {
        Some(rule) => format!("did you mean `{}` ({})?", rule.code(), rule.name()),
        None => "`guildhall explain` lists them all".to_owned(),
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let rule = arguments.rule.as_deref().map(find).transpose()?;
    let plain = |rule: &Rule| explain::explain(*rule, &Renderer::plain());
    let text = match (rule, arguments.format) {
        (Some(rule), Format::Human) => explain::terminal(&explain::explain(rule, &Renderer::styled())?),
        (Some(rule), Format::Json) => serde_json::to_string_pretty(&plain(&rule)?)?,
        (None, Format::Json) => {
            let all: Vec<Explanation> = Rule::ALL.iter().map(plain).collect::<Result<_, ExplainError>>()?;
            serde_json::to_string_pretty(&all)?
        }
        (None, Format::Human) if arguments.all => explain::document()?.trim_end().to_owned(),
        (None, Format::Human) => explain::table(),
    };
    output::line(&text);
    Ok(ExitCode::SUCCESS)
}

fn find(text: &str) -> Result<Rule, NoSuchRule> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    text.parse()
        .or_else(|_| lower.parse())
        .map_err(|_| NoSuchRule { text: text.to_owned(), near: near(&lower) })
}

/// The rule whose code or name is closest to a text in lower case; of codes as close, the one that starts like it.
fn near(text: &str) -> Option<Rule> {
    let measure = |rule: &Rule| {
        let code = rule.code().to_ascii_lowercase();
        let alike = code.chars().zip(text.chars()).take_while(|(a, b)| a == b).count();
        let distance = strsim::osa_distance(&code, text).min(strsim::osa_distance(rule.name(), text));
        (distance, Reverse(alike))
    };
    Rule::ALL.iter().copied().min_by_key(measure).filter(|rule| measure(rule).0 <= NEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_code_and_name_in_any_case() {
        for text in ["GH0301", "gh0301", "Gh0301", "invalid-version", "Invalid-Version", " GH0301 "] {
            assert_eq!(find(text).unwrap(), Rule::InvalidVersion, "{text}");
        }
    }

    #[test]
    fn what_is_misspelt_has_a_hint() {
        let said = |text: &str| find(text).unwrap_err().to_string();
        assert_eq!(said("GH0309"), "there is no rule `GH0309`; did you mean `GH0301` (invalid-version)?");
        assert_eq!(
            said("invalid-verison"),
            "there is no rule `invalid-verison`; did you mean `GH0301` (invalid-version)?"
        );
        assert_eq!(said("GH9999"), "there is no rule `GH9999`; `guildhall explain` lists them all");
        assert_eq!(said("colour"), "there is no rule `colour`; `guildhall explain` lists them all");
    }
}
