//! `POST /invoke` and `POST /invoke/token`: decide, log, do, log, answer.

use http::StatusCode;
use registry_core::api::{
    Code, ExecutionOutcome, ExecutionResult, InvokeAnswer, InvokeRequest, InvokeTokenAnswer, Invoked,
};
use registry_core::digest::Digest;
use registry_core::manifest::SkillType;
use registry_core::requirement::Spec;
use registry_core::usage::{Outcome, UsageRecord};
use serde_json::Value;

use crate::access::{self, Granted};
use crate::claims::Claimed;
use crate::execution::Executed;
use crate::handle::Request;
use crate::host::Host;
use crate::idempotency::{in_use, replayed, reused};
use crate::reply::{self, Refusal, Reply};

/// What the log gets to know of how an invocation ended.
pub(crate) type Ended = (Outcome, Option<String>);

impl<H: Host> Request<'_, H> {
    pub(super) async fn invoke(&self) -> Result<Reply, Refusal> {
        let key = self.idempotency_key()?;
        let (spec, granted, payload) = self.granted().await?;
        if matches!(granted.release.skill_type, SkillType::CodeSession | SkillType::Conversation) {
            return Err(not_supported(&granted, "cannot be invoked yet:"));
        }
        self.refuse_when_expired()?;
        self.log(&self.about(&spec, &granted, Outcome::Decided)).await?;
        let done = match key {
            None => self.perform(&granted, payload, None).await,
            Some(key) => self.perform_once(&spec, &granted, payload, key).await,
        };
        self.end(&spec, &granted, done).await
    }

    pub(super) async fn invoke_token(&self) -> Result<Reply, Refusal> {
        let key = self.idempotency_key()?;
        let (spec, granted, payload) = self.granted().await?;
        if granted.release.skill_type != SkillType::CodeInline {
            return Err(not_supported(&granted, "runs in no sandbox: send it to POST /invoke, or"));
        }
        self.refuse_when_expired()?;
        self.log(&self.about(&spec, &granted, Outcome::Decided)).await?;
        let issued = self.issue(&granted, payload, key);
        self.end(&spec, &granted, issued.map(|answer| ((Outcome::Issued, None), answer))).await
    }

    /// The release that the body asks for, where it is open to the caller, and what it is to get.
    async fn granted(&self) -> Result<(Spec, Granted, Value), Refusal> {
        let InvokeRequest { name, version_constraint, payload } = self.parse()?;
        let spec = access::spec(&name, &version_constraint)?;
        let granted = self.require(&spec).await?;
        Ok((spec, granted, payload))
    }

    fn refuse_when_expired(&self) -> Result<(), Refusal> {
        if self.catalog.head.has_expired(self.now) {
            return Err(Refusal::unavailable(
                Code::HeadExpired,
                "the catalog has expired: nothing is invoked",
                "head.json has expired",
            ));
        }
        Ok(())
    }

    /// Logs how it ended, and answers.
    async fn end(
        &self,
        spec: &Spec,
        granted: &Granted,
        done: Result<(Ended, Reply), Refusal>,
    ) -> Result<Reply, Refusal> {
        let ended = match &done {
            Ok((ended, _)) => ended.clone(),
            Err(refusal) => failed(refusal),
        };
        self.log(&self.finished(spec, granted, ended)).await?;
        done.map(|(_, reply)| reply)
    }

    /// Does what a release is for, unless that was done under this key.
    async fn perform_once(
        &self,
        spec: &Spec,
        granted: &Granted,
        payload: Value,
        key: Digest,
    ) -> Result<(Ended, Reply), Refusal> {
        let (claim, claimed) = self.claim(key, granted).await?;
        match claimed {
            Claimed::New => {
                let mut done = self.perform(granted, payload, Some(key)).await;
                self.settle(&claim, granted, &mut done).await;
                done
            }
            Claimed::Done(kept) => self.again(spec, granted, &kept).await,
            Claimed::InFlight => Err(in_use()),
            Claimed::Conflict => Err(reused()),
        }
    }

    /// Does what a release is for. How it ended is for the log.
    async fn perform(
        &self,
        granted: &Granted,
        payload: Value,
        key: Option<Digest>,
    ) -> Result<(Ended, Reply), Refusal> {
        let well = (Outcome::Success, None);
        match granted.release.skill_type {
            SkillType::CodeInline => {
                let Executed { result, is_replayed } = self.execute(granted, payload, key).await?;
                let ended = ended(&result);
                let (skill, version) = (granted.skill.clone(), granted.version.clone());
                let answer = InvokeAnswer { txn: self.txn.clone(), skill, version, result };
                let reply = reply::json(StatusCode::OK, &Invoked::Execution(answer));
                Ok(if is_replayed { replayed(ended.0, reply) } else { (ended, reply) })
            }
            SkillType::PromptInline => {
                let answer = Invoked::Prompt(self.prompt(granted, &payload).await?);
                Ok((well, reply::json(StatusCode::OK, &answer)))
            }
            SkillType::Instructions => {
                let answer = Invoked::Instructions(self.instructions(granted).await?);
                Ok((well, reply::json(StatusCode::OK, &answer)))
            }
            SkillType::CodeSession | SkillType::Conversation => {
                Err(not_supported(granted, "cannot be invoked yet:"))
            }
        }
    }

    fn issue(&self, granted: &Granted, payload: Value, key: Option<Digest>) -> Result<Reply, Refusal> {
        let order = self.order(granted, payload, key)?;
        let answer = InvokeTokenAnswer {
            txn: self.txn.clone(),
            skill: granted.skill.clone(),
            version: granted.version.clone(),
            digest: granted.release.digest,
            url: self.sandbox_url(),
            token: self.sign(&order)?,
            expires: self.tokens_expire(),
            body: order.body,
        };
        Ok(reply::json(StatusCode::OK, &answer))
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
}

fn not_supported(granted: &Granted, why: &str) -> Refusal {
    let detail = format!(
        "`{}` is of type `{}`, which {why} read it at /skills/{}",
        granted.skill,
        granted.release.skill_type.as_str(),
        granted.skill
    );
    Refusal::new(Code::TypeNotSupported, detail)
}

fn failed(refusal: &Refusal) -> Ended {
    let outcome =
        if refusal.code() == Code::SandboxTimeout.as_str() { Outcome::Timeout } else { Outcome::Error };
    (outcome, Some(refusal.code().to_owned()))
}

fn ended(result: &ExecutionResult) -> Ended {
    match result.outcome {
        ExecutionOutcome::Success => (Outcome::Success, None),
        ExecutionOutcome::Error => (Outcome::Error, None),
        ExecutionOutcome::Timeout => (Outcome::Timeout, None),
        ExecutionOutcome::ResourceLimit => (Outcome::Error, Some("resource_limit".to_owned())),
    }
}
