//! `GET /skills/…`: a release as a page, as Markdown, as JSON, or its bundle.

use http::StatusCode;
use http::header::{ACCEPT, HeaderName};
use matchit::Params;
use registry_core::Version;
use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::html::MEDIA_TYPE;
use registry_core::requirement::{Requirement, Spec};
use registry_core::token::BundleClaims;

use crate::access::{self, Decision, Granted, no_version};
use crate::catalog::read;
use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, Refusal, Reply};

const MARKDOWN: &str = "text/markdown; charset=utf-8";
const GZIP: &str = "application/gzip";
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// The forms of a release that `Accept` chooses among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Markdown,
    Json,
}

impl<H: Host> Request<'_, H> {
    /// A release in the form that the caller accepts; without a version, the latest.
    pub(super) async fn skill(&self, parameters: &Params<'_, '_>) -> Result<Reply, Refusal> {
        let form = self.form();
        let spec = match spec(parameters) {
            Ok(spec) => spec,
            Err(_) if form == Form::Page => return self.not_found().await,
            Err(refusal) => return Err(refusal),
        };
        let granted = match self.decide(&spec).await? {
            Decision::Granted(granted) => granted,
            Decision::Denied(denial) => {
                self.log_denial(&spec).await?;
                return if form == Form::Page {
                    self.not_found().await
                } else {
                    Err(self.denial(&spec, &denial))
                };
            }
            Decision::NoVersion(_) if form == Form::Page => return self.not_found().await,
            Decision::NoVersion(versions) => return Err(no_version(&spec, &versions)),
        };
        match form {
            Form::Page => self.object(&granted, granted.release.page, MEDIA_TYPE).await,
            Form::Markdown => self.object(&granted, granted.release.document, MARKDOWN).await,
            Form::Json => self.object(&granted, granted.release.record, "application/json").await,
        }
    }

    fn form(&self) -> Form {
        let accept = self.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let named = |media_type: &str| accept.split(',').any(|part| part.trim().starts_with(media_type));
        match () {
            () if named("text/html") => Form::Page,
            () if named("text/markdown") || named("text/plain") => Form::Markdown,
            () => Form::Json,
        }
    }

    /// `bundle` (also under the name it has on the static site) or `SKILL.md` of a release.
    pub(super) async fn skill_file(self, parameters: &Params<'_, '_>) -> Result<Reply, Refusal> {
        let spec = spec(parameters)?;
        match parameters.get("file") {
            Some("bundle" | "bundle.tar.gz") => {
                if let Some(claims) = self.bundle_claims() {
                    return self.bundle_by_token(&spec, &claims).await;
                }
                let this = self.identify()?;
                let granted = this.require(&spec).await?;
                Ok(bundle(&granted))
            }
            Some("SKILL.md") => {
                let this = self.identify()?;
                let granted = this.require(&spec).await?;
                this.object(&granted, granted.release.document, MARKDOWN).await
            }
            _ => Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there are `bundle` and `SKILL.md`")),
        }
    }

    /// The claims of a bundle token that this edge signed, if that is what the request carries.
    fn bundle_claims(&self) -> Option<BundleClaims> {
        let token = access::bearer(self.headers).ok().flatten()?;
        let config = &self.edge.config;
        BundleClaims::verify(token, &[config.invoke_key.public()], &config.origin, self.now).ok()
    }

    /// A bundle for a sandbox: the decision was made when the token was signed.
    async fn bundle_by_token(&self, spec: &Spec, claims: &BundleClaims) -> Result<Reply, Refusal> {
        let refused =
            || Refusal::new(StatusCode::FORBIDDEN, "TOKEN_REFUSED", "the token is not for this bundle");
        let index = self.catalog.bucket(self.host, &spec.skill).await?;
        let record = index.skills.get(&spec.skill).ok_or_else(refused)?;
        let (version, release) = record.choose(&spec.requirement).ok_or_else(refused)?;
        if !claims.digests.contains(&release.bundle) {
            return Err(refused());
        }
        Ok(bundle(&Granted::new(&spec.skill, version, record, release)))
    }

    async fn object(&self, granted: &Granted, digest: Digest, media_type: &str) -> Result<Reply, Refusal> {
        let bytes = read(self.host, &Key::Object(granted.audience.clone(), digest)).await?;
        Ok(reply::reply(StatusCode::OK, media_type, Body::Bytes(bytes)))
    }
}

fn bundle(granted: &Granted) -> Reply {
    let key = Key::Object(granted.audience.clone(), granted.release.bundle);
    let mut reply = reply::reply(StatusCode::OK, GZIP, Body::Object(key));
    // A host may stream the file unread: this tells whoever gets it what it must be (RFC 9530).
    reply::set(&mut reply, REPR_DIGEST, &granted.release.bundle.as_digest_field());
    reply
}

fn spec(parameters: &Params<'_, '_>) -> Result<Spec, Refusal> {
    let part = |name| parameters.get(name).unwrap_or_default();
    let mut spec = access::spec(&format!("{}/{}", part("team"), part("name")), "*")?;
    if let Some(version) = parameters.get("version") {
        let version =
            Version::parse(version).map_err(|error| Refusal::bad_request(format!("the version: {error}")))?;
        spec.requirement = Requirement::exactly(&version);
    }
    Ok(spec)
}
