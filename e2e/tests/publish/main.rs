//! Publishing: to a folder and to a bucket, whole at every moment; signing again, going back, clearing up.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;
mod hosts;
mod upkeep;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use bucket::{Bucket, End};
use e2e::Repository;
use registry_core::digest::Digest;
use tempfile::TempDir;

const CONFIGURATION: &str = "organisation: Example\nbase_url: https://skills.example.com\n\
    request_access_url: https://access.example.com/?skill={skill}\n\
    teams:\n  support: {owners: [\"@leads\"]}\n  data: {owners: [\"@leads\"]}\n";

/// Each skill is a name, a version and a sentence.
type Skill = (&'static str, &'static str, &'static str);
const ONE: [Skill; 2] = [
    ("support/greeting", "1.0.0", "Say hello by name."),
    ("data/tidy", "1.2.0", "Sort the table by its first column."),
];
const TWO: [Skill; 4] = [
    ONE[0],
    ONE[1],
    ("support/farewell", "1.0.0", "Say goodbye by name."),
    ("data/count", "0.3.0", "Count the rows of the table."),
];
const THREE: [Skill; 5] =
    [TWO[0], TWO[1], TWO[2], TWO[3], ("support/thanks", "2.0.0", "Thank the customer by name.")];

/// A repository with these skills, its catalog built into `dist`.
fn built(skills: &[Skill]) -> Repository {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIGURATION).unwrap();
    skills.iter().for_each(|skill| write(&repository, skill));
    repository.commit("write skills").unwrap();
    repository.build().unwrap();
    repository
}

fn write(repository: &Repository, (id, version, sentence): &Skill) {
    let text = format!(
        "---\nname: {id}\nversion: {version}\ndescription: {sentence}\ntags: [example]\n\
         access_level: team\n---\n# Task\n\n{sentence}\n"
    );
    repository.write(&format!("skills/{id}.md"), &text).unwrap();
}

/// Two keys of heads.
struct Keys(TempDir);

impl Keys {
    fn new(repository: &Repository) -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        for kid in ["head-1", "head-2"] {
            repository.must(&["key", "new", kid, "--out", &keys.file(kid)]).unwrap();
        }
        keys
    }

    fn file(&self, kid: &str) -> String {
        self.0.path().join(format!("{kid}.json")).to_str().unwrap().to_owned()
    }
}

/// Runs a command for a place with the key `head-1`; returns the exit code and all that it printed.
fn run(repository: &Repository, keys: &Keys, bucket: Option<&Bucket>, arguments: &[&str]) -> (i32, String) {
    let done = command(repository, keys, bucket, arguments).output().unwrap();
    let text = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (done.status.code().unwrap_or(-1), text)
}

fn command(repository: &Repository, keys: &Keys, bucket: Option<&Bucket>, arguments: &[&str]) -> Command {
    let mut command = e2e::guildhall(repository.path(), arguments).unwrap();
    command.env("GUILDHALL_HEAD_KEY", keys.file("head-1"));
    if let Some(bucket) = bucket {
        bucket.reach(&mut command);
    }
    command
}

fn must(repository: &Repository, keys: &Keys, bucket: Option<&Bucket>, arguments: &[&str]) -> String {
    let (code, text) = run(repository, keys, bucket, arguments);
    assert_eq!(code, 0, "{arguments:?}: {text}");
    text
}

fn verify(repository: &Repository, keys: &Keys, bucket: Option<&Bucket>, place: &str) {
    let text = must(repository, keys, bucket, &["verify", place]);
    assert_eq!(text, "every file that the head needs has its digest\n");
}

/// The files that edges read, without the head.
fn catalog(files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let is_read = |path: &String| path != "head.json" && !path.starts_with('.') && !path.starts_with("site/");
    files.into_iter().filter(|(path, _)| is_read(path)).collect()
}

