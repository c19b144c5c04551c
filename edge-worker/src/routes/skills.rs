//! `GET /skills/…`: a release as a page, as Markdown, as JSON, or its bundle.

use http::header::HeaderName;
use matchit::Params;
use registry_core::Version;
use registry_core::api::Code;
use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::html::MEDIA_TYPE;
use registry_core::id::SkillId;
use registry_core::policy::{Audience, Chosen, Denial};
use registry_core::requirement::{Requirement, Spec};
use registry_core::token::BundleClaims;

use super::stored::Stored;
use crate::access::{self, Decision, Granted, no_version};
use crate::credential;
use crate::handle::Request;
use crate::host::Host;
use crate::negotiate::{Form, form, is_page};
use crate::reply::{self, Refusal, Reply};

const MARKDOWN: &str = "text/markdown; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const GZIP: &str = "application/gzip";
/// What belongs to a skill as a whole: the last part of its path, and its name in the skill's record.
const FILES: [(&str, &str); 3] =
    [("versions", "versions/"), ("feed.atom", "feed.atom"), ("feed.json", "feed.json")];
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// What a path asks for.
struct Wanted {
    skill: SkillId,
    part: Part,
    /// The form that the path itself states.
    form: Option<Form>,
}

enum Part {
    Latest,
    Release(Version),
    /// By its name in the skill's record.
    File(&'static str),
}

impl Wanted {
    fn parse(parameters: &Params<'_, '_>) -> Result<Self, Refusal> {
        let part = |name| parameters.get(name).unwrap_or_default();
        let (name, version) = (part("name"), parameters.get("version"));
        let last = version.unwrap_or(name);
        let form = last.ends_with(".md").then_some(Form::Markdown);
        let bare = |text: &str| text.strip_suffix(".md").unwrap_or(text).to_owned();
        let name = if version.is_none() { bare(name) } else { name.to_owned() };
        let skill = access::spec(&format!("{}/{name}", part("team")), "*")?.skill;
        let file =
            |text: &str| FILES.iter().find(|(path, _)| *path == text).map(|(_, name)| Part::File(name));
        let part = match version {
            None => Part::Latest,
            Some(text) => match file(text) {
                Some(file) => file,
                None => Part::Release(parse_version(&bare(text))?),
            },
        };
        Ok(Self { skill, part, form })
    }
}

fn parse_version(text: &str) -> Result<Version, Refusal> {
    Version::parse(text).map_err(|error| Refusal::bad_request(format!("the version: {error}")))
}

impl<H: Host> Request<'_, H> {
    /// A release in the form that the caller accepts; without a version, the one to use. Or what else belongs to the
    /// skill.
    pub(super) async fn skill(&self, parameters: &Params<'_, '_>) -> Result<Reply, Refusal> {
        let wanted = match Wanted::parse(parameters) {
            Ok(wanted) => wanted,
            Err(_) if is_page(self.headers) => return self.not_found().await,
            Err(refusal) => return Err(refusal),
        };
        // Before anything is known of the skill: a form that is not there is none of a hidden skill's either.
        let form = wanted.form.map_or_else(|| form(self.headers), Ok)?;
        let spec = match wanted.part {
            Part::File(name) => return self.file(&wanted.skill, name, form).await,
            Part::Latest => Spec { skill: wanted.skill.clone(), requirement: Requirement::any() },
            Part::Release(version) => {
                Spec { skill: wanted.skill.clone(), requirement: Requirement::exactly(&version) }
            }
        };
        let decision = match parameters.get("version") {
            None => self.decide_latest(&spec.skill).await?,
            Some(_) => self.decide(&spec).await?,
        };
        let granted = match decision {
            Decision::Granted(granted) => granted,
            Decision::Blocked(readable, _) if form == Form::Page => readable,
            Decision::Denied(denial) | Decision::Blocked(_, denial) => {
                return self.refuse(&spec, &denial, form).await;
            }
            Decision::NoVersion(_) if form == Form::Page => return self.not_found().await,
            Decision::NoVersion(versions) => return Err(no_version(&spec, &versions)),
        };
        let release = &granted.release;
        let (digest, media_type) = match form {
            Form::Page => (release.page, MEDIA_TYPE),
            Form::Markdown => (release.document, MARKDOWN),
            Form::Plain => (release.document, PLAIN),
            Form::Json => (release.record, JSON),
        };
        self.object(granted.audience, digest, media_type).await
    }

