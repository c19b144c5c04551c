//! The routes, and what each does.

mod acl;
mod invoke;
mod pages;
mod resolve;
mod search;
mod skills;
mod texts;

pub(crate) use self::invoke::Ended;

use std::fmt::Display;

use http::{Method, StatusCode};
use matchit::{Params, Router};
use registry_core::api::Ready;
use serde::de::DeserializeOwned;

use crate::catalog::Catalog;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, LogNote, Refusal, Reply};

/// A path of the API or the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Health,
    Ready,
    Search,
    Resolve,
    AclCheck,
    Invoke,
    InvokeToken,
    Skill,
    SkillVersion,
    SkillFile,
    RequestAccess,
    /// Any other path: a public file of the catalog, if there is one.
    PublicFile,
}

/// A route with its method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Health,
    Ready,
    Search,
    SearchPage,
    Resolve,
    AclCheck,
    Invoke,
    InvokeToken,
    Skill,
    SkillFile,
    RequestAccess,
    PublicFile,
}

/// Every route but [`Route::PublicFile`], which is what remains.
pub(crate) fn table() -> Result<Router<Route>, matchit::InsertError> {
    let mut router = Router::new();
    router.insert("/healthz", Route::Health)?;
    router.insert("/readyz", Route::Ready)?;
    router.insert("/search", Route::Search)?;
    router.insert("/resolve", Route::Resolve)?;
    router.insert("/acl/check", Route::AclCheck)?;
    router.insert("/invoke", Route::Invoke)?;
    router.insert("/invoke/token", Route::InvokeToken)?;
    router.insert("/skills/{team}/{name}", Route::Skill)?;
    router.insert("/skills/{team}/{name}/{version}", Route::SkillVersion)?;
    router.insert("/skills/{team}/{name}/{version}/{file}", Route::SkillFile)?;
    router.insert("/request-access", Route::RequestAccess)?;
    Ok(router)
}

impl Route {
    /// What the route does for a method.
    pub(crate) fn action(self, method: &Method) -> Result<Action, Refusal> {
        let action = match (self, method) {
            (Self::Health, &Method::GET) => Action::Health,
            (Self::Ready, &Method::GET) => Action::Ready,
            (Self::Search, &Method::POST) => Action::Search,
            (Self::Search, &Method::GET) => Action::SearchPage,
            (Self::Resolve, &Method::POST) => Action::Resolve,
            (Self::AclCheck, &Method::POST) => Action::AclCheck,
            (Self::Invoke, &Method::POST) => Action::Invoke,
            (Self::InvokeToken, &Method::POST) => Action::InvokeToken,
            (Self::Skill | Self::SkillVersion, &Method::GET) => Action::Skill,
            (Self::SkillFile, &Method::GET) => Action::SkillFile,
            (Self::RequestAccess, &Method::GET) => Action::RequestAccess,
            (Self::PublicFile, &Method::GET) => Action::PublicFile,
            _ => {
                let detail = format!("this path does not answer {method}");
                return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
                    .with_header("allow", self.allowed()));
            }
        };
        Ok(action)
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Search => "GET, HEAD, POST",
            Self::Resolve | Self::AclCheck | Self::Invoke | Self::InvokeToken => "POST",
            Self::Health
            | Self::Ready
            | Self::Skill
            | Self::SkillVersion
            | Self::SkillFile
            | Self::RequestAccess
            | Self::PublicFile => "GET, HEAD",
        }
    }
}

impl Action {
    /// The route's name in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "GET /healthz",
            Self::Ready => "GET /readyz",
            Self::Search => "POST /search",
            Self::SearchPage => "GET /search",
            Self::Resolve => "POST /resolve",
            Self::AclCheck => "POST /acl/check",
            Self::Invoke => "POST /invoke",
            Self::InvokeToken => "POST /invoke/token",
            Self::Skill => "GET /skills/{team}/{name}",
            Self::SkillFile => "GET /skills/{team}/{name}/{version}/{file}",
            Self::RequestAccess => "GET /request-access",
            Self::PublicFile => "GET",
        }
    }
}

impl<H: Host> Request<'_, H> {
    pub(crate) async fn dispatch(
        self,
        action: Action,
        parameters: &Params<'_, '_>,
    ) -> Result<Reply, Refusal> {
        match action {
            Action::Health => Ok(health()),
            // Answered before, with the alarm.
            Action::Ready => Ok(ready(&self.catalog, None)),
            Action::Search => self.identify().await?.search().await,
            Action::SearchPage => self.identify().await?.search_page().await,
            Action::Resolve => self.identify().await?.resolve().await,
            Action::AclCheck => self.identify().await?.acl_check().await,
            Action::Invoke => self.identify().await?.invoke().await,
            Action::InvokeToken => self.identify().await?.invoke_token().await,
            Action::Skill => self.identify().await?.skill(parameters).await,
            Action::SkillFile => self.skill_file(parameters).await,
            Action::RequestAccess => self.identify().await?.request_access().await,
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
pub(crate) fn health() -> Reply {
    reply::json(StatusCode::OK, &serde_json::json!({"status": "ok"}))
}

/// A catalog is served: which, until when its head is valid, and what keeps the edge from taking a newer one.
pub(crate) fn ready(catalog: &Catalog, alarm: Option<&LogNote>) -> Reply {
    let head = &catalog.head;
    let answer = Ready {
        status: if alarm.is_some() { "degraded" } else { "ready" }.to_owned(),
        sequence: head.sequence,
        root: head.root,
        commit: catalog.root.commit.clone(),
        expires: head.expires,
        alarm: alarm.map(|note| note.0.clone()),
    };
    reply::json(StatusCode::OK, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_do_not_contradict_each_other() {
        let table = table().unwrap();
        assert_eq!(*table.at("/skills/a/b/1.0.0/bundle").unwrap().value, Route::SkillFile);
        assert!(table.at("/teams/a").is_err());
    }
}
