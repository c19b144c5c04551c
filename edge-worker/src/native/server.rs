//! The shell around [`handle`]: HTTP in and out, nothing else.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tokio::net::TcpListener;

use super::FilesHost;
use crate::catalog::read;
use crate::handle::{Edge, MAX_BODY_BYTES, handle};
use crate::reply::{Body, LogNote};

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve")]
pub struct ServeError(#[from] std::io::Error);

/// Serves until `shutdown` completes; requests in flight are finished first.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    edge: Edge,
    host: FilesHost,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let shell = axum::Router::new().fallback(answer).with_state(Arc::new((edge, host)));
    Ok(axum::serve(listener, shell).with_graceful_shutdown(shutdown).await?)
}

async fn answer(State(state): State<Arc<(Edge, FilesHost)>>, request: Request) -> Response {
    let (edge, host) = &*state;
    let (parts, body) = request.into_parts();
    // One byte over the limit is read, so that `handle` sees that it is over.
    let Ok(bytes) = to_bytes(body, MAX_BODY_BYTES + 1).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let reply = handle(host, edge, http::Request::from_parts(parts, bytes)).await;
    if let Some(LogNote(note)) = reply.extensions().get() {
        let line = serde_json::json!({"level": "error", "message": note});
        // A log that nobody reads any more is no reason to stop serving.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    let (parts, body) = reply.into_parts();
    match body {
        Body::Bytes(bytes) => Response::from_parts(parts, bytes.into()),
        Body::Object(key) => match read(host, &key).await {
            Ok(bytes) => Response::from_parts(parts, bytes.into()),
            Err(refusal) => {
                let (parts, body) = refusal.into_reply().into_parts();
                let Body::Bytes(bytes) = body else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
                Response::from_parts(parts, bytes.into())
            }
        },
    }
}
