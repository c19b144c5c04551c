//! Running one process to its end, or to the first bound that it meets.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use registry_core::api::{ExecutionOutcome, ExecutionResult};
use registry_core::organisation::Limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};

use crate::isolation::bytes;
use crate::memory;
use crate::spawner::Spawner;

/// Most bytes kept of each output. A process that writes more is stopped: an endless one would fill the memory.
const MAX_OUTPUT: usize = 1 << 20;
/// How bubblewrap reports that its process died of a signal: this plus the signal.
const SIGNALLED: i32 = 128;

enum End {
    Exited(ExitStatus),
    Flooded,
    OutOfMemory,
    OutOfTime,
}

enum Stop {
    Flooded,
    Failed(io::Error),
}

#[derive(Default)]
struct Captured {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs `command` with `input` on its standard input. Dropping the future kills the process and all below it.
pub(crate) async fn run(
    spawner: &Spawner,
    command: Command,
    input: Vec<u8>,
    limits: Limits,
) -> io::Result<ExecutionResult> {
    let mut child = spawner.spawn(command).await?;
    let started = Instant::now();
    let root = child.id().ok_or_else(|| io::Error::other("the process has no id"))?;
    let mut captured = Captured::default();
    let end = tokio::select! {
        end = completed(&mut child, input, &mut captured) => end?,
        () = tokio::time::sleep(Duration::from_secs(limits.max_execution_time.into())) => End::OutOfTime,
        () = memory::exceeded(root, bytes(limits.max_memory_mb)) => End::OutOfMemory,
    };
    if !matches!(end, End::Exited(_)) {
        child.kill().await?;
    }
    Ok(result(&end, captured, started.elapsed()))
}

/// Feeds and reads the process until it has exited and closed its outputs.
async fn completed(child: &mut Child, input: Vec<u8>, captured: &mut Captured) -> io::Result<End> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let exited = async { child.wait().await.map_err(Stop::Failed) };
    let all = tokio::try_join!(
        feed(stdin, input),
        capture(stdout, &mut captured.stdout),
        capture(stderr, &mut captured.stderr),
        exited,
    );
    match all {
        Ok((.., status)) => Ok(End::Exited(status)),
        Err(Stop::Flooded) => Ok(End::Flooded),
        Err(Stop::Failed(error)) => Err(error),
    }
}

async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) -> Result<(), Stop> {
    if let Some(mut stdin) = stdin {
        // A process need not read its input: the pipe may close before all is written.
        let _ = stdin.write_all(&input).await;
    }
    Ok(())
}

async fn capture(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Stop> {
    let Some(pipe) = pipe else { return Ok(()) };
    pipe.take(MAX_OUTPUT as u64 + 1).read_to_end(into).await.map_err(Stop::Failed)?;
    if into.len() > MAX_OUTPUT { Err(Stop::Flooded) } else { Ok(()) }
}

fn result(end: &End, mut captured: Captured, duration: Duration) -> ExecutionResult {
    let truncated = captured.stdout.len() > MAX_OUTPUT || captured.stderr.len() > MAX_OUTPUT;
    captured.stdout.truncate(MAX_OUTPUT);
    captured.stderr.truncate(MAX_OUTPUT);
    let output = if truncated { None } else { serde_json::from_slice(&captured.stdout).ok() };
    let stdout = output.is_none().then(|| String::from_utf8_lossy(&captured.stdout).into_owned());
    let exit_code = match end {
        End::Exited(status) => status.code(),
        End::Flooded | End::OutOfMemory | End::OutOfTime => None,
    };
    ExecutionResult {
        outcome: outcome(end),
        exit_code,
        output,
        stdout,
        stderr: String::from_utf8_lossy(&captured.stderr).into_owned(),
        truncated,
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn outcome(end: &End) -> ExecutionOutcome {
    match end {
        End::Exited(status) if status.success() => ExecutionOutcome::Success,
        End::Exited(status) if status.code().is_some_and(is_of_a_limit) => ExecutionOutcome::ResourceLimit,
        End::Exited(_) => ExecutionOutcome::Error,
        End::Flooded | End::OutOfMemory => ExecutionOutcome::ResourceLimit,
        End::OutOfTime => ExecutionOutcome::Timeout,
    }
}

/// Whether an exit code stands for a signal that the kernel sends at a limit; `SIGKILL` is what comes after
/// `SIGXCPU`, and when the machine has no memory left.
fn is_of_a_limit(code: i32) -> bool {
    [libc::SIGXCPU, libc::SIGXFSZ, libc::SIGKILL].contains(&(code - SIGNALLED))
}
