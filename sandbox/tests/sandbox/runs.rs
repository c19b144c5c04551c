//! What a skill gets and what its caller gets back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use registry_core::api::ExecutionOutcome;
use serde_json::json;

use crate::stage::{Invocation, Stage};

#[tokio::test]
async fn a_python_skill_reads_its_payload_and_answers_json() {
    let stage = Stage::new().await;
    let script = "import json, sys\nprint(json.dumps({'double': json.load(sys.stdin)['n'] * 2}))";
    let result = stage.python(script).await;
    assert_eq!(result.outcome, ExecutionOutcome::Success);
    assert_eq!(
        (result.exit_code, result.output, result.stdout),
        (Some(0), Some(json!({"double": 40})), None)
    );
    assert_eq!((result.stderr.as_str(), result.truncated), ("", false));
}

#[tokio::test]
async fn a_node_skill_runs_without_starting_processes() {
    let stage = Stage::new().await;
    let script = "let s = ''; process.stdin.on('data', d => s += d).on('end', () => console.log(JSON.parse(s).n + 1));";
    let skill = Invocation::of("command: node\nargs: [scripts/a.js]\n", &[("scripts/a.js", script)]);
    let result = stage.run(&skill).await;
    assert_eq!(
        (result.outcome, result.output),
        (ExecutionOutcome::Success, Some(json!(21))),
        "{}",
        result.stderr
    );
}

#[tokio::test]
async fn a_bash_skill_answers_text_and_may_spawn_when_allowed() {
    let stage = Stage::new().await;
    let result = stage.run(&Invocation::spawning("bash", "echo \"got $(cat)\"; /bin/true")).await;
    assert_eq!((result.outcome, result.output), (ExecutionOutcome::Success, None), "{}", result.stderr);
    assert_eq!(result.stdout.unwrap(), "got {\"n\":20}\n");
}

#[tokio::test]
async fn arguments_that_name_files_become_paths_and_others_pass() {
    let stage = Stage::new().await;
    let front = "command: python3\nargs: [scripts/a.py, data/x.txt, data/none.txt, '--flag=$HOME; ls']\n\
                 environment: {GREETING: 'good day', LD_PRELOAD: ''}\n";
    let script = "import json, os, sys\n\
        print(json.dumps([sys.argv, open(sys.argv[1]).read(), os.getcwd(), sorted(os.environ.items())]))";
    let skill = Invocation::of(front, &[("scripts/a.py", script), ("data/x.txt", "content")]);
    let result = stage.run(&skill).await;
    let variables = json!([
        ["GREETING", "good day"],
        ["HOME", "/work"],
        ["LANG", "C.UTF-8"],
        ["LD_PRELOAD", ""],
        ["PATH", "/usr/local/bin:/usr/bin:/bin"],
        ["PWD", "/work"],
        ["TMPDIR", "/tmp"],
    ]);
    let argv = json!(["/skill/scripts/a.py", "/skill/data/x.txt", "data/none.txt", "--flag=$HOME; ls"]);
    assert_eq!(result.output, Some(json!([argv, "content", "/work", variables])), "{}", result.stderr);
}

#[tokio::test]
async fn a_failing_skill_gives_its_exit_code_and_errors() {
    let stage = Stage::new().await;
    let result = stage.python("import sys\nprint('half')\nsys.exit('broken')").await;
    assert_eq!((result.outcome, result.exit_code), (ExecutionOutcome::Error, Some(1)));
    assert_eq!((result.stdout.unwrap().as_str(), result.stderr.as_str()), ("half\n", "broken\n"));
    let unknown = stage.run(&Invocation::of("command: no-such-runtime\n", &[])).await;
    assert_eq!((unknown.outcome, unknown.exit_code), (ExecutionOutcome::Error, Some(127)));
}

#[tokio::test]
async fn a_skill_may_leave_its_input_unread_and_write_to_its_work_directory() {
    let stage = Stage::new().await;
    let mut skill = Invocation::python(
        "import os\nfor d in ['/work', '/tmp', '/dev/shm']:\n open(d + '/x', 'w').write('y')\nprint(os.listdir('/work'))",
    );
    skill.request.payload = "x".repeat(1 << 20).into();
    let result = stage.run(&skill).await;
    assert_eq!(result.stdout.as_deref(), Some("['x']\n"), "{}", result.stderr);
    assert_eq!(std::fs::read_dir(stage.state.path().join("runs")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_service_says_that_it_is_well() {
    let stage = Stage::new().await;
    let answer = reqwest::get(format!("{}/healthz", stage.url)).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "{\"status\":\"ok\"}");
}

#[tokio::test]
async fn a_runtime_outside_usr_is_found_where_it_is_configured() {
    let runtime = tempfile::tempdir().unwrap();
    let bin = runtime.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy("/usr/bin/echo", bin.join("say")).unwrap();
    fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let stage = Stage::with(json!({"runtimes": [runtime.path()]})).await;
    let result = stage.run(&Invocation::of("command: say\nargs: [hello]\n", &[])).await;
    assert_eq!(result.stdout.as_deref(), Some("hello\n"), "{}", result.stderr);
}
