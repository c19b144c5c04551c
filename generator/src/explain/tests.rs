//! Each page holds what it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::fix;
use crate::library::Checked;
use crate::source::{self, Origin};

/// The rules that the check of a repository finds broken.
fn broken(checked: &Checked) -> BTreeSet<&'static str> {
    checked.outcome.diagnostics.iter().map(|found| found.rule.code()).collect()
}

/// The failing example breaks this rule alone, the mended one keeps it and has no errors, and what a machine can mend
/// is mended by it.
pub(super) fn holds(rule: Rule) {
    let page = page(rule).unwrap();
    assert!(page.why.chars().count() <= 1024, "code scanning shows 1024 characters");
    let failing = example::failing(&page).unwrap();
    let checked = failing.check().unwrap();
    assert_eq!(broken(&checked), [rule.code()].into(), "{:#?}", checked.outcome.diagnostics);
    fixes_mend(&failing, &checked, rule);

    let mended = example::mended(&page).unwrap();
    let checked = mended.check().unwrap();
    assert!(!broken(&checked).contains(rule.code()), "{:#?}", checked.outcome.diagnostics);
    assert_eq!(checked.errors(), 0, "{:#?}", checked.outcome.diagnostics);
}

fn fixes_mend(example: &example::Example, before: &Checked, rule: Rule) {
    let repository = example.path();
    let fixable = before.outcome.diagnostics.iter().filter(|found| found.fix.is_some()).count();
    let (plan, _) = fix::plan(source::read(repository, Origin::Worktree).unwrap(), |_| true);
    for (path, edit) in &plan.edits {
        fix::write(repository, path, edit).unwrap();
    }
    for folder in &plan.folders {
        fix::remove_folder(repository, folder).unwrap();
    }
    let after = example.check().unwrap();
    let of_rule =
        |checked: &Checked| checked.outcome.diagnostics.iter().filter(|found| found.rule == rule).count();
    assert_eq!(of_rule(&after), of_rule(before) - fixable, "{:#?}", after.outcome.diagnostics);
}

#[test]
fn every_file_of_the_folder_belongs_to_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = names.filter(|name| name.starts_with("GH")).collect();
    assert_eq!(pages, Rule::ALL.iter().map(|rule| format!("{}.md", rule.code())).collect());
}

#[test]
fn a_page_keeps_to_the_notation() {
    let page = |fails: &str| format!("Because.\n\n## Fails\n\n{fails}\n\n## Mended\n\n````a removed\n````\n");
    let read = Page::parse(&page("````b.md repeat=3\n```sh\nx\n```\n````")).unwrap();
    let form = Form::Repeat(3);
    assert_eq!(read.why, "Because.");
    assert_eq!(read.fails, [Sample { path: "b.md".to_owned(), text: "```sh\nx\n```\n".to_owned(), form }]);
    assert_eq!(read.mended, [Sample { path: "a".to_owned(), text: String::new(), form: Form::Removed }]);
    let form = |words: &str| Err(PageError::Form(words.to_owned()));
    assert_eq!(Page::parse(&page("````b mode=644\n````")), form("b mode=644"));
    assert_eq!(Page::parse(&page("````b copies=x\n````")), form("b copies=x"));
    assert_eq!(Page::parse(&page("````b removed\nx\n````")), form("b removed"));
    assert_eq!(Page::parse(&page("````\nx\n````")), form(""));
    let no_file = Err(PageError::NoFile("Fails".to_owned()));
    assert_eq!(Page::parse(&page("More words.")), no_file);
    assert_eq!(Page::parse(&page("    indented")), no_file);
    let sections = |titles: &str| Err(PageError::Sections(titles.to_owned()));
    assert_eq!(Page::parse("Because.\n\n## Mended\n"), sections("Mended"));
    assert_eq!(Page::parse("## Fails\n\n## Mended\n"), sections("Fails, Mended"));
    let late = "Because.\n\n## Fails\n\n## Before\n\n## Mended\n";
    assert_eq!(Page::parse(late), sections("Fails, Before, Mended"));
    let twice = "Because.\n\n## Published\n\n## Published\n\n## Fails\n\n## Mended\n";
    assert_eq!(Page::parse(twice), sections("Published, Published, Fails, Mended"));
}

