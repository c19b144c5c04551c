//! The host for Cloudflare Workers: catalog in R2, usage log in Durable Objects.

mod claims;
mod convert;
mod host;
mod log;

use std::sync::OnceLock;

use futures_channel::oneshot;
use registry_core::api::{Code, Fault};
use worker::{
    Context, Env, Request, Response, ResponseBody, ScheduleContext, ScheduledEvent, console_error,
    console_log, console_warn, event,
};

use self::host::WorkersHost;
use crate::config::{ConfigError, EdgeConfig};
use crate::handle::{Edge, handle};
use crate::host::HostError;
use crate::log as log_line;
use crate::reply::{Body, Refusal, Searched};

/// The secret that holds the [`EdgeConfig`] as JSON.
const CONFIG: &str = "GUILDHALL_EDGE";
/// What is logged of each degraded search, to be counted where logs go: a Worker has no port for metrics.
const DEGRADED_SEARCH: &str = "a search was answered by words alone";

/// The work goes on when the caller goes away: what was decided and logged gets its outcome logged too.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let (done, answer) = oneshot::channel();
    context.wait_until(async move {
        // Nobody takes the answer of a caller who went away.
        match place(&env) {
            Ok((edge, host)) => {
                let _ = done.send(serve(request, edge, &host).await);
                let notes = edge.catch_up(&host).await.into_iter();
                for note in notes.chain(edge.send_traces(&host).await) {
                    console_error!("{}", log_line::failure(&note, None));
                }
            }
            Err(refusal) => drop(done.send(Err(refusal))),
        }
    });
    let answer = answer.await.map_err(|_| worker::Error::from("the work ended without an answer"))?;
    respond(answer)
}

/// What the cron trigger has done once a day.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let note = match place(&env) {
        Ok((edge, host)) => edge.prune_log(&host).await.err(),
        Err(refusal) => refusal.into_note(),
    };
    if let Some(note) = note {
        console_error!("{}", log_line::failure(&note, None));
    }
}

fn respond(answer: Result<(http::response::Parts, ResponseBody), Refusal>) -> worker::Result<Response> {
    let (parts, body) = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            let (parts, body) = refusal.into_reply().into_parts();
            let body = match body {
                Body::Bytes(bytes) => convert::body(bytes),
                Body::Object(_) => ResponseBody::Empty,
            };
            (parts, body)
        }
    };
    let answered = parts.extensions.get();
    if let Some(note) = parts.extensions.get() {
        console_error!("{}", log_line::failure(note, answered));
    }
    if let Some(Searched { degraded: true }) = parts.extensions.get() {
        console_warn!("{}", log_line::warning(DEGRADED_SEARCH, answered));
    }
    convert::response(&parts, body)
}

/// What a request is answered by.
fn place(env: &Env) -> Result<(&'static Edge, WorkersHost), Refusal> {
    Ok((edge(env)?, WorkersHost::new(env).map_err(|error| not_configured(&error))?))
}

async fn serve(
    request: Request,
    edge: &Edge,
    host: &WorkersHost,
) -> Result<(http::response::Parts, ResponseBody), Refusal> {
    let request = convert::request(request)
        .await
        .map_err(|error| Refusal::bad_request("the request cannot be read").with_log(error.to_string()))?;
    let (parts, body) = handle(host, edge, request).await.into_parts();
    if let Some(answered) = parts.extensions.get().filter(|_| edge.logs_requests()) {
        console_log!("{}", log_line::answered(answered));
    }
    let body = match body {
        Body::Bytes(bytes) => convert::body(bytes),
        // Streamed unread: who needs the digest checked (the sandbox, an installer) checks it.
        Body::Object(key) => host.stream(&key).await.map_err(|error| {
            edge.note(&key, Fault::Missing);
            Refusal::unavailable(
                Code::CatalogUnavailable,
                "the catalog cannot be read at the moment; try again later",
                error,
            )
        })?,
    };
    Ok((parts, body))
}

/// The edge of this isolate, made at its first request.
fn edge(env: &Env) -> Result<&'static Edge, Refusal> {
    static EDGE: OnceLock<Result<Edge, HostError>> = OnceLock::new();
    EDGE.get_or_init(|| configure(env)).as_ref().map_err(not_configured)
}

fn configure(env: &Env) -> Result<Edge, HostError> {
    let json = env.secret(CONFIG).map_err(host::failed)?.to_string();
    let config = EdgeConfig::parse(json.as_bytes()).and_then(EdgeConfig::without_files);
    let config = config.map_err(|error| match &error {
        // The reader's own text may quote what it read, which is secret: only the place is told.
        ConfigError::Json(json) => {
            host::failed(format!("{error}: line {}, column {}", json.line(), json.column()))
        }
        ConfigError::Key(_)
        | ConfigError::Issuer(_)
        | ConfigError::Shared(_)
        | ConfigError::Telemetry(_)
        | ConfigError::UnknownProvider(_)
        | ConfigError::NoSessionKey
        | ConfigError::PlainProvider(_)
        | ConfigError::File { .. } => host::failed(error),
    })?;
    Edge::new(config).map_err(host::failed)
}

fn not_configured(error: &HostError) -> Refusal {
    Refusal::unavailable(Code::NotConfigured, "the edge is not configured", error)
}
