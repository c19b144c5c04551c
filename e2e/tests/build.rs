//! Building: what is read, that the bytes depend on nothing else, and that an interruption harms nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::Repository;
use generator::catalog::{self, Input, Memo};
use generator::head::Signer;
use generator::site::StaticSite;
use generator::source::{self, Origin};
use generator::store::Store;
use generator::write::Writer;
use generator::{library, verify};
use registry_core::token::SigningKey;

/// Every file of a catalog but its head, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = e2e::files(folder).unwrap();
    found.retain(|name, _| name != "head.json" && !name.starts_with('.'));
    found
}

fn build(repository: &Repository, out: &str, threads: &str) -> BTreeMap<String, Vec<u8>> {
    let done = e2e::guildhall(repository.path(), &["build", "--out", out])
        .unwrap()
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    files(&repository.path().join(out))
}

#[test]
fn the_bytes_do_not_depend_on_threads_place_or_checkout() {
    let repository = Repository::of_examples().unwrap();
    let one = build(&repository, "one", "1");
    assert!(one.len() > 500);
    assert_eq!(one, build(&repository, "eight", "8"));
    let options = ["--config", "core.autocrlf=true", "--depth", "1"];
    let elsewhere = Repository::clone_of(&repository, &options).unwrap();
    assert_eq!(one, build(&elsewhere, "clone", "2"));
}

