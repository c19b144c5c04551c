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

#[test]
fn keys_may_be_carried_as_text_under_metadata() {
    let six = "name: refund\ndescription: Resolves refunds.\nmetadata:\n  version: \"1.2.3\"\n  tags: refund, customer-support\n\
        \x20 access_level: role-restricted\n  allowed_roles: support-agent auditor\n\
        \x20 depends_on: \"support/case-facts:>=1.0.0 <2.0.0, shared/queue:2.x\"\n  provides: '{refunds: 1.0.0}'\n  model: opus\n";
    let (manifest, found) = source(six, &[]).read();
    assert_eq!(found, []);
    let manifest = manifest.unwrap();
    assert_eq!(manifest.version, semver::Version::new(1, 2, 3));
    assert_eq!(manifest.tags.iter().map(String::as_str).collect::<Vec<_>>(), ["customer-support", "refund"]);
    assert_eq!(manifest.audience, "roles:auditor+support-agent".parse().unwrap());
    let needs: Vec<String> = manifest.depends_on.iter().map(|needed| needed.spec.to_string()).collect();
    assert_eq!(needs, ["support/case-facts:>=1.0.0 <2.0.0", "shared/queue:2.x"]);
    assert_eq!(manifest.provides.len(), 1);
}

#[test]
fn two_spellings_of_a_key_must_agree() {
    let with = |carried: &str| findings(&format!("{GOOD}metadata: {{{carried}}}\n")).join("; ");
    assert_eq!(with("version: 1.2.3, tags: refund, access_level: team"), "");
    assert_eq!(
        with("access_level: public"),
        "GH0105 7:26 `access_level` and `metadata.access_level` say different things"
    );
    assert!(with("version: '2'").starts_with("GH0105 7:21"));
    assert!(with("access_level: nobody").starts_with("GH0102 7:26"));
}

#[test]
fn every_key_has_its_form() {
    let all = "aliases: [refunds]\nscope: workspace\nauthor: A\nlicense: MIT\nhomepage: https://x\ncompatibility: needs python3\n\
        allowed-tools: Read Grep\nmcp-servers: [tickets]\ntriggers: [money back]\nowners: ['@support']\n\
        dependencies: {case-facts: 1.x}\ntype: code_session\ncommand: python3\nargs: [-m, json.tool]\ntimeout: 5\n\
        environment: {MODE: strict, TOKEN: {secret: true}}\nsession_config: {session_timeout: 60, max_sessions: 2, cleanup_on_exit: true, shared: false}\n\
        resilience: {retry_attempts: 2, backoff: exponential, retry_on: [timeout, resource_limit], timeout: 4, fallback_command: 'echo {}'}\n\
        security: {permissions: {file_read: [./data], file_write: [./, /tmp], network_access: [api.example.com], process_spawn: true}, resource_limits: {max_cpu_percent: 50}}\n\
        sandbox: {allow_network: true, hosts: [api.example.com], allow_file_write: true, allowed_paths: [/tmp, ./]}\n\
        parameters: [{name: amount, type: number, min: 0, max: 500, required: true}]\n";
    let (manifest, found) = source(&format!("{GOOD}{all}"), &[]).read();
    let codes: Vec<String> =
        found.iter().map(|d| format!("{} {}", d.rule.code(), d.span.start.line)).collect();
    assert_eq!(codes, ["GH0604 22", "GH0604 25", "GH0604 26", "GH0604 25"]);
    let manifest = manifest.unwrap();
    assert_eq!(manifest.limits.max_execution_time, 4);
    assert_eq!(manifest.command.unwrap().environment.len(), 1);
    assert_eq!(manifest.session.max_sessions, Some(2));
    assert_eq!(manifest.unlinked[0].name.as_str(), "case-facts");
    let talk = "type: conversation\nprompt_template: 'Review {code}'\ncontext_files: {patterns: ['*.rs'], max_files: 3}\nmodel: any\ncontext_window: 1000\n";
    let (manifest, found) = source(&format!("{GOOD}{talk}"), &[]).read();
    assert_eq!(found, []);
    assert_eq!(manifest.unwrap().conversation.unwrap().context_files.patterns, ["*.rs"]);
}

