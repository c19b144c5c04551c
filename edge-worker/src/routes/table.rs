//! The one table of the API's routes: it makes the router, the answers to `OPTIONS`, the names in the usage log and the
//! paths of the OpenAPI document.

use http::Method;
use matchit::{InsertError, Router};
use registry_core::api::Code;

use crate::reply::Refusal;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Own(Own),
    Ready,
    Search,
    SearchPage,
    Resolve,
    AclCheck,
    Invoke,
    InvokeToken,
    Skill,
    SkillVersion,
    SkillFile,
    RequestAccess,
    SignInPage,
    SignIn,
    SignInAtProvider,
    SignInCallback,
    Usage,
    /// Any other path: a public file of the catalog, if there is one.
    PublicFile,
}

/// What the edge answers without a catalog, to everybody alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Health,
    OpenApi,
    Tools,
    Keys,
    ProtectedResource,
    SignOut,
}

/// Every route with a path of its own, by the name that it has in the usage log: its method and its path.
pub(crate) const OPERATIONS: &[(&str, Action)] = &[
    ("GET /healthz", Action::Own(Own::Health)),
    ("GET /readyz", Action::Ready),
    ("GET /openapi.json", Action::Own(Own::OpenApi)),
    ("GET /tools", Action::Own(Own::Tools)),
    ("GET /.well-known/jwks.json", Action::Own(Own::Keys)),
    ("GET /.well-known/oauth-protected-resource", Action::Own(Own::ProtectedResource)),
    ("POST /search", Action::Search),
    ("GET /search", Action::SearchPage),
    ("POST /resolve", Action::Resolve),
    ("POST /acl/check", Action::AclCheck),
    ("POST /invoke", Action::Invoke),
    ("POST /invoke/token", Action::InvokeToken),
    ("GET /skills/{team}/{name}", Action::Skill),
    ("GET /skills/{team}/{name}/{version}", Action::SkillVersion),
    ("GET /skills/{team}/{name}/{version}/{file}", Action::SkillFile),
    ("GET /request-access", Action::RequestAccess),
    ("GET /sign-in", Action::SignInPage),
    ("POST /sign-in", Action::SignIn),
    ("GET /sign-in/provider", Action::SignInAtProvider),
    ("GET /sign-in/callback", Action::SignInCallback),
    ("POST /sign-out", Action::Own(Own::SignOut)),
    ("GET /usage", Action::Usage),
];

/// The name of [`Action::PublicFile`], which has every path that is left.
const PUBLIC_FILE: (&str, Action) = ("GET", Action::PublicFile);

/// What one path answers: the name and the action of each method.
#[derive(Debug, Clone)]
pub(crate) struct Route(Vec<(&'static str, Action)>);

/// The routes by path.
pub(crate) fn router() -> Result<Router<Route>, InsertError> {
    let mut router = Router::new();
    for (name, _) in OPERATIONS {
        let path = path(name);
        let same: Vec<_> =
            OPERATIONS.iter().filter(|(other, _)| self::path(other) == path).copied().collect();
        // A path with two methods comes twice.
        if same.first().is_some_and(|(first, _)| first == name) {
            router.insert(path, Route(same))?;
        }
    }
    Ok(router)
}

/// The method of a route's name.
pub(crate) fn method(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

/// The path of a route's name, with its parameters in braces.
pub(crate) fn path(name: &str) -> &str {
    name.split(' ').nth(1).unwrap_or_default()
}

impl Route {
    /// The route of every path that the table does not have.
    pub(crate) fn public_file() -> Self {
        Self(vec![PUBLIC_FILE])
    }

    /// The name and the action for a method. `HEAD` is `GET` without the body.
    pub(crate) fn action(&self, asked: &Method) -> Result<(&'static str, Action), Refusal> {
        let asked = if asked == Method::HEAD { "GET" } else { asked.as_str() };
        self.0.iter().find(|(name, _)| method(name) == asked).copied().ok_or_else(|| {
            Refusal::new(Code::MethodNotAllowed, format!("this path does not answer {asked}"))
                .with_header(http::header::ALLOW, self.allowed())
        })
    }

    /// The value of `Allow` (RFC 9110, 10.2.1).
    pub(crate) fn allowed(&self) -> String {
        let mut methods = Vec::new();
        for (name, _) in &self.0 {
            match method(name) {
                "GET" => methods.extend(["GET", "HEAD"]),
                other => methods.push(other),
            }
        }
        methods.sort_unstable();
        methods.push("OPTIONS");
        methods.join(", ")
    }

    /// Whether a `GET` of the path may have an answer that is the same for everybody.
    pub(crate) fn is_open(&self) -> bool {
        self.0.iter().any(|(_, action)| action.is_open())
    }
}

impl Action {
    /// Whether its answer may be the same for everybody, so that scripts of any site may read it.
    fn is_open(self) -> bool {
        match self {
            Self::Own(Own::OpenApi | Own::Tools | Own::Keys | Own::ProtectedResource)
            | Self::Skill
            | Self::SkillVersion
            | Self::SkillFile
            | Self::PublicFile => true,
            Self::Own(Own::Health | Own::SignOut)
            | Self::Ready
            | Self::Search
            | Self::SearchPage
            | Self::Resolve
            | Self::AclCheck
            | Self::Invoke
            | Self::InvokeToken
            | Self::RequestAccess
            | Self::SignInPage
            | Self::SignIn
            | Self::SignInAtProvider
            | Self::SignInCallback
            | Self::Usage => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_do_not_contradict_each_other() {
        let router = router().unwrap();
        let action = |path: &str, method: &Method| Some(router.at(path).ok()?.value.action(method).ok()?.1);
        assert_eq!(action("/skills/a/b/1.0.0/bundle", &Method::GET), Some(Action::SkillFile));
        assert_eq!(action("/search", &Method::HEAD), Some(Action::SearchPage));
        assert_eq!(action("/search", &Method::POST), Some(Action::Search));
        assert_eq!(action("/resolve", &Method::GET), None);
        assert_eq!(action("/teams/a", &Method::GET), None);
    }

    #[test]
    fn a_path_says_which_methods_it_takes() {
        let router = router().unwrap();
        let allowed = |path| router.at(path).unwrap().value.allowed();
        assert_eq!(allowed("/search"), "GET, HEAD, POST, OPTIONS");
        assert_eq!(allowed("/invoke"), "POST, OPTIONS");
        assert_eq!(Route::public_file().allowed(), "GET, HEAD, OPTIONS");
    }
}