#[test]
fn a_build_reads_the_commit_and_a_worktree_build_says_so() {
    let repository = Repository::of_examples().unwrap();
    let committed = build(&repository, "a", "2");
    repository.write("skills/shared/draft.md", "not even a skill").unwrap();
    assert_eq!(committed, build(&repository, "b", "2"));
    let (code, text) = repository.guildhall(&["build", "--worktree", "--out", "c"]).unwrap();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("GH0002") && text.contains("skills/shared/draft.md:1:1"), "{text}");
    assert!(!repository.path().join("c").exists(), "nothing was built");
    fs::remove_file(repository.path().join("skills/shared/draft.md")).unwrap();
    repository.must(&["build", "--worktree", "--out", "c"]).unwrap();
    let root = |folder: &str| {
        let files = files(&repository.path().join(folder));
        let (_, bytes) = files.into_iter().find(|(path, _)| path.starts_with("roots/")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    assert_eq!(root("c")["development"], true);
    assert_eq!(root("a")["development"], false);
    assert_eq!(root("a")["commit"], repository.git(&["rev-parse", "HEAD"]).unwrap());
}

#[test]
fn an_unchanged_commit_writes_nothing_and_the_sequence_rises_with_each_new_root() {
    let repository = Repository::of_examples().unwrap();
    assert!(repository.build().unwrap().contains("sequence 1"));
    let again = repository.build().unwrap();
    assert!(again.contains("nothing has changed: sequence 1"), "{again}");
    repository.write("skills/shared/README.md", "nothing of a skill").unwrap();
    let text = fs::read_to_string(repository.path().join("skills/shared/plain-language.md")).unwrap();
    repository
        .write("skills/shared/plain-language.md", &text.replace("version: 1.0.1", "version: 1.0.2"))
        .unwrap();
    repository.commit("release plain-language 1.0.2").unwrap();
    assert!(repository.build().unwrap().contains("sequence 2"));
    assert_eq!(
        repository.must(&["verify", "dist"]).unwrap(),
        "every file that the head needs has its digest"
    );
}

#[test]
fn repositories_that_cannot_be_read_are_told_how_to_go_on() {
    let repository = Repository::empty().unwrap();
    let (code, text) = repository.guildhall(&["build"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("no commit yet") && text.contains("--worktree"), "{text}");
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    let (code, text) = repository.guildhall(&["build"]).unwrap();
    assert_eq!(code, 2);
    assert!(text.contains("not in a Git repository") && text.contains("--worktree"), "{text}");
}

#[test]
fn an_altered_file_is_found_by_verify() {
    let repository = Repository::of_examples().unwrap();
    repository.build().unwrap();
    let objects = repository.catalog().join("objects/sensitive:finance");
    let object = fs::read_dir(objects).unwrap().next().unwrap().unwrap().path();
    fs::write(&object, "altered").unwrap();
    let (code, text) = repository.guildhall(&["verify", "dist"]).unwrap();
    assert_eq!(code, 1);
    assert!(text.contains(object.file_name().unwrap().to_str().unwrap()), "{text}");
}

/// What a child process of [`a_build_killed_at_any_step_leaves_the_former_catalog_whole`] is told.
const KILL_AT: &str = "GUILDHALL_TEST_KILL_AT";
const IN: &str = "GUILDHALL_TEST_REPOSITORY";

fn key() -> SigningKey {
    SigningKey::from_seed("development-head", [7; 32]).unwrap()
}

/// Builds `HEAD` into `dist` in this process and dies by SIGKILL at a step of the write phase. Returns the steps.
fn write_and_die(repository: &Path, kill_at: Option<usize>) -> usize {
    let snapshot = source::read(repository, Origin::Head).unwrap();
    let commit = snapshot.commit.clone();
    let checked = library::check(snapshot);
    let steps = AtomicUsize::new(0);
    let progress = |done| {
        steps.fetch_max(done, Ordering::Relaxed);
        if Some(done) == kill_at {
            let me = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &me]).status().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    };
    let signer = Signer { key: &key(), former_keys: &[], now: 1_800_000_000 };
    let dist = repository.join("dist");
    let writer = Writer::open(&dist, signer, &progress).unwrap();
    let commit = commit.as_ref().map(|commit| commit.id.as_str());
    let built = catalog::build(Input::new(&checked, commit, &Memo::default()), &writer).unwrap();
    let site = StaticSite::new(&built, &checked, &dist, None).unwrap();
    writer.finish(built.root, 7, Some(&site)).unwrap();
    steps.into_inner()
}

/// Not a test of its own: the body of the child process.
#[test]
fn child_that_is_killed_while_it_writes() {
    if let (Ok(repository), Ok(kill_at)) = (std::env::var(IN), std::env::var(KILL_AT)) {
        write_and_die(Path::new(&repository), Some(kill_at.parse().unwrap()));
    }
}

#[test]
fn a_build_killed_at_any_step_leaves_the_former_catalog_whole() {
    let repository = Repository::of_examples().unwrap();
    write_and_die(repository.path(), None);
    let dist = repository.path().join("dist");
    for path in [
        "skills/shared/plain-language.md",
        "skills/data/pii-redactor/SKILL.md",
        "skills/support/case-facts/SKILL.md",
    ] {
        let text = fs::read_to_string(repository.path().join(path)).unwrap();
        repository.write(path, &format!("{text}\nOne more line.\n")).unwrap();
    }
    repository.commit("change three skills").unwrap();
    // A step that was taken before a kill is not taken again: each child begins where the first one did.
    let copy = || {
        let folder = tempfile::tempdir().unwrap();
        let copied =
            Command::new("cp").args(["-a", "."]).arg(folder.path()).current_dir(repository.path()).status();
        assert!(copied.unwrap().success());
        folder
    };
    let elsewhere = copy();
    let steps = write_and_die(elsewhere.path(), None);
    let former = fs::read(dist.join("head.json")).unwrap();
    for k in 1..20 {
        let own = copy();
        let dist = own.path().join("dist");
        let killed = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_is_killed_while_it_writes"])
            .env(IN, own.path())
            .env(KILL_AT, (steps * k / 20).max(1).to_string())
            .output()
            .unwrap();
        assert!(!killed.status.success(), "the child must have been killed at {k}/20");
        assert_eq!(fs::read(dist.join("head.json")).unwrap(), former);
        let store = Store::open(dist.to_str().unwrap()).unwrap();
        assert_eq!(verify::verify(&store, &[key().public()]).unwrap(), [""; 0], "after {k}/20");
        every_file_has_its_digest(&dist);
        write_and_die(own.path(), None);
        assert_ne!(fs::read(dist.join("head.json")).unwrap(), former);
        assert_eq!(files(&dist), files(&elsewhere.path().join("dist")), "the second run completes");
    }
}

/// Not only what the head needs: no file under a digest's name may hold other bytes, and the static site holds
/// only objects of the catalog, but for its own search page.
fn every_file_has_its_digest(dist: &Path) {
    let files = files(dist);
    let digest = |bytes: &[u8]| registry_core::digest::Digest::of(bytes).to_string();
    for (path, bytes) in &files {
        match path.strip_prefix("site/") {
            Some("search/index.html") => {}
            None => assert_eq!(path.rsplit('/').next().unwrap(), digest(bytes), "{path}"),
            Some(_) => assert!(files.contains_key(&format!("objects/public/{}", digest(bytes))), "{path}"),
        }
    }
}

#[test]
fn a_change_of_keys_continues_the_sequence() {
    let repository = Repository::of_examples().unwrap();
    for name in ["head-1", "head-2"] {
        repository.must(&["key", "new", name, "--out", &format!(".guildhall/{name}.json")]).unwrap();
    }
    let build = |more: &[&str]| repository.guildhall(&[&["build", "--out", "dist"], more].concat()).unwrap();
    assert_eq!(build(&["--head-key", ".guildhall/head-1.json"]).0, 0);
    let (code, text) = build(&["--head-key", ".guildhall/head-2.json"]);
    assert_eq!(code, 2);
    assert!(text.contains("--former-key"), "{text}");
    let (code, text) =
        build(&["--head-key", ".guildhall/head-2.json", "--former-key", ".guildhall/head-1.json"]);
    assert_eq!(code, 0);
    assert!(text.contains("sequence 2"), "{text}");
    repository.must(&["verify", "dist", "--head-key", ".guildhall/head-2.json"]).unwrap();
}

#[test]
fn a_catalog_without_a_configuration_is_for_development_and_says_so() {
    let repository = Repository::of_examples().unwrap();
    fs::remove_file(repository.path().join("guildhall.yaml")).unwrap();
    repository.commit("lose the configuration").unwrap();
    let text = repository.build().unwrap();
    assert!(text.contains("no guildhall.yaml"), "{text}");
    let roots = fs::read_dir(repository.catalog().join("roots")).unwrap();
    let root: serde_json::Value =
        serde_json::from_slice(&fs::read(roots.last().unwrap().unwrap().path()).unwrap()).unwrap();
    assert_eq!(root.get("development").unwrap(), true);
}
