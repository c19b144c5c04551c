//! Ordering an execution from the sandbox: what is signed and sent, how often, and what comes back.

mod failure;
mod order;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use registry_core::api::MAX_RESULT_BYTES;
use registry_core::digest::Digest;
use serde_json::Value;

pub(crate) use self::failure::Executed;
use self::failure::{Failure, result_of};
pub(crate) use self::order::Order;
use crate::access::Granted;
use crate::handle::Request;
use crate::host::{FetchError, Host, HostError};
use crate::reply::Refusal;
use crate::trace;

/// How much longer than the execution itself the edge waits for the sandbox.
const SANDBOX_GRACE: Duration = Duration::from_secs(15);
/// How long after an attempt that was not accepted the next one follows.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

fn run_time(granted: &Granted) -> Duration {
    Duration::from_secs(granted.release.limits.max_execution_time.into())
}

/// Longer than [`Request::execute`] takes, in milliseconds, where all attempts but one fail at once or at their
/// connection. Were it to take longer still, the sandbox would run it once nevertheless.
pub(crate) fn longest(granted: &Granted) -> u64 {
    let longest = run_time(granted) + SANDBOX_GRACE * 3;
    u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)
}

impl<H: Host> Request<'_, H> {
    /// Has the sandbox run the release. What the sandbox did certainly not accept is sent again, with a token of its own.
    pub(crate) async fn execute(
        &self,
        granted: &Granted,
        payload: Value,
        key: Option<Digest>,
    ) -> Result<Executed, Refusal> {
        let breaker = &self.edge.breaker;
        if !breaker.admits(self.host.now()) {
            return Err(failure::left_alone());
        }
        let order = self.order(granted, payload, key)?;
        let done = self.attempt(&order).await?;
        breaker.note(done.as_ref().err().is_none_or(Failure::is_of_sandbox), self.host.now());
        Ok(done?)
    }

    async fn attempt(&self, order: &Order<'_>) -> Result<Result<Executed, Failure>, Refusal> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let token = self.sign(order)?;
            let done = self.send(order, &token).await;
            let is_over = done.as_ref().err().is_none_or(|failure| !failure.is_before_acceptance());
            match pauses.next().filter(|_| !is_over) {
                Some(pause) => self.host.pause(pause).await,
                None => return Ok(done),
            }
        }
    }

    async fn send(&self, order: &Order<'_>, token: &str) -> Result<Executed, Failure> {
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(self.sandbox_url())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(order.body.clone()))
            .map_err(|error| FetchError::Unsent(error.to_string()))?;
        let unsent = |error: HostError| FetchError::Unsent(error.to_string());
        let span = trace::first_half(self.host.random().map_err(unsent)?);
        request.headers_mut().extend(self.trace.passed_on(&span));
        let timeout = run_time(order.granted) + SANDBOX_GRACE;
        let started = self.host.now();
        let sent = self.host.fetch(request, timeout, MAX_RESULT_BYTES).await;
        self.note_execution(span, started, sent.as_ref().ok().map(http::Response::status));
        result_of(&sent?)
    }
}
