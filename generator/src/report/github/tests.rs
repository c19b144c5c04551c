use registry_core::diagnostic::{Rule, Span};

use super::super::findings;
use super::super::tests::{checked, found};
use super::*;

fn render_all(diagnostics: Vec<Diagnostic>) -> String {
    render(&findings(&checked("a: 1", diagnostics)))
}

#[test]
fn text_is_escaped_as_the_runner_unescapes_it() {
    assert_eq!(data("100 %\r\n%0A: a, b"), "100 %25%0D%0A%250A: a, b");
    assert_eq!(property("100 %\r\n%0A: a, b"), "100 %25%0D%0A%250A%3A a%2C b");
    let path = "skills/a,b/x::y%\n::error::z.md";
    let finding = Diagnostic::new(Rule::MissingKey, path, Span::START, "50 %\n::stop-commands::x");
    assert_eq!(
        render_all(vec![finding.with_help("one\ntwo")]),
        "::error file=skills/a%2Cb/x%3A%3Ay%25\\n%3A%3Aerror%3A%3Az.md,line=1,endLine=1,col=1,endColumn=1,\
         title=GH0101 missing-key::50 %25\\n::stop-commands::x%0Ahelp: one\\ntwo\n"
    );
}

#[test]
fn a_finding_over_lines_has_no_columns() {
    let mut finding = found(Rule::BodyBudget, 1, 4, 4);
    finding.span.end.line = 3;
    assert_eq!(
        render_all(vec![finding]),
        "::warning file=s.md,line=1,endLine=3,title=GH1002 body-budget::it is wrong\n"
    );
}

#[test]
fn no_text_of_a_skill_starts_a_command_in_the_log() {
    let attacks =
        ["x\n::error::y", "x\r::error::y", "##[add-mask]secret", "a ##[stop-commands]b", "  ::notice::x"];
    for attack in attacks {
        let line = inert(attack);
        assert!(!line.contains(['\n', '\r']) && !line.contains("##["), "{line}");
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    let attack = |message: &str| Diagnostic::new(Rule::MissingKey, "::a\n::b", Span::START, message);
    let log = render_all(vec![attack("##[add-mask]x\n::error::y"); 12]);
    let commands = log.lines().filter(|line| line.trim_start().starts_with("::"));
    assert_eq!(commands.count(), MOST + 1, "{log}");
    let plain = log.lines().filter(|line| !line.starts_with("::")).collect::<Vec<_>>();
    assert_eq!(plain, [r"./::a\n::b:1:1: error[GH0101]: ## [add-mask]x\n::error::y"; 2]);
}

#[test]
fn what_github_would_drop_is_a_line_of_the_log() {
    let errors = (1..=12).map(|column| found(Rule::MissingKey, 1, column, column));
    let warnings = (1..=11).map(|column| found(Rule::IdleKey, 2, column, column));
    let log = render_all(errors.chain(warnings).collect());
    let starting = |start: &str| log.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((starting("::error file="), starting("::warning file=")), (MOST, MOST));
    let rest: Vec<&str> = log.lines().filter(|line| !line.contains(" file=")).collect();
    assert_eq!(
        rest,
        [
            "s.md:1:11: error[GH0101]: it is wrong",
            "s.md:1:12: error[GH0101]: it is wrong",
            "s.md:2:11: warning[GH0106]: it is wrong",
            "::notice::2 errors and 1 warning more in the log of this step; `guildhall check` shows all",
        ]
    );
}
