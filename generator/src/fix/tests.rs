use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use registry_core::diagnostic::{Rule, Span};

use super::*;
use crate::source::{self, Origin};

const SKILL: &str = "---\r\nname: a/b\r\nversion: v1.0\r\ndescription: It helps.\r\ntags: [x]\r\n\
    access_level: team\r\nAuthor: me\r\nAUTHOR: me\r\n---\r\nbody\r\n";

fn file(text: &str) -> SourceFile {
    SourceFile { mode: FileMode::Plain, bytes: text.as_bytes().to_vec() }
}

fn snapshot(text: &str) -> Snapshot {
    let files = BTreeMap::from([("skills/a/b.md".to_owned(), file(text))]);
    Snapshot { commit: None, files, config: None, diagnostics: Vec::new() }
}

fn finding_with(path: &str, change: Change) -> Diagnostic {
    let fix = Fix { title: "mend it".to_owned(), changes: vec![change] };
    Diagnostic::new(Rule::NotExecutable, path, Span::START, "it is wrong").with_fix(Some(fix))
}

#[test]
fn a_plan_goes_on_until_nothing_is_left_to_mend_and_keeps_mark_and_line_ends() {
    let (plan, checked) = plan(snapshot(&format!("\u{feff}{SKILL}")), |_| true);
    let edit = &plan.edits["skills/a/b.md"];
    let mended = String::from_utf8(edit.after.bytes.clone()).unwrap();
    assert!(mended.starts_with("\u{feff}---\r\nname: a/b\r\nversion: 1.0.0\r\n"), "{mended:?}");
    assert_eq!(mended.matches('\n').count(), mended.matches("\r\n").count());
    assert!(
        checked.outcome.diagnostics.iter().all(|found| found.fix.is_none()),
        "{:?}",
        checked.outcome.diagnostics
    );
    let mended_rules: Vec<Rule> = plan.mended.iter().map(|found| found.rule).collect();
    assert_eq!(mended_rules, [Rule::InvalidVersion, Rule::UnknownKey]);
    assert!(mended.contains("\r\nauthor: me\r\nAUTHOR: me\r\n"), "a key is not written twice");
    let (again, _) = super::plan(snapshot(&mended), |_| true);
    assert!(again.edits.is_empty() && again.mended.is_empty(), "{again:?}");
}

#[test]
fn what_is_not_wanted_is_not_planned() {
    let (plan, checked) = plan(snapshot(SKILL), |path| path != "skills/a/b.md");
    assert!(plan.edits.is_empty() && plan.mended.is_empty());
    assert!(checked.errors() > 0);
}

#[test]
fn a_change_that_does_not_mend_is_made_once_and_one_insertion_for_two_findings_too() {
    let insert = |message: &str| {
        let fix = Fix::replace("insert", Span::START, "x");
        Diagnostic::new(Rule::UnknownKey, "skills/a/b.md", Span::START, message).with_fix(Some(fix))
    };
    let mut draft = Draft { snapshot: snapshot("body"), plan: Plan::default(), made: BTreeSet::new() };
    assert!(draft.round(&[insert("one"), insert("two")], |_| true));
    assert_eq!(draft.text("skills/a/b.md").unwrap(), "xbody");
    assert!(!draft.round(&[insert("one")], |_| true));
    assert_eq!(draft.text("skills/a/b.md").unwrap(), "xbody");
}

#[test]
fn bits_and_folders_are_planned_beside_text() {
    let mut draft = Draft { snapshot: snapshot("body"), plan: Plan::default(), made: BTreeSet::new() };
    let script = |path: &str| finding_with("skills/a", Change::MakeExecutable { path: path.to_owned() });
    let folder = finding_with("skills/c", Change::RemoveFolder { path: "skills/c".to_owned() });
    draft.snapshot.diagnostics.push(folder.clone());
    assert!(draft.round(&[script("skills/a/b.md"), script("skills/a/absent"), folder.clone()], |_| true));
    assert_eq!(draft.plan.mended, [script("skills/a/b.md"), folder.clone()]);
    assert_eq!(draft.plan.edits["skills/a/b.md"].after.mode, FileMode::Executable);
    assert!(draft.snapshot.diagnostics.is_empty());
    assert_eq!(draft.plan.folders, BTreeSet::from(["skills/c".to_owned()]));
    assert_eq!(touched(&folder), BTreeSet::from(["skills/c"]));
    assert_eq!(
        diff("skills/a/b.md", &draft.plan.edits["skills/a/b.md"]),
        "diff --git a/skills/a/b.md b/skills/a/b.md\nold mode 100644\nnew mode 100755\n"
    );
}

