//! Every finding of one file, as an author sees them.

use super::execution::DEFAULT_TIMEOUT;
use std::collections::BTreeMap;

use super::*;
use crate::diagnostic::Position;
use crate::digest::FileMode;
use crate::manifest::SourceFile;

const GOOD: &str = "name: support/refund\nversion: 1.2.3\ndescription: Resolves refunds.\n\
    tags: [refund]\naccess_level: team\n";

fn source(frontmatter: &str, more: &[&str]) -> SkillSource {
    let file = |text: String| SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
    let mut files: BTreeMap<String, SourceFile> =
        more.iter().map(|path| ((*path).to_owned(), file(String::new()))).collect();
    files.insert("SKILL.md".to_owned(), file(format!("---\n{frontmatter}---\n# Body\n")));
    SkillSource {
        id: "support/refund".parse().unwrap(),
        manifest_path: "skills/support/refund/SKILL.md".to_owned(),
        manifest_file: "SKILL.md".to_owned(),
        files,
    }
}

fn findings(frontmatter: &str) -> Vec<String> {
    let (manifest, found) = source(frontmatter, &[]).read();
    assert_eq!(manifest.is_none(), found.iter().any(Diagnostic::is_error));
    found
        .iter()
        .map(|d| format!("{} {}:{} {}", d.rule.code(), d.span.start.line, d.span.start.column, d.message))
        .collect()
}

#[test]
fn a_good_manifest_reads() {
    let text = format!("{GOOD}depends_on: [support/case-facts:1.x]\ndeprecated: use another\n");
    let (manifest, found) = source(&text, &[]).read();
    assert_eq!(found, []);
    let manifest = manifest.unwrap();
    assert_eq!(manifest.audience, "team:support".parse().unwrap());
    assert_eq!(manifest.depends_on[0].spec.to_string(), "support/case-facts:1.x");
    assert_eq!(manifest.depends_on[0].span.start, Position { line: 7, column: 14 });
    assert_eq!(manifest.deprecated.unwrap().message, "use another");
    assert_eq!(manifest.limits.max_execution_time, DEFAULT_TIMEOUT);
    assert_eq!(manifest.body, "# Body\n");
}

#[test]
fn all_mistakes_of_a_file_come_at_once() {
    let text = "name: support/other\nversion: '1.2'\ndescription: ''\ntag: [x]\naccess_level: secret\n";
    insta::with_settings!({snapshot_path => "../../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("manifest_findings", findings(text).join("\n"));
    });
}

#[test]
fn levels_and_roles_fit_together() {
    let with = |lines: &str| findings(&GOOD.replace("access_level: team\n", lines)).join("; ");
    assert_eq!(with("access_level: role-restricted\nallowed_roles: [auditor]\n"), "");
    assert!(with("access_level: role-restricted\n").starts_with("GH0104 6:1"));
    assert!(with("access_level: role-restricted\nallowed_roles: []\n").starts_with("GH0104 7:1"));
    assert!(with("access_level: sensitive\nallowed_roles: [auditor]\n").starts_with("GH0104 7:1"));
}

#[test]
fn the_strictest_spelling_of_a_limit_holds() {
    let limits = |lines: &str| {
        let code = "type: code_inline\ncommand: python3\n";
        source(&format!("{GOOD}{code}{lines}"), &[]).read().0.unwrap().limits
    };
    let two = "resource_limits: {max_memory_mb: 300, max_execution_time: 20}\n\
        security: {resource_limits: {max_memory_mb: 200}}\n";
    assert_eq!(limits(two).max_memory_mb, 200);
    assert_eq!(limits(two).max_execution_time, 20);
    assert_eq!(limits(&format!("timeout: 5\n{two}")).max_execution_time, 5);
    assert_eq!(limits("").max_execution_time, DEFAULT_TIMEOUT);
}

#[test]
fn an_executable_skill_needs_its_command_and_scripts() {
    let code = format!("{GOOD}type: code_inline\n");
    assert_eq!(findings(&code), ["GH0601 7:7 a skill of this type needs the key `command`"]);
    let absolute = format!("{code}command: /bin/sh\n");
    assert!(findings(&absolute)[0].starts_with("GH0601 8:1"));
    let script = format!("{code}command: python3\nargs: [scripts/a.py]\n");
    assert!(findings(&script)[0].starts_with("GH0601 9:8"));
    assert_eq!(source(&script, &["scripts/a.py"]).read().1, []);
    let network = format!("{code}command: node\nsecurity: {{permissions: {{network_access: true}}}}\n");
    assert!(findings(&network)[0].starts_with("GH0601 9:42"), "{:?}", findings(&network));
}

#[test]
fn dependencies_are_written_once_and_never_on_oneself() {
    let with = |list: &str| findings(&format!("{GOOD}depends_on: [{list}]\n")).join("; ");
    assert!(with("support/refund:1.x").starts_with("GH0404 7:14"));
    assert!(with("a/b:1.x, a/b:2.x").starts_with("GH0401 7:23"));
    assert!(with("case-facts").starts_with("GH0401"));
    assert!(with("a/b:latest").starts_with("GH0401"));
}
