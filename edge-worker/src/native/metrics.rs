//! What the edge counts, for Prometheus, at a port of its own. No label names a skill, a caller or a query.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use registry_core::api::Code;
use tokio::net::TcpListener;

use super::{FilesHost, ServeError};
use crate::reply::{Answered, Searched};

/// The media type of the text format (OpenMetrics 1.0).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the durations that are told apart, in seconds.
const DURATIONS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 60.0];

/// The counters of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    searches: Family<SearchLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SearchLabels {
    degraded: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("guildhall");
        let searches: Family<SearchLabels, Counter> = Family::default();
        // So that a rate counts the first of them too.
        for degraded in ["none", "semantic"] {
            drop(searches.get_or_create(&SearchLabels { degraded }));
        }
        let help = "Searches answered; degraded is what could not count, as in the header Guildhall-Degraded";
        registry.register("searches", help, searches.clone());
        let requests: Family<RequestLabels, Counter> = Family::default();
        let help = "Requests answered, by route, HTTP status and the code of a refusal";
        registry.register("requests", help, requests.clone());
        let durations: Family<RouteLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATIONS));
        let help = "From the arrival of a whole request to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, durations.clone());
        Self { registry, requests, durations, searches }
    }
}

impl Metrics {
    /// Counts what a host logs, too.
    #[must_use]
    pub fn of(host: &FilesHost) -> Self {
        let mut metrics = Self::default();
        let counters = &host.log.counters;
        let registry = &mut metrics.registry;
        registry.register(
            "log_records",
            "Records of the usage log that were to be written",
            counters.records.clone(),
        );
        let help = "How often the disk was waited for: records that come together share one wait";
        registry.register("log_commits", help, counters.commits.clone());
        metrics
    }

    /// Counts an answer. Only those of routes that a catalog or a caller matters for are.
    pub(super) fn count_request(&self, answered: &Answered, took: Duration) {
        let Answered { route, status, code, .. } = answered;
        let code = code.map_or("", Code::as_str);
        self.requests.get_or_create(&RequestLabels { route, status: *status, code }).inc();
        self.durations.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }

    pub(super) fn count(&self, Searched { degraded }: Searched) {
        let degraded = if degraded { "semantic" } else { "none" };
        self.searches.get_or_create(&SearchLabels { degraded }).inc();
    }

    /// Serves `GET /metrics` for as long as the process runs.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> Result<(), ServeError> {
        Ok(axum::serve(listener, axum::Router::new().route("/metrics", get(text)).with_state(self)).await?)
    }
}

async fn text(State(metrics): State<Arc<Metrics>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
