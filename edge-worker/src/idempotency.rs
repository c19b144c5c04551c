//! `Idempotency-Key`: what a caller asks for again is done once, and answered again.

use http::header::RETRY_AFTER;
use http::{HeaderName, StatusCode};
use registry_core::Version;
use registry_core::api::{Code, IDEMPOTENT_REPLAYED};
use registry_core::digest::Digest;
use registry_core::idempotency::{IdempotencyKey, KEEP_SECONDS};
use registry_core::requirement::Spec;
use registry_core::usage::Outcome;
use serde::{Deserialize, Serialize};

use crate::access::{self, Granted};
use crate::claims::{Claim, Claimed, MAX_ANSWER};
use crate::execution::longest;
use crate::handle::Request;
use crate::host::{Host, HostError};
use crate::reply::{self, Body, LogNote, Refusal, Reply};
use crate::routes::Ended;

/// The request's header.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The code of an outcome for which nothing was done again.
const REPLAYED: &str = "replayed";

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of the release that it is about.
    version: Version,
    outcome: Outcome,
    body: String,
}

impl<H: Host> Request<'_, H> {
    /// What the request's `Idempotency-Key` stands for, if it has one. Says nothing about any skill.
    pub(crate) fn idempotency_key(&self) -> Result<Option<Digest>, Refusal> {
        // An empty header is none: workerd does not even pass it on.
        let values = self.headers.get_all(IDEMPOTENCY_KEY).iter();
        let mut values = values.filter(|value| !value.is_empty());
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::bad_request("send one `Idempotency-Key`"));
        }
        let key: IdempotencyKey = value.to_str().unwrap_or_default().parse().map_err(
            |error: registry_core::idempotency::IdempotencyKeyError| Refusal::bad_request(error.to_string()),
        )?;
        let caller = self
            .caller
            .as_ref()
            .ok_or_else(|| Refusal::unauthenticated("sign in: an `Idempotency-Key` belongs to a caller"))?;
        let secret = self.edge.config.pseudonym_key.as_bytes();
        let scoped = key.scoped(caller, self.route, secret);
        scoped.map(Some).ok_or_else(|| unavailable(&HostError("no HMAC".to_owned())))
    }

    /// Claims the key for this request.
    pub(crate) async fn claim(&self, key: Digest, granted: &Granted) -> Result<(Claim, Claimed), Refusal> {
        let now = self.host.now();
        let until = now.saturating_add(longest(granted));
        let claim = Claim { key, request: Digest::of(self.body), holder: self.txn.clone(), now, until };
        let claimed = self.host.claim(&claim).await.map_err(|error| unavailable(&error))?;
        Ok((claim, claimed))
    }

    /// Keeps the answer, or frees the key where there is none. The answer is given though it cannot be kept: it is known
    /// that nothing runs twice.
    pub(crate) async fn settle(
        &self,
        claim: &Claim,
        granted: &Granted,
        done: &mut Result<(Ended, Reply), Refusal>,
    ) {
        let kept = done.as_ref().ok().and_then(|((outcome, _), reply)| kept(granted, *outcome, reply));
        let until = self.host.now().saturating_add(KEEP_SECONDS * 1000);
        let settled = self.host.settle(claim, kept.map(|kept| (kept, until))).await;
        if let (Err(error), Ok((_, reply))) = (settled, done) {
            reply.extensions_mut().insert(LogNote(format!("IDEMPOTENCY_UNAVAILABLE: {error}")));
        }
    }

    /// The answer that was given, to who may still have it. That the release of today is open was decided just now.
    pub(crate) async fn again(
        &self,
        spec: &Spec,
        granted: &Granted,
        kept: &str,
    ) -> Result<(Ended, Reply), Refusal> {
        let kept: Kept =
            serde_json::from_str(kept).map_err(|error| unavailable(&HostError(error.to_string())))?;
        if kept.version != granted.version {
            let same = access::spec(&spec.skill.to_string(), &format!("={}", kept.version))?;
            self.require(&same).await?;
        }
        let reply = reply::reply(StatusCode::OK, "application/json", Body::Bytes(kept.body.into()));
        Ok(replayed(kept.outcome, reply))
    }
}

/// An answer for which nothing was done, marked as such for the caller and for the log.
pub(crate) fn replayed(outcome: Outcome, mut reply: Reply) -> (Ended, Reply) {
    reply::set(&mut reply, HeaderName::from_static(IDEMPOTENT_REPLAYED), "true");
    ((outcome, Some(REPLAYED.to_owned())), reply)
}

fn kept(granted: &Granted, outcome: Outcome, reply: &Reply) -> Option<String> {
    let Body::Bytes(bytes) = reply.body() else { return None };
    let body = String::from_utf8(bytes.to_vec()).ok()?;
    let kept = serde_json::to_string(&Kept { version: granted.version.clone(), outcome, body }).ok()?;
    (kept.len() <= MAX_ANSWER).then_some(kept)
}

/// The refusal of a key that another request holds.
pub(crate) fn in_use() -> Refusal {
    let detail = "an invocation with this `Idempotency-Key` is under way; ask again in a moment";
    Refusal::new(Code::IdempotencyKeyInUse, detail).with_header(RETRY_AFTER, "1")
}

/// The refusal of a key that stands for something else.
pub(crate) fn reused() -> Refusal {
    let detail = "this `Idempotency-Key` was used for another request or release; take a new one";
    Refusal::new(Code::IdempotencyKeyReused, detail)
}

fn unavailable(error: &HostError) -> Refusal {
    let detail = "it cannot be known whether this was done; try again later";
    Refusal::unavailable(Code::IdempotencyUnavailable, detail, error)
}
