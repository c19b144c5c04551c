//! Who asks, and whether they may: the denial law in one place for every route.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use registry_core::Version;
use registry_core::api::Code;
use registry_core::catalog::{ReleaseRecord, SkillRecord};
use registry_core::id::SkillId;
use registry_core::policy::{Audience, Caller, Denial, Visibility, release_is_open, visibility};
use registry_core::requirement::{Requirement, Spec};
use registry_core::token::{Issuer, TokenError, caller_from_token, named_issuer};

use crate::handle::Request;
use crate::host::Host;
use crate::reply::Refusal;

/// The one bearer token of a request, if there is one. An empty header is none: workerd does not even pass it on.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter().filter(|value| !value.is_empty());
    let Some(first) = values.next() else { return Ok(None) };
    let wrong = || Refusal::unauthenticated("send exactly one `Authorization: Bearer …` header");
    if values.next().is_some() {
        return Err(wrong());
    }
    let text = first.to_str().map_err(|_| wrong())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token)),
        _ => Err(wrong()),
    }
}

/// The caller. No token is anonymous; a token that does not verify is refused, never taken for anonymous.
pub(crate) fn caller(headers: &HeaderMap, issuers: &[Issuer], now: u64) -> Result<Option<Caller>, Refusal> {
    let Some(token) = bearer(headers)? else { return Ok(None) };
    caller_from_token(token, issuers, now).map(Some).map_err(|error| refused(token, error))
}

/// The refusal of a token. That an issuer oversteps its bounds is for the operator to know.
fn refused(token: &str, error: TokenError) -> Refusal {
    let detail = error.to_string();
    match error {
        TokenError::OutOfBounds(_) => {
            let issuer = named_issuer(token).unwrap_or_default();
            Refusal::out_of_bounds(detail).with_log(format!("issuer `{issuer}`: {error}"))
        }
        _ => Refusal::unauthenticated(detail),
    }
}

/// A release that is open to the caller, with its closure.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) skill: SkillId,
    pub(crate) version: Version,
    /// Under which its objects are filed: that of the skill's head.
    pub(crate) audience: Audience,
    pub(crate) release: ReleaseRecord,
}

impl Granted {
    pub(crate) fn new(
        skill: &SkillId,
        version: &Version,
        record: &SkillRecord,
        release: &ReleaseRecord,
    ) -> Self {
        Self {
            skill: skill.clone(),
            version: version.clone(),
            audience: record.audience.clone(),
            release: release.clone(),
        }
    }
}

/// What was decided about a spec.
#[derive(Debug)]
pub(crate) enum Decision {
    Granted(Box<Granted>),
    Denied(Denial),
    /// The release is open to the caller and cannot be used: people may read its page, which says so.
    Blocked(Box<Granted>, Denial),
    /// The skill is visible, and none of its versions matches.
    NoVersion(Vec<Version>),
}

