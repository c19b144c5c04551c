//! `POST /invoke`: decide, log, do, log, answer. What runs code is signed and forwarded to the sandbox.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use registry_core::api::{
    Code, ExecutionOutcome, ExecutionRequest, ExecutionResult, InvokeAnswer, InvokeRequest, Invoked,
    MAX_RESULT_BYTES, Problem,
};
use registry_core::digest::Digest;
use registry_core::manifest::SkillType;
use registry_core::requirement::Spec;
use registry_core::token::{
    BUNDLE_TYPE, BundleClaims, INVOKE_TYPE, InvokeClaims, MAX_INVOKE_LIFETIME, TokenError, sign,
};
use registry_core::usage::{Outcome, UsageRecord};

use crate::access::{self, Granted};
use crate::handle::{Request, hexadecimal};
use crate::host::Host;
use crate::reply::{self, Refusal, Reply};
use crate::trace;

/// How much longer than the execution itself the edge waits for the sandbox.
const SANDBOX_GRACE: Duration = Duration::from_secs(15);

/// What the log gets to know of how an invocation ended.
type Ended = (Outcome, Option<String>);

impl<H: Host> Request<'_, H> {
    pub(super) async fn invoke(&self) -> Result<Reply, Refusal> {
        let InvokeRequest { name, version_constraint, payload } = self.parse()?;
        let spec = access::spec(&name, &version_constraint)?;
        let granted = self.require(&spec).await?;
        if matches!(granted.release.skill_type, SkillType::CodeSession | SkillType::Conversation) {
            return Err(not_supported(&granted));
        }
        if self.catalog.head.has_expired(self.now) {
            return Err(Refusal::unavailable(
                Code::HeadExpired,
                "the catalog has expired: nothing is invoked",
                "head.json has expired",
            ));
        }
        self.log(&self.about(&spec, &granted, Outcome::Decided)).await?;
        let done = self.perform(&granted, payload).await;
        let ended = match &done {
            Ok((ended, _)) => ended.clone(),
            Err(refusal) => (Outcome::Error, Some(refusal.code().to_owned())),
        };
        self.log(&self.finished(&spec, &granted, ended)).await?;
        done.map(|(_, answer)| reply::json(StatusCode::OK, &answer))
    }

    /// Does what a release is for. How it ended is for the log.
    async fn perform(
        &self,
        granted: &Granted,
        payload: serde_json::Value,
    ) -> Result<(Ended, Invoked), Refusal> {
        let well = (Outcome::Success, None);
        match granted.release.skill_type {
            SkillType::CodeInline => {
                let result = self.execute(granted, payload).await?;
                let ended = ended(&result);
                let (skill, version) = (granted.skill.clone(), granted.version.clone());
                let answer = InvokeAnswer { txn: self.txn.clone(), skill, version, result };
                Ok((ended, Invoked::Execution(answer)))
            }
            SkillType::PromptInline => Ok((well, Invoked::Prompt(self.prompt(granted, &payload).await?))),
            SkillType::Instructions => Ok((well, Invoked::Instructions(self.instructions(granted).await?))),
            SkillType::CodeSession | SkillType::Conversation => Err(not_supported(granted)),
        }
    }

    fn about(&self, spec: &Spec, granted: &Granted, outcome: Outcome) -> UsageRecord {
        UsageRecord {
            version: Some(granted.version.clone()),
            digest: Some(granted.release.digest),
            ..self.record(spec, outcome)
        }
    }

    fn finished(&self, spec: &Spec, granted: &Granted, (outcome, code): Ended) -> UsageRecord {
        let duration_ms = Some(self.host.now().saturating_sub(self.started));
        UsageRecord { duration_ms, code, ..self.about(spec, granted, outcome) }
    }

    /// Has the sandbox run the release.
    async fn execute(
        &self,
        granted: &Granted,
        payload: serde_json::Value,
    ) -> Result<ExecutionResult, Refusal> {
        let unsigned = |error: TokenError| {
            Refusal::unavailable(Code::Unavailable, "the edge cannot sign at the moment", error)
        };
        let release = &granted.release;
        let request = ExecutionRequest {
            closure: release.closure.clone(),
            bundle: release.bundle,
            bundle_token: self.bundle_token(release.bundle).map_err(unsigned)?,
            payload,
        };
        let body = serde_json::to_vec(&request).map_err(|error| Refusal::bad_request(error.to_string()))?;
        let jti = self.random()?;
        let token = self.invoke_token(granted, Digest::of(&body), hexadecimal(&jti)).map_err(unsigned)?;
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("{}/execute", self.edge.config.sandbox.url))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(|error| unreachable_sandbox(&error))?;
        let span = trace::first_half(self.random()?);
        request.headers_mut().extend(self.trace.passed_on(&span));
        let timeout = Duration::from_secs(release.limits.max_execution_time.into()) + SANDBOX_GRACE;
        let started = self.host.now();
        let sent = self.host.fetch(request, timeout, MAX_RESULT_BYTES).await;
        self.note_execution(span, started, sent.as_ref().ok().map(http::Response::status));
        let response = sent.map_err(|error| unreachable_sandbox(&error))?;
        result_of(&response)
    }

    fn random(&self) -> Result<[u8; 16], Refusal> {
        self.host.random().map_err(|error| {
            Refusal::unavailable(Code::Unavailable, "the edge cannot sign at the moment", error)
        })
    }

    fn bundle_token(&self, bundle: Digest) -> Result<String, TokenError> {
        let config = &self.edge.config;
        let claims = BundleClaims {
            iss: config.origin.clone(),
            aud: config.origin.clone(),
            txn: self.txn.clone(),
            iat: self.now,
            exp: self.now + MAX_INVOKE_LIFETIME,
            digests: BTreeSet::from([bundle]),
        };
        sign(&claims, BUNDLE_TYPE, &config.invoke_key)
    }

    fn invoke_token(
        &self,
        granted: &Granted,
        payload_sha256: Digest,
        jti: String,
    ) -> Result<String, TokenError> {
        let config = &self.edge.config;
        let anonymous = || "anonymous".to_owned();
        let caller = self.caller.as_ref();
        let claims = InvokeClaims {
            iss: config.origin.clone(),
            aud: config.sandbox.audience.clone(),
            sub: caller.map_or_else(anonymous, |caller| {
                registry_core::usage::pseudonym(caller, config.pseudonym_key.as_bytes())
            }),
            act: caller.map_or_else(anonymous, |caller| caller.role.to_string()),
            jti,
            txn: self.txn.clone(),
            iat: self.now,
            nbf: self.now,
            exp: self.now + MAX_INVOKE_LIFETIME,
            skill: granted.skill.clone(),
            version: granted.version.clone(),
            digest: granted.release.digest,
            closure_digest: granted.release.closure_digest,
            payload_sha256,
            skill_type: granted.release.skill_type,
            limits: granted.release.limits,
            permissions: granted.release.permissions,
        };
        sign(&claims, INVOKE_TYPE, &config.invoke_key)
    }
}

