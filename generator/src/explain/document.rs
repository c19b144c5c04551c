//! The explanations in Markdown: `docs/rules.md`, and the help of code scanning.

use annotate_snippets::Renderer;
use registry_core::diagnostic::Rule;

use super::example::CONFIG;
use super::{Before, ExplainError, Explanation, Form, Page, Sample, explain};

const HEAD: &str = "<!-- Made of generator/rules/. Renew: cargo run --package generator -- explain --all > docs/rules.md -->

# The rules of `guildhall check`

An error keeps the catalog from being built, a warning asks somebody to look; where \"machine fix\" has a yes,
`guildhall fix` mends at least what the example shows. Each section has a small repository that breaks the rule, what
`guildhall check` says of it, and what is other in the repository once it is mended. Where a rule is about releases,
commits come first: each shows what is other in it than before, one that is called published is what the catalog in
`dist/` was built from, and what fails is a commit too where it has a number, else the working tree. Unless an example
has its own, `guildhall.yaml` is this:

";

/// So many digits of a commit's id are shown, as many as findings have.
const SHORT_ID: usize = 12;

/// All rules in one document.
///
/// # Errors
/// When an example cannot be laid out in the temporary folder.
pub fn document() -> Result<String, ExplainError> {
    let all: Vec<Explanation> =
        Rule::ALL.iter().map(|rule| explain(*rule, &Renderer::plain())).collect::<Result<_, _>>()?;
    let mut text = format!("{HEAD}{}\n", fenced("yaml", CONFIG));
    text.push_str("| code | name | severity | what breaks it | machine fix |\n|---|---|---|---|---|\n");
    for rule in &all {
        let fixable = if rule.fixable { "yes" } else { "no" };
        text.push_str(&format!(
            "| [{}](#{}) | `{}` | {} | {} | {fixable} |\n",
            rule.rule.code(),
            anchor(rule),
            rule.name,
            rule.severity,
            rule.summary,
        ));
    }
    for rule in &all {
        text.push_str(section(rule).trim_end());
        text.push('\n');
    }
    Ok(text)
}

/// The address that GitHub gives the section of a rule.
fn anchor(rule: &Explanation) -> String {
    format!("{}-{}", rule.rule.code().to_ascii_lowercase(), rule.name)
}

fn section(explanation: &Explanation) -> String {
    let Explanation { rule, name, severity, summary, page, commits, command, output, fixable } = explanation;
    let hint = hint(page, *fixable).map(|hint| format!("{hint}\n\n")).unwrap_or_default();
    format!(
        "\n## {} {name}\n\n*{severity}*: {summary}.\n\n{}\n\n{}**`{command}`**\n\n{}\n**Mended**\n\n{hint}{}",
        rule.code(),
        page.why,
        failing(page, commits),
        fenced("text", &without_trailing_blanks(output)),
        samples(&page.mended)
    )
}

fn failing(page: &Page, commits: &[String]) -> String {
    steps(page, commits).map(|(title, files)| format!("**{title}**\n\n{}", samples(files))).collect()
}

/// The commits of an example, with their ids as far as these are known, and what fails, each with a title.
pub(super) fn steps<'a>(
    page: &'a Page,
    commits: &'a [String],
) -> impl Iterator<Item = (String, &'a [Sample])> {
    let name = |before: &Before| if before.published { "Published" } else { "Before" };
    let before = page.before.iter().map(move |before| (name(before), before.samples.as_slice(), true));
    let fails = ("Fails", page.fails.as_slice(), page.is_committed(&page.fails));
    before.chain([fails]).enumerate().map(|(index, (name, samples, committed))| {
        let id = commits.get(index).and_then(|id| id.get(..SHORT_ID));
        let id = id.map(|id| format!(" (`{id}`)")).unwrap_or_default();
        let title = if committed { format!("{name}: commit {}{id}", index + 1) } else { name.to_owned() };
        (title, samples)
    })
}

/// What is to know of the mended example as a whole.
pub(super) fn hint(Page { before, fails, mended, .. }: &Page, fixable: bool) -> Option<String> {
    let changes = |path: &str| {
        let moved = |form: &Form| matches!(form, Form::From(from) if from == path);
        mended.iter().any(|sample| sample.path == path || moved(&sample.form))
    };
    let rest =
        before.iter().flat_map(|before| &before.samples).chain(fails).any(|sample| !changes(&sample.path));
    let rest = rest.then_some("Files that are not shown stay as they are.");
    let fix = fixable.then_some("`guildhall fix` does what stands behind `fix:`.");
    let hints: Vec<&str> = rest.into_iter().chain(fix).collect();
    (!hints.is_empty()).then(|| hints.join(" "))
}

/// Why a rule exists and how its example is mended, for those who have a finding of it before them.
#[must_use]
pub fn help(page: &Page) -> String {
    let text = format!("{}\n\n{}**Mended**\n\n{}", page.why, failing(page, &[]), samples(&page.mended));
    text.trim_end().to_owned()
}

fn samples(samples: &[Sample]) -> String {
    samples.iter().map(sample).collect()
}

fn sample(sample: &Sample) -> String {
    let Sample { path, text, .. } = sample;
    let block = if text.is_empty() { String::new() } else { format!("\n{}", fenced(language(path), text)) };
    let end = if text.is_empty() { '.' } else { ':' };
    format!("`{path}`{}{end}\n{block}\n", described(sample))
}

/// What is to know of a file beside its text, with a comma before.
pub(super) fn described(Sample { text, form, .. }: &Sample) -> String {
    match form {
        Form::Plain if text.is_empty() => ", an empty file".to_owned(),
        Form::Plain => String::new(),
        Form::Executable => ", executable".to_owned(),
        Form::Latin1 => ", saved as ISO 8859-1".to_owned(),
        Form::Repeat(times) => format!(", with the last line {times} times"),
        Form::Copies(times) => format!(", {times} files, with `{{n}}` from 1 to {times}"),
        Form::Link(target) => format!(", a symbolic link to `{target}`"),
        Form::From(path) => format!(", moved from `{path}`"),
        Form::Removed => ", removed".to_owned(),
        Form::Tag(Some(commit)) => format!(", a tag at commit {commit}"),
        Form::Tag(None) => ", a tag, removed".to_owned(),
    }
}

fn language(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("md") => "markdown",
        Some("yaml") => "yaml",
        Some("py") => "python",
        Some("sh") => "sh",
        _ => "text",
    }
}

/// A block whose fence is longer than every one inside.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Lines without the blanks behind them, which editors remove.
fn without_trailing_blanks(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
