//! The OpenAPI document against both hosts: Schemathesis makes requests of it and compares what is answered.
//! `cargo xtask prove` runs this; the program is Python's and is named by `GUILDHALL_SCHEMATHESIS`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::process::Command;

use e2e::{HostKind, Repository, Stand};

/// What must hold of every answer. That sound data is accepted is not among it: a skill of a sound name may not exist.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,negative_data_rejection";

fn compare(kind: HostKind) {
    let program = env::var("GUILDHALL_SCHEMATHESIS").unwrap();
    let examples = env::var("GUILDHALL_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "100".to_owned());
    let stand = Stand::start(kind, Repository::of_examples().unwrap()).unwrap();
    let token = stand.token("finance-agent", &[]).unwrap();
    // It keeps what it has learned where it is called, and nothing of that is wanted.
    let folder = tempfile::tempdir().unwrap();
    for headers in [vec![], vec![format!("Authorization: Bearer {token}")]] {
        let mut run = Command::new(&program);
        run.current_dir(&folder)
            .args(["run", &format!("{}/openapi.json", stand.url()), "--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", &examples])
            .args(["--seed", "1", "--generation-database", "none"])
            .args(headers.iter().flat_map(|header| ["-H", header]));
        assert!(run.status().unwrap().success(), "{kind:?} {}", headers.len());
    }
}

#[test]
#[ignore = "needs Schemathesis: see `cargo xtask prove`"]
fn the_native_host_answers_as_the_document_says() {
    compare(HostKind::Native);
}

#[test]
#[ignore = "needs Schemathesis: see `cargo xtask prove`"]
fn the_workers_host_answers_as_the_document_says() {
    compare(HostKind::Workers);
}
