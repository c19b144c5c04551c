//! The program: its configuration, its address, its end.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use registry_core::token::SigningKey;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::limits::{alive, until};
use crate::stage::{Invocation, Stage, edge_key};

fn config(state: &TempDir) -> Value {
    crate::stage::config(state, "http://127.0.0.1:9", &json!({}))
}

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

/// Waits until the program listens.
fn address(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.strip_prefix("listening on ").unwrap().trim_end().to_owned()
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
        let mut child = spawn(&config(&state), state.path());
        let url = address(&mut child);
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
    let mut config = config(&state);
    config["edge_keys"] = json!([SigningKey::from_seed("development-edge", [1; 32]).unwrap().public()]);
    assert_eq!(
        complaint(&config),
        "error: `development-edge` is a development key, and this is not development mode\n"
    );
}

#[test]
fn a_wrong_configuration_is_explained() {
    let state = tempfile::tempdir().unwrap();
    let good = config(&state);
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
    let config = config(&state);
    let mut first = spawn(&config, state.path());
    address(&mut first);
    assert!(complaint(&config).contains("does another sandbox use the same `state_dir`?"));
    first.kill().unwrap();
    first.wait().unwrap();
}

#[tokio::test]
async fn a_killed_service_takes_its_skills_along() {
    let (stage, state) = (Stage::new().await, tempfile::tempdir().unwrap());
    let config = crate::stage::config(&state, &stage.edge_url, &json!({}));
    let mut service = spawn(&config, state.path());
    let url = address(&mut service);
    let skill = Invocation::spawning("bash", "(setsid sleep 987654 &) ; sleep 987654");
    stage.publish(&skill);
    let request = reqwest::Client::new().post(format!("{url}/execute")).bearer_auth(skill.token(&edge_key()));
    let call = tokio::spawn(request.body(skill.body()).send());
    until("both processes start", || alive("987654") == 2).await;
    service.kill().unwrap();
    service.wait().unwrap();
    until("nothing survives", || alive("987654") == 0).await;
    assert!(call.await.unwrap().is_err());
}

#[test]
fn an_ordinary_user_can_run_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    // Who runs the tests as an ordinary user proves it with all of them.
    let is_root = rustix::process::geteuid().is_root();
    for path in [folder.path(), state.path()] {
        if is_root {
            std::os::unix::fs::chown(path, Some(1000), Some(1000)).unwrap();
        }
        std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let program = folder.path().join("guildhall-sandbox");
    std::fs::copy(env!("CARGO_BIN_EXE_guildhall-sandbox"), &program).unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, config(&state).to_string()).unwrap();
    let ordinary = ["--reuid=1000", "--regid=1000", "--clear-groups"];
    let mut child = Command::new("setpriv")
        .args(if is_root { &ordinary[..] } else { &[] })
        .args(["--no-new-privs".as_ref(), program.as_os_str(), "--config".as_ref(), file.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It listens only after a first execution went well.
    address(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_does_not_run_as_the_first_process_of_a_container() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("config.json");
    std::fs::write(&file, config(&state).to_string()).unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args([
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        env!("CARGO_BIN_EXE_guildhall-sandbox"),
        "--config",
    ]);
    let output = unshare.arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("must not be process 1"));
}
