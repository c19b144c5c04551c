//! The files of a skill: those that its text refers to exist, scripts can be run, folders hold something.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Parser, Tag};
use regex::Regex;
use registry_core::diagnostic::{Change, Diagnostic, Fix, Rule, Span};
use registry_core::digest::FileMode;
use registry_core::manifest::SkillSource;

use super::text::Text;

/// A file of a skill as a text names it: in one of the folders that skills have, with an extension.
static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:scripts|references|examples|scenarios|assets)/[\w./-]*\w\.\w+").ok());

/// What makes the rest of a sentence an example: `.` and a space end the sentence.
static EXAMPLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:\be\.g\.|\bfor example\b|\bfor instance\b|\bsuch as\b|\bexamples?\*{0,2}:)(?:[^.]|\.\S)*$",
    )
    .ok()
});

/// Names that stand for any other.
const PLACEHOLDERS: [&str; 6] = ["bar", "example", "file", "filename", "foo", "name"];

/// A link to a file nearby: no scheme, no address of a page, no anchor alone.
static NEARBY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:\./)?([\w./-]+\.\w+)(?:#.*)?$").ok());

/// What a link without a folder ends with if it is one to a file: others are addresses, as `example.com` is.
const EXTENSIONS: [&str; 69] = [
    "adoc", "bash", "bat", "bmp", "c", "cfg", "conf", "cpp", "cs", "css", "csv", "docx", "env", "gif", "go",
    "gql", "graphql", "h", "hpp", "htm", "html", "ico", "ini", "ipynb", "java", "jpeg", "jpg", "js", "json",
    "json5", "jsonc", "jsonl", "jsx", "kt", "lock", "log", "lua", "md", "mdx", "mjs", "odt", "parquet",
    "patch", "pdf", "php", "pl", "png", "pptx", "ps1", "py", "r", "rb", "rs", "rst", "scss", "sh", "sql",
    "svg", "tex", "toml", "ts", "tsv", "tsx", "txt", "webp", "xlsx", "xml", "yaml", "yml",
];

/// Programs before the name of a script that they run, `run` being that of `uv run` and the like.
const INTERPRETERS: [&str; 16] = [
    "bash", "bun", "node", "perl", "php", "pwsh", "py", "python", "python3", "ruby", "run", "sh", "source",
    "tsx", "zsh", ".",
];

/// Scripts that open with `#!` are meant to be run as they are, unless the text names the program that runs them.
pub(super) fn scripts(source: &SkillSource, body: &str) -> Vec<Diagnostic> {
    let runnable = |(path, file): &(&String, &registry_core::manifest::SourceFile)| {
        path.starts_with("scripts/")
            && file.bytes.starts_with(b"#!")
            && file.mode == FileMode::Plain
            && !is_given_to_a_program(body, path)
    };
    let finding = |(path, _)| {
        let full = format!("{}{path}", folder(source));
        let message = format!("`{path}` opens with `#!` and is not executable");
        let fix = Fix {
            title: "make it executable".to_owned(),
            changes: vec![Change::MakeExecutable { path: full.clone() }],
        };
        let help = format!("run `chmod +x {full}`, and `git add --chmod=+x {full}` where modes are not kept");
        Diagnostic::new(Rule::NotExecutable, &full, Span::START, message).with_help(help).with_fix(Some(fix))
    };
    source.files.iter().filter(runnable).map(finding).collect()
}

/// Whether the text has the script run by a program, as in `python3 -u {folder}/scripts/check.py`.
fn is_given_to_a_program(body: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    body.match_indices(name).any(|(at, _)| {
        let line = body.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let before_path = line.rsplit_once(char::is_whitespace).map_or("", |(before, _)| before);
        let program = before_path.split_whitespace().rev().find(|word| !word.starts_with('-'));
        let program =
            program.map(|word| word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '.'));
        program.is_some_and(|program| INTERPRETERS.contains(&program))
    })
}

/// The folder of the skill relative to the repository, with a slash behind.
fn folder(source: &SkillSource) -> &str {
    source.manifest_path.strip_suffix(&source.manifest_file).unwrap_or_default()
}

