//! What a skill that does not stop by itself can use.

use std::fs;
use std::time::{Duration, Instant};

use registry_core::api::{ExecutionOutcome, ExecutionResult};
use registry_core::organisation::Limits;
use reqwest::Client;
use serde_json::json;

use crate::stage::{Invocation, Stage, edge_key, problem};

/// How many processes on this machine carry `marker` in their command line.
pub fn alive(marker: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(marker))
        .count()
}

pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn limited_by_resources(result: &ExecutionResult) {
    assert_eq!(result.outcome, ExecutionOutcome::ResourceLimit, "{result:?}");
}

#[tokio::test]
async fn an_infinite_loop_ends_at_the_time_limit_with_all_its_processes() {
    let stage = Stage::new().await;
    // setsid and a double fork: what a daemon does to outlive its parent.
    let script = "echo started; (setsid sleep 987651 &) ; while :; do :; done";
    let mut skill = Invocation::spawning("bash", script);
    skill.claims.limits.max_execution_time = 2;
    let (result, seen) = tokio::join!(stage.run(&skill), async {
        until("the daemon starts", || alive("987651") > 0).await;
        true
    });
    assert!(seen);
    assert_eq!((result.outcome, result.exit_code), (ExecutionOutcome::Timeout, None));
    assert_eq!(result.stdout.as_deref(), Some("started\n"));
    assert!((2_000..10_000).contains(&result.duration_ms), "{}", result.duration_ms);
    until("nothing survives", || alive("987651") == 0).await;
}

#[tokio::test]
async fn the_stricter_time_limit_holds() {
    let stage = Stage::new().await;
    let front = "command: python3\nargs: [scripts/a.py]\ntimeout: 1\n";
    let skill = Invocation::of(front, &[("scripts/a.py", "while True: pass")]);
    let result = stage.run(&skill).await;
    assert_eq!(result.outcome, ExecutionOutcome::Timeout);
    assert!(result.duration_ms < 10_000);
}

#[tokio::test]
async fn what_a_finished_skill_left_running_is_ended() {
    let stage = Stage::new().await;
    let result = stage.run(&Invocation::spawning("bash", "(setsid sleep 987652 &); echo done")).await;
    assert_eq!(result.outcome, ExecutionOutcome::Success);
    until("nothing survives", || alive("987652") == 0).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_the_process_along() {
    let stage = Stage::with(json!({"max_concurrent": 1})).await;
    let skill = Invocation::spawning("bash", "sleep 987653");
    stage.publish(&skill);
    let request = Client::new()
        .post(format!("{}/execute", stage.url))
        .bearer_auth(skill.token(&edge_key()))
        .body(skill.body())
        .send();
    let call = tokio::spawn(request);
    until("the process starts", || alive("987653") > 0).await;

    let busy = stage.post(&skill.token(&edge_key()), skill.body()).await;
    assert_eq!(busy.headers()["retry-after"], "1");
    assert_eq!(problem(busy).await, (429, "BUSY".to_owned()));

    call.abort();
    until("nothing survives", || alive("987653") == 0).await;
    let runs = stage.state.path().join("runs");
    until("the files are gone", || fs::read_dir(&runs).unwrap().count() == 0).await;
    assert_eq!(stage.python("print(1)").await.outcome, ExecutionOutcome::Success);
}

#[tokio::test]
async fn an_output_flood_is_cut_and_stopped() {
    let stage = Stage::new().await;
    for stream in ["stdout", "stderr"] {
        let result = stage.python(&format!("import sys\nwhile True: sys.{stream}.write('x' * 65536)")).await;
        limited_by_resources(&result);
        assert!(result.truncated);
        assert_eq!(result.stdout.unwrap().len() + result.stderr.len(), 1 << 20);
    }
    let full = stage.python("print('x' * ((1 << 20) - 1))").await;
    assert_eq!((full.outcome, full.truncated), (ExecutionOutcome::Success, false));
}

#[tokio::test]
async fn a_memory_bomb_of_one_process_fails() {
    let stage = Stage::new().await;
    let mut bomb = Invocation::python("x = bytearray(300 << 20)");
    assert_eq!(stage.run(&bomb).await.outcome, ExecutionOutcome::Success);
    bomb = Invocation::python("x = bytearray(300 << 20)");
    bomb.claims.limits.max_memory_mb = 128;
    let result = stage.run(&bomb).await;
    assert_eq!(result.outcome, ExecutionOutcome::Error);
    assert!(result.stderr.ends_with("MemoryError\n"), "{}", result.stderr);
}

#[tokio::test]
async fn a_memory_bomb_of_shared_pages_or_many_processes_is_stopped() {
    let stage = Stage::new().await;
    let shared = "import mmap, time\nx = mmap.mmap(-1, 400 << 20)\n\
        for i in range(400): x.write(b'x' * (1 << 20))\ntime.sleep(5)";
    let many = "import os, time\nfor i in range(8):\n  if os.fork() == 0: x = b'x' * (50 << 20); time.sleep(5)\n\
        time.sleep(5)";
    for script in [shared, many] {
        let mut bomb = Invocation::spawning("python3", script);
        bomb.claims.limits.max_memory_mb = 128;
        limited_by_resources(&stage.run(&bomb).await);
    }
}

#[tokio::test]
async fn a_fork_bomb_stays_small_and_leaves_others_alone() {
    let stage = Stage::new().await;
    let script = "import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(60)\n    n += 1\n\
        except OSError as e: print(n, e.errno)\ntime.sleep(1)";
    let (bomb, other) = (Invocation::spawning("python3", script), Invocation::spawning("bash", "/bin/true"));
    let (bomb, other) = tokio::join!(stage.run(&bomb), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stage.publish(&other);
        stage.run(&other).await
    });
    assert_eq!(bomb.stdout.unwrap(), format!("62 {}\n", libc::EAGAIN));
    assert_eq!(other.outcome, ExecutionOutcome::Success);
}

