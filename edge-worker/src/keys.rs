//! The keys of issuers. Those that are not in the configuration are read when a first token needs them, and again after an
//! answer, when they are no longer fresh. Requests share what was read and never a read: workerd forbids to wait for the
//! I/O of another request, so the others look again until the one who has the turn is done.

mod gate;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use registry_core::api::Code;
use registry_core::token::{IdentityKeys, Issuer, KeyPlace, KeySource, KeysUrl};

use self::gate::{Gate, Look};
use crate::config::EdgeConfig;
use crate::host::{Host, HostError};
use crate::reply::{LogNote, Refusal};

/// Largest set, in bytes.
const MAX_SET_BYTES: usize = 64 << 10;
/// How long an address may take to answer, body and all.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request waits before it looks again whether another has read the set.
const STEP: Duration = Duration::from_millis(50);
/// How often it looks at most: somewhat longer than a read takes.
const STEPS: usize = 60;

/// A set of keys in a file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyFileError(String);

/// The keys of every issuer, by its name.
#[derive(Debug)]
pub(crate) struct Keyring(BTreeMap<String, Keys>);

#[derive(Debug)]
enum Keys {
    Inline(Arc<IdentityKeys>),
    Elsewhere(Elsewhere),
}

/// Keys to verify a token by.
pub(crate) struct Found {
    pub(crate) keys: Arc<IdentityKeys>,
    /// Why they could not be read anew, for the operator.
    pub(crate) note: Option<String>,
}

impl Keyring {
    pub(crate) fn new(issuers: &[Issuer]) -> Self {
        let keys = |issuer: &Issuer| match &issuer.keys {
            KeySource::Inline(keys) => Keys::Inline(Arc::new(keys.clone())),
            KeySource::At(place) => Keys::Elsewhere(Elsewhere::new(&issuer.issuer, place)),
        };
        Self(issuers.iter().map(|issuer| (issuer.issuer.clone(), keys(issuer))).collect())
    }

    /// The keys by which a token of this issuer that names the key `kid` is verified.
    pub(crate) async fn find<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
        issuer: &Issuer,
        kid: &str,
    ) -> Result<Found, Refusal> {
        match self.0.get(&issuer.issuer) {
            Some(Keys::Inline(keys)) => Ok(Found { keys: Arc::clone(keys), note: None }),
            Some(Keys::Elsewhere(keys)) => keys.find(host, config, kid).await,
            None => Err(unavailable(None)),
        }
    }

    /// Reads the sets that are no longer fresh, for the requests to come; what failed is for the operator.
    pub(crate) async fn catch_up<H: Host>(&self, host: &H, config: &EdgeConfig) -> Vec<LogNote> {
        let mut notes = Vec::new();
        for keys in self.elsewhere() {
            if keys.gate().takes_turn_to_refresh(seconds(host)) {
                let read = keys.read(host, config).await;
                notes.extend(read.as_ref().err().cloned().map(LogNote));
                keys.gate().settle(None, read.ok(), seconds(host));
            }
        }
        notes
    }

    /// Reads the sets that lie in files, all of which must be usable.
    pub(crate) async fn read_files<H: Host>(
        &self,
        host: &H,
        config: &EdgeConfig,
    ) -> Result<(), KeyFileError> {
        for keys in self.elsewhere().filter(|keys| matches!(keys.place, KeyPlace::File { .. })) {
            let read = keys.read(host, config).await.map_err(KeyFileError)?;
            if read.is_empty() {
                let why = keys.note("it has no key that is usable; no token could be accepted");
                return Err(KeyFileError(why));
            }
            keys.gate().settle(None, Some(read), seconds(host));
        }
        Ok(())
    }

    fn elsewhere(&self) -> impl Iterator<Item = &Elsewhere> {
        self.0.values().filter_map(|keys| match keys {
            Keys::Inline(_) => None,
            Keys::Elsewhere(keys) => Some(keys),
        })
    }
}

/// The keys of an issuer that are not in the configuration.
#[derive(Debug)]
struct Elsewhere {
    issuer: String,
    place: KeyPlace,
    gate: Mutex<Gate>,
}

impl Elsewhere {
    fn new(issuer: &str, place: &KeyPlace) -> Self {
        Self { issuer: issuer.to_owned(), place: place.clone(), gate: Mutex::new(Gate::new(place)) }
    }

    /// Never held while something is awaited.
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find<H: Host>(&self, host: &H, config: &EdgeConfig, kid: &str) -> Result<Found, Refusal> {
        for _ in 0..STEPS {
            let look = self.gate().look(kid, seconds(host));
            match look {
                Look::Keys(keys) => return Ok(Found { keys, note: None }),
                Look::Turn => {
                    let read = self.read(host, config).await;
                    let note = read.as_ref().err().cloned();
                    let believed = self.gate().settle(Some(kid), read.ok(), seconds(host));
                    return match believed {
                        Some(keys) => Ok(Found { keys, note }),
                        None => Err(unavailable(note)),
                    };
                }
                Look::Wait => host.pause(STEP).await,
                Look::Nothing => break,
            }
        }
        Err(unavailable(None))
    }

    /// The set as it is now, or what the operator is told.
    async fn read<H: Host>(&self, host: &H, config: &EdgeConfig) -> Result<IdentityKeys, String> {
        let bytes = match &self.place {
            KeyPlace::File { file } => host.read_file(file, MAX_SET_BYTES).await,
            KeyPlace::Url { url } => fetch(host, url).await,
        };
        let bytes = bytes.map_err(|error| self.note(error))?;
        let keys = serde_json::from_slice(&bytes).map_err(|error| self.note(error))?;
        config.check_set(&keys).map_err(|error| self.note(error))?;
        Ok(keys)
    }

    fn note(&self, why: impl std::fmt::Display) -> String {
        format!("the keys of the issuer `{}` cannot be taken from `{}`: {why}", self.issuer, self.place)
    }
}

/// What an address answers. Only 200 is an answer: a redirect would let another host say which keys are good.
async fn fetch<H: Host>(host: &H, url: &KeysUrl) -> Result<Bytes, HostError> {
    let request = http::Request::get(url.as_str()).header(http::header::ACCEPT, "application/json");
    let request = request.body(Bytes::new()).map_err(|error| HostError(error.to_string()))?;
    let answer = host.fetch(request, TIMEOUT, MAX_SET_BYTES).await?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        status if status.is_redirection() => Err(HostError(format!(
            "it answered {status}, and no redirect is followed; give the last address"
        ))),
        status => Err(HostError(format!("it answered {status}"))),
    }
}

fn seconds<H: Host>(host: &H) -> u64 {
    host.now() / 1000
}

/// The refusal of a token that cannot be verified at the moment. The operator is told once for each read, and not for
/// each token, which anybody can make.
fn unavailable(note: Option<String>) -> Refusal {
    let detail = "the keys of the token's issuer cannot be read at the moment; try again later";
    let refusal = Refusal::later(Code::KeysUnavailable, detail);
    match note {
        Some(note) => refusal.with_log(note),
        None => refusal,
    }
}
