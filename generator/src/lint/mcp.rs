//! `mcp-servers`, which platforms read, and the section "MCP Server Requirements", which agents read, agree.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::manifest::Manifest;

use super::text::Text;

static HEADING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im)^(#+)[ \t]+MCP Server Requirements?[ \t]*$").ok());
/// A server that the section demands: a name in bold before the words "MCP server".
static DEMANDED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\*\*\[?([^*\]\n]+)\]?\*\*\s+MCP server").ok());

pub(super) fn check(text: &Text<'_>, manifest: &Manifest) -> Vec<Diagnostic> {
    let heading = HEADING.as_ref().and_then(|heading| heading.captures(text.body));
    let (whole, level) = match heading.as_ref().and_then(|found| Some((found.get(0)?, found.get(1)?))) {
        Some(found) => found,
        None => return without_section(text, manifest),
    };
    let section = section(text.body, whole.end(), level.len());
    let servers: BTreeSet<String> = manifest.mcp_servers.iter().map(|server| plain(server)).collect();
    let demanded = DEMANDED.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(section));
    let unlisted =
        demanded.filter_map(|found| found.get(1)).filter(|name| !servers.contains(&plain(name.as_str())));
    let mut found: Vec<Diagnostic> = unlisted
        .map(|name| {
            let range = whole.end() + name.start()..whole.end() + name.end();
            let message = format!("`mcp-servers` does not list the server `{}`", name.as_str());
            text.finding(Rule::McpSection, range, message, "add its name to `mcp-servers`")
        })
        .collect();
    let section = section.to_lowercase();
    let unexplained = manifest.mcp_servers.iter().filter(|name| !section.contains(&name.to_lowercase()));
    found.extend(unexplained.map(|name| {
        let message = format!("\"MCP Server Requirements\" does not mention the server `{name}`");
        text.finding(Rule::McpSection, whole.range(), message, "say what it is needed for")
    }));
    if manifest.mcp_servers.is_empty() && found.is_empty() {
        let message = "the text requires MCP servers, and `mcp-servers` lists none".to_owned();
        found.push(text.finding(
            Rule::McpSection,
            whole.range(),
            message,
            "list their names in `mcp-servers`",
        ));
    }
    found
}

fn without_section(text: &Text<'_>, manifest: &Manifest) -> Vec<Diagnostic> {
    if manifest.mcp_servers.is_empty() {
        return Vec::new();
    }
    let message = "the text has no section \"MCP Server Requirements\" for the servers in `mcp-servers`";
    let help = "add the section: which server, what it provides, how it authenticates";
    let place = manifest.place("mcp-servers").key;
    let found = text.finding(Rule::McpSection, 0..0, message.to_owned(), help);
    vec![Diagnostic { span: place, ..found }]
}

/// From the end of a heading up to the next one of its level or above.
fn section(body: &str, start: usize, level: usize) -> &str {
    let rest = body.get(start..).unwrap_or_default();
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        let hashes = line.chars().take_while(|letter| *letter == '#').count();
        if end > 0 && (1..=level).contains(&hashes) {
            break;
        }
        end += line.len();
    }
    rest.get(..end).unwrap_or_default()
}

/// What is left of a name that is written in one of several ways.
fn plain(name: &str) -> String {
    name.to_lowercase().replace([' ', '-', '_', '`'], "")
}
