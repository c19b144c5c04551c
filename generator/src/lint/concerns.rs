//! Separation of concerns: a skill says what to do, and leaves how to each agent's platform.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use registry_core::diagnostic::{Diagnostic, Rule};

use super::text::Text;

/// One sign that a text is written for one platform.
struct Sign {
    rule: Rule,
    /// What it looks like; the first group is what the finding names.
    pattern: Regex,
    message: &'static str,
    help: &'static str,
}

static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let sign = |(rule, pattern, message, help): (Rule, &str, &'static str, &'static str)| {
        Some(Sign { rule, pattern: Regex::new(pattern).ok()?, message, help })
    };
    PATTERNS.into_iter().filter_map(sign).collect()
});

const PATTERNS: [(Rule, &str, &str, &str); 4] = [
    (
        Rule::PlatformToolCall,
        r"\b(create_sandbox|run_command|execute_command|run_in_terminal|str_replace_editor|str_replace_based_edit_tool|TodoWrite|AskUserQuestion|ExitPlanMode|WebFetch|WebSearch)\s*\(",
        "is a call of one platform's tool",
        "say in words what to do, as in \"run `scripts/check.py` with the ticket's number\"",
    ),
    (
        Rule::PlatformToolCall,
        r"\b(mcp__\w+?__\w+|Task)\s*\(\s*(?:subagent_type|\{|[a-z_]+\s*[=:])",
        "is a call of one platform's tool",
        "name the MCP server under `mcp-servers`, and say in words what to ask it for",
    ),
    (
        Rule::ExecutionEnvironment,
        r"(?m)^.*?\b((?:docker|podman) (?:run|exec)|docker compose run|kubectl (?:run|exec)|vercel (?:dev|sandbox)|aws lambda invoke|sam local invoke|modal run)\b.*\bscripts/.*$",
        "fixes where a script of the skill runs",
        "name the script, its input and its output; where it runs is the platform's affair",
    ),
    (
        Rule::McpConnection,
        r#"((?:claude|codex|gemini|copilot|cursor) mcp add(?:-json)?|\.cursor/mcp\.json|\.vscode/mcp\.json|claude_desktop_config\.json|windsurf/mcp_config\.json|"mcpServers"\s*:)"#,
        "tells how one platform connects to an MCP server",
        "say under \"MCP Server Requirements\" which server is needed and why, and leave connecting to the platform",
    ),
];

/// Each sign once per text, where it stands first.
pub(super) fn check(text: &Text<'_>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for sign in SIGNS.iter() {
        for captures in sign.pattern.captures_iter(text.body) {
            let Some(name) = captures.get(1).filter(|name| seen.insert((sign.rule, name.as_str()))) else {
                continue;
            };
            let message = format!("`{}` {}", name.as_str(), sign.message);
            found.push(text.finding(sign.rule, name.range(), message, sign.help));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SIGNS.len(), PATTERNS.len());
    }
}