#[tokio::test]
async fn a_huge_file_and_a_full_disk_stay_inside() {
    let stage = Stage::new().await;
    let mut huge = Invocation::spawning("bash", "head -c 20M /dev/zero > /work/x; echo $?; wc -c < /work/x");
    huge.claims.limits.max_file_size_mb = 8;
    let result = stage.run(&huge).await;
    assert_eq!(result.stdout.unwrap(), format!("{}\n{}\n", 128 + libc::SIGXFSZ, 8 << 20));

    let mut last = Invocation::of("command: dd\nargs: ['if=/dev/zero', 'of=/work/x', 'bs=1M']\n", &[]);
    last.claims.limits.max_file_size_mb = 8;
    let result = stage.run(&last).await;
    assert_eq!(result.exit_code, Some(128 + libc::SIGXFSZ));
    limited_by_resources(&result);

    let fill = "for d in /work /tmp /dev/shm; do for i in 1 2 3; do head -c 12M /dev/zero > $d/$i; done; done; \
        cat /work/* /tmp/* /dev/shm/* | wc -c";
    let result = stage.run(&Invocation::spawning("bash", fill)).await;
    let written = result.output.unwrap();
    assert_eq!(written, 3 * (16 << 20));
}

#[tokio::test]
async fn every_process_starts_within_the_limits() {
    let stage = Stage::new().await;
    let script = "import json, resource as r\n\
        names = ['DATA', 'FSIZE', 'NOFILE', 'NPROC', 'CPU', 'CORE']\n\
        print(json.dumps([r.getrlimit(getattr(r, 'RLIMIT_' + n)) for n in names]))";
    let mut skill = Invocation::python(script);
    skill.claims.limits = Limits { max_memory_mb: 100, max_execution_time: 7, max_file_size_mb: 3 };
    let (data, file) = (100 << 20, 3 << 20);
    let expected = json!([[data, data], [file, file], [256, 256], [64, 64], [8, 9], [0, 0]]);
    assert_eq!(stage.run(&skill).await.output, Some(expected));
}

#[tokio::test]
async fn the_signal_of_a_spent_processor_limit_is_told_apart() {
    let stage = Stage::new().await;
    let script = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass";
    let result = stage.python(script).await;
    assert_eq!(result.exit_code, Some(128 + libc::SIGXCPU));
    limited_by_resources(&result);
}
