//! A circuit breaker before the sandbox: after some failures in a row it is left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many invocations in a row must find no sandbox.
const FAILURES: u32 = 5;
/// How long nothing is sent then, in milliseconds; and how long the one that tries again may take before another does.
const OPEN_MS: u64 = 5_000;

/// The state of one process or isolate.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct State {
    /// In a row.
    failures: u32,
    /// Until when nothing is sent, in milliseconds since the epoch.
    open_until: u64,
}

impl Breaker {
    /// Whether an invocation may be tried at `now`, in milliseconds since the epoch. Of those that come after the pause,
    /// one is let through.
    pub(crate) fn admits(&self, now: u64) -> bool {
        let mut state = self.state();
        if state.failures < FAILURES {
            return true;
        }
        // A clock that was set back must not keep the way closed for longer.
        let is_over = now >= state.open_until || now + OPEN_MS < state.open_until;
        if is_over {
            state.open_until = now + OPEN_MS;
        }
        is_over
    }

    /// Notes whether the sandbox could be reached.
    pub(crate) fn note(&self, reached: bool, now: u64) {
        let mut state = self.state();
        *state = if reached {
            State::default()
        } else {
            State { failures: state.failures.saturating_add(1), open_until: now + OPEN_MS }
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failed(times: u32, now: u64) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..times {
            breaker.note(false, now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        let breaker = failed(FAILURES - 1, 100);
        assert!(breaker.admits(100));
        breaker.note(true, 100);
        for _ in 1..FAILURES {
            breaker.note(false, 100);
        }
        assert!(breaker.admits(100), "not in a row");
        breaker.note(false, 100);
        assert!(!breaker.admits(100) && !breaker.admits(100 + OPEN_MS - 1));
        breaker.note(true, 100);
        assert!(breaker.admits(100));
    }

    #[test]
    fn after_the_pause_one_is_let_through_and_decides() {
        let breaker = failed(FAILURES, 100);
        let after = 100 + OPEN_MS;
        assert!(breaker.admits(after));
        assert!(!breaker.admits(after) && !breaker.admits(after + OPEN_MS - 1));
        breaker.note(false, after + 10);
        assert!(!breaker.admits(after + OPEN_MS));
        assert!(breaker.admits(after + 10 + OPEN_MS));
        breaker.note(true, after + 20 + OPEN_MS);
        assert!(breaker.admits(after + 20 + OPEN_MS) && breaker.admits(after + 20 + OPEN_MS));
    }

    #[test]
    fn one_that_never_came_back_and_a_clock_set_back_do_not_keep_it_open() {
        let breaker = failed(FAILURES, 100_000);
        assert!(breaker.admits(100_000 + OPEN_MS));
        assert!(breaker.admits(100_000 + 2 * OPEN_MS), "the first never came back");
        assert!(breaker.admits(1_000));
    }

    proptest! {
        #[test]
        fn it_is_closed_exactly_while_fewer_failed_in_a_row_and_lets_one_through_per_pause(
            events in prop::collection::vec((0..4_000u64, prop::option::of(any::<bool>())), 1..80),
        ) {
            let (breaker, mut now, mut row, mut last) = (Breaker::default(), 0, 0, 0);
            for (passed, event) in events {
                now += passed;
                match event {
                    Some(reached) => {
                        breaker.note(reached, now);
                        row = if reached { 0 } else { row + 1 };
                        last = now;
                    }
                    None => {
                        let expected = row < FAILURES || now >= last + OPEN_MS;
                        prop_assert_eq!(breaker.admits(now), expected);
                        if row >= FAILURES && expected {
                            last = now;
                        }
                    }
                }
            }
        }
    }
}
