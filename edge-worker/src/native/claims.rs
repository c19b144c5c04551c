//! Claims in memory. A restart forgets them; what ran is then still known to the sandbox by its `idem`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registry_core::digest::Digest;

use crate::claims::{Claim, Claimed, Entry};
use crate::host::HostError;

/// Most keys that are known.
const MAX_ENTRIES: usize = 10_000;
/// Most bytes of answers that are kept together.
const MAX_BYTES: usize = 64 << 20;

/// The claims of one process.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<BTreeMap<Digest, Entry>>);

impl Claims {
    pub(super) fn claim(&self, claim: &Claim) -> Result<Claimed, HostError> {
        let mut entries = self.entries();
        let found = entries.get(&claim.key).map_or(Claimed::New, |entry| entry.found_by(claim));
        if found == Claimed::New {
            make_room(&mut entries, claim.now, MAX_ENTRIES - 1, MAX_BYTES)?;
            entries.insert(claim.key, Entry::of(claim));
        }
        Ok(found)
    }

    /// Ends a claim, with the answer that is kept until then, or so that the key can be claimed anew.
    pub(super) fn settle(&self, claim: &Claim, answer: Option<(String, u64)>) -> Result<(), HostError> {
        let mut entries = self.entries();
        if !entries.get(&claim.key).is_some_and(|entry| entry.is_of(claim)) {
            return Ok(());
        }
        entries.remove(&claim.key);
        let Some((answer, until)) = answer else { return Ok(()) };
        make_room(&mut entries, claim.now, MAX_ENTRIES - 1, MAX_BYTES.saturating_sub(answer.len()))?;
        entries.insert(claim.key, Entry { answer: Some(answer), until, ..Entry::of(claim) });
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Digest, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is over, then the oldest answers, never what is in flight.
fn make_room(
    entries: &mut BTreeMap<Digest, Entry>,
    now: u64,
    most: usize,
    bytes: usize,
) -> Result<(), HostError> {
    let held = |entry: &Entry| entry.answer.as_ref().map_or(0, String::len);
    let fits = |entries: &BTreeMap<Digest, Entry>| {
        entries.len() <= most && entries.values().map(held).sum::<usize>() <= bytes
    };
    if !fits(entries) {
        entries.retain(|_, entry| entry.until > now);
    }
    while !fits(entries) {
        let settled = entries.iter().filter(|(_, entry)| entry.answer.is_some());
        let oldest = settled.min_by_key(|(_, entry)| entry.until).map(|(key, _)| *key);
        let Some(oldest) = oldest else {
            return Err(HostError(format!("more than {most} invocations with keys are in flight")));
        };
        entries.remove(&oldest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(key: u8, request: u8, holder: usize, now: u64) -> Claim {
        let (key, request) = (Digest::of(&[key]), Digest::of(&[request]));
        Claim { key, request, holder: holder.to_string(), now, until: now + 10 }
    }

    fn numbered(number: usize, now: u64) -> Claim {
        Claim { key: Digest::of(number.to_string().as_bytes()), ..claim(0, 0, number, now) }
    }

    #[test]
    fn a_key_has_one_holder_at_a_time_and_then_an_answer() {
        let claims = Claims::default();
        let first = claim(1, 1, 1, 100);
        assert_eq!(claims.claim(&first).unwrap(), Claimed::New);
        assert_eq!(claims.claim(&claim(1, 1, 2, 109)).unwrap(), Claimed::InFlight);
        assert_eq!(claims.claim(&claim(1, 2, 3, 109)).unwrap(), Claimed::Conflict);
        assert_eq!(claims.claim(&claim(2, 2, 4, 109)).unwrap(), Claimed::New);
        claims.settle(&first, Some(("answer".to_owned(), 200))).unwrap();
        assert_eq!(claims.claim(&claim(1, 1, 5, 199)).unwrap(), Claimed::Done("answer".to_owned()));
        assert_eq!(claims.claim(&claim(1, 2, 6, 199)).unwrap(), Claimed::Conflict);
        assert_eq!(claims.claim(&claim(1, 2, 7, 200)).unwrap(), Claimed::New);
    }

    #[test]
    fn a_claim_whose_holder_died_or_failed_is_free() {
        let claims = Claims::default();
        let (dead, next) = (claim(1, 1, 1, 100), claim(1, 1, 2, 110));
        assert_eq!(claims.claim(&dead).unwrap(), Claimed::New);
        assert_eq!(claims.claim(&next).unwrap(), Claimed::New);
        claims.settle(&dead, Some(("late".to_owned(), 900))).unwrap();
        assert_eq!(
            claims.claim(&claim(1, 1, 3, 111)).unwrap(),
            Claimed::InFlight,
            "it was not the dead one's"
        );
        claims.settle(&next, None).unwrap();
        assert_eq!(claims.claim(&claim(1, 1, 4, 112)).unwrap(), Claimed::New);
    }

    #[test]
    fn the_oldest_answers_make_room_and_what_is_in_flight_never_does() {
        let claims = Claims::default();
        for number in 0..MAX_ENTRIES {
            let claim = numbered(number, 100);
            assert_eq!(claims.claim(&claim).unwrap(), Claimed::New);
            if number < 2 {
                let until = 900 - number as u64;
                claims.settle(&claim, Some((String::new(), until))).unwrap();
            }
        }
        assert_eq!(claims.claim(&numbered(MAX_ENTRIES, 101)).unwrap(), Claimed::New);
        assert_eq!(claims.claim(&numbered(0, 101)).unwrap(), Claimed::Done(String::new()));
        assert_eq!(claims.claim(&numbered(1, 101)).unwrap(), Claimed::New, "it was the oldest");
        assert!(claims.claim(&numbered(MAX_ENTRIES + 1, 101)).is_err());
        assert_eq!(claims.claim(&numbered(MAX_ENTRIES + 1, 110)).unwrap(), Claimed::New);
    }

    #[test]
    fn answers_are_bounded_together() {
        let claims = Claims::default();
        let large = "x".repeat(MAX_BYTES / 3);
        for number in 0..4 {
            let claim = numbered(number, 100);
            claims.claim(&claim).unwrap();
            claims.settle(&claim, Some((large.clone(), 500 + number as u64))).unwrap();
        }
        assert_eq!(claims.claim(&numbered(0, 101)).unwrap(), Claimed::New);
        assert_eq!(claims.claim(&numbered(3, 101)).unwrap(), Claimed::Done(large));
    }

    proptest! {
        #[test]
        fn a_key_never_has_two_holders_and_no_answer_is_another_requests(
            events in prop::collection::vec((0..3u8, 0..2u8, 0..6u64, prop::option::of(any::<bool>())), 1..60),
        ) {
            let claims = Claims::default();
            let mut now = 100;
            let mut live: BTreeMap<u8, Claim> = BTreeMap::new();
            let mut answers: BTreeMap<String, Digest> = BTreeMap::new();
            for (holder, (key, request, passed, settles)) in events.into_iter().enumerate() {
                now += passed;
                let claim = claim(key, request, holder, now);
                match claims.claim(&claim).unwrap() {
                    Claimed::New => {
                        if let Some(before) = live.insert(key, claim.clone()) {
                            prop_assert!(before.until <= now, "{} and {} hold a key", before.holder, holder);
                        }
                        if let Some(well) = settles {
                            let answer = well.then(|| (holder.to_string(), now + 7));
                            claims.settle(&claim, answer).unwrap();
                            live.remove(&key);
                            answers.insert(holder.to_string(), claim.request);
                        }
                    }
                    Claimed::Done(answer) => prop_assert_eq!(answers.get(&answer), Some(&claim.request)),
                    Claimed::InFlight => prop_assert!(live.contains_key(&key)),
                    Claimed::Conflict => {}
                }
            }
        }
    }
}
