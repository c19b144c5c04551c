use std::fs;

use super::*;

fn folder() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("catalog").to_str().unwrap()).unwrap();
    (folder, store)
}

#[test]
fn a_folder_gives_back_what_it_was_given() {
    let (_folder, store) = folder();
    assert_eq!(store.get("objects/team:a/x").unwrap(), None);
    store.put("objects/team:a/x", Bytes::from_static(b"one")).unwrap();
    store.put("objects/team:a/x", Bytes::from_static(b"three")).unwrap();
    assert_eq!(store.get("objects/team:a/x").unwrap().unwrap(), "three");
    let entry = store.find("objects/team:a/x").unwrap().unwrap();
    assert_eq!((entry.path.as_str(), entry.size), ("objects/team:a/x", 5));
    assert_eq!(store.list("objects").unwrap(), [entry]);
    assert_eq!(store.list("shards").unwrap(), []);
    assert_eq!(store.find("objects/team:a").unwrap(), None, "a folder is no file");
    store.delete(&["objects/team:a/x".to_owned(), "objects/team:a/y".to_owned()]).unwrap();
    assert_eq!(store.get("objects/team:a/x").unwrap(), None);
    assert_eq!(store.list(".tmp").unwrap(), [], "nothing is left aside");
}

#[test]
fn a_condition_that_no_longer_holds_leaves_the_file() {
    let (_folder, store) = folder();
    assert!(store.put_if("head.json", Bytes::from_static(b"1"), None).unwrap());
    assert!(!store.put_if("head.json", Bytes::from_static(b"2"), None).unwrap());
    let (_, version) = store.get_versioned("head.json").unwrap().unwrap();
    assert!(store.put_if("head.json", Bytes::from_static(b"2"), Some(&version)).unwrap());
    assert!(!store.put_if("head.json", Bytes::from_static(b"3"), Some(&version)).unwrap());
    assert_eq!(store.get("head.json").unwrap().unwrap(), "2");
}

#[test]
fn a_folder_that_a_build_is_writing_is_not_written_at_the_same_time() {
    let (outer, store) = folder();
    fs::create_dir(outer.path().join("catalog")).unwrap();
    let lock = fs::File::create(outer.path().join("catalog/.lock")).unwrap();
    lock.lock().unwrap();
    let error = store.put_if("head.json", Bytes::from_static(b"1"), None).unwrap_err();
    assert!(error.to_string().contains("another process is writing there"), "{error}");
}

#[test]
fn many_files_keep_their_order() {
    let (_folder, store) = folder();
    let files: Vec<_> =
        (0..100).map(|number| (format!("f/{number}"), Bytes::from(number.to_string()))).collect();
    store.put_many(&files).unwrap();
    let paths: Vec<String> =
        files.iter().map(|(path, _)| path.clone()).chain(["f/none".to_owned()]).collect();
    let wanted: Vec<_> = files.iter().map(|(_, bytes)| Some(bytes.clone())).chain([None]).collect();
    assert_eq!(store.get_many(&paths).unwrap(), wanted);
    assert_eq!(store.find_many(&paths).unwrap().len(), 100);
}

#[test]
fn what_is_no_place_is_told_what_is() {
    for location in ["ftp://x", "file://relative", "s3:///prefix"] {
        assert!(matches!(Store::open(location), Err(StoreError::Location(_))), "{location}");
    }
    let host = Store::open("https://catalog.example.com/x").unwrap();
    assert!(matches!(host.put("a", Bytes::new()), Err(StoreError::ReadOnly(_))));
    assert!(matches!(Store::open("http://catalog.example.com"), Err(StoreError::PlainHttp(_))));
}
