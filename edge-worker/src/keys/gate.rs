//! When a set of keys is read, and how long it is believed. It knows no clock and reads nothing itself: times are seconds
//! since the epoch, and whoever gets the turn reads.

use std::sync::Arc;

use registry_core::token::{IdentityKeys, KeyPlace};

/// How long a set from an address serves before it is looked for anew, in seconds.
const FRESH_SECONDS: u64 = 10 * 60;
/// How long a set from an address is believed at most, in seconds: with every hour more, a key that its issuer took back
/// lives an hour longer for whoever keeps the edge from hearing of it.
const LIFE_SECONDS: u64 = 24 * 60 * 60;
/// How long nothing is read after a read in vain, and after one for the sake of an unknown key, in seconds. Anybody can
/// name an unknown key: with less, strangers could have the edge flood the issuer.
const REST_SECONDS: u64 = 60;
/// The same while there is no set that is believed, and every token of the issuer is refused.
const RETRY_SECONDS: u64 = 10;
/// After how long a read counts as lost, whoever had the turn having ended with it, in seconds. Longer than any takes.
const LOST_SECONDS: u64 = 5;

/// The keys of one issuer, and when they were read.
#[derive(Debug)]
pub(super) struct Gate {
    fresh: u64,
    life: Option<u64>,
    held: Option<Held>,
    /// When the last read began, of any cause.
    tried: Option<u64>,
    /// When a key was last looked for in vain, or for which a set that is believed was read again.
    asked: Option<u64>,
    is_reading: bool,
}

#[derive(Debug)]
struct Held {
    keys: Arc<IdentityKeys>,
    read: u64,
}

/// What is to be done about a token.
#[derive(Debug)]
pub(super) enum Look {
    /// Verify it by these, which may lack its key.
    Keys(Arc<IdentityKeys>),
    /// Read the set, and tell [`Gate::settle`].
    Turn,
    /// Look again in a moment: another has the turn.
    Wait,
    /// Refuse it: there is nothing that is believed.
    Nothing,
}

/// Whether `then` is so far from `now`. A clock that was put back must neither stop reading nor keep a set alive.
fn is_past(then: u64, seconds: u64, now: u64) -> bool {
    now.abs_diff(then) >= seconds
}

impl Gate {
    pub(super) fn new(place: &KeyPlace) -> Self {
        // A file is the operator's own word, at hand whenever it is looked at.
        let (fresh, life) = match place {
            KeyPlace::File { .. } => (REST_SECONDS, None),
            KeyPlace::Url { .. } => (FRESH_SECONDS, Some(LIFE_SECONDS)),
        };
        Self { fresh, life, held: None, tried: None, asked: None, is_reading: false }
    }

    /// What is to be done about a token that names this key.
    pub(super) fn look(&mut self, kid: &str, now: u64) -> Look {
        let believed = self.believed(now);
        if let Some(keys) = believed.as_ref().filter(|keys| keys.get(kid).is_some()) {
            return Look::Keys(Arc::clone(keys));
        }
        if self.is_under_way(now) {
            return Look::Wait;
        }
        match believed {
            Some(keys) if self.asked.is_some_and(|asked| !is_past(asked, REST_SECONDS, now)) => {
                Look::Keys(keys)
            }
            Some(_) => {
                self.asked = Some(now);
                self.begin(now)
            }
            None if self.has_rested(RETRY_SECONDS, now) => self.begin(now),
            None => Look::Nothing,
        }
    }

    /// Takes the turn to read where the set is no longer fresh.
    pub(super) fn takes_turn_to_refresh(&mut self, now: u64) -> bool {
        let is_old = self.held.as_ref().is_some_and(|held| is_past(held.read, self.fresh, now));
        let may_read = is_old && !self.is_under_way(now) && self.has_rested(REST_SECONDS, now);
        may_read && matches!(self.begin(now), Look::Turn)
    }

    /// Ends a turn, with what was read if it could be used; returns what is believed now.
    pub(super) fn settle(
        &mut self,
        kid: Option<&str>,
        read: Option<IdentityKeys>,
        now: u64,
    ) -> Option<Arc<IdentityKeys>> {
        self.is_reading = false;
        if let Some(keys) = read {
            self.held = Some(Held { keys: Arc::new(keys), read: now });
        }
        let believed = self.believed(now);
        if let (Some(keys), Some(kid)) = (&believed, kid)
            && keys.get(kid).is_none()
        {
            self.asked = Some(now);
        }
        believed
    }

    fn believed(&self, now: u64) -> Option<Arc<IdentityKeys>> {
        let held = self.held.as_ref()?;
        let is_dead = self.life.is_some_and(|life| is_past(held.read, life, now));
        (!is_dead).then(|| Arc::clone(&held.keys))
    }

    fn has_rested(&self, seconds: u64, now: u64) -> bool {
        self.tried.is_none_or(|tried| is_past(tried, seconds, now))
    }

    fn is_under_way(&self, now: u64) -> bool {
        self.is_reading && !self.has_rested(LOST_SECONDS, now)
    }

    fn begin(&mut self, now: u64) -> Look {
        self.tried = Some(now);
        self.is_reading = true;
        Look::Turn
    }
}

#[cfg(test)]
mod tests;
