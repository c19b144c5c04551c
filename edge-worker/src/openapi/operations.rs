//! Each route in words and types.

use registry_core::api::{
    AclAnswer, AclRequest, Code, InvokeRequest, InvokeTokenAnswer, Invoked, KeySet, ProtectedResource, Ready,
    ReleaseDetail, ResolveRequest, Resolved, SearchHit, SearchRequest,
};
use registry_core::usage::UsageRecord;
use schemars::{Schema, SchemaGenerator};

use super::sign_in;
use crate::routes::{Action, Own};

/// Makes the schema of a type, which the document's components then hold.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What the document says of a route.
pub(super) struct Description {
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<SchemaOf>,
    /// The same where it is sent as a form.
    pub(super) form: Option<SchemaOf>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<Code>,
    /// Whether a token makes a difference.
    pub(super) for_callers: bool,
}

/// A parameter of path or query.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    /// In JSON.
    pub(super) schema: &'static str,
}

/// One form of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meaning: &'static str,
    pub(super) media_type: Option<&'static str>,
    pub(super) schema: Option<SchemaOf>,
}

pub(super) const TEXT: &str = r#"{"type": "string"}"#;
const TEAM: Parameter = Parameter {
    name: "team",
    meaning: "the skill's team",
    schema: r#"{"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64, "examples": ["data"]}"#,
};
const NAME: Parameter = Parameter {
    name: "name",
    meaning: "the skill's name; with `.md` at its end, Markdown is answered whatever `Accept` says",
    schema: r#"{"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*(\\.md)?$", "maxLength": 67,
        "examples": ["pii-redactor"]}"#,
};
const VERSION: Parameter = Parameter {
    name: "version",
    meaning: "a version, with `.md` at its end likewise; or `versions`, `feed.atom`, `feed.json`: what belongs to the skill as a whole",
    schema: r#"{"type": "string", "examples": ["2.0.0", "versions"]}"#,
};
const RELEASE: Parameter = Parameter {
    name: "version",
    meaning: "a version",
    schema: r#"{"type": "string", "examples": ["2.0.0"]}"#,
};
const FILE: Parameter = Parameter {
    name: "file",
    meaning: "the archive of the source files, or the served Markdown",
    schema: r#"{"type": "string", "enum": ["bundle", "bundle.tar.gz", "SKILL.md"]}"#,
};
const SEARCHED: [Parameter; 3] = [
    Parameter { name: "q", meaning: "what is looked for, in words", schema: TEXT },
    Parameter { name: "team", meaning: "only of this team", schema: TEXT },
    Parameter { name: "tag", meaning: "only with this tag", schema: TEXT },
];
const LOGGED: [Parameter; 4] = [
    Parameter { name: "from", meaning: "a day (its begin) or an instant of UTC", schema: TEXT },
    Parameter {
        name: "to",
        meaning: "a day (its end) or an instant of UTC, itself left out; by default now",
        schema: TEXT,
    },
    Parameter {
        name: "limit",
        meaning: "how many records at most",
        schema: r#"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000}"#,
    },
    Parameter { name: "cursor", meaning: "where to go on, as `Link` names it", schema: TEXT },
];
const ASKED_FOR: [Parameter; 1] = [Parameter { name: "skill", meaning: "`team/name`", schema: TEXT }];

pub(super) const PAGE: &str = "text/html";
const JSON: &str = "application/json";