fn edit(before: &str, after: &str) -> Edit {
    Edit { before: file(before), after: file(after) }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_keeps_its_mode_and_gains_the_executable_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sh");
    fs::write(&path, "one").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    write(folder.path(), "a.sh", &edit("one", "two")).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("two", 0o640));
    let mut run = edit("two", "two");
    run.after.mode = FileMode::Executable;
    write(folder.path(), "a.sh", &run).unwrap();
    assert_eq!(mode(&path), 0o750);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn what_changed_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "mine").unwrap();
    for after in ["two", "one"] {
        let mut edit = edit("one", after);
        edit.after.mode = FileMode::Executable;
        assert!(matches!(write(folder.path(), "a.md", &edit), Err(LeftAlone::Changed)));
    }
    assert_eq!(fs::read_to_string(folder.path().join("a.md")).unwrap(), "mine");
    assert_eq!(mode(&folder.path().join("a.md")) & 0o111, 0);
    assert!(matches!(write(folder.path(), "gone.md", &edit("one", "two")), Err(LeftAlone::Io(_))));
}

#[test]
fn no_link_is_followed_and_nothing_outside_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
    fs::create_dir_all(outside.join("empty")).unwrap();
    fs::create_dir(&inside).unwrap();
    fs::write(outside.join("a.md"), "one").unwrap();
    symlink(&outside, inside.join("skills")).unwrap();
    symlink(outside.join("a.md"), inside.join("link.md")).unwrap();
    symlink(outside.join("empty"), inside.join("link")).unwrap();
    let absolute = outside.join("a.md");
    for path in ["skills/a.md", "link.md", "../outside/a.md", absolute.to_str().unwrap()] {
        let done = write(&inside, path, &edit("one", "two"));
        assert!(matches!(done, Err(LeftAlone::NotOrdinary)), "{path}: {done:?}");
    }
    for path in ["skills/empty", "link", "../outside/empty"] {
        assert!(matches!(remove_folder(&inside, path), Err(LeftAlone::NotOrdinary)), "{path}");
    }
    assert_eq!(fs::read_to_string(outside.join("a.md")).unwrap(), "one");
    assert!(outside.join("empty").is_dir());
}

#[test]
fn only_an_empty_folder_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    assert!(matches!(remove_folder(folder.path(), "a"), Err(LeftAlone::NotEmpty)));
    remove_folder(folder.path(), "a/b").unwrap();
    remove_folder(folder.path(), "a").unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_plan_for_a_configuration_is_written_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONFIG_PATH), "\u{feff}team: 1\n").unwrap();
    let snapshot = source::read(folder.path(), Origin::Worktree).unwrap();
    let mut draft = Draft { snapshot, plan: Plan::default(), made: BTreeSet::new() };
    let span = Lines::new("team: 1\n").span(0..4);
    let fix = Fix::replace("spell it `teams`", span, "teams");
    let found = Diagnostic::new(Rule::InvalidConfig, CONFIG_PATH, span, "wrong").with_fix(Some(fix));
    assert!(draft.round(&[found], |_| true));
    write(folder.path(), CONFIG_PATH, &draft.plan.edits[CONFIG_PATH]).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join(CONFIG_PATH)).unwrap(), "\u{feff}teams: 1\n");
}

#[test]
fn a_key_is_written_by_one_fix_only() {
    let lines = Lines::new("Tags: [a]\n  Name: x\n");
    let fix = |line, from, to, text: &str| {
        let [start, end] = [from, to].map(|column| registry_core::diagnostic::Position::new(line, column));
        Fix::replace("x", Span { start, end }, text)
    };
    assert_eq!(written_key(&lines, &fix(1, 1, 5, "tags")), Some("tags"));
    assert_eq!(written_key(&lines, &fix(1, 1, 1, "tags: []\n")), Some("tags"));
    assert_eq!(written_key(&lines, &fix(2, 3, 7, "name")), None);
    assert_eq!(written_key(&lines, &fix(1, 1, 3, "x")), None);
}
