//! The program: its configuration, its address, its end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use registry_core::token::SigningKey;
use serde_json::{Value, json};

use crate::stage::config;

fn spawn(config: &Value, folder: &Path) -> Child {
    let file = folder.join("config.json");
    std::fs::write(&file, config.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_guildhall-sandbox"))
        .arg("--config")
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the program says when it does not start.
fn complaint(config: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = spawn(config, folder.path()).wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let state = tempfile::tempdir().unwrap();
        let mut child = spawn(&config(&state, "http://127.0.0.1:9"), state.path());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap().trim_end();
        assert_eq!(reqwest::get(format!("{url}/healthz")).await.unwrap().status(), 200);
        let refused =
            reqwest::Client::new().post(format!("{url}/execute")).bearer_auth("secret").send().await;
        assert_eq!(refused.unwrap().status(), 401);

        assert!(
            Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success()
        );
        assert!(child.wait().unwrap().success());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_eq!((&line["outcome"], &line["code"]), (&json!("refused"), &json!("TOKEN_REFUSED")));
        assert!(!log.contains("secret"));
    }
}

#[test]
fn development_keys_are_refused_outside_development() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(&state, "http://127.0.0.1:9");
    config["edge_keys"] = json!([SigningKey::from_seed("development-edge", [1; 32]).unwrap().public()]);
    assert_eq!(
        complaint(&config),
        "error: `development-edge` is a development key, and this is not development mode\n"
    );
}

#[test]
fn a_wrong_configuration_is_explained() {
    let state = tempfile::tempdir().unwrap();
    let good = config(&state, "http://127.0.0.1:9");
    for (key, value) in [
        ("edge_keys", json!([])),
        ("edge_url", json!("ftp://edge")),
        ("runtimes", json!(["/"])),
        ("max_concurrent", json!(0)),
        ("listen", json!("nowhere")),
        ("unknown", json!(1)),
        ("state_dir", json!("/dev/null/state")),
    ] {
        let mut config = good.clone();
        config[key] = value;
        assert!(complaint(&config).starts_with("error: "), "{key}");
    }
}

#[test]
fn a_state_directory_in_use_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let config = config(&state, "http://127.0.0.1:9");
    let mut first = spawn(&config, state.path());
    BufReader::new(first.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    assert!(complaint(&config).contains("does another sandbox use the same `state_dir`?"));
    first.kill().unwrap();
    first.wait().unwrap();
}
