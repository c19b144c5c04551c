//! How far a long work is: a bar on a terminal, and where asked for, how long each part took.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};

use super::output;

/// The progress of a work in parts.
pub(super) struct Progress {
    bar: ProgressBar,
    timings: bool,
    state: Mutex<Vec<Part>>,
}

/// A part of the work, from its begin.
struct Part {
    name: &'static str,
    wall: Instant,
    cpu: Duration,
}

impl Progress {
    /// A work that has not begun. Off a terminal the bar is hidden.
    pub(super) fn new(timings: bool) -> Self {
        let bar = ProgressBar::new_spinner();
        Self { bar, timings, state: Mutex::default() }
    }

    /// A part begins, and the one before ends.
    pub(super) fn phase(&self, name: &'static str) {
        self.bar.set_message(name);
        let part = Part { name, wall: Instant::now(), cpu: cpu() };
        self.state.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    }

    /// So many things are to be done.
    pub(super) fn expect(&self, things: usize) {
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            self.bar.set_style(style);
        }
        self.bar.set_length(things as u64);
    }

    /// One of them is done.
    pub(super) fn done(&self) {
        self.bar.inc(1);
    }

    /// All is done.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
        if !self.timings {
            return;
        }
        self.phase("");
        let parts = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for pair in parts.windows(2) {
            if let [part, next] = pair {
                let wall = next.wall.duration_since(part.wall).as_millis();
                let cpu = next.cpu.saturating_sub(part.cpu).as_millis();
                output::note(&format!("{:<10} {wall:>6} ms, {cpu:>6} ms of processor time", part.name));
            }
        }
    }
}

/// The processor time that this process has used.
fn cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}