#[test]
fn examples_of_triggers_have_their_places() {
    let read = |lines: &str| {
        let manifest = source(&format!("{GOOD}{lines}"), &[]).read().0.unwrap();
        let shown = |examples: Vec<crate::manifest::Example>| {
            let place = |example: crate::manifest::Example| {
                let Position { line, column } = example.span.start;
                format!("{line}:{column} {}", example.text)
            };
            examples.into_iter().map(place).collect::<Vec<_>>()
        };
        (shown(manifest.triggers.positive), shown(manifest.triggers.negative))
    };
    let none: Vec<String> = Vec::new();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(read(""), (none.clone(), none.clone()));
    assert_eq!(
        read("triggers: [money back, 退款]\n"),
        (texts(&["7:12 money back", "7:24 退款"]), none.clone())
    );
    let both = "triggers:\n  positive:\n    - money back\n    - \"a refund\"\n  negative: [an invoice]\n";
    assert_eq!(read(both), (texts(&["9:7 money back", "10:7 a refund"]), texts(&["11:14 an invoice"])));
    let carried = "metadata:\n  triggers: '{\"positive\": [\"money back\"]}'\n";
    assert_eq!(read(carried), (texts(&["8:13 money back"]), none.clone()));
    assert_eq!(
        read("metadata: {triggers: 'a refund, money back'}\n"),
        (texts(&["7:22 a refund", "7:22 money back"]), none)
    );
    let found = |lines: &str| findings(&format!("{GOOD}{lines}")).join("; ");
    assert!(found("triggers: {positive: [a], never: [b]}\n").starts_with("GH0102 7:11"));
    let many = format!("triggers: {{negative: [{}]}}\n", vec!["x"; 513].join(", "));
    assert_eq!(found(&many), "GH0102 7:22 `triggers/negative` has 513 entries, may have at most 512");
}

#[test]
fn keys_without_effect_and_impossible_demands() {
    let with = |lines: &str| findings(&format!("{GOOD}{lines}")).join("; ");
    assert_eq!(
        with("command: python3\n"),
        "GH0106 7:1 `command` has no effect on a skill of type `instructions`"
    );
    for path in ["/etc", "../x", "~/x", "/tmpx", "./a/../../b"] {
        let text = format!(
            "type: code_inline\ncommand: node\nsecurity: {{permissions: {{file_read: ['{path}']}}}}\n"
        );
        assert!(with(&text).starts_with("GH0601 9:"), "{path}");
    }
    for parameter in
        ["{name: 1a}", "{name: a, type: enum}", "{name: a, min: 1}", "{name: a, type: integer, default: x}"]
    {
        let text = format!("type: prompt_inline\nprompt: '{{a}} {{1a}}'\nparameters: [{parameter}]\n");
        assert!(with(&text).starts_with("GH0102 9:"), "{parameter}");
    }
}

#[test]
fn a_prompt_and_its_parameters_fit_together() {
    let with = |prompt: &str, parameters: &str| {
        let lines = format!("type: prompt_inline\nprompt: '{prompt}'\nparameters: [{parameters}]\n");
        findings(&format!("{GOOD}{lines}")).join("; ")
    };
    assert_eq!(with("{a} {{b}} {\"c\": {}}", "{name: a}"), "");
    assert_eq!(
        with("{a} {b}", "{name: a}"),
        "GH0606 8:9 the prompt has a place for `b`, which is no parameter"
    );
    assert_eq!(with("{{a}}", "{name: a}"), "GH0606 9:14 the prompt does not use the parameter `a`");
    let many: Vec<String> = (0..65).map(|number| format!("{{name: a{number}}}")).collect();
    assert!(with("x", &many.join(", ")).starts_with("GH0102 9:13 65 parameters are too many"));
}