fn not_supported(granted: &Granted) -> Refusal {
    let detail = format!(
        "`{}` is of type `{}`, which cannot be invoked yet: read it at /skills/{}",
        granted.skill,
        granted.release.skill_type.as_str(),
        granted.skill
    );
    Refusal::new(Code::TypeNotSupported, detail)
}

fn ended(result: &ExecutionResult) -> Ended {
    match result.outcome {
        ExecutionOutcome::Success => (Outcome::Success, None),
        ExecutionOutcome::Error => (Outcome::Error, None),
        ExecutionOutcome::Timeout => (Outcome::Timeout, None),
        ExecutionOutcome::ResourceLimit => (Outcome::Error, Some("resource_limit".to_owned())),
    }
}

fn unreachable_sandbox(error: &dyn std::error::Error) -> Refusal {
    bad_gateway(Code::SandboxUnavailable, "the sandbox does not answer; try again later", error.to_string())
}

fn bad_gateway(code: Code, detail: &str, log: String) -> Refusal {
    Refusal::new(code, detail).with_log(log)
}

fn result_of(response: &http::Response<Bytes>) -> Result<ExecutionResult, Refusal> {
    let garbage = |error: serde_json::Error| {
        bad_gateway(
            Code::SandboxGarbage,
            "the sandbox answered with something that is no result",
            error.to_string(),
        )
    };
    match response.status() {
        StatusCode::OK => serde_json::from_slice(response.body()).map_err(garbage),
        StatusCode::TOO_MANY_REQUESTS => {
            Err(Refusal::unavailable(Code::SandboxBusy, "the sandbox is busy; try again in a moment", "429"))
        }
        status => {
            let problem: Problem = serde_json::from_slice(response.body()).map_err(garbage)?;
            let log = format!("{status} {}: {}", problem.code, problem.detail);
            Err(bad_gateway(Code::SandboxRefused, "the sandbox refused the execution", log))
        }
    }
}
