//! What a server's processes have used, as Linux tells it in `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks of `/proc/PID/stat` in a second: `USER_HZ`, which is 100 on every Linux of today.
const TICKS: u64 = 100;

/// What one server has used since its start.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// CPU time in user and kernel mode.
    pub cpu: Duration,
    /// The most memory that it held at a time, in bytes.
    pub peak: u64,
}

/// Of the process, or of the workerd that it started where it is Miniflare.
pub(crate) fn usage(process: u32) -> Result<Usage> {
    let workers: Vec<u32> = descendants(process)?.into_iter().filter(|id| is_workerd(*id)).collect();
    let serving = workers.first().copied().unwrap_or(process);
    let stat = fs::read_to_string(format!("/proc/{serving}/stat"))?;
    // The name in parentheses may hold anything; after it come the fields from the third on.
    let (_, fields) = stat.rsplit_once(") ").context("a stat names its process")?;
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    let status = fs::read_to_string(format!("/proc/{serving}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.context("a status tells the peak of memory")?.trim().parse()?;
    Ok(Usage { cpu: Duration::from_millis(ticks * 1000 / TICKS), peak: peak * 1024 })
}

fn descendants(process: u32) -> Result<Vec<u32>> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let mut all = Vec::new();
    for child in children.split_whitespace() {
        let child = child.parse()?;
        all.push(child);
        all.extend(descendants(child)?);
    }
    Ok(all)
}

fn is_workerd(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "workerd")
}
