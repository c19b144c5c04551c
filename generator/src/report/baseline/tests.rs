use registry_core::diagnostic::Rule;

use super::super::findings;
use super::super::tests::{checked, found};
use super::*;

#[test]
fn a_baseline_round_trips_and_silences_its_warnings_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    let old = checked(
        "a: 1\nb: 1\n",
        vec![found(Rule::MissingKey, 1, 1, 2), found(Rule::IdleKey, 1, 1, 2), found(Rule::IdleKey, 2, 1, 2)],
    );
    let baseline = Baseline::of(&findings(&old));
    assert_eq!(baseline.len(), 2);
    baseline.write(&path).unwrap();
    assert_eq!(Baseline::read(&path).unwrap(), baseline);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains(r#""code":"GH0106""#)).count(), 2, "{text}");

    let new = checked(
        "new: 1\na: 1\nc: 1\n",
        vec![found(Rule::MissingKey, 1, 1, 2), found(Rule::IdleKey, 2, 1, 2), found(Rule::IdleKey, 3, 1, 2)],
    );
    let mut left = findings(&new);
    assert_eq!(baseline.silence(&mut left), Silenced { warnings: 1, mended: 1 });
    let left: Vec<u32> = left.iter().map(|found| found.diagnostic.span.start.line).collect();
    assert_eq!(left, [1, 3]);
}

#[test]
fn an_error_is_not_silenced_by_an_entry_of_its_own() {
    let checked = checked("a: 1\n", vec![found(Rule::MissingKey, 1, 1, 2)]);
    let mut all = findings(&checked);
    let entry = Entry {
        path: "s.md".to_owned(),
        code: "GH0101".to_owned(),
        message: "it is wrong".to_owned(),
        fingerprint: all[0].fingerprint,
    };
    let baseline = Baseline { warnings: BTreeSet::from([entry]) };
    assert_eq!(baseline.silence(&mut all), Silenced { warnings: 0, mended: 1 });
    assert_eq!(all.len(), 1);
}

#[test]
fn a_file_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    assert!(matches!(Baseline::read(&path), Err(BaselineError::Read(..))));
    let entry = r#"{"path":"a","code":"GH0103","message":"m","fingerprint":"00"}"#;
    for damaged in [
        "",
        "[]",
        r#"{"schema": 1}"#,
        "{\"schema\": 1, \"warnings\": [\n<<<<<<< HEAD\n]}",
        &format!("{{\"schema\": 1, \"warnings\": [{entry}]}}"),
    ] {
        fs::write(&path, damaged).unwrap();
        assert!(matches!(Baseline::read(&path), Err(BaselineError::Damaged(..))), "{damaged}");
    }
    fs::write(&path, r#"{"schema": 2, "warnings": []}"#).unwrap();
    assert!(matches!(Baseline::read(&path), Err(BaselineError::Schema(_, 2))));
}