/// What is said of a route; of public files, which have no path of their own, nothing but how they are refused.
pub(super) fn describe(action: Action) -> Description {
    match action {
        Action::Own(own) => describe_own(own),
        Action::Ready => Description {
            answers: vec![answer(
                "the catalog that is served",
                JSON,
                Some(SchemaGenerator::subschema_for::<Ready>),
            )],
            refusals: refusals(&[Code::CatalogUnavailable, Code::LogUnavailable]),
            ..described("ready", "Whether a catalog is served, and which")
        },
        Action::Search => posted::<SearchRequest, Vec<SearchHit>>(
            "search",
            "Find skills by intent",
            &[Code::TooManyAudiences],
        ),
        Action::Resolve => posted::<ResolveRequest, Resolved>(
            "resolve",
            "The release that a requirement chooses, and all that it needs",
            &[Code::AclDenied, Code::VersionNotFound, Code::LogUnavailable],
        ),
        Action::AclCheck => {
            posted::<AclRequest, AclAnswer>("acl-check", "Whether a skill is open to the caller", &[])
        }
        Action::Invoke => posted::<InvokeRequest, Invoked>("invoke", "Run a skill, or get its text", INVOKED),
        Action::InvokeToken => posted::<InvokeRequest, InvokeTokenAnswer>(
            "invoke-token",
            "What a caller needs to have the sandbox run a skill itself",
            ISSUED,
        ),
        Action::Usage => Description {
            parameters: &LOGGED,
            answers: vec![answer(
                "a page of the log; `Link` names the next",
                "application/jsonl",
                Some(SchemaGenerator::subschema_for::<UsageRecord>),
            )],
            refusals: refusals(
                &[&FOR_CALLERS, &[Code::BadRequest, Code::AclDenied, Code::LogUnavailable][..]].concat(),
            ),
            for_callers: true,
            ..described("usage", "The usage log, for roles with `reads_usage`: one record a line")
        },
        Action::SearchPage => {
            page("search-page", "The search page", &SEARCHED, &[Code::BadRequest, Code::TooManyAudiences])
        }
        Action::RequestAccess => page("request-access", "Whom to ask for access to a skill", &ASKED_FOR, &[]),
        Action::SignInPage | Action::SignIn | Action::SignInAtProvider | Action::SignInCallback => {
            sign_in::describe(action)
        }
        Action::Skill => release("skill", "The release of a skill to use", &[TEAM, NAME]),
        Action::SkillVersion => release("skill-version", "One release of a skill", &[TEAM, NAME, VERSION]),
        Action::SkillFile => stored(Description {
            parameters: &[TEAM, PLAIN_NAME, RELEASE, FILE],
            answers: vec![
                answer("the file", "application/gzip", None),
                answer("the file", "text/markdown", None),
            ],
            ..described("skill-file", "A file of a release")
        }),
        Action::PublicFile => stored(described("public-file", "A public page or file of the catalog")),
    }
}

const PLAIN_NAME: Parameter = Parameter {
    name: "name",
    meaning: "the skill's name",
    schema: r#"{"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64, "examples": ["pii-redactor"]}"#,
};
const ISSUED: &[Code] = &[
    Code::AclDenied,
    Code::VersionNotFound,
    Code::TypeNotSupported,
    Code::HeadExpired,
    Code::LogUnavailable,
];
const INVOKED: &[Code] = &[
    Code::AclDenied,
    Code::VersionNotFound,
    Code::InvalidParameters,
    Code::TextTooLarge,
    Code::TypeNotSupported,
    Code::IdempotencyKeyInUse,
    Code::IdempotencyKeyReused,
    Code::IdempotencyUnavailable,
    Code::ResultGone,
    Code::SandboxUnreachable,
    Code::SandboxTimeout,
    Code::SandboxUnavailable,
    Code::SandboxRefused,
    Code::SandboxGarbage,
    Code::SandboxBusy,
    Code::HeadExpired,
    Code::LogUnavailable,
];

fn describe_own(own: Own) -> Description {
    let open = |id, summary, schema: Option<SchemaOf>| Description {
        answers: vec![answer("the document", JSON, schema), empty(304, "the caller has it")],
        refusals: refusals(&[Code::PreconditionFailed]),
        ..described(id, summary)
    };
    match own {
        Own::Health => Description {
            answers: vec![answer("the process answers", JSON, None)],
            ..described("health", "Whether the process answers")
        },
        Own::SignOut => sign_in::out(),
        Own::OpenApi => open("openapi", "This document", None),
        Own::Tools => open("tools", "The tools `search` and `invoke` for a model's API", None),
        Own::Keys => {
            open("keys", "The keys that sign invoke tokens", Some(SchemaGenerator::subschema_for::<KeySet>))
        }
        Own::ProtectedResource => open(
            "protected-resource",
            "Whose tokens are taken (RFC 9728)",
            Some(SchemaGenerator::subschema_for::<ProtectedResource>),
        ),
    }
}

