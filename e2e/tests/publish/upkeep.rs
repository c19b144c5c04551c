//! What is done to a published catalog: signing again, keys, going back, clearing up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::bucket::Bucket;
use crate::{Keys, ONE, THREE, TWO, built, head, must, run, verify};

fn sequence(bucket: &Bucket) -> Value {
    head(&bucket.files()).get("sequence").unwrap().clone()
}

fn root(bucket: &Bucket) -> String {
    head(&bucket.files()).get("root").unwrap().as_str().unwrap().to_owned()
}

/// Makes everything in a folder as old as said, so that what follows is newer.
fn age(folder: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    for path in e2e::files(folder).unwrap().keys() {
        fs::File::options().write(true).open(folder.join(path)).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn signing_and_going_back_raise_the_sequence() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    let bucket = Bucket::start(&BTreeMap::new());
    let place = bucket.location();
    let (code, said) = run(&one, &keys, Some(&bucket), &["sign", "--to", place]);
    assert!(code == 2 && said.contains("has no head: `guildhall publish`"), "{said}");
    must(&one, &keys, Some(&bucket), &["publish", "--to", place]);
    let first = root(&bucket);
    age(&bucket.catalog(), 2);
    must(&two, &keys, Some(&bucket), &["publish", "--to", place]);
    let second = root(&bucket);
    assert_eq!(sequence(&bucket), 2);

    must(&one, &keys, Some(&bucket), &["sign", "--to", place]);
    assert_eq!((sequence(&bucket), root(&bucket)), (3.into(), second.clone()));

    let listed = must(&one, &keys, Some(&bucket), &["rollback", "--to", place, "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let row =
        |number: usize| (&listed[number]["root"], &listed[number]["current"], &listed[number]["skills"]);
    assert_eq!(row(0), (&second.clone().into(), &true.into(), &4.into()));
    assert_eq!(row(1), (&first.clone().into(), &false.into(), &2.into()));
    assert_eq!(listed[1]["commit"], one.git(&["rev-parse", "HEAD"]).unwrap());

    must(&one, &keys, Some(&bucket), &["rollback", "--to", place, "--root", &first]);
    assert_eq!((sequence(&bucket), root(&bucket)), (4.into(), first.clone()));
    verify(&one, &keys, Some(&bucket), place);
    let (code, said) = run(&one, &keys, Some(&bucket), &["rollback", "--to", place, "--root", &first]);
    assert!(code == 2 && said.contains("is current"), "{said}");

    // The objects that only the second root needs.
    let only_second: Vec<_> = fs::read_dir(bucket.catalog().join("objects/team:data"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| {
            entry.metadata().unwrap().modified().unwrap() > SystemTime::now() - Duration::from_secs(3600)
        })
        .collect();
    fs::remove_file(only_second[0].path()).unwrap();
    let (code, said) = run(&one, &keys, Some(&bucket), &["rollback", "--to", place, "--root", &second]);
    assert!(code == 2 && said.contains("missing: objects/team:data/"), "{said}");
    assert_eq!(sequence(&bucket), 4);
}

#[test]
fn keys_are_changed_with_both_valid_for_a_while() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    let (old, new) = (keys.file("head-1"), keys.file("head-2"));
    let bucket = Bucket::start(&BTreeMap::new());
    let place = bucket.location();
    must(&one, &keys, Some(&bucket), &["publish", "--to", place]);
    let before = bucket.files();
    for alone in [["publish", "--to", place], ["sign", "--to", place]] {
        let (code, said) = run(&two, &keys, Some(&bucket), &[&alone[..], &["--head-key", &new]].concat());
        assert!(code == 2 && said.contains("--former-key"), "{said}");
        assert_eq!(bucket.files(), before);
    }
    must(&two, &keys, Some(&bucket), &["publish", "--to", place, "--head-key", &new, "--former-key", &old]);
    assert_eq!((sequence(&bucket), head(&bucket.files())["kid"].clone()), (2.into(), "head-2".into()));
    must(&two, &keys, Some(&bucket), &["verify", place, "--head-key", &old, "--former-key", &new]);
    assert_eq!(run(&two, &keys, Some(&bucket), &["verify", place, "--head-key", &old]).0, 2);
    // The same root with the other key is signed anew, and no file is written.
    let written = bucket.written().len();
    must(&two, &keys, Some(&bucket), &["publish", "--to", place, "--head-key", &old, "--former-key", &new]);
    assert_eq!(sequence(&bucket), 3);
    let heads = bucket.written().split_off(written);
    assert!(heads.iter().all(|path| path.ends_with("/head.json") || path.contains("/roots/")), "{heads:?}");
}

#[test]
fn a_head_that_does_not_verify_is_never_overwritten() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    let bucket = Bucket::start(&BTreeMap::new());
    let place = bucket.location();
    must(&one, &keys, Some(&bucket), &["publish", "--to", place]);
    let root = root(&bucket);
    let forged = String::from_utf8(bucket.files()["head.json"].clone())
        .unwrap()
        .replace("\"sequence\":1", "\"sequence\":9");
    for head in ["{}", "", &forged] {
        fs::write(bucket.catalog().join("head.json"), head).unwrap();
        let before = bucket.files();
        for command in [
            &["publish", "--to", place][..],
            &["sign", "--to", place],
            &["rollback", "--to", place],
            &["rollback", "--to", place, "--root", &root],
            &["gc", "--to", place, "--grace", "0"],
        ] {
            let (code, said) = run(&two, &keys, Some(&bucket), command);
            assert_eq!(code, 2, "{command:?}: {said}");
            assert!(said.contains("does not verify, so nothing is written over it"), "{said}");
            assert_eq!(bucket.files(), before, "{command:?}");
        }
    }
}

#[test]
fn clearing_up_keeps_what_the_kept_roots_need() {
    let repositories = [built(&ONE), built(&TWO), built(&THREE)];
    let keys = Keys::new(&repositories[0]);
    let bucket = Bucket::start(&BTreeMap::new());
    let folder = tempfile::tempdir().unwrap();
    for (place, files, bucket) in [
        (bucket.location(), bucket.catalog(), Some(&bucket)),
        (folder.path().to_str().unwrap(), folder.path().to_owned(), None),
    ] {
        let run_on = |arguments: &[&str]| must(&repositories[0], &keys, bucket, arguments);
        let mut states = Vec::new();
        for (repository, hours) in repositories.iter().zip([60, 50, 40]) {
            must(repository, &keys, bucket, &["publish", "--to", place]);
            let there = e2e::files(&files).unwrap();
            states.push((head(&there)["root"].as_str().unwrap().to_owned(), there));
            let only_new =
                states.len().checked_sub(2).map(|former| states[former].1.clone()).unwrap_or_default();
            for path in states.last().unwrap().1.keys().filter(|path| !only_new.contains_key(*path)) {
                let then = SystemTime::now() - Duration::from_secs(hours * 3600);
                fs::File::options().write(true).open(files.join(path)).unwrap().set_modified(then).unwrap();
            }
        }
        for foreign in ["objects/public/README.md", "notes.txt", "site/index.html"] {
            fs::create_dir_all(files.join(foreign).parent().unwrap()).unwrap();
            fs::write(files.join(foreign), "foreign").unwrap();
        }
        let before = e2e::files(&files).unwrap();
        let said = run_on(&["gc", "--to", place, "--keep", "2", "--dry-run"]);
        assert!(said.starts_with("would delete from"), "{said}");
        run_on(&["gc", "--to", place, "--keep", "2", "--grace", "61"]);
        assert_eq!(e2e::files(&files).unwrap(), before);

        let said = run_on(&["gc", "--to", place, "--keep", "2", "--format", "json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        let after = e2e::files(&files).unwrap();
        let gone: Vec<&String> = before.keys().filter(|path| !after.contains_key(*path)).collect();
        assert_eq!(said["deleted"], gone.len());
        assert!(gone.contains(&&format!("roots/{}", states[0].0)), "{gone:?}");
        assert!(gone.iter().all(|path| states[0].1.contains_key(*path)), "{gone:?}");
        assert_eq!(said["roots"], serde_json::json!([states[2].0, states[1].0]));
        verify(&repositories[2], &keys, bucket, place);
        run_on(&["rollback", "--to", place, "--root", &states[1].0]);
        verify(&repositories[1], &keys, bucket, place);
        let (code, _) =
            run(&repositories[0], &keys, bucket, &["rollback", "--to", place, "--root", &states[0].0]);
        assert_eq!(code, 2);
        // Nothing more is left than what the two roots need.
        let said = run_on(&["gc", "--to", place, "--keep", "2", "--grace", "0", "--format", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["deleted"], 0);
        assert_eq!(e2e::files(&files).unwrap().len(), after.len());
    }
}
