//! Findings for code scanning: SARIF 2.1.0, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use registry_core::diagnostic::{Change, Diagnostic, Fix, Rule, Severity, Span};
use serde_json::{Value, json};

use super::Finding;
use crate::explain::{self, ExplainError};

/// What a finding's fingerprint is called; another number when what it is made of changes.
const FINGERPRINT: &str = "guildhall/v1";
/// What paths are relative to: the root of the repository.
const ROOT: &str = "%SRCROOT%";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum SarifError {
    /// A rule has no sound page.
    #[error(transparent)]
    Rule(#[from] ExplainError),
    /// It has no JSON form.
    #[error("cannot write SARIF")]
    Json(#[from] serde_json::Error),
}

/// One log with one run.
///
/// # Errors
/// Never in practice: every value has a JSON form, and every rule its page.
pub fn render(findings: &[Finding<'_>]) -> Result<String, SarifError> {
    let rules = Rule::ALL.iter().map(|rule| self::rule(*rule)).collect::<Result<Vec<_>, _>>()?;
    Ok(serde_json::to_string_pretty(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "guildhall",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    }))?)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(rule: Rule) -> Result<Value, ExplainError> {
    let help = format!("{}. Each finding of {} tells how to mend it.", rule.summary(), rule.code());
    let page = explain::page(rule)?;
    Ok(json!({
        "id": rule.code(),
        "name": rule.name(),
        "shortDescription": {"text": format!("{}.", rule.summary())},
        "fullDescription": {"text": page.why.replace('\n', " ")},
        "help": {"text": help, "markdown": explain::help(&page)},
        "defaultConfiguration": {"level": level(rule.severity())},
    }))
}

fn result(found: &Finding<'_>) -> Value {
    let Diagnostic { path, span, rule, severity, message, help, fix } = found.diagnostic;
    let text = match help {
        Some(help) => plain(&format!("{message}\nhelp: {help}")),
        None => plain(message),
    };
    let mut result = json!({
        "ruleId": rule.code(),
        "ruleIndex": Rule::ALL.iter().position(|other| other == rule),
        "level": level(*severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact(path), "region": region(*span)}}],
        "partialFingerprints": {FINGERPRINT: found.fingerprint.to_string()},
    });
    if let (Some(fix), Some(fields)) =
        (fix.as_ref().and_then(|fix| replacements(path, fix)), result.as_object_mut())
    {
        fields.insert("fixes".to_owned(), json!([fix]));
    }
    result
}

/// A message in which nothing is a link, section 3.11.6: an author must not put links into the pages of code scanning.
fn plain(text: &str) -> String {
    text.replace('\\', r"\\").replace('[', r"\[").replace(']', r"\]")
}

fn artifact(path: &str) -> Value {
    json!({"uri": encode(path), "uriBaseId": ROOT})
}

fn region(Span { start, end }: Span) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// SARIF knows replacements of text only.
fn replacements(path: &str, fix: &Fix) -> Option<Value> {
    let replacement = |change: &Change| match change {
        Change::Replace { span, text } => {
            Some(json!({"deletedRegion": region(*span), "insertedContent": {"text": text}}))
        }
        Change::MakeExecutable { .. } | Change::RemoveFolder { .. } => None,
    };
    let replacements = fix.changes.iter().map(replacement).collect::<Option<Vec<_>>>()?;
    (!replacements.is_empty()).then(|| {
        json!({
            "description": {"text": plain(&fix.title)},
            "artifactChanges": [{"artifactLocation": artifact(path), "replacements": replacements}],
        })
    })
}

/// A path as a relative reference of RFC 3986.
fn encode(path: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::Position;

    use super::super::findings;
    use super::super::tests::checked;
    use super::*;

    #[test]
    fn no_text_of_a_skill_becomes_a_link() {
        let found = Diagnostic::new(
            Rule::UnknownKey,
            "s.md",
            Span::from(Position::START),
            r"[a\](https://b.example)",
        );
        let outcome = checked("a: 1", vec![found.with_help("[c](1)")]);
        let result = result(&findings(&outcome)[0]);
        assert_eq!(result["message"]["text"], "\\[a\\\\\\](https://b.example)\nhelp: \\[c\\](1)");
    }
}
