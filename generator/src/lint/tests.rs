//! What each rule says of a skill, and what it leaves alone.

use std::collections::BTreeMap;

use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;

use super::*;

const KEYS: &str =
    "name: support/refund\nversion: 1.0.0\ndescription: Resolves refunds.\ntags: []\naccess_level: team\n";

fn source(keys: &str, body: &str, more: &[(&str, &str, FileMode)]) -> SkillSource {
    let file = |mode, text: &str| SourceFile { mode, bytes: text.as_bytes().to_vec() };
    let mut files: BTreeMap<String, SourceFile> =
        more.iter().map(|(path, text, mode)| ((*path).to_owned(), file(*mode, text))).collect();
    files.insert("SKILL.md".to_owned(), file(FileMode::Plain, &format!("---\n{KEYS}{keys}---\n{body}")));
    SkillSource {
        id: "support/refund".parse().unwrap(),
        manifest_path: "skills/support/refund/SKILL.md".to_owned(),
        manifest_file: "SKILL.md".to_owned(),
        files,
    }
}

fn findings(source: &SkillSource) -> Vec<String> {
    let (manifest, found) = source.read();
    assert_eq!(found, []);
    check(source, manifest.as_ref())
        .iter()
        .map(|found| {
            let at = found.span.start;
            format!("{} {}:{} {}", found.rule.code(), at.line, at.column, found.message)
        })
        .collect()
}

fn of_body(body: &str) -> String {
    findings(&source("", body, &[("scripts/check.py", "print(1)", FileMode::Plain)])).join("\n")
}

#[test]
fn files_that_the_text_names_exist() {
    assert_eq!(
        of_body("Run `scripts/check.py` and `./scripts/check.py`, see [it](scripts/check.py#main).\n"),
        ""
    );
    assert_eq!(
        of_body(
            "# A\nRun `scripts/other.py`, twice: scripts/other.py.\n[b](./REFERENCE.md) [c](../d/SKILL.md)\n"
        ),
        "GH0602 10:21 `../d/SKILL.md` lies outside the skill, which is served alone\n\
         GH0602 10:1 the skill has no file `REFERENCE.md`\n\
         GH0602 9:6 the skill has no file `scripts/other.py`"
    );
    for elsewhere in [
        "https://x.example/scripts/a.py",
        "src/scripts/a.py",
        "$HOME/scripts/a.py",
        "[x](https://x.example/a.md)",
        "[x](#scripts)",
        "`{skill}/scripts/a.py`",
        "[mail](mailto:a@b.example)",
        "[e](mailto.x) and [dom](example.com)",
        "See scripts/v1.2 and [notes](references/v1.2).",
        "Open https://x.example/?f=scripts/a.py or [it](https://x.example/?f=scripts/a.py&g=assets/b.csv).",
        "./scripts/convert.sh --all",
        "Files (e.g. `references/finance.md`, `references/policies.md`) are read when needed.",
        "- **Example**: `scripts/rotate_pdf.py` for PDF tasks",
        "Link them as `[text](references/filename.md)`, or `references/filename.md`.",
        "```\n- [Basic](examples/basic.md)\nCRITICAL scripts/helper.py:42\n```",
    ] {
        assert_eq!(of_body(elsewhere), "", "{elsewhere}");
    }
}

#[test]
fn an_example_ends_with_its_sentence() {
    for body in [
        "Words such as \"a\". See `references/words.md`.",
        "**For examples**: See [them](references/words.md).",
        "```bash\npython scripts/words.py --in assets/words.csv\n```",
        "See https://x.example/ and scripts/words.py.",
        "Pass `--words=references/words.v2`.",
        "[logo](LOGO.PNG)",
    ] {
        assert!(of_body(body).starts_with("GH0602"), "{body}");
    }
}

#[test]
fn scripts_that_say_how_they_are_run_are_executable() {
    let with = |mode, body| findings(&source("", body, &[("scripts/a.sh", "#!/bin/sh\n", mode)]));
    assert_eq!(with(FileMode::Executable, ""), [""; 0]);
    let found = ["GH0603 1:1 `scripts/a.sh` opens with `#!` and is not executable"];
    for body in ["", "Run `scripts/a.sh`.", "    scripts/a.sh --fast\n", "See bash. scripts/a.sh does it."] {
        assert_eq!(with(FileMode::Plain, body), found, "{body}");
    }
    for body in ["Run `bash scripts/a.sh`.", "x\n  sh -e \"$HERE/scripts/a.sh\" y", "$(bash a.sh)"] {
        assert_eq!(with(FileMode::Plain, body), [""; 0], "{body}");
    }
}

#[test]
fn a_folder_that_holds_only_what_keeps_it_is_empty() {
    let keep = ("references/.gitkeep", "", FileMode::Plain);
    assert_eq!(
        findings(&source("", "", &[keep])),
        ["GH0209 1:1 the folder `references/` of the skill is empty"]
    );
    assert_eq!(findings(&source("", "", &[keep, ("references/a.md", "", FileMode::Plain)])), [""; 0]);
}