    async fn refuse(&self, spec: &Spec, denial: &Denial, form: Form) -> Result<Reply, Refusal> {
        self.log_denial(spec).await?;
        if form == Form::Page { self.not_found().await } else { Err(self.denial(spec, denial)) }
    }

    /// What belongs to a skill as a whole: whoever sees the skill may read it.
    async fn file(&self, skill: &SkillId, name: &'static str, form: Form) -> Result<Reply, Refusal> {
        let bucket = self.catalog.bucket(self.host, skill).await?;
        let record = bucket.skills.get(skill).filter(|record| self.access().sees(Some(record)));
        let Some(record) = record else {
            let spec = Spec { skill: skill.clone(), requirement: Requirement::any() };
            return self.refuse(&spec, &Denial::Hidden, form).await;
        };
        let Some(file) = record.files.get(name) else { return self.not_found().await };
        self.object(record.audience.clone(), file.digest, &file.media_type).await
    }

    /// `bundle` (also under the name it has on the static site) or `SKILL.md` of a release.
    pub(super) async fn skill_file(self, parameters: &Params<'_, '_>) -> Result<Reply, Refusal> {
        let spec = spec(parameters)?;
        match parameters.get("file") {
            Some("bundle" | "bundle.tar.gz") => {
                if let Some(claims) = self.bundle_claims() {
                    return self.bundle_by_token(&spec, &claims).await;
                }
                let this = self.identify().await?;
                let granted = this.require(&spec).await?;
                let open = this.open();
                this.bundle(granted, open).await
            }
            Some("SKILL.md") => {
                let this = self.identify().await?;
                let granted = this.require(&spec).await?;
                this.object(granted.audience, granted.release.document, MARKDOWN).await
            }
            _ => Err(Refusal::new(Code::NotFound, "there are `bundle` and `SKILL.md`")),
        }
    }

    /// The claims of a bundle token that this edge signed, if that is what the request carries.
    fn bundle_claims(&self) -> Option<BundleClaims> {
        let token = credential::bearer(self.headers).ok().flatten()?;
        let config = &self.edge.config;
        BundleClaims::verify(token, &[config.invoke_key.public()], &config.origin, self.now).ok()
    }

    /// A bundle for a sandbox: the decision was made when the token was signed.
    async fn bundle_by_token(&self, spec: &Spec, claims: &BundleClaims) -> Result<Reply, Refusal> {
        let refused = || Refusal::new(Code::TokenRefused, "the token is not for this bundle");
        let index = self.catalog.bucket(self.host, &spec.skill).await?;
        let record = index.skills.get(&spec.skill).ok_or_else(refused)?;
        let (version, release) = record.choose(&spec.requirement).ok_or_else(refused)?;
        if !claims.digests.contains(&release.bundle) {
            return Err(refused());
        }
        self.bundle(Granted::new(&spec.skill, &Chosen { version, release, record }), None).await
    }

    /// How long anybody may keep what this caller was granted. What is granted to nobody in particular is for all; it
    /// is asked for again before each use, since a skill can be closed at any time (law 3).
    fn open(&self) -> Option<&'static str> {
        self.caller.is_none().then_some("no-cache")
    }

    async fn object(&self, audience: Audience, digest: Digest, media_type: &str) -> Result<Reply, Refusal> {
        let key = Key::Object(audience, digest);
        self.stored(Stored { key, media_type, open: self.open(), streamed: false }).await
    }

    async fn bundle(&self, granted: Granted, open: Option<&'static str>) -> Result<Reply, Refusal> {
        let digest = granted.release.bundle;
        let key = Key::Object(granted.audience, digest);
        let mut reply = self.stored(Stored { key, media_type: GZIP, open, streamed: true }).await?;
        // A host may stream the file unread: this tells whoever gets it what it must be (RFC 9530).
        reply::set(&mut reply, REPR_DIGEST, &digest.as_digest_field());
        Ok(reply)
    }
}

fn spec(parameters: &Params<'_, '_>) -> Result<Spec, Refusal> {
    let part = |name| parameters.get(name).unwrap_or_default();
    let mut spec = access::spec(&format!("{}/{}", part("team"), part("name")), "*")?;
    if let Some(version) = parameters.get("version") {
        spec.requirement = Requirement::exactly(&parse_version(version)?);
    }
    Ok(spec)
}