#[test]
fn a_page_tells_the_commits_before() {
    let text = "Because.\n\n## Before\n\n````a\nold\n````\n\n## Published\n\n````a\nnew\n````\n\
        ````support/refund@1.0.0 tag=1\n````\n\n## Fails\n\n````support/refund@1.0.0 tag=none\n````\n\n\
        ## Mended\n\n````a mode=755\nnew\n````\n";
    let page = Page::parse(text).unwrap();
    let tag = |commit| {
        let (path, text) = ("support/refund@1.0.0".to_owned(), String::new());
        Sample { path, text, form: Form::Tag(commit) }
    };
    let before: Vec<_> = page.before.iter().map(|before| (before.published, before.samples.len())).collect();
    assert_eq!(before, [(false, 1), (true, 2)]);
    assert_eq!(page.before[1].samples[1], tag(Some(1)));
    assert_eq!(page.fails, [tag(None)]);
    assert!(!page.is_committed(&page.fails) && page.is_committed(&page.mended));
    let wrong = text.replace("tag=none", "tag=last");
    assert_eq!(Page::parse(&wrong), Err(PageError::Form("support/refund@1.0.0 tag=last".to_owned())));
}

#[test]
fn the_commits_of_an_example_are_the_same_at_every_run() {
    let page = page(Rule::MovedTag).unwrap();
    let [once, again] = [example::failing(&page).unwrap(), example::failing(&page).unwrap()];
    let commits = once.commits();
    assert_eq!((commits.len(), &commits), (2, &again.commits()));
    let repository = gix::open(once.path()).unwrap();
    let tag = repository.find_reference("refs/tags/support/refund@1.0.0").unwrap();
    assert_eq!(tag.id().to_string(), commits[1]);
    assert_eq!(repository.head_id().unwrap().to_string(), commits[1]);
    let config = repository.head_tree().unwrap().lookup_entry_by_path("guildhall.yaml").unwrap().unwrap();
    assert_eq!(config.object().unwrap().data, example::CONFIG.as_bytes());
    assert_eq!(repository.head_tree().unwrap().iter().count(), 2, "no catalog and no `.git`");
}

#[test]
fn a_tag_needs_its_commit() {
    let mut page = page(Rule::StrayTag).unwrap();
    for commit in [0, 3] {
        page.fails[0].form = Form::Tag(Some(commit));
        assert!(matches!(example::failing(&page), Err(ExplainError::NoCommit(_))), "{commit}");
    }
    page.before.clear();
    assert!(matches!(example::failing(&page), Err(ExplainError::NoCommit(_))), "no repository");
}

#[test]
fn files_of_every_form_are_laid_out() {
    let text = "Because.\n\n## Fails\n\n\
        ````a latin-1\né\n````\n````b repeat=2\nx\ny\n````\n````c/{n} copies=2\n{n} {next}\n````\n\
        ````d link=a\n````\n````e/f mode=755\n````\n````g/h\nold\n````\n\n\
        ## Mended\n\n````d\nnew\n````\n````i from=g/h\n````\n````e/f removed\n````\n";
    let page = Page::parse(text).unwrap();
    let failing = example::failing(&page).unwrap();
    let read = |path: &str| fs::read(failing.path().join(path)).unwrap();
    assert_eq!(read("a"), b"\xe9\n");
    assert_eq!(read("b"), b"x\ny\ny\n");
    assert_eq!((read("c/1"), read("c/2")), (b"1 2\n".to_vec(), b"2 3\n".to_vec()));
    assert_eq!(fs::read_link(failing.path().join("d")).unwrap(), Path::new("a"));
    assert_eq!(read("guildhall.yaml"), example::CONFIG.as_bytes());
    let mended = example::mended(&page).unwrap();
    let read = |path: &str| fs::read(mended.path().join(path)).unwrap();
    assert_eq!((read("a"), read("d"), read("i")), (b"\xe9\n".to_vec(), b"new\n".to_vec(), b"old\n".to_vec()));
    assert!(!mended.path().join("e").exists() && !mended.path().join("g").exists());
}
