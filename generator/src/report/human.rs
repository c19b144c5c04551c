//! Findings for people: the source with the place underlined, as compilers show it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Message, Origin, Renderer, Snippet};
use registry_core::diagnostic::{Diagnostic, Lines, Position, Rule, Severity, Span};

use super::{Finding, count, printable};

/// Above this many findings of one rule only the first few are shown.
const MANY: usize = 200;
/// How many of them.
const FEW: usize = 20;
/// Most characters of a line that are underlined; what follows on it is cut off with them.
const WIDTH: usize = 60;

/// Every finding, a blank line behind each. Of a rule with very many findings only the first stand here.
#[must_use]
pub fn render(findings: &[Finding<'_>], renderer: &Renderer) -> String {
    let mut totals: BTreeMap<Rule, usize> = BTreeMap::new();
    for found in findings {
        *totals.entry(found.diagnostic.rule).or_default() += 1;
    }
    totals.retain(|_, total| *total > MANY);
    let mut shown: BTreeMap<Rule, usize> = BTreeMap::new();
    let mut text = String::new();
    for found in findings {
        let rule = found.diagnostic.rule;
        let before = shown.entry(rule).or_default();
        if *before < FEW || !totals.contains_key(&rule) {
            text.push_str(&finding(found, renderer));
            text.push_str("\n\n");
        }
        *before += 1;
    }
    for (rule, total) in totals {
        let more = count(total - FEW, "more finding");
        text.push_str(&format!(
            "{more} of {} {}: `guildhall check --format json` lists all\n\n",
            rule.code(),
            rule.name()
        ));
    }
    text
}

fn finding(found: &Finding<'_>, renderer: &Renderer) -> String {
    let Diagnostic { path, span, rule, severity, message, .. } = found.diagnostic;
    let path = printable(path);
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(printable(message)).id(rule.code());
    let excerpt = found.text.as_ref().and_then(|text| Excerpt::new(text, *span));
    let group = match excerpt {
        Some(Excerpt { text, range }) => title.element(
            Snippet::source(text)
                .line_start(span.start.line as usize)
                .path(path)
                .annotation(AnnotationKind::Primary.span(range)),
        ),
        None => title.element(Origin::path(path)),
    };
    renderer.render(&[with_hints(group, found.diagnostic)])
}

fn with_hints<'a>(group: Group<'a>, found: &Diagnostic) -> Group<'a> {
    let hint = |level: Level<'a>, text: &String| -> Message<'a> { level.message(printable(text)) };
    let help = found.help.as_ref().map(|help| hint(Level::HELP, help));
    let fix = found.fix.as_ref().map(|fix| hint(Level::HELP.with_name("fix"), &fix.title));
    group.elements(help).elements(fix)
}

/// The lines that a span touches.
struct Excerpt<'a> {
    text: Cow<'a, str>,
    /// The span in bytes of `text`.
    range: Range<usize>,
}

impl<'a> Excerpt<'a> {
    /// `None` where the text has no such place.
    fn new(lines: &Lines<'a>, span: Span) -> Option<Self> {
        let Span { start, mut end } = span;
        if end.line > start.line && end.column == 1 {
            end = end_of_line(end.line - 1);
        }
        let from = lines.offset(Position { column: 1, ..start })?;
        let to = lines.offset(end_of_line(end.line))?;
        let range = lines.offset(start)? - from..lines.offset(end)? - from;
        (range.start <= range.end).then_some(())?;
        let text = lines.text().get(from..to)?;
        let long = text.get(range.clone())?.char_indices().nth(WIDTH).filter(|_| start.line == end.line);
        Some(match long {
            None => Self { text: visible(text.into()), range },
            Some((width, _)) => {
                let text = format!("{}…", text.get(..range.start + width)?);
                Self { range: range.start..text.len(), text: visible(text.into()) }
            }
        })
    }
}

/// The renderer shows what it knows of control characters; it does not know these, each as long as what comes.
fn visible(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_high = |letter: char| ('\u{80}'..='\u{9f}').contains(&letter);
    if text.contains(is_high) { text.replace(is_high, "·").into() } else { text }
}

fn end_of_line(line: u32) -> Position {
    Position { line, column: u32::MAX }
}
