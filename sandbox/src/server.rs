//! The HTTP service.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use registry_core::api::IDEMPOTENT_REPLAYED;
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::execution::{self, Executed};
use crate::isolation::Host;
use crate::ledger::Ledger;
use crate::log::Record;
use crate::refusal::json;
use crate::spawner::Spawner;
use crate::start::{StartError, service};

/// What every request shares.
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) client: Client,
    pub(crate) spawner: Spawner,
    pub(crate) permits: Semaphore,
    pub(crate) host: Host,
    /// Where skills are laid out while they run.
    pub(crate) runs: PathBuf,
}

/// A sandbox that has found everything it needs on this host.
pub struct Server(Arc<Service>);

impl Server {
    /// Checks the configuration and the host, opens the state and runs a first, empty execution.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        service(config).await.map(|service| Self(Arc::new(service)))
    }

    /// Answers requests until `shutdown` completes and the executions under way have ended.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let routes =
            Router::new().route("/healthz", get(healthz)).route("/execute", post(execute)).with_state(self.0);
        axum::serve(listener, routes).with_graceful_shutdown(shutdown).await
    }
}

async fn healthz() -> Response {
    json(StatusCode::OK, "application/json", &json!({ "status": "ok" }))
}

async fn execute(State(service): State<Arc<Service>>, request: Request<Body>) -> Response {
    let traceparent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let mut record = Record::new(traceparent);
    match execution::execute(&service, request, &mut record).await {
        Ok(Executed { result, is_replayed }) => {
            record.finished(result.outcome, is_replayed);
            let mut response = json(StatusCode::OK, "application/json", &result);
            if is_replayed {
                response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            }
            response
        }
        Err(refusal) => {
            record.refused(&refusal);
            refusal.into_response()
        }
    }
}