#[test]
fn patterns_are_those_of_the_edge_and_defaults_keep_their_own_rule() {
    let with = |parameter: &str| {
        let lines = format!("type: prompt_inline\nprompt: '{{a}}'\nparameters: [{{name: a, {parameter}}}]\n");
        findings(&format!("{GOOD}{lines}")).join("; ")
    };
    for pattern in ["(?=x)", "(", "a)|(b", "(a{100}){100}", "(a)\\1"] {
        let found = with(&format!("pattern: '{pattern}', default: x"));
        assert!(found.starts_with("GH0605 9:33 the pattern of `a` cannot be used: "), "{pattern}: {found}");
    }
    for (parameter, fits) in [
        ("pattern: '[a-z]+', default: abc", true),
        ("pattern: '[a-z]+', default: ABC", false),
        ("type: integer, min: 1, default: 0", false),
        ("type: number, max: 0.5, default: 0.5", true),
        ("type: number, max: 0.5, default: 0.6", false),
        ("type: enum, values: [x, y], default: z", false),
        ("type: boolean, default: 'true'", false),
        ("default: \"a\\u202eb\"", false),
    ] {
        let found = with(parameter);
        assert_eq!(found.is_empty(), fits, "{parameter}: {found}");
        assert!(fits || found.starts_with("GH0102 9:14 the default of `a` breaks its rule: "), "{found}");
    }
}

/// The text after the first fix of every finding that has one.
fn mended(frontmatter: &str) -> String {
    let source = source(frontmatter, &[]);
    let (_, found) = source.read();
    let fixes: Vec<_> = found.iter().filter_map(|found| found.fix.as_ref()).collect();
    let text = String::from_utf8(source.manifest().to_vec()).unwrap();
    let (text, done) = crate::diagnostic::apply(&text, &fixes);
    assert!(done.iter().all(|done| *done));
    text.strip_prefix("---\n").unwrap().split("---\n").next().unwrap().to_owned()
}

#[test]
fn a_machine_can_mend_spellings() {
    assert_eq!(
        mended(
            "Name: x\nname: Refund Resolver\nversion: v1.2\ntags:\n  - Customer Support\n  - 'TRUE'\nAuthor: me\n"
        ),
        "Name: x\nname: support/refund\nversion: 1.2.0\ntags:\n  - customer-support\n  - \"true\"\nauthor: me\n"
    );
    for list in ["allowed-tools:\n  - Read\n  - Grep\n", "allowed-tools:\n- Read\n- Grep\n"] {
        assert_eq!(mended(&format!("{list}license: MIT\n")), "allowed-tools: \"Read Grep\"\nlicense: MIT\n");
    }
    assert_eq!(mended("allowed-tools: [Read, Grep] # few\n"), "allowed-tools: \"Read Grep\" # few\n");
    let commented = "allowed-tools:\n  - Read # only\n  - Grep\n";
    assert_eq!(mended(commented), commented);
}

#[test]
fn a_block_of_text_is_replaced_and_nothing_behind_it() {
    let rest = "access_level: sensitive\ndepends_on: [a/b:1.x]\n";
    for (value, expected) in [
        ("name: >-\n  other\n", "name: >-\n  support/refund\n"),
        ("name: |\n  other\n\n", "name: |\n  support/refund\n\n"),
    ] {
        assert_eq!(mended(&format!("{value}{rest}")), format!("{expected}{rest}"));
    }
    assert_eq!(mended("version: >-\n  1.2\ndescription: d\n"), "version: >-\n  1.2.0\ndescription: d\n");
    let blocks = GOOD.replace("1.2.3", "|\n  1.2.3").replace("support/refund", "|\n  refund");
    assert_eq!(findings(&blocks), [""; 0]);
}