/// A folder that holds nothing but the file that makes Git keep it.
pub(super) fn placeholders(source: &SkillSource) -> Vec<Diagnostic> {
    let kept = source.files.keys().filter_map(|path| path.strip_suffix("/.gitkeep"));
    let empty = kept.filter(|folder| {
        let inside = format!("{folder}/");
        source.files.keys().filter(|path| path.starts_with(&inside)).count() == 1
    });
    empty
        .map(|inner| {
            let path = format!("{}{inner}/.gitkeep", folder(source));
            let message = format!("the folder `{inner}/` of the skill is empty");
            Diagnostic::new(Rule::EmptyFolder, &path, Span::START, message)
                .with_help("remove it until there is something to put in it")
        })
        .collect()
}

/// Files that the text refers to and the skill does not have, each once.
pub(super) fn references(source: &SkillSource, text: &Text<'_>) -> Vec<Diagnostic> {
    let mut missing: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for (path, range) in named(text.body).into_iter().chain(linked(text.body)) {
        if !source.files.contains_key(&path) {
            missing.entry(path).or_insert(range);
        }
    }
    missing
        .into_iter()
        .map(|(path, range)| {
            let (message, help) = if path.starts_with("../") {
                let help =
                    "name another skill by its slug, and list it in `depends_on`; copy a file that is needed";
                (format!("`{path}` lies outside the skill, which is served alone"), help)
            } else {
                (format!("the skill has no file `{path}`"), "add the file, or mend the path in the text")
            };
            text.finding(Rule::MissingFile, range, message, help)
        })
        .collect()
}

fn named(body: &str) -> Vec<(String, Range<usize>)> {
    let Some(pattern) = NAMED.as_ref() else { return Vec::new() };
    pattern
        .find_iter(body)
        .filter(|found| means_a_file_of_the_skill(body, found.range()))
        .map(|found| (normal(found.as_str()), found.range()))
        .collect()
}

/// Whether what stands at `range` is a path of its own and not the end of another, and no example. The target of a link
/// is none of it: [`linked`] knows whether it is a link. What starts with `./` is a file of the folder in which a
/// command runs, which is seldom the skill's, and a number behind a colon is the line of some tool's output.
fn means_a_file_of_the_skill(body: &str, range: Range<usize>) -> bool {
    let before = body.get(..range.start).unwrap_or_default();
    let after = body.get(range.end..).unwrap_or_default();
    let ends_another = |letter: char| letter.is_alphanumeric() || "/._-$}>*~\\".contains(letter);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let counted = after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !before.ends_with(ends_another)
        && !before.ends_with("](")
        && !counted
        && !is_in_address(before)
        && !ends_in_number(body.get(range.clone()).unwrap_or_default())
        && !is_placeholder(body.get(range).unwrap_or_default())
        && !EXAMPLE.as_ref().is_some_and(|example| example.is_match(line))
}

/// Whether what follows is part of a web address, such as its query.
fn is_in_address(before: &str) -> bool {
    let ends_address = |letter: char| letter.is_whitespace() || "\"'`<>()|".contains(letter);
    before.rsplit(ends_address).next().is_some_and(|word| word.contains("://"))
}

/// Whether what looks like an extension is part of a version, as in `scripts/v1.2`.
fn ends_in_number(path: &str) -> bool {
    !extension(path).contains(|letter: char| letter.is_alphabetic())
}

fn is_known(extension: &str) -> bool {
    EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
}

fn extension(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

fn is_placeholder(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default().to_ascii_lowercase();
    PLACEHOLDERS.contains(&stem.as_str())
}

fn linked(body: &str) -> Vec<(String, Range<usize>)> {
    if !body.contains("](") && !body.contains("]:") {
        return Vec::new();
    }
    let nearby = |target: &str| {
        let path = NEARBY.as_ref()?.captures(target)?.get(1)?.as_str();
        let is_file = if path.contains('/') { !ends_in_number(path) } else { is_known(extension(path)) };
        is_file.then(|| normal(path))
    };
    Parser::new(body)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some((nearby(&dest_url)?, range))
            }
            _ => None,
        })
        .collect()
}

/// A path without `./` and inner `.`; one that leaves the skill keeps its `..`, so that no file has it.
fn normal(path: &str) -> String {
    path.split('/').filter(|part| *part != "." && !part.is_empty()).collect::<Vec<_>>().join("/")
}
