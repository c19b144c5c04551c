//! Signing in and out, in words and types.

use registry_core::api::{Code, SignInForm};
use schemars::SchemaGenerator;

use super::operations::{Answer, Description, PAGE, Parameter, TEXT, answer, described, empty, refusals};
use crate::routes::Action;

const GOES_TO: [Parameter; 1] =
    [Parameter { name: "to", meaning: "the path to show in the end; no other host's", schema: TEXT }];
const SENT_BACK: [Parameter; 4] = [
    Parameter { name: "code", meaning: "the authorization code (RFC 6749)", schema: TEXT },
    Parameter { name: "state", meaning: "what the edge gave the browser along", schema: TEXT },
    Parameter { name: "iss", meaning: "who answers (RFC 9207)", schema: TEXT },
    Parameter { name: "error", meaning: "why there is no code", schema: TEXT },
];

/// What is said of a step of signing in.
pub(super) fn describe(action: Action) -> Description {
    match action {
        Action::SignIn => Description {
            form: Some(SchemaGenerator::subschema_for::<SignInForm>),
            parameters: &[],
            ..step("sign-in", "Begin a session, in development mode", 303, &[Code::CrossSite])
        },
        Action::SignInAtProvider => {
            step("sign-in-at-provider", "Begin to sign in at the identity provider", 303, &[])
        }
        Action::SignInCallback => Description {
            parameters: &SENT_BACK,
            ..step("sign-in-callback", "Begin a session by what the identity provider says", 200, &[])
        },
        _ => step("sign-in-page", "The page where people sign in", 200, &[]),
    }
}

/// What is said of signing out.
pub(super) fn out() -> Description {
    Description {
        answers: vec![empty(303, "the session is taken back")],
        refusals: refusals(&[Code::CrossSite]),
        ..described("sign-out", "End a session")
    }
}

/// A step of signing in: a page or the way to one, or a page that tells what went wrong.
fn step(id: &'static str, summary: &'static str, status: u16, codes: &[Code]) -> Description {
    let failed = [400, 403, 404, 502, 503]
        .map(|status| Answer { status, ..answer("the page that tells what went wrong", PAGE, None) });
    let done = if status == 200 { answer("the page", PAGE, None) } else { empty(status, "where to go on") };
    let common = [Code::BadRequest, Code::Unauthenticated, Code::CatalogUnavailable, Code::Unavailable];
    Description {
        parameters: &GOES_TO,
        answers: [done].into_iter().chain(failed).collect(),
        refusals: refusals(&[&common[..], codes].concat()),
        ..described(id, summary)
    }
}
