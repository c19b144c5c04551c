//! What the readers of a running edge meet while the next catalog is on its way.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use e2e::{Answer, HostKind, Repository, Stand};
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::{ONE, built, catalog, write};

/// Runs a command for the bucket, which must succeed, with the key that edges in development mode take.
fn must(repository: &Repository, bucket: &Bucket, arguments: &[&str]) -> String {
    let mut command = e2e::guildhall(repository.path(), arguments).unwrap();
    let done = bucket.reach(&mut command).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// An edge over the folder of a bucket, and the first catalog in it.
struct Readers {
    stand: Stand,
    bucket: Bucket,
    token: String,
}

impl Readers {
    fn of_the_first_catalog(kind: HostKind) -> Self {
        let repository = built(&ONE);
        let bucket = Bucket::start(&BTreeMap::new());
        must(&repository, &bucket, &["publish", "--to", bucket.location()]);
        let stand = Stand::over(kind, repository, &bucket.catalog()).unwrap();
        let token = stand.token("guest", &["--team", "support"]).unwrap();
        Self { stand, bucket, token }
    }

    fn must(&self, arguments: &[&str]) -> String {
        must(&self.stand.repository, &self.bucket, arguments)
    }

    fn search(&self, query: &str) -> Answer {
        self.stand.post("/search", &self.token, &json!({ "query": query })).unwrap()
    }

    fn get(&self, path: &str, accept: &str) -> Answer {
        self.stand.get(path, &self.token, accept).unwrap()
    }

    /// The statuses and bodies of everything that changes with the catalog, by request.
    fn answers(&self) -> BTreeMap<String, (u16, Vec<u8>)> {
        let search = ["hello", "farewell"].map(|query| (format!("search {query}"), self.search(query)));
        let paths =
            ["/skills/support/greeting", "/skills/support/greeting/1.0.0", "/skills/support/greeting/1.1.0"];
        let forms = ["text/html", "text/markdown", "application/json"];
        let pages =
            paths.iter().flat_map(|path| forms.map(|form| (format!("{path} {form}"), self.get(path, form))));
        let bundles = paths[1..].iter().map(|path| format!("{path}/bundle"));
        let others = bundles.chain(["/readyz".to_owned()]).map(|path| (path.clone(), self.get(&path, "*/*")));
        let all = search.into_iter().chain(pages).chain(others);
        all.map(|(request, answer)| (request, (answer.status, answer.body))).collect()
    }

    /// The sequence of the catalog that is served, without an alarm.
    fn sequence(&self) -> Value {
        let ready = self.get("/readyz", "*/*");
        let body = ready.json();
        assert_eq!(
            (ready.status, &body["status"], body.get("alarm")),
            (200, &json!("ready"), None),
            "{body}"
        );
        body["sequence"].clone()
    }

    /// The files of the new catalog that the bucket lacks, the head aside.
    fn missing(&self) -> BTreeSet<String> {
        let wanted = catalog(e2e::files(&self.stand.repository.catalog()).unwrap());
        wanted.into_keys().filter(|path| !self.bucket.catalog().join(path).exists()).collect()
    }

    /// Publishes until one more file is in the bucket, and kills the publisher then.
    fn publish_one_file(&self) {
        let missing = self.missing().len();
        self.bucket.cut_after(1);
        let arguments = ["publish", "--to", self.bucket.location()];
        let mut command = e2e::guildhall(self.stand.repository.path(), &arguments).unwrap();
        self.bucket.reach(&mut command).stdout(Stdio::null()).stderr(Stdio::null());
        let mut publisher = command.spawn().unwrap();
        while self.missing().len() == missing {
            assert_eq!(publisher.try_wait().unwrap(), None, "the publisher ended by itself");
            std::thread::sleep(Duration::from_millis(2));
        }
        publisher.kill().unwrap();
        publisher.wait().unwrap();
        self.bucket.mend();
        assert_eq!(self.missing().len(), missing - 1);
    }
}

/// Commits a version with another description and a skill more, and builds the catalog of both over the published one.
fn build_the_next_catalog(readers: &Readers) {
    let repository = &readers.stand.repository;
    fs::write(repository.path().join(".git/info/exclude"), "/dist\n/.guildhall\n").unwrap();
    write(repository, &("support/greeting", "1.1.0", "Say hello to a xylophonist."));
    repository.commit("greet musicians").unwrap();
    write(repository, &("support/farewell", "1.0.0", "Say farewell by name."));
    repository.commit("add farewell").unwrap();
    readers.must(&["build", "--out", "dist", "--previous", readers.bucket.location()]);
}

fn an_interrupted_publication_shows_nobody_half_of_it(kind: HostKind) {
    let mut readers = Readers::of_the_first_catalog(kind);
    let former = readers.answers();
    let status = |answers: &BTreeMap<String, (u16, Vec<u8>)>, request: &str| answers[request].0;
    assert_eq!(status(&former, "/skills/support/greeting/1.0.0/bundle"), 200);
    assert_eq!(status(&former, "/skills/support/greeting/1.1.0/bundle"), 404);
    assert_eq!(readers.sequence(), 1);
    build_the_next_catalog(&readers);
    let files = readers.missing().len();
    assert!(files >= 10, "{files}");
    for left in (0..files).rev() {
        readers.publish_one_file();
        readers.stand.upload().unwrap();
        assert_eq!(readers.answers(), former, "{left} of {files} files and the head are still to come");
        assert_eq!(readers.sequence(), 1);
    }
    assert_eq!(readers.search("xylophonist").json(), json!([]));

    let place = readers.bucket.location();
    readers.must(&["publish", "--to", place]);
    readers.stand.upload().unwrap();
    assert_eq!(readers.sequence(), 2);
    let new = readers.answers();
    for version in ["1.0.0", "1.1.0"] {
        assert_eq!(status(&new, &format!("/skills/support/greeting/{version}/bundle")), 200);
    }
    let bundle = "/skills/support/greeting/1.0.0/bundle";
    assert_eq!(new[bundle], former[bundle]);
    for (query, slug) in [("xylophonist", "support/greeting"), ("farewell", "support/farewell")] {
        assert_eq!(readers.search(query).json()[0]["slug"], slug);
    }
    assert_eq!(readers.must(&["verify", place]), "every file that the head needs has its digest\n");
}

#[test]
fn an_interrupted_publication_shows_nobody_half_of_it_on_the_native_host() {
    an_interrupted_publication_shows_nobody_half_of_it(HostKind::Native);
}

#[test]
fn an_interrupted_publication_shows_nobody_half_of_it_on_workers() {
    an_interrupted_publication_shows_nobody_half_of_it(HostKind::Workers);
}
