//! The explanations for a terminal. `anstream` drops the colour where there is none.

use anstyle::{AnsiColor, Style};
use registry_core::diagnostic::{Rule, Severity};

use super::document::{described, hint, steps};
use super::{Explanation, Sample};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    }
}

/// One rule in full.
#[must_use]
pub fn terminal(explanation: &Explanation) -> String {
    let Explanation { rule, name, severity, summary, page, commits, command, output, fixable } = explanation;
    let style = style(*severity);
    let title = format!("{BOLD}{} {name}{BOLD:#} ({style}{severity}{style:#}): {summary}", rule.code());
    let hint = hint(page, *fixable).map(|hint| format!("{hint}\n\n")).unwrap_or_default();
    let mut text = format!("{title}\n\n{}\n\n", page.why);
    for (title, files) in steps(page, commits) {
        text.push_str(&format!("{BOLD}{title}{BOLD:#}\n\n{}", samples(files)));
    }
    if !output.is_empty() {
        text.push_str(&format!("{BOLD}`{command}` says{BOLD:#}\n\n{}\n\n", output.trim_end()));
    }
    text.push_str(&format!("{BOLD}Mended{BOLD:#}\n\n{hint}{}", samples(&page.mended)));
    text.trim_end().to_owned()
}

fn samples(samples: &[Sample]) -> String {
    samples.iter().map(sample).collect()
}

fn sample(sample: &Sample) -> String {
    let lines: String =
        sample.text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    format!("  {}{}\n{lines}\n", sample.path, described(sample))
}

/// A line for each rule.
#[must_use]
pub fn table() -> String {
    let width = Rule::ALL.iter().map(|rule| rule.name().len()).max().unwrap_or(0);
    let line = |rule: &Rule| {
        let (severity, style) = (rule.severity(), style(rule.severity()));
        let pad = " ".repeat(7_usize.saturating_sub(severity.to_string().len()));
        let (code, name, summary) = (rule.code(), rule.name(), rule.summary());
        format!("{BOLD}{code}{BOLD:#}  {name:width$}  {style}{severity}{style:#}{pad}  {summary}\n")
    };
    let lines: String = Rule::ALL.iter().map(line).collect();
    lines.trim_end().to_owned()
}
