//! Whether a caller may: the denial law in one place for every route.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry_core::Version;
use registry_core::api::Code;
use registry_core::catalog::{IndexBucket, ReleaseRecord};
use registry_core::id::SkillId;
use registry_core::policy::{self, Access, Audience, Chosen, Denial, Wanted};
use registry_core::requirement::{Requirement, Spec};

use crate::handle::Request;
use crate::host::Host;
use crate::reply::Refusal;

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
    pub(crate) fn new(skill: &SkillId, chosen: &Chosen<'_>) -> Self {
        Self {
            skill: skill.clone(),
            version: chosen.version.clone(),
            audience: chosen.record.audience.clone(),
            release: chosen.release.clone(),
        }
    }
}

/// What was decided about a spec: [`policy::Decision`], without the records that it was decided by.
#[derive(Debug)]
pub(crate) enum Decision {
    Granted(Box<Granted>),
    Denied(Denial),
    /// The release is open to the caller and cannot be used: people may read its page, which says so.
    Blocked(Box<Granted>, Denial),
    /// The skill is visible, and none of its versions matches.
    NoVersion(Vec<Version>),
}

impl Decision {
    fn new(skill: &SkillId, decision: &policy::Decision<'_>) -> Self {
        match decision {
            policy::Decision::Granted(chosen) => Self::Granted(Box::new(Granted::new(skill, chosen))),
            policy::Decision::Blocked(chosen, denial) => {
                Self::Blocked(Box::new(Granted::new(skill, chosen)), denial.clone())
            }
            policy::Decision::Denied(denial) => Self::Denied(denial.clone()),
            policy::Decision::NoVersion(record) => Self::NoVersion(record.releases.keys().cloned().collect()),
        }
    }
}

impl<H: Host> Request<'_, H> {
    /// Who asks, by the rules of this request's catalog.
    pub(crate) fn access(&self) -> Access<'_> {
        Access { caller: self.caller.as_ref(), policy: &self.catalog.organisation.policy, now: self.now }
    }

    /// Decides about a spec.
    pub(crate) async fn decide(&self, spec: &Spec) -> Result<Decision, Refusal> {
        self.decide_wanted(&spec.skill, Wanted::Matching(&spec.requirement)).await
    }

    /// Decides about the release that people and agents are to use, be it a pre-release.
    pub(crate) async fn decide_latest(&self, skill: &SkillId) -> Result<Decision, Refusal> {
        self.decide_wanted(skill, Wanted::Latest).await
    }

    /// Opens the buckets that the decision asks for, one after the other: for a name that the caller may not see that is
    /// one, as for a name that does not exist.
    async fn decide_wanted(&self, skill: &SkillId, wanted: Wanted<'_>) -> Result<Decision, Refusal> {
        let mut buckets: BTreeMap<SkillId, Arc<IndexBucket>> = BTreeMap::new();
        loop {
            let find = |skill: &SkillId| match buckets.get(skill) {
                Some(bucket) => Ok(bucket.skills.get(skill)),
                None => Err(skill.clone()),
            };
            let unread = match self.access().decide(skill, wanted, find) {
                Ok(decision) => return Ok(Decision::new(skill, &decision)),
                Err(unread) => unread,
            };
            let bucket = self.catalog.bucket(self.host, &unread).await?;
            buckets.insert(unread, bucket);
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
                self.access().reason(&spec.skill, denial),
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
