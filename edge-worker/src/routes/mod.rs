//! The routes, and what each does.

mod acl;
mod invoke;
mod pages;
mod resolve;
mod search;
mod sign_in;
mod skills;
mod stored;
mod table;
mod texts;
mod usage;
mod well_known;

pub(crate) use self::invoke::Ended;

use std::fmt::Display;

use http::StatusCode;
use matchit::Params;
use serde::de::DeserializeOwned;

use crate::handle::Request;
use crate::host::Host;
use crate::ready;
use crate::reply::{self, Refusal, Reply};

pub(crate) use table::{Action, Route, router};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use table::{OPERATIONS, Own, method, path};
pub(crate) use well_known::own;

impl<H: Host> Request<'_, H> {
    pub(crate) async fn dispatch(
        self,
        action: Action,
        parameters: &Params<'_, '_>,
    ) -> Result<Reply, Refusal> {
        match action {
            // Answered before, these without a catalog, that with its alarm.
            Action::Own(own) => well_known::own(own, &self.edge.config, self.method, self.headers),
            Action::Ready => ready::ready(self.host, &self.catalog, None).await,
            Action::Search => self.identify().await?.search().await,
            Action::SearchPage => self.identify().await?.search_page().await,
            Action::Resolve => self.identify().await?.resolve().await,
            Action::AclCheck => self.identify().await?.acl_check().await,
            Action::Invoke => self.identify().await?.invoke().await,
            Action::InvokeToken => self.identify().await?.invoke_token().await,
            Action::Skill | Action::SkillVersion => self.identify().await?.skill(parameters).await,
            Action::SkillFile => self.skill_file(parameters).await,
            Action::RequestAccess => self.identify().await?.request_access().await,
            Action::SignInPage => self.sign_in_page().await,
            Action::SignIn => self.sign_in().await,
            Action::SignInAtProvider => self.sign_in_at_provider().await,
            Action::SignInCallback => self.sign_in_callback().await,
            Action::Usage => self.identify().await?.usage().await,
            Action::PublicFile => self.public_file().await,
        }
    }

    /// The request's body as JSON.
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let wrong = |why: &dyn Display| Refusal::bad_request(format!("the body does not fit: {why}"));
        // serde reads a list as a struct, field by field; no client means that.
        if self.body.trim_ascii_start().first() != Some(&b'{') {
            return Err(wrong(&"it is not a JSON object"));
        }
        serde_json::from_slice(self.body).map_err(|error| wrong(&error))
    }
}

/// The process answers.
fn health() -> Reply {
    reply::json(StatusCode::OK, &serde_json::json!({"status": "ok"}))
}
