//! A change of a description, from the commit to the search of both hosts.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells its figures"
)]

use e2e::{HostKind, Journey, Repository, Stand};
use serde_json::json;

const CONFIGURATION: &str = "organisation: Example\nbase_url: https://skills.example.com\n\
    request_access_url: https://access.example.com/?skill={skill}\n\
    teams:\n  data: {owners: [\"@leads\"]}\n";

fn write(repository: &Repository, name: &str, version: &str, description: &str) {
    let text = format!(
        "---\nname: data/{name}\nversion: {version}\ndescription: {description}\ntags: [example]\n\
         access_level: public\n---\n# Task\n\nDo it.\n"
    );
    repository.write(&format!("skills/data/{name}.md"), &text).unwrap();
}

/// A published repository with an edge over it.
fn published(kind: HostKind, place: &str) -> Stand {
    let repository = Repository::empty().unwrap();
    repository.write("guildhall.yaml", CONFIGURATION).unwrap();
    repository.write(".gitignore", "/dist\n/.guildhall\n").unwrap();
    write(&repository, "tidy", "1.2.0", "Sort the table by its first column.");
    write(&repository, "count", "0.3.0", "Count the rows of the table.");
    repository.commit("write skills").unwrap();
    repository.must(&["build", "--out", "dist", "--previous", place]).unwrap();
    repository.must(&["publish", "--to", place]).unwrap();
    Stand::over(kind, repository, place.as_ref()).unwrap()
}

fn a_committed_description_is_found_once_it_is_published(kind: HostKind) {
    let folder = tempfile::tempdir().unwrap();
    let mut stand = published(kind, folder.path().to_str().unwrap());
    for (version, word) in [("1.3.0", "xylophones"), ("1.3.1", "marimbas")] {
        write(&stand.repository, "tidy", version, &format!("Sort {word} by their first bar."));
        let journey = Journey::of_change(&mut stand, folder.path(), "data/tidy", word).unwrap();
        let Journey { commit, build, publish, copy, found } = journey;
        println!(
            "{kind:?}: commit {commit:.3} s, build {build:.3} s, publish {publish:.3} s, copy {copy:.3} s, found {found:.3} s"
        );
    }
    let former = stand.post("/search", "", &json!({"query": "xylophones"})).unwrap();
    assert_eq!(former.json(), json!([]), "only the last version is found");
    for version in ["1.2.0", "1.3.0", "1.3.1"] {
        let bundle = stand.get(&format!("/skills/data/tidy/{version}/bundle"), "", "*/*").unwrap();
        assert_eq!(bundle.status, 200, "{version}: {}", bundle.text());
    }
}

#[test]
fn a_committed_description_is_found_on_the_native_host() {
    a_committed_description_is_found_once_it_is_published(HostKind::Native);
}

#[test]
fn a_committed_description_is_found_on_workers() {
    a_committed_description_is_found_once_it_is_published(HostKind::Workers);
}
