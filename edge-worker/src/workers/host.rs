//! The bindings of a Worker as the edge's [`Host`].

use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use registry_core::catalog::{HEAD_PATH, Key};
use registry_core::status::Date;
use registry_core::usage::{LogRange, UsageRecord};
use worker::send::{SendFuture, SendWrapper};
use worker::{
    AbortController, AbortSignal, Bucket, Delay, Env, Fetch, Object, ObjectNamespace, ResponseBody,
};

use super::claims::Settlement;
use super::{claims, convert, log};
use crate::claims::{Claim, Claimed};
use crate::host::{FetchError, Host, HostError, LogPage};
use crate::seen::SeenHead;

/// The R2 bucket that holds the catalog.
const CATALOG: &str = "CATALOG";
/// The Durable Objects that hold the usage log.
const USAGE_LOG: &str = "USAGE_LOG";
/// The Durable Objects that hold the claims on idempotency keys.
const CLAIMS: &str = "CLAIMS";

/// How long a record or a claim may take to become durable. A Durable Object whose code traps answers never.
const OBJECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long all objects of the log together may take to read or to prune.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The bindings.
pub(super) struct WorkersHost {
    catalog: SendWrapper<Bucket>,
    log: ObjectNamespace,
    claims: ObjectNamespace,
}

impl WorkersHost {
    /// The host of a Worker whose configuration has all the bindings.
    pub(super) fn new(env: &Env) -> Result<Self, HostError> {
        let catalog = SendWrapper::new(env.bucket(CATALOG).map_err(failed)?);
        let object = |binding| env.durable_object(binding).map_err(failed);
        Ok(Self { catalog, log: object(USAGE_LOG)?, claims: object(CLAIMS)? })
    }

    /// The body of a file, handed to the client without passing through memory.
    pub(super) async fn stream(&self, key: &Key) -> Result<ResponseBody, HostError> {
        let missing = || failed(format!("{}: it is missing", key.path()));
        let object = self.object(&key.path()).await?.ok_or_else(missing)?;
        object.body().ok_or_else(missing)?.response_body().map_err(failed)
    }

    async fn object(&self, path: &str) -> Result<Option<Object>, HostError> {
        self.catalog.get(path).execute().await.map_err(|error| failed(format!("{path}: {error}")))
    }

    async fn read(&self, path: &str) -> Result<Option<Bytes>, HostError> {
        let Some(object) = self.object(path).await? else { return Ok(None) };
        let Some(body) = object.body() else { return Ok(None) };
        let bytes = body.bytes().await.map_err(|error| failed(format!("{path}: {error}")))?;
        Ok(Some(bytes.into()))
    }
}

/// What a host could not do.
pub(super) fn failed(what: impl Display) -> HostError {
    HostError(what.to_string())
}

/// What the work gives, unless it takes longer than `limit`.
async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, HostError> {
    match select(pin!(work), pin!(Delay::from(limit))).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => Err(failed(format!("no answer within {} ms", limit.as_millis()))),
    }
}

/// What `fetch` throws does not tell whether the request had left: nothing here is [`FetchError::Unsent`] but what
/// could not become a request.
async fn exchange(
    request: http::Request<Bytes>,
    timeout: Duration,
    limit: usize,
) -> Result<http::Response<Bytes>, FetchError> {
    let request = convert::outgoing(&request).map_err(|error| FetchError::Unsent(error.to_string()))?;
    let controller = AbortController::default();
    let signal = controller.signal();
    let answer = within(timeout, answer(request, &signal, limit)).await;
    if answer.is_err() {
        controller.abort();
    }
    answer.map_err(|_| FetchError::TimedOut(timeout))?
}

async fn answer(
    request: worker::Request,
    signal: &AbortSignal,
    limit: usize,
) -> Result<http::Response<Bytes>, FetchError> {
    let lost = |error: worker::Error| FetchError::Lost(error.to_string());
    let mut response = Fetch::Request(request).send_with_signal(signal).await.map_err(lost)?;
    let body = match response.body() {
        ResponseBody::Stream(_) => {
            let stream = response.stream().map_err(lost)?;
            convert::read(stream, limit).await.map_err(lost)?
        }
        ResponseBody::Body(_) | ResponseBody::Empty => Vec::new(),
    };
    if body.len() > limit {
        return Err(FetchError::TooLarge(limit));
    }
    convert::incoming(&response, body).map_err(|error| FetchError::Lost(error.to_string()))
}

impl Host for WorkersHost {
    async fn head(&self) -> Result<Bytes, HostError> {
        let head = SendFuture::new(self.read(HEAD_PATH)).await?;
        head.ok_or_else(|| failed(format!("{HEAD_PATH}: it is missing")))
    }

    async fn get(&self, key: &Key) -> Result<Option<Bytes>, HostError> {
        SendFuture::new(self.read(&key.path())).await
    }

    fn now(&self) -> u64 {
        worker::Date::now().as_millis()
    }

    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        SendFuture::new(Delay::from(duration))
    }

    fn random(&self) -> Result<[u8; 16], HostError> {
        let mut bytes = [0; 16];
        getrandom_02::getrandom(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    async fn read_file(&self, path: &str, _limit: usize) -> Result<Bytes, HostError> {
        Err(failed(format!("{path}: a Worker has no files")))
    }

    async fn fetch(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<http::Response<Bytes>, FetchError> {
        SendFuture::new(exchange(request, timeout, limit)).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, HostError> {
        SendFuture::new(within(OBJECT_TIMEOUT, claims::claim(&self.claims, claim))).await?
    }

    async fn settle(&self, claim: &Claim, answer: Option<(String, u64)>) -> Result<(), HostError> {
        let settlement = Settlement { claim: claim.clone(), answer };
        SendFuture::new(within(OBJECT_TIMEOUT, claims::settle(&self.claims, &settlement))).await?
    }

    async fn append_log(&self, record: &UsageRecord) -> Result<(), HostError> {
        SendFuture::new(within(OBJECT_TIMEOUT, log::append(&self.log, record))).await?
    }

    async fn read_log(&self, range: &LogRange) -> Result<LogPage, HostError> {
        SendFuture::new(within(READ_TIMEOUT, log::page(&self.log, range))).await?
    }

    async fn prune_log(&self, first_kept: Date) -> Result<(), HostError> {
        SendFuture::new(within(READ_TIMEOUT, log::prune(&self.log, first_kept.start() * 1000))).await?
    }

    async fn check_log(&self) -> Result<(), HostError> {
        let [random, ..] = self.random()?;
        SendFuture::new(within(OBJECT_TIMEOUT, log::check(&self.log, random))).await?
    }

    async fn seen_head(&self) -> Result<Option<SeenHead>, HostError> {
        SendFuture::new(within(OBJECT_TIMEOUT, log::seen_head(&self.log))).await?
    }

    async fn remember_head(&self, head: &SeenHead) -> Result<(), HostError> {
        SendFuture::new(within(OBJECT_TIMEOUT, log::remember_head(&self.log, head))).await?
    }
}
