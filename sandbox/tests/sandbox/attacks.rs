//! What a hostile skill tries on its host. Where it is cheap, the same act is shown to work where it is allowed.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;

use registry_core::api::ExecutionOutcome;
use serde_json::json;

use crate::stage::{Invocation, Stage};

#[tokio::test]
async fn the_hosts_files_cannot_be_read() {
    let stage = Stage::new().await;
    let mut secret = tempfile::NamedTempFile::new().unwrap();
    secret.write_all(b"secret").unwrap();
    let seen = stage
        .python(&format!(
            "import os, json\n\
             paths = [{:?}, {:?}, {:?}, '/etc/passwd', '/etc/shadow', '/root', '/home', '/var', '/sys', '/skill/SKILL.md']\n\
             print(json.dumps([p for p in paths if os.path.exists(p)] + sorted(os.listdir('/'))))",
            secret.path(),
            stage.state.path(),
            env!("CARGO_MANIFEST_DIR"),
        ))
        .await;
    let root = ["bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "skill", "tmp", "usr", "work"];
    let expected: Vec<&str> = ["/skill/SKILL.md"].into_iter().chain(root).collect();
    assert_eq!(seen.output, Some(json!(expected)), "{}", seen.stderr);
}

#[tokio::test]
async fn the_hosts_network_cannot_be_reached() {
    let stage = Stage::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!(
        "import socket\ntry:\n socket.create_connection(('127.0.0.1', {}), 2)\n print('connected')\n\
         except OSError as e:\n print('failed', e.errno)",
        listener.local_addr().unwrap().port()
    );
    let outside = Command::new("python3").args(["-c", &connect]).output().unwrap();
    assert_eq!(String::from_utf8(outside.stdout).unwrap(), "connected\n");
    let inside = stage.python(&connect).await;
    assert_eq!(inside.stdout.unwrap(), format!("failed {}\n", libc::ECONNREFUSED));
}

#[tokio::test]
async fn sockets_to_the_hypervisor_and_the_keyring_are_closed() {
    let stage = Stage::new().await;
    let script = format!(
        "import ctypes, json, socket\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         def call(*args):\n ctypes.set_errno(0); libc.syscall(*args); return ctypes.get_errno()\n\
         def family(f):\n try: socket.socket(f, socket.SOCK_STREAM); return 0\n except OSError as e: return e.errno\n\
         print(json.dumps([family(socket.AF_INET), family(40), call({}, 0, -3, 0), call({}, b'x', 0), call({}, 8, 0)]))",
        libc::SYS_keyctl,
        libc::SYS_memfd_create,
        libc::SYS_io_uring_setup,
    );
    let script = script.replace(" try:", "\n  try:").replace("; return 0\n except", "; return 0\n  except");
    let result = stage.python(&script).await;
    let expected = json!([0, libc::EPERM, libc::EPERM, libc::ENOSYS, libc::ENOSYS]);
    assert_eq!(result.output, Some(expected), "{}", result.stderr);
}

#[tokio::test]
async fn only_the_work_directories_can_be_written() {
    let stage = Stage::new().await;
    let result = stage
        .python(
            "import json, os\n\
             def can(path):\n  try: open(path, 'w').close(); return True\n  except OSError: return False\n\
             paths = ['/skill/x', '/skill/SKILL.md', '/usr/x', '/usr/bin/env', '/x', '/etc/x', '/dev/x', '/proc/sys/kernel/hostname', '/work/x', '/tmp/x']\n\
             print(json.dumps([p for p in paths if can(p)]))",
        )
        .await;
    assert_eq!(result.output, Some(json!(["/work/x", "/tmp/x"])), "{}", result.stderr);
}

#[tokio::test]
async fn other_processes_and_privileges_are_out_of_sight() {
    let stage = Stage::new().await;
    let result = stage
        .python(
            "import json, os\n\
             status = dict(l.split(':\\t', 1) for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n\
             pids = [int(p) for p in os.listdir('/proc') if p.isdigit()]\n\
             fds = os.listdir('/proc/self/fd')\n\
             print(json.dumps([len(pids), os.getuid(), status['CapEff'], status['CapBnd'], status['NoNewPrivs'], status['Seccomp'], len(fds)]))",
        )
        .await;
    let none = "0000000000000000";
    assert_eq!(result.output, Some(json!([2, 65534, none, none, "1", "2", 4])), "{}", result.stderr);
}

#[tokio::test]
async fn no_new_namespace_gives_privileges_back() {
    let stage = Stage::new().await;
    let result = stage.run(&Invocation::spawning("bash", "unshare --user --map-root-user id -u")).await;
    assert_eq!((result.outcome, result.stdout.as_deref()), (ExecutionOutcome::Error, Some("")));
}

#[tokio::test]
async fn the_services_environment_is_out_of_sight() {
    // `cargo test` sets CARGO_MANIFEST_DIR in this process, which is the service's.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let stage = Stage::new().await;
    let script = "import os\n\
        seen = b''.join(open(f'/proc/{p}/environ', 'rb').read() for p in os.listdir('/proc') if p.isdigit() and os.access(f'/proc/{p}/environ', os.R_OK))\n\
        print(b'HOME=/work' in seen, b'CARGO' in seen)";
    let result = stage.python(script).await;
    assert_eq!(result.stdout.as_deref(), Some("True False\n"), "{}", result.stderr);
}

#[tokio::test]
async fn a_process_is_started_only_with_permission_from_both_sides() {
    let stage = Stage::new().await;
    let script = "import ctypes, json, os, subprocess, threading\n\
        def errno(f):\n  try: f(); return 0\n  except OSError as e: return e.errno\n\
        def fork():\n  if os.fork() == 0: os._exit(0)\n\
        thread = threading.Thread(target=print); thread.start(); thread.join()\n\
        print(json.dumps([errno(fork), errno(lambda: subprocess.run(['/bin/true'])), errno(lambda: os.posix_spawn('/bin/true', ['true'], {}))]))";
    let allowed = Invocation::spawning("python3", script);
    assert_eq!(stage.run(&allowed).await.output, Some(json!([0, 0, 0])));
    let mut token_without = Invocation::spawning("python3", script);
    token_without.claims.permissions.process_spawn = false;
    let mut manifest_without = Invocation::python(script);
    manifest_without.claims.permissions.process_spawn = true;
    for skill in [token_without, manifest_without] {
        assert_eq!(stage.run(&skill).await.output, Some(json!([libc::EPERM, libc::EPERM, libc::EPERM])));
    }
}

#[tokio::test]
async fn a_preloaded_library_cannot_keep_the_limits_away() {
    let stage = Stage::new().await;
    let front = "command: python3\nargs: [scripts/a.py]\nenvironment: {LD_PRELOAD: /skill/no-such.so}\n";
    let script = "import resource\nprint(resource.getrlimit(resource.RLIMIT_NOFILE)[1])";
    let result = stage.run(&Invocation::of(front, &[("scripts/a.py", script)])).await;
    assert_eq!(result.output, Some(json!(256)));
    assert!(!result.stderr.contains("prlimit"), "{}", result.stderr);
}
