//! `POST /resolve`: which release a spec chooses, and all that it needs.

use http::StatusCode;
use registry_core::api::{ResolveRequest, Resolved};
use registry_core::requirement::Spec;

use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Refusal, Reply};

impl<H: Host> Request<'_, H> {
    pub(super) async fn resolve(&self) -> Result<Reply, Refusal> {
        let ResolveRequest { spec } = self.parse()?;
        let spec: Spec = spec.parse().map_err(|error| Refusal::bad_request(format!("{error}")))?;
        let granted = self.require(&spec).await?;
        let resolved = Resolved {
            skill: granted.skill,
            version: granted.version,
            digest: granted.release.digest,
            skill_type: granted.release.skill_type,
            status: granted.release.status,
            closure: granted.release.closure,
        };
        Ok(reply::json(StatusCode::OK, &resolved))
    }
}
