//! The shell around [`handle`]: HTTP in and out, nothing else.

use std::error::Error as _;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use bytes::Bytes;
use futures_channel::oneshot;
use http::{HeaderMap, StatusCode};
use http_body_util::LengthLimitError;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::time::{interval, timeout};

use super::{FilesHost, Metrics, Tls, compression};
use crate::handle::{Edge, MAX_BODY_BYTES, handle, too_large};
use crate::reply::{Body, Refusal, Reply};

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve")]
pub struct ServeError(#[from] std::io::Error);

/// What every request needs.
#[derive(Debug)]
struct Service {
    edge: Edge,
    host: FilesHost,
    metrics: Arc<Metrics>,
}

/// What is served, and how.
#[derive(Debug)]
pub struct Serving {
    /// The edge.
    pub edge: Edge,
    /// Its catalog and log.
    pub host: FilesHost,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Without it, plain HTTP is spoken.
    pub tls: Option<Tls>,
}

/// Serves until `shutdown` completes; requests in flight are finished first.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    Serving { edge, host, metrics, tls }: Serving,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let service = Arc::new(Service { edge, host, metrics });
    let traces = tokio::spawn(send_traces(Arc::clone(&service)));
    let upkeep = tokio::spawn(keep_house(Arc::clone(&service)));
    let last = Arc::clone(&service);
    let shell = axum::Router::new()
        .fallback(answer)
        .with_state(service)
        .layer(compression::layer())
        .layer(map_response(compression::weaken));
    let handle = Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        ending.graceful_shutdown(None);
    });
    let mut server = Server::<SocketAddr>::from_listener(listener).handle(handle);
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_TIMEOUT);
    let shell = shell.into_make_service();
    match tls {
        Some(tls) => server.acceptor(RustlsAcceptor::new(tls.config())).serve(shell).await?,
        None => server.serve(shell).await?,
    }
    traces.abort();
    upkeep.abort();
    last.send_traces().await;
    Ok(())
}

impl Service {
    async fn send_traces(&self) {
        if let Some(note) = self.edge.send_traces(&self.host).await {
            log(&crate::log::failure(&note, None));
        }
    }
}

/// How often traces are sent.
const TRACES_EVERY: Duration = Duration::from_secs(5);

async fn send_traces(service: Arc<Service>) {
    let mut ticks = interval(TRACES_EVERY);
    loop {
        ticks.tick().await;
        service.send_traces().await;
    }
}

/// How often days of the log that are over are looked for. A day is over once a day, whenever the process started.
const UPKEEP: Duration = Duration::from_secs(60 * 60);

/// Deletes days of the log that are over, at start and from then on.
async fn keep_house(service: Arc<Service>) {
    let mut hours = interval(UPKEEP);
    loop {
        hours.tick().await;
        if let Err(note) = service.edge.prune_log(&service.host).await {
            log(&crate::log::failure(&note, None));
        }
    }
}

/// How long a request's headers may take to arrive.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request's body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The work goes on when the caller goes away: what was decided and logged gets its outcome logged too.
async fn answer(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = match timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => {
            return refused(&service.edge, too_large());
        }
        _ => return refused(&service.edge, Refusal::bad_request("the body did not arrive whole")),
    };
    let request = http::Request::from_parts(parts, bytes);
    let (done, answer) = oneshot::channel();
    tokio::spawn(async move {
        let Service { edge, host, metrics } = &*service;
        let started = Instant::now();
        let reply = handle(host, edge, request).await;
        if let Some(answered) = reply.extensions().get() {
            metrics.count_request(answered, started.elapsed());
            if edge.logs_requests() {
                log(&crate::log::answered(answered));
            }
        }
        if let Some(searched) = reply.extensions().get() {
            metrics.count(*searched);
        }
        // Nobody takes the answer of a caller who went away.
        let _ = done.send(resolved(edge, host, reply).await);
        for note in edge.catch_up(host).await {
            log(&crate::log::failure(&note, None));
        }
    });
    answer.await.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

/// Reads the file of an answer that is one.
async fn resolved(edge: &Edge, host: &FilesHost, reply: Reply) -> Response {
    let bytes = match reply.body() {
        Body::Bytes(bytes) => Ok(bytes.clone()),
        Body::Object(key) => edge.read(host, key).await,
    };
    match bytes {
        Ok(bytes) => sent(reply, bytes),
        Err(refusal) => refused(edge, refusal),
    }
}

fn refused(edge: &Edge, refusal: Refusal) -> Response {
    let mut reply = refusal.into_reply();
    edge.finish(&HeaderMap::new(), &mut reply);
    let bytes = if let Body::Bytes(bytes) = reply.body() { bytes.clone() } else { Bytes::new() };
    sent(reply, bytes)
}

fn sent(reply: Reply, bytes: Bytes) -> Response {
    if let Some(note) = reply.extensions().get() {
        log(&crate::log::failure(note, reply.extensions().get()));
    }
    reply.map(|_| bytes.into())
}

fn log(line: &serde_json::Value) {
    // A log that nobody reads any more is no reason to stop serving.
    let _ = writeln!(std::io::stderr(), "{line}");
}
