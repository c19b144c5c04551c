//! The memory of a whole process tree.
//!
//! `RLIMIT_DATA` bounds the private memory of each process; it counts neither shared mappings nor the sum over many
//! processes. A cgroup would, where the service may write one; reading `/proc` works everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// How often the tree is looked at. Between two looks it can grow unseen.
const EVERY: Duration = Duration::from_millis(100);

struct Process {
    parent: u32,
    bytes: u64,
}

/// Returns when `root` and its descendants together hold more than `limit` bytes.
pub(crate) async fn exceeded(root: u32, limit: u64) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let held = spawn_blocking(move || tree_bytes(root, &processes())).await;
        if held.is_ok_and(|bytes| bytes > limit) {
            return;
        }
    }
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, read(pid)?))).collect()
}

fn read(pid: u32) -> Option<Process> {
    parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// Reads `/proc/PID/status`. A process without memory, as one that has exited, counts for nothing.
fn parse(status: &str) -> Option<Process> {
    let number = |name: &str| -> Option<u64> {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    let kib = number("RssAnon").unwrap_or(0) + number("RssShmem").unwrap_or(0);
    Some(Process { parent: u32::try_from(number("PPid")?).ok()?, bytes: kib << 10 })
}

fn tree_bytes(root: u32, processes: &BTreeMap<u32, Process>) -> u64 {
    processes
        .iter()
        .filter(|(pid, _)| descends(**pid, root, processes))
        .map(|(_, process)| process.bytes)
        .sum()
}

/// Whether `pid` is `root` or below it. The walk is bounded by the number of processes: a list that is not taken
/// at one instant may hold a circle.
fn descends(pid: u32, root: u32, processes: &BTreeMap<u32, Process>) -> bool {
    let parent = |pid: &u32| processes.get(pid).map(|process| process.parent);
    std::iter::successors(Some(pid), parent).take(processes.len()).any(|ancestor| ancestor == root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_and_summed_over_the_tree() {
        let status = "Name:\tx\nPPid:\t7\nVmRSS:\t  900 kB\nRssAnon:\t     4 kB\nRssShmem:\t     2 kB\n";
        let process = parse(status).unwrap();
        assert_eq!((process.parent, process.bytes), (7, 6 << 10));
        assert_eq!(parse("PPid:\t1\n").unwrap().bytes, 0);
        assert!(parse("Name:\tx\n").is_none());

        let list = [(2, 1, 10), (3, 2, 20), (4, 3, 40), (5, 1, 80), (8, 9, 1), (9, 8, 1)];
        let list = list.map(|(pid, parent, bytes)| (pid, Process { parent, bytes })).into();
        assert_eq!(tree_bytes(2, &list), 70);
        assert_eq!(tree_bytes(77, &list), 0);
    }

    #[test]
    fn this_process_is_found_with_memory() {
        assert!(tree_bytes(std::process::id(), &processes()) > 0);
    }
}
