//! What one process costs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

use crate::{MEASURE, Result};

/// What a process took from the machine, and what it wrote.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub struct Cost {
    /// Milliseconds by the clock.
    pub wall_ms: f64,
    /// Milliseconds of all processors, in the program and in the kernel for it.
    pub cpu_ms: f64,
    /// The most memory that it held at once, in KiB.
    pub peak_kib: f64,
    /// How many files it wrote.
    #[serde(default)]
    pub files: f64,
    /// How many bytes these have.
    #[serde(default)]
    pub bytes: f64,
}

/// Runs a command to its end and counts the files in `out` that it wrote.
///
/// It is run by a process of its own, since the kernel tells the peak of the memory only for all children together.
pub fn of(out: &Path, command: &[&OsStr]) -> Result<Cost> {
    let started = timestamp(out)?;
    let done = Command::new(env::current_exe()?)
        .arg(MEASURE)
        .args(command)
        .env("RAYON_NUM_THREADS", "2")
        .stderr(Stdio::piped())
        .output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    let mut cost: Cost = serde_json::from_slice(&done.stdout)?;
    count_written(out, started, &mut cost)?;
    Ok(cost)
}

/// The file system's own time, which lags behind the clock, in a tick of its own.
fn timestamp(out: &Path) -> Result<SystemTime> {
    thread::sleep(Duration::from_millis(20));
    let marker = out.with_extension("started");
    File::create(&marker)?.write_all(b"started")?;
    Ok(fs::metadata(marker)?.modified()?)
}

fn count_written(folder: &Path, since: SystemTime, cost: &mut Cost) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            count_written(&entry.path(), since, cost)?;
        } else if metadata.modified()? >= since {
            cost.files += 1.0;
            cost.bytes += metadata.len() as f64;
        }
    }
    Ok(())
}

/// Runs a program and prints its cost.
pub fn tell(program: &OsStr, arguments: &[OsString]) -> Result<()> {
    let started = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let wall_ms = started.elapsed().as_secs_f64() * 1_000.0;
    if !status.success() {
        return Err(format!("`{}` failed ({status})", program.display()).into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    let cost = Cost {
        wall_ms,
        cpu_ms: cpu.num_microseconds() as f64 / 1_000.0,
        peak_kib: usage.max_rss() as f64,
        ..Cost::default()
    };
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&cost)?)?)
}

/// The median of each figure.
pub fn median(costs: Vec<Cost>) -> Cost {
    let of = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Cost {
        wall_ms: of(|cost| cost.wall_ms),
        cpu_ms: of(|cost| cost.cpu_ms),
        peak_kib: of(|cost| cost.peak_kib),
        files: of(|cost| cost.files),
        bytes: of(|cost| cost.bytes),
    }
}