/// A route of which nothing is said yet but what every route may answer.
pub(super) fn described(id: &'static str, summary: &'static str) -> Description {
    let (answers, refusals) = (Vec::new(), refusals(&[]));
    Description {
        id,
        summary,
        parameters: &[],
        body: None,
        form: None,
        answers,
        refusals,
        for_callers: false,
    }
}

fn posted<Q: schemars::JsonSchema, A: schemars::JsonSchema>(
    id: &'static str,
    summary: &'static str,
    codes: &[Code],
) -> Description {
    Description {
        body: Some(SchemaGenerator::subschema_for::<Q>),
        answers: vec![answer("the answer", JSON, Some(SchemaGenerator::subschema_for::<A>))],
        refusals: refusals(&[&FOR_CALLERS, &[Code::BadRequest, Code::BodyTooLarge][..], codes].concat()),
        for_callers: true,
        ..described(id, summary)
    }
}

fn page(
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    codes: &[Code],
) -> Description {
    Description {
        parameters,
        answers: vec![answer("the page", PAGE, None)],
        refusals: refusals(&[&FOR_CALLERS, codes].concat()),
        for_callers: true,
        ..described(id, summary)
    }
}

fn release(id: &'static str, summary: &'static str, parameters: &'static [Parameter]) -> Description {
    let forms = ["text/markdown", "text/plain", PAGE, "application/atom+xml", "application/feed+json"];
    let forms = forms.map(|form| answer("the release in the form that `Accept` chooses", form, None));
    let record = SchemaGenerator::subschema_for::<ReleaseDetail>;
    let mut description = stored(Description { parameters, ..described(id, summary) });
    description.answers.push(answer("the release in the form that `Accept` chooses", JSON, Some(record)));
    // Only a skill as a whole has feeds.
    let feeds = if id == "skill" { 2 } else { 0 };
    let kept = forms.len() - feeds;
    description.answers.extend(forms.into_iter().take(kept));
    description.refusals.push(Code::NotAcceptable);
    description
}

/// A file, with what conditions and ranges make of it.
fn stored(mut description: Description) -> Description {
    description.answers.extend([
        Answer {
            media_type: Some("application/octet-stream"),
            ..empty(206, "the range that `Range` asks for")
        },
        empty(304, "the caller has it"),
        Answer { media_type: Some(PAGE), ..empty(404, "the catalog's page for what does not exist") },
    ]);
    let codes = [
        Code::BadRequest,
        Code::AclDenied,
        Code::TokenRefused,
        Code::VersionNotFound,
        Code::NotFound,
        Code::PreconditionFailed,
        Code::RangeNotSatisfiable,
        Code::LogUnavailable,
    ];
    description.refusals = refusals(&[&FOR_CALLERS, &codes[..]].concat());
    description.for_callers = true;
    description
}

const FOR_CALLERS: [Code; 5] = [
    Code::Unauthenticated,
    Code::IssuerOutOfBounds,
    Code::KeysUnavailable,
    Code::CatalogUnavailable,
    Code::Unavailable,
];

/// The codes, and those of every route.
pub(super) fn refusals(codes: &[Code]) -> Vec<Code> {
    let of_all = [Code::UriTooLong, Code::HeadersTooLarge, Code::NotConfigured];
    let mut all = [codes, &of_all].concat();
    all.sort_unstable();
    all.dedup();
    all
}

pub(super) fn answer(meaning: &'static str, media_type: &'static str, schema: Option<SchemaOf>) -> Answer {
    Answer { status: 200, meaning, media_type: Some(media_type), schema }
}

pub(super) fn empty(status: u16, meaning: &'static str) -> Answer {
    Answer { status, meaning, media_type: None, schema: None }
}