#[test]
fn platforms_are_kept_out_of_the_text() {
    for (body, code) in [
        ("Call `create_sandbox({ skillId: \"x\" })`.", "GH0901 8:7"),
        ("Use mcp__tickets__find({id: 1}) then mcp__tickets__close.", "GH0901 8:5"),
        ("    Task(subagent_type=\"x\", subagent_type: \"y\")", "GH0901 8:10"),
        ("Use the `Task` tool with subagent_type=\"x\".", "GH0901 8:10 `Task tool` is"),
        ("First create TodoWrite items.", "GH0901 8:14"),
        ("Run #tool:runSubagent for it.", "GH0901 8:5"),
        ("docker run -v .:/w python:3 python scripts/check.py", "GH0902 8:1"),
        ("docker run -v .:/w \\\n  python:3 python scripts/check.py", "GH0902 8:1"),
        ("Run `claude mcp add tickets`.", "GH0903 8:6"),
        ("Put it into ~/.cursor/mcp.json", "GH0903 8:15"),
        ("Add the server to `.mcp.json`.", "GH0903 8:20"),
        ("[mcp_servers.tickets]", "GH0903 8:1"),
    ] {
        let found = of_body(body);
        assert!(found.starts_with(code) && !found.contains('\n'), "{body}: {found}");
    }
    for body in [
        "Run `scripts/check.py hubspot`.",
        "`docker run hello-world` starts a container.\nThen run `scripts/check.py`.",
        "def run_command_line(args):",
        "def execute_command(client):\n    pass\nexecute_command(c)",
        "shell.run_command(\"ls\")",
        "The Task (see above) is done. Search the web (WebSearch).",
        "Task(config=self.tasks[0])",
        "A scanner reads `.mcp.json` of each project.",
    ] {
        assert_eq!(of_body(body), "", "{body}");
    }
}

#[test]
fn a_skill_about_mcp_says_how_servers_are_connected() {
    let mut source = source("", "Put it into ~/.cursor/mcp.json\n", &[]);
    assert_eq!(findings(&source).len(), 1);
    source.id = "support/mcp-server-generator".parse().unwrap();
    assert_eq!(check(&source, None), []);
}

#[test]
fn servers_and_their_section_agree() {
    let with = |keys: &str, body: &str| findings(&source(keys, body, &[])).join("\n");
    let section = "# A\n## MCP Server Requirements\nThis skill requires the **Ticket System** MCP server.\n**What it provides:** x\n## B\n";
    assert_eq!(
        with("mcp-servers: [ticket-system]\n", section.replace("requires", "needs ticket-system:").as_str()),
        ""
    );
    assert!(
        with("", section).starts_with("GH0904 10:27 `mcp-servers` does not list the server `Ticket System`")
    );
    assert!(with("mcp-servers: [crm]\n", "# A\n").starts_with("GH0904 7:1 the text has no section"));
    let two = with("mcp-servers: [Ticket System, crm]\n", section);
    assert_eq!(two, "GH0904 10:1 \"MCP Server Requirements\" does not mention the server `crm`");
    assert!(
        with("", "## MCP Server Requirements\nAsk the tickets server.\n")
            .starts_with("GH0904 8:1 the text requires")
    );
}

#[test]
fn budgets_are_exact() {
    assert_eq!(tokens(&source("", "hello world", &[]).read().0.unwrap()).body, 2);
    let lines = |count: usize| of_body(&"a\n".repeat(count));
    assert_eq!(lines(499), "");
    assert_eq!(lines(500), "GH1002 8:1 the body has 500 lines, 500 or more");
    let words = |count: usize| of_body(&" hello".repeat(count));
    assert_eq!(words(4_999), "");
    assert_eq!(words(5_000), "GH1002 8:1 the body takes 5000 tokens, 5,000 or more (o200k_base)");
    let long = source("", "", &[]);
    let described = |words: usize| {
        let mut source = long.clone();
        let text = format!(
            "---\n{}---\n",
            KEYS.replace("Resolves refunds.", &["hello"; 100].join(" ")[..6 * words - 1])
        );
        source.files.get_mut("SKILL.md").unwrap().bytes = text.into_bytes();
        findings(&source).join("\n")
    };
    assert_eq!(described(90), "");
    assert!(described(100).starts_with("GH1001 4:1 name and description take 10"), "{}", described(100));
}

#[test]
fn names_of_servers_are_the_same_however_they_are_written() {
    let body = "## MCP Server Requirements\n**Issue Tracker** MCP server and **issue_tracker** MCP server\n";
    let found = findings(&source("mcp-servers: [issue-tracker, Issue Tracker]\n", body, &[])).join("\n");
    assert!(!found.contains("does not list"), "{found}");
}