#[test]
fn no_machine_brings_a_key_into_force_that_decides_what_a_skill_may() {
    for key in
        ["Access-Level: public", "Security: {}", "Command: node", "Type: code_inline", "allowed_tools: Bash"]
    {
        let text = format!("{key}\n");
        assert_eq!(mended(&text), text);
        assert!(findings(&format!("{GOOD}{text}")).iter().any(|found| found.starts_with("GH0103")), "{key}");
    }
}

#[test]
fn a_carried_list_or_map_that_does_not_read_is_told() {
    let with = |carried: &str| findings(&format!("{GOOD}metadata: {{{carried}}}\n")).join("; ");
    for carried in [
        "depends_on: '[shared/zzz:1.x'",
        "dependencies: '{shared/zzz: 1.x, shared/zzz: 2.x}'",
        "aliases: '[&a x, *a]'",
        "owners: '[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]'",
    ] {
        assert!(with(carried).starts_with("GH0102 7:"), "{carried}: {}", with(carried));
    }
    assert_eq!(with("Access-Level: sensitive"), "GH0103 7:12 `metadata.Access-Level` is not read");
    assert_eq!(with("description_zh: '[草稿] 退款'"), "");
}

#[test]
fn lists_have_bounds_and_one_finding_beyond_them() {
    let many = |count: usize| vec!["x"; count].join(", ");
    for key in ["depends_on", "aliases", "owners", "mcp-servers", "triggers"] {
        let found = findings(&format!("{GOOD}{key}: [{}]\n", many(513)));
        assert_eq!(
            found,
            [format!("GH0102 7:{} `{key}` has 513 entries, may have at most 512", key.len() + 3)]
        );
    }
    let unknown: String = (0..1000).map(|n| format!("unknown{n}: x\n")).collect();
    assert_eq!(findings(&format!("{GOOD}{unknown}")).len(), 65);
}

#[test]
fn tools_whose_names_hold_spaces_are_not_joined_by_a_machine() {
    let tools = |list: &str| {
        let (manifest, found) = source(&format!("{GOOD}allowed-tools: {list}\n"), &[]).read();
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.rule, Rule::ToolsList);
        (manifest.unwrap().allowed_tools.unwrap(), found.fix.is_some(), found.help.clone().unwrap())
    };
    let (text, fixable, help) = tools("[Azure MCP/documentation, Azure MCP/schema]");
    assert_eq!((text.as_str(), fixable), ("Azure MCP/documentation, Azure MCP/schema", false));
    assert_eq!(
        help,
        "write one text; `Azure MCP/documentation` holds a space, so put commas between the tools"
    );
    let (text, fixable, _) = tools("['Bash(git add *)', Read]");
    assert_eq!((text.as_str(), fixable), ("Bash(git add *) Read", true));
}

#[test]
fn what_stands_within_a_text_has_the_place_of_the_text() {
    let text =
        GOOD.replace("tags: [refund]\n", "metadata:\n  tags: refund, Late Pay\n  provides: '{x: v1}'\n");
    let (_, found) = source(&text, &[]).read();
    let shown: Vec<String> = found
        .iter()
        .map(|found| format!("{} {}:{}", found.rule.code(), found.span.start.line, found.span.start.column))
        .collect();
    assert_eq!(shown, ["GH0102 6:9", "GH0301 7:13"]);
    assert!(found.iter().all(|found| found.fix.is_none()), "a change would replace the whole text");
}

#[test]
fn a_fix_that_would_break_the_file_is_not_offered() {
    let text = "name\t:\t\"Refund\"\nversion: 1.0.0\n";
    let (_, found) = source(text, &[]).read();
    let name = found.iter().find(|found| found.rule == Rule::NameMismatch).unwrap();
    assert_eq!(name.fix, None);
}

#[test]
fn a_version_that_yaml_takes_for_a_number_is_completed_as_it_is_written() {
    assert_eq!(mended("version: 1.10\n"), "version: 1.10.0\n");
    assert_eq!(mended("version: 2 # old\n"), "version: 2.0.0 # old\n");
}