fn head(files: &BTreeMap<String, Vec<u8>>) -> serde_json::Value {
    serde_json::from_slice(&files["head.json"]).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Objects, then what names them, the root, the head.
fn stage(path: &str) -> usize {
    let stages: [&[&str]; 4] =
        [&["objects"], &["index", "paths", "shards", "tables"], &["roots"], &["head.json"]];
    let folder = path.strip_prefix("/skills/the/catalog/").unwrap().split('/').next().unwrap();
    stages.iter().position(|folders| folders.contains(&folder)).unwrap()
}

#[test]
fn a_catalog_arrives_byte_for_byte_what_is_named_before_what_names_it() {
    let repository = built(&TWO);
    let keys = Keys::new(&repository);
    let dist = catalog(e2e::files(&repository.catalog()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let place = text(folder.path());
    let said = must(&repository, &keys, None, &["publish", "--to", place]);
    assert!(said.contains("sequence 1, valid until"), "{said}");
    assert_eq!(catalog(e2e::files(folder.path()).unwrap()), dist);
    verify(&repository, &keys, None, place);

    let bucket = Bucket::start(&BTreeMap::new());
    must(&repository, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
    assert_eq!(catalog(bucket.files()), dist);
    verify(&repository, &keys, Some(&bucket), bucket.location());
    let written = bucket.written();
    assert!(written.is_sorted_by_key(|path| stage(path)), "{written:?}");
    assert!(written.len() > dist.len());

    let said = must(&repository, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(bucket.written(), written);
}

#[test]
fn a_catalog_is_read_from_a_static_host() {
    let repository = built(&ONE);
    let keys = Keys::new(&repository);
    let folder = tempfile::tempdir().unwrap();
    must(&repository, &keys, None, &["publish", "--to", text(folder.path())]);
    let (url, _server) = static_host(folder.path());
    verify(&repository, &keys, None, &url);
    let (code, said) = run(&repository, &keys, None, &["publish", "--to", &url]);
    assert!(code == 2 && said.contains("can only be read"), "{said}");
    let object =
        fs::read_dir(folder.path().join("objects/team:data")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&object).unwrap();
    let (code, said) = run(&repository, &keys, None, &["verify", &url]);
    assert_eq!(code, 1);
    let name = object.file_name().unwrap().to_str().unwrap();
    assert_eq!(said, format!("missing: objects/team:data/{name}\n"));
}

/// Python's own server of files, which ends with the value.
fn static_host(folder: &Path) -> (String, Ended) {
    use std::io::{BufRead as _, BufReader};
    let mut child = Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", text(folder)])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.split(" port ").nth(1).unwrap().split(' ').next().unwrap();
    (format!("http://127.0.0.1:{port}"), Ended(child))
}

struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an interruption must leave behind: a head, the former or the new one, with everything below it whole.
fn assert_whole(repository: &Repository, keys: &Keys, bucket: Option<&Bucket>, place: &str, files: &Path) {
    verify(repository, keys, bucket, place);
    for (path, bytes) in catalog(e2e::files(files).unwrap()) {
        assert_eq!(path.rsplit('/').next().unwrap(), Digest::of(&bytes).to_string(), "{path}");
    }
}

#[test]
fn a_cut_line_leaves_the_former_catalog_whole_and_a_second_run_completes() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    let bucket = Bucket::start(&BTreeMap::new());
    must(&one, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
    let former = bucket.files();
    let before = bucket.written().len();
    must(&two, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
    let (whole, writes) = (bucket.files(), bucket.written().len() - before);
    assert!(writes >= 10, "{writes}");
    let cut = |after: usize| {
        let bucket = Bucket::start(&former);
        bucket.cut_after(after);
        let (code, said) = run(&two, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
        assert_eq!(code, 2, "after {after} of {writes}: {said}");
        assert!(said.contains("check the network and the endpoint"), "{said}");
        bucket.mend();
        let is_former = bucket.files()["head.json"] == former["head.json"];
        assert_eq!(is_former, after < writes, "after {after} of {writes}");
        assert_whole(&two, &keys, Some(&bucket), bucket.location(), &bucket.catalog());
        must(&two, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
        verify(&two, &keys, Some(&bucket), bucket.location());
        assert_eq!(catalog(bucket.files()), catalog(whole.clone()), "after {after} of {writes}");
        assert_eq!(head(&bucket.files())["sequence"], 2);
    };
    // Waiting for the line takes longer than the work: four at a time.
    let cuts: Vec<usize> = (1..=writes).collect();
    for some in cuts.chunks(4) {
        thread::scope(|scope| some.iter().for_each(|after| drop(scope.spawn(|| cut(*after)))));
    }
}

#[test]
fn a_connection_that_ends_at_the_head_costs_a_second_attempt_and_no_more() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    for end in [End::BeforeTheWrite, End::AfterTheWrite] {
        let bucket = Bucket::start(&BTreeMap::new());
        for (sequence, repository) in [(1, &one), (2, &two)] {
            bucket.end_next_head(end);
            must(repository, &keys, Some(&bucket), &["publish", "--to", bucket.location()]);
            verify(repository, &keys, Some(&bucket), bucket.location());
            assert_eq!(head(&bucket.files())["sequence"], sequence);
        }
    }
}

#[test]
fn a_publisher_killed_at_any_moment_leaves_a_folder_whole_and_a_second_run_completes() {
    let (one, three) = (built(&ONE), built(&THREE));
    let keys = Keys::new(&one);
    let folder = tempfile::tempdir().unwrap();
    must(&one, &keys, None, &["publish", "--to", text(folder.path())]);
    let former = e2e::files(folder.path()).unwrap();
    let wanted = catalog(e2e::files(&three.catalog()).unwrap());
    let missing = wanted.keys().filter(|path| !former.contains_key(*path)).count();
    assert!(missing >= 10, "{missing}");
    let mut interrupted = 0;
    for step in 0..12 {
        let folder = restored(&former);
        let place = text(folder.path());
        let mut child =
            command(&three, &keys, None, &["publish", "--to", place]).stdout(Stdio::null()).spawn().unwrap();
        let enough = former.len() + missing * step / 12;
        while count(folder.path()) <= enough && child.try_wait().unwrap().is_none() {}
        let _ = child.kill();
        child.wait().unwrap();
        let files = e2e::files(folder.path()).unwrap();
        interrupted += usize::from(files["head.json"] == former["head.json"] && files.len() > former.len());
        assert_whole(&three, &keys, None, place, folder.path());
        must(&three, &keys, None, &["publish", "--to", place]);
        verify(&three, &keys, None, place);
        let there = catalog(e2e::files(folder.path()).unwrap());
        assert!(wanted.iter().all(|(path, bytes)| there.get(path) == Some(bytes)), "at {step} of 12");
    }
    assert!(interrupted > 0, "no publication was interrupted between its first file and its head");
}

fn restored(files: &BTreeMap<String, Vec<u8>>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    folder
}

/// How many files lie in a folder, of which some may just be moving.
fn count(folder: &Path) -> usize {
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    let mut found = 0;
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                _ => found += 1,
            }
        }
    }
    found
}

#[test]
fn of_two_publishers_at_once_one_is_told() {
    let (one, two, three) = (built(&ONE), built(&TWO), built(&THREE));
    let keys = Keys::new(&one);
    let bucket = Bucket::start(&BTreeMap::new());
    let publish = ["publish", "--to", bucket.location()];
    let sign = ["sign", "--to", bucket.location()];
    for (slow, quick, sequence) in [(&publish[..], &two, 1), (&sign[..], &three, 2)] {
        let held = bucket.hold_head();
        let slow = command(&one, &keys, Some(&bucket), slow)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        held.wait();
        must(quick, &keys, Some(&bucket), &publish);
        let current = bucket.files()["head.json"].clone();
        held.go_on();
        let done = slow.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains("got another head meanwhile") && said.contains("run it again"), "{said}");
        assert_eq!(bucket.files()["head.json"], current);
        assert_eq!(head(&bucket.files())["sequence"], sequence);
        verify(quick, &keys, Some(&bucket), bucket.location());
    }
}

#[test]
fn a_store_that_keeps_no_conditions_is_used_with_a_warning() {
    let (one, two) = (built(&ONE), built(&TWO));
    let keys = Keys::new(&one);
    let bucket = Bucket::careless();
    let publish = ["publish", "--to", bucket.location()];
    let said = must(&one, &keys, Some(&bucket), &publish);
    assert!(said.contains("does not keep the condition"), "{said}");
    let mut told = command(&two, &keys, Some(&bucket), &publish);
    let done = told.env("AWS_CONDITIONAL_PUT", "disabled").output().unwrap();
    assert!(String::from_utf8_lossy(&done.stderr).contains("does not keep the condition"));
    assert_eq!(head(&bucket.files())["sequence"], 2);
    verify(&two, &keys, Some(&bucket), bucket.location());
}

#[test]
fn what_was_released_can_neither_change_nor_vanish() {
    let released = built(&TWO);
    let keys = Keys::new(&released);
    let bucket = Bucket::start(&BTreeMap::new());
    let publish = ["publish", "--to", bucket.location()];
    must(&released, &keys, Some(&bucket), &publish);
    let (before, written) = (bucket.files(), bucket.written().len());
    let changed = built(&[TWO[0], TWO[1], ("support/farewell", "1.0.0", "Say nothing."), TWO[3]]);
    let (code, said) = run(&changed, &keys, Some(&bucket), &publish);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("`support/farewell` 1.0.0 is released with the digest "), "{said}");
    assert!(said.contains("give the change a version of its own"), "{said}");
    let (code, said) = run(&built(&ONE), &keys, Some(&bucket), &publish);
    assert_eq!(code, 1, "{said}");
    for lost in ["`data/count` 0.3.0", "`support/farewell` 1.0.0"] {
        assert!(said.contains(&format!("{lost} is released, and this catalog lacks it")), "{said}");
    }
    assert!(said.contains("build with `--previous`"), "{said}");
    assert_eq!((bucket.files(), bucket.written().len()), (before, written), "nothing was written");
}

#[test]
fn a_root_for_development_needs_a_key_for_development() {
    let repository = built(&ONE);
    let keys = Keys::new(&repository);
    repository.must(&["build", "--worktree", "--out", "dist"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let publish = ["publish", "--to", text(folder.path())];
    let (code, said) = run(&repository, &keys, None, &publish);
    assert_eq!(code, 2);
    assert!(said.contains("is for development") && said.contains("without --worktree"), "{said}");
    assert!(!folder.path().join("head.json").exists());
    let said = repository.must(&publish).unwrap();
    assert!(said.contains("the root is for development: only edges in development mode take it"), "{said}");
}

#[test]
fn what_keeps_a_publication_from_beginning_is_told_with_the_fix() {
    let repository = built(&ONE);
    let keys = Keys::new(&repository);
    let (code, said) = run(&repository, &keys, None, &["publish", "--to", "s3://skills"]);
    assert!(code == 2 && said.contains("set AWS_ACCESS_KEY_ID"), "{said}");
    let bucket = Bucket::start(&BTreeMap::new());
    let told = |change: &[(&str, &str)], arguments: &[&str], wanted: &str| {
        let mut command = command(&repository, &keys, Some(&bucket), arguments);
        change.iter().for_each(|(name, value)| _ = command.env(name, value));
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    };
    let to = ["publish", "--to", bucket.location()];
    told(&[("AWS_SECRET_ACCESS_KEY", "wrong")], &to, "the credentials must be allowed");
    told(&[("AWS_ENDPOINT_URL", "http://192.0.2.1")], &to, "must begin with https://");
    told(&[], &["publish", "--to", "ftp://nowhere"], "is no place for a catalog");
    told(&[], &["publish", "--from", "nothing", "--to", "there"], "run `guildhall build` first");
    let object = fs::read_dir(repository.catalog().join("objects/team:data")).unwrap().next().unwrap();
    fs::write(object.unwrap().path(), "altered").unwrap();
    told(&[], &to, "is not whole: run `guildhall build` again (altered: objects/team:data/");
    assert!(!bucket.catalog().join("head.json").exists());
}
