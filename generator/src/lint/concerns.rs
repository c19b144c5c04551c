//! Separation of concerns: a skill says what to do, and leaves how to each agent's platform.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::id::SkillName;

use super::text::Text;

/// One sign that a text is written for one platform.
struct Sign {
    rule: Rule,
    /// What it looks like; the first group that matches is what the finding names.
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

const PATTERNS: [(Rule, &str, &str, &str); 6] = [
    // A call: the bracket follows at once, unlike that of a remark.
    (
        Rule::PlatformToolCall,
        r"\b(create_sandbox|run_command|execute_command|run_in_terminal|str_replace_editor|str_replace_based_edit_tool|TodoWrite|AskUserQuestion|ExitPlanMode|WebFetch|WebSearch|runSubagent)\(",
        "is a call of one platform's tool",
        IN_WORDS,
    ),
    // A tool's name behind a verb that asks for it.
    (
        Rule::PlatformToolCall,
        r"\b(?i:use|using|call|invoke|create|leverage|via|run)\s+(?i:the\s+)?`?(TodoWrite|AskUserQuestion|ExitPlanMode|WebFetch|WebSearch|runSubagent|#tool:\w+|(?:Task|Agent|Skill|Bash|Read|Write|Edit|Glob|Grep)`? tool)\b",
        "is one platform's tool",
        IN_WORDS,
    ),
    // The parameter by which one platform chooses an agent.
    (
        Rule::PlatformToolCall,
        r"\b(subagent_type)`?\s*[=:]",
        "is a parameter of one platform's tool",
        "say in words which part of the work another agent may do, and what it needs to know",
    ),
    // How one platform names the tools of an MCP server: the group is what they have in common.
    (
        Rule::PlatformToolCall,
        r"\b(mcp__[\w-]+?__)\w",
        "is how one platform names the tools of an MCP server",
        "name the MCP server under `mcp-servers`, and say in words what to ask it for",
    ),
    // On one line, or on several that end with `\`.
    (
        Rule::ExecutionEnvironment,
        r"\b((?:docker|podman) (?:run|exec)|docker[ -]compose (?:run|exec)|kubectl (?:run|exec)|vercel (?:dev|sandbox)|aws lambda invoke|sam local invoke|modal run)\b(?:\\\r?\n|[^\n])*\bscripts/",
        "fixes where a script of the skill runs",
        "name the script, its input and its output; where it runs is the platform's affair",
    ),
    // A command, the place of a configuration, or a piece of one. `.mcp.json` is also what scanners look for: only
    // behind a verb is somebody told to write it.
    (
        Rule::McpConnection,
        r#"(\b(?:amp|claude|codex|copilot|cursor|droid|gemini|opencode|qwen) mcp add(?:-json)?\b|\bcode --add-mcp\b|\.cursor/mcp\.json|\.vscode/mcp\.json|claude_desktop_config\.json|windsurf/mcp_config\.json|"mcpServers"\s*:|\[mcp_servers\.)|\b(?i:add|put|paste|edit|configure)\b[^.\n]{0,60}(\.mcp\.json)\b"#,
        "tells how one platform connects to an MCP server",
        "say under \"MCP Server Requirements\" which server is needed and why, and leave connecting to the platform",
    ),
];

const IN_WORDS: &str = "say in words what to do, as in \"run `scripts/check.py` with the ticket's number\"";

/// Each sign once per text, where it stands first, and one of each rule per line.
pub(super) fn check(text: &Text<'_>, skill: &SkillName) -> Vec<Diagnostic> {
    let (mut seen, mut lines) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for sign in SIGNS.iter().filter(|sign| applies(sign.rule, skill)) {
        for captures in sign.pattern.captures_iter(text.body) {
            let name = captures.iter().skip(1).flatten().next();
            let Some(name) = name.filter(|name| is_the_platforms(text.body, name.range())) else { continue };
            let line = text.body.get(..name.start()).unwrap_or_default().matches('\n').count();
            if seen.insert((sign.rule, name.as_str())) && lines.insert((sign.rule, line)) {
                let message = format!("`{}` {}", name.as_str().replace('`', ""), sign.message);
                found.push(text.finding(sign.rule, name.range(), message, sign.help));
            }
        }
    }
    found
}

/// A skill that is about MCP itself, as its name tells, must say how servers are connected.
fn applies(rule: Rule, skill: &SkillName) -> bool {
    rule != Rule::McpConnection || skill.as_str().split('-').all(|word| word != "mcp")
}

/// Whether a name is a platform's, and not that of a method or of a function which the text itself defines.
fn is_the_platforms(body: &str, name: Range<usize>) -> bool {
    let (before, name) = (body.get(..name.start).unwrap_or_default(), body.get(name).unwrap_or_default());
    let is_method = before.ends_with('.') && name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let is_defined =
        ["def", "fn", "func", "function"].iter().any(|word| body.contains(&format!("{word} {name}(")));
    !is_method && !is_defined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SIGNS.len(), PATTERNS.len());
    }
}
