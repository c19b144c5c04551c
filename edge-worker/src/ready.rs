//! `GET /readyz`: whether this edge should get requests, and what is wrong with what it serves.
//!
//! What load balancers do decides the status. An edge without a catalog, or that cannot write its log, gets no requests:
//! another one may be better off. An old head or a damaged file is the same for all edges: were all of them taken out,
//! nothing would be served at all, so these are 200 `degraded`.

use http::StatusCode;
use registry_core::api::{Code, Ready};

use crate::catalog::{Catalog, NotTaken};
use crate::host::Host;
use crate::reply::{self, Refusal, Reply};

/// What anybody may know of the edge's state: no path, no name of a file, nothing of a skill.
pub(crate) async fn ready<H: Host>(
    host: &H,
    catalog: &Catalog,
    alarm: Option<String>,
) -> Result<Reply, Refusal> {
    host.check_log().await.map_err(|error| {
        Refusal::unavailable(
            Code::LogUnavailable,
            "the usage log cannot be written: nothing is invoked",
            error,
        )
    })?;
    let head = &catalog.head;
    let faults = catalog.damage.faults();
    let is_well = alarm.is_none() && faults.is_empty();
    let answer = Ready {
        status: if is_well { "ready" } else { "degraded" }.to_owned(),
        sequence: head.sequence,
        root: head.root,
        commit: catalog.root.commit.clone(),
        expires: head.expires,
        alarm,
        faults,
    };
    Ok(reply::json(StatusCode::OK, &answer))
}

/// The answer of an edge that has no catalog: why, in the words of [`Ready::alarm`].
pub(crate) fn not_ready(NotTaken { alarm, refusal }: NotTaken) -> Refusal {
    refusal.with_detail(format!("no catalog is served: {alarm}"))
}