impl<H: Host> Request<'_, H> {
    /// Decides about a spec: the skill must be visible; the chosen release and its whole closure must be open
    /// (law 6). A denial never falls back to another version.
    pub(crate) async fn decide(&self, spec: &Spec) -> Result<Decision, Refusal> {
        let bucket = self.catalog.bucket(self.host, &spec.skill).await?;
        let record = bucket.skills.get(&spec.skill);
        let Some(record) = record.filter(|record| self.sees(Some(record))) else {
            return Ok(Decision::Denied(Denial::Hidden));
        };
        match record.choose(&spec.requirement) {
            Some(chosen) => self.decide_release(&spec.skill, record, chosen).await,
            None => Ok(Decision::NoVersion(record.releases.keys().cloned().collect())),
        }
    }

    /// Decides about the release that people and agents are to use, be it a pre-release.
    pub(crate) async fn decide_latest(&self, skill: &SkillId) -> Result<Decision, Refusal> {
        let bucket = self.catalog.bucket(self.host, skill).await?;
        let record = bucket.skills.get(skill).filter(|record| self.sees(Some(record)));
        match record.and_then(|record| Some((record, record.latest()?))) {
            Some((record, latest)) => self.decide_release(skill, record, latest).await,
            None => Ok(Decision::Denied(Denial::Hidden)),
        }
    }

    /// Decides about a release of a skill that the caller sees.
    async fn decide_release(
        &self,
        skill: &SkillId,
        record: &SkillRecord,
        (version, release): (&Version, &ReleaseRecord),
    ) -> Result<Decision, Refusal> {
        if !self.opens(record, release) {
            return Ok(Decision::Denied(Denial::ReleaseClosed));
        }
        let granted = Box::new(Granted::new(skill, version, record, release));
        if let Some(by) = &release.blocked {
            let bucket = self.catalog.bucket(self.host, by).await?;
            let named = self.sees(bucket.skills.get(by)).then(|| by.clone());
            return Ok(Decision::Blocked(granted, Denial::Blocked(named)));
        }
        for member in release.closure.iter().filter(|member| member.skill != *skill) {
            if let Some(denial) = self.closed_member(&member.skill, &member.version).await? {
                return Ok(Decision::Denied(denial));
            }
        }
        Ok(Decision::Granted(granted))
    }

    /// Whether the caller may know of a skill. One that was removed is hidden from everyone.
    pub(crate) fn sees(&self, record: Option<&SkillRecord>) -> bool {
        let head = record.filter(|record| !record.removed).map(|record| &record.audience);
        let policy = &self.catalog.organisation.policy;
        visibility(head, self.caller.as_ref(), policy, self.now) == Visibility::Visible
    }

    fn opens(&self, record: &SkillRecord, release: &ReleaseRecord) -> bool {
        let policy = &self.catalog.organisation.policy;
        release_is_open(&release.audience, &record.audience, self.caller.as_ref(), policy, self.now)
    }

    async fn closed_member(&self, skill: &SkillId, version: &Version) -> Result<Option<Denial>, Refusal> {
        let bucket = self.catalog.bucket(self.host, skill).await?;
        let record = bucket.skills.get(skill);
        let open = record
            .filter(|record| !record.removed)
            .and_then(|record| record.releases.get(version).map(|release| self.opens(record, release)))
            .unwrap_or(false);
        let named = self.sees(record).then(|| skill.clone());
        Ok((!open).then_some(Denial::DependencyClosed(named)))
    }

    /// The reason of a denial. It is the same text for a hidden skill and for one that does not exist (law 5).
    pub(crate) fn reason(&self, spec: &Spec, denial: &Denial) -> String {
        let whom = match &self.caller {
            Some(caller) => format!("role `{}`", caller.role),
            None => "anonymous callers".to_owned(),
        };
        let skill = &spec.skill;
        match denial {
            Denial::Hidden => format!("`{skill}` does not exist or is not open to {whom}"),
            Denial::ReleaseClosed => format!("this release of `{skill}` is not open to {whom}"),
            Denial::DependencyClosed(Some(needed)) => {
                format!("`{skill}` needs `{needed}`, of which the release it needs is not open to {whom}")
            }
            Denial::Blocked(Some(needed)) => format!(
                "`{skill}` is blocked: what it needs of `{needed}` is gone, or closed to some who may use `{skill}`"
            ),
            Denial::Blocked(None) => {
                format!("`{skill}` is blocked: what it needs is gone, or closed to some who may use it")
            }
            Denial::DependencyClosed(None) => format!("`{skill}` needs a skill that is not open to {whom}"),
        }
    }

    /// The refusal of a denied API call: 401 to anonymous callers, 403 to others.
    pub(crate) fn denial(&self, spec: &Spec, denial: &Denial) -> Refusal {
        match &self.caller {
            None => Refusal::unauthenticated(
                "sign in: this skill does not exist or is not open to anonymous callers",
            ),
            Some(_) => Refusal::denied(
                spec.skill.to_string(),
                self.reason(spec, denial),
                self.catalog.organisation.request_url(&spec.skill),
            ),
        }
    }

    /// Decides for an API route, logs a denial and refuses with it.
    pub(crate) async fn require(&self, spec: &Spec) -> Result<Granted, Refusal> {
        match self.decide(spec).await? {
            Decision::Granted(granted) => Ok(*granted),
            Decision::NoVersion(versions) => Err(no_version(spec, &versions)),
            Decision::Denied(denial) | Decision::Blocked(_, denial) => {
                self.log_denial(spec).await?;
                Err(self.denial(spec, &denial))
            }
        }
    }
}

/// Of a visible skill all version numbers show.
pub(crate) fn no_version(spec: &Spec, versions: &[Version]) -> Refusal {
    let listed: Vec<String> = versions.iter().map(Version::to_string).collect();
    let detail = format!(
        "no version of `{}` matches `{}`; there are {}",
        spec.skill,
        spec.requirement,
        listed.join(", ")
    );
    Refusal::new(Code::VersionNotFound, detail)
}

/// The spec of a skill and a version that a caller wrote apart.
pub(crate) fn spec(name: &str, requirement: &str) -> Result<Spec, Refusal> {
    let skill = name.parse::<SkillId>().map_err(|error| Refusal::bad_request(error.to_string()))?;
    let requirement =
        requirement.parse::<Requirement>().map_err(|error| Refusal::bad_request(error.to_string()))?;
    Ok(Spec { skill, requirement })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn token_of(values: &[&str]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        bearer(&headers).map(|token| token.map(str::to_owned)).map_err(|refusal| refusal.code())
    }

    #[test]
    fn exactly_one_bearer_token_is_taken() {
        assert_eq!(token_of(&[]), Ok(None));
        assert_eq!(token_of(&[""]), Ok(None));
        assert_eq!(token_of(&["Bearer a.b.c"]), Ok(Some("a.b.c".to_owned())));
        assert_eq!(token_of(&["bearer a.b.c"]), Ok(Some("a.b.c".to_owned())));
        for wrong in
            [&["Basic a.b.c"][..], &["a.b.c"], &["Bearer"], &["Bearer a", "Bearer a"], &["Bearer \u{e9}"]]
        {
            assert_eq!(token_of(wrong), Err("UNAUTHENTICATED"), "{wrong:?}");
        }
    }
}
