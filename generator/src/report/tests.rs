use std::collections::BTreeSet;

use annotate_snippets::Renderer;
use proptest::prelude::*;
use registry_core::diagnostic::{Position, Rule, Span};

use super::*;
use crate::source::Snapshot;

/// A check whose findings are `diagnostics` about the file `s.md`, which holds `text`.
pub(super) fn checked(text: &str, diagnostics: Vec<Diagnostic>) -> Outcome {
    let snapshot = Snapshot { commit: None, files: BTreeMap::new(), config: None, diagnostics: Vec::new() };
    let texts = BTreeMap::from([("s.md".to_owned(), text.to_owned())]);
    Outcome { diagnostics, texts, ..crate::library::check(snapshot).outcome }
}

/// A finding about the characters `from..to` of `line`.
pub(super) fn found(rule: Rule, line: usize, from: usize, to: usize) -> Diagnostic {
    let span = Span { start: Position::new(line, from), end: Position::new(line, to) };
    Diagnostic::new(rule, "s.md", span, "it is wrong")
}

fn shown(text: &str, diagnostic: Diagnostic) -> String {
    let checked = checked(text, vec![diagnostic]);
    human::render(&findings(&checked), &Renderer::plain())
}

#[test]
fn lines_above_change_no_fingerprint_and_repeats_differ() {
    let of = |text: &str, lines: [usize; 3]| {
        let found = lines.map(|line| found(Rule::UnknownKey, line, 1, 2));
        findings(&checked(text, found.to_vec())).iter().map(|found| found.fingerprint).collect::<Vec<_>>()
    };
    let before = of("a: 1\nb: 1\nb: 1\n", [1, 2, 3]);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(before, of("\u{feff}new\r\na: 1\r\n  b: 1\r\nnew\r\nb: 1 \r\n", [2, 3, 5]));
    assert_ne!(before[0], of("a: 2\nb: 1\nb: 1\n", [1, 2, 3])[0]);
    let other_rule = [found(Rule::IdleKey, 1, 1, 2)].to_vec();
    assert_ne!(before[0], findings(&checked("a: 1\nb: 1\nb: 1\n", other_rule))[0].fingerprint);
}

#[test]
fn places_that_are_empty_at_an_end_or_nowhere_are_shown() {
    let cases = [
        ("a: 1\n---\n", found(Rule::MissingKey, 2, 1, 1), "2 | ---\n  | ^\n"),
        ("a:\r\nb: 1\r\n", found(Rule::MissingKey, 1, 3, 3), "1 | a:\n  |   ^\n"),
        ("a: 1\n", found(Rule::MissingKey, 2, 1, 1), "2 |\n  | ^\n"),
        ("\u{feff}ab: 1", found(Rule::MissingKey, 1, 1, 3), "1 | ab: 1\n  | ^^\n"),
        ("退款:\tx 1", found(Rule::MissingKey, 1, 5, 6), "1 | 退款:    x 1\n  |          ^\n"),
    ];
    for (text, diagnostic, expected) in cases {
        let shown = shown(text, diagnostic);
        let (_, source) = shown.split_once("  |\n").unwrap();
        assert_eq!(source.trim_end(), expected.trim_end(), "{shown}");
    }
    let nowhere = shown("a: 1\n", found(Rule::MissingKey, 9, 1, 1));
    assert_eq!(nowhere, "error[GH0101]: it is wrong\n--> s.md\n\n");
}

#[test]
fn a_span_over_lines_ends_before_the_line_that_it_does_not_touch() {
    let mut diagnostic = found(Rule::BodyBudget, 1, 1, 1);
    diagnostic.span.end = Position::new(3, 1);
    assert_eq!(
        shown("one\ntwo\nthree\n", diagnostic),
        "warning[GH1002]: it is wrong\n --> s.md:1:1\n  |\n1 | / one\n2 | | two\n  | |___^\n\n"
    );
}

#[test]
fn a_long_span_is_cut_and_a_long_line_shows_its_place() {
    let long = format!("a: {}\n", "退".repeat(400));
    let cut = shown(&long, found(Rule::MissingKey, 1, 4, 404));
    assert!(cut.contains(&format!("1 | a: {}…\n  |    {}\n", "退".repeat(60), "^".repeat(121))), "{cut}");
    let far = format!("{}wrong{}\n", "x ".repeat(300), " y".repeat(300));
    let far = shown(&far, found(Rule::MissingKey, 1, 601, 606));
    assert!(far.contains("s.md:1:601\n") && far.contains("wrong") && far.contains(" ^^^^^\n"), "{far}");
    assert!(far.lines().all(|line| line.chars().count() < 200), "{far}");
}

proptest! {
    #[test]
    fn no_place_of_any_text_stops_the_report(
        text in "[a退\t\r\n\u{301}\u{feff}\u{1b} ]{0,20}",
        (line, from, lines, to) in (1..6_usize, 1..8_usize, 0..4_usize, 1..8_usize),
    ) {
        let mut diagnostic = found(Rule::MissingKey, line, from, from);
        diagnostic.span.end = Position::new(line + lines, to);
        prop_assert!(shown(&text, diagnostic).starts_with("error[GH0101]: it is wrong\n"));
    }
}

#[test]
fn control_characters_of_a_skill_do_not_reach_the_terminal() {
    let mut diagnostic = found(Rule::MissingKey, 1, 1, 2).with_help("\u{1b}[31m help");
    diagnostic.message = "\u{1b}[2J it\n::error::x ##[y]".to_owned();
    let text = "\u{1b}]0;x\u{7}\u{9b}\u{202e}\r::error::z";
    let is_command = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    let in_text = shown(text, diagnostic.clone());
    diagnostic.path = "a\n::error::b\u{1b}\u{9b}.md".to_owned();
    for shown in [in_text, shown(text, diagnostic)] {
        assert!(!shown.contains(is_command) && !shown.contains("##["), "{shown:?}");
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
    }
}

#[test]
fn very_many_findings_of_one_rule_are_cut() {
    let mut diagnostics = vec![found(Rule::IdleKey, 1, 1, 2); 201];
    diagnostics.extend(vec![found(Rule::UnknownKey, 1, 1, 2); 200]);
    let checked = checked("a: 1", diagnostics);
    let shown = human::render(&findings(&checked), &Renderer::plain());
    assert_eq!(shown.matches("warning[GH0106]").count(), 20);
    assert_eq!(shown.matches("warning[GH0103]").count(), 200);
    let (_, last) = shown.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(last, "181 more findings of GH0106 idle-key: `guildhall check --format json` lists all");
}

#[test]
fn a_summary_tells_what_there_is() {
    let fix = registry_core::diagnostic::Fix::replace("x", Span::START, "y");
    let error = found(Rule::MissingKey, 1, 1, 2).with_fix(Some(fix));
    let checked = checked("a: 1", vec![error, found(Rule::IdleKey, 1, 1, 2)]);
    let summary = Summary::of(12, &findings(&checked));
    assert_eq!(
        Summary { silenced: 3, ..summary }.to_string(),
        "12 skills sound, 1 error, 1 warning, 3 warnings in the baseline, 1 can be mended by `guildhall fix`"
    );
    assert_eq!(Summary::of(1, &[]).to_string(), "1 skill sound, 0 errors, 0 warnings");
}
