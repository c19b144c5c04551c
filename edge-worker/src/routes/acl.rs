//! `POST /acl/check`: what would be decided, without doing it.

use http::StatusCode;
use registry_core::api::{AclAnswer, AclRequest};
use registry_core::requirement::Spec;

use crate::access::Decision;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Refusal, Reply};

impl<H: Host> Request<'_, H> {
    pub(super) async fn acl_check(&self) -> Result<Reply, Refusal> {
        let AclRequest { skill } = self.parse()?;
        let spec: Spec = skill.parse().map_err(|error| Refusal::bad_request(format!("{error}")))?;
        let (allowed, reason) = match self.decide(&spec).await? {
            Decision::Granted(granted) => {
                (true, format!("`{}` {} is open to you", granted.skill, granted.version))
            }
            Decision::Denied(denial) | Decision::Blocked(_, denial) => {
                (false, self.access().reason(&spec.skill, &denial))
            }
            Decision::NoVersion(_) => {
                (false, format!("no version of `{}` matches `{}`", spec.skill, spec.requirement))
            }
        };
        let request_url = (!allowed).then(|| self.catalog.organisation.request_url(&spec.skill));
        Ok(reply::json(StatusCode::OK, &AclAnswer { allowed, reason, request_url }))
    }
}
