//! What `POST /invoke` answers without a sandbox: the prompt of a `prompt_inline` skill with the caller's values, and
//! the instructions of a closure.

use registry_core::api::{Code, InstructionsAnswer, PromptAnswer, ReleaseDetail};
use registry_core::catalog::{Key, Member, ReleaseRecord};
use registry_core::instructions::{ComposeError, Composition, MAX_TEXT_BYTES};
use registry_core::policy::Audience;
use registry_core::prompt::render;
use serde_json::Value;

use crate::access::Granted;
use crate::damage::broken;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::Refusal;

impl<H: Host> Request<'_, H> {
    /// The prompt of a release with the values of a payload.
    pub(super) async fn prompt(&self, granted: &Granted, payload: &Value) -> Result<PromptAnswer, Refusal> {
        let detail = self.detail(&granted.audience, &granted.release).await?;
        let (Some(template), Some(tokens)) = (detail.template, detail.tokens) else {
            return Err(built_before(granted));
        };
        let prompt = render(&template, payload).map_err(Refusal::invalid_parameters)?;
        Ok(PromptAnswer {
            txn: self.txn.clone(),
            skill: granted.skill.clone(),
            version: granted.version.clone(),
            digest: granted.release.digest,
            skill_type: granted.release.skill_type,
            bytes: prompt.len(),
            prompt,
            template_tokens: tokens.template.unwrap_or_default(),
            vocabulary: tokens.vocabulary,
            output_format: template.output_format,
        })
    }

    /// The bodies of a release and of all that it needs. That its whole closure is open to the caller was decided when it
    /// was granted.
    pub(super) async fn instructions(&self, granted: &Granted) -> Result<InstructionsAnswer, Refusal> {
        let mut composition = Composition::default();
        let mut vocabulary = None;
        for member in &granted.release.closure {
            vocabulary = self.add(&mut composition, member, granted).await?.or(vocabulary);
        }
        let body_tokens = composition.body_tokens();
        let Composition { text, members } = composition;
        Ok(InstructionsAnswer {
            txn: self.txn.clone(),
            skill: granted.skill.clone(),
            version: granted.version.clone(),
            digest: granted.release.digest,
            skill_type: granted.release.skill_type,
            bytes: text.len(),
            text,
            body_tokens,
            vocabulary,
            members,
        })
    }

    /// Adds a member of a closure, whose objects are filed under the audience of its own head, and tells by which
    /// vocabulary its tokens were counted.
    async fn add(
        &self,
        composition: &mut Composition,
        member: &Member,
        granted: &Granted,
    ) -> Result<Option<String>, Refusal> {
        let bucket = self.catalog.bucket(self.host, &member.skill).await?;
        let record = bucket.skills.get(&member.skill);
        let release =
            record.and_then(|record| Some((&record.audience, record.releases.get(&member.version)?)));
        let (audience, release) =
            release.filter(|(_, release)| release.digest == member.digest).ok_or_else(|| {
                let why = format!("the closure of {} names another {}", granted.skill, member.skill);
                Refusal::unavailable(
                    Code::CatalogUnavailable,
                    "the catalog contradicts itself; try again later",
                    why,
                )
            })?;
        let tokens = self.detail(audience, release).await?.tokens;
        let key = Key::Object(audience.clone(), release.document);
        let document = self.read(&key).await?;
        let body_tokens = tokens.as_ref().map(|tokens| tokens.body);
        let added = composition.add(member, release.skill_type, &document, body_tokens);
        added.map_err(|error| match error {
            ComposeError::TooLarge => too_large(granted),
            ComposeError::NoBody => broken(&key, error),
        })?;
        Ok(tokens.map(|tokens| tokens.vocabulary))
    }

    /// What a release says of itself.
    async fn detail(&self, audience: &Audience, release: &ReleaseRecord) -> Result<ReleaseDetail, Refusal> {
        let key = Key::Object(audience.clone(), release.record);
        serde_json::from_slice(&self.read(&key).await?).map_err(|error| broken(&key, error))
    }
}

fn too_large(granted: &Granted) -> Refusal {
    let Granted { skill, version, .. } = granted;
    let detail = format!(
        "the texts of `{skill}` {version} and of all that it needs have more than {MAX_TEXT_BYTES} bytes together: \
         read each that /resolve lists at /skills/{{team}}/{{name}}/{{version}}.md"
    );
    Refusal::new(Code::TextTooLarge, detail)
}

/// The refusal of a prompt in a catalog whose program did not put it where edges read it.
fn built_before(granted: &Granted) -> Refusal {
    let Granted { skill, version, .. } = granted;
    let detail = format!(
        "the prompt of `{skill}` {version} is not in the catalog, which an older program built: build and publish \
         it again, or read /skills/{skill}/{version}.md"
    );
    Refusal::new(Code::TypeNotSupported, detail)
}
