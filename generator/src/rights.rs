//! Who may do what: the decisions of an edge, for a working tree or a catalog that was built.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;

use registry_core::Version;
use registry_core::catalog::{FormatError, IndexBucket, Key, SkillRecord};
use registry_core::id::SkillId;
use registry_core::policy::{Access, Audience, Caller, Decision, MAX_ELEVATION_SECONDS, Policy, Wanted};
use registry_core::requirement::Spec;
use registry_core::token::PublicKey;
use serde::Serialize;

use crate::catalog::{self, BuildError, Input, Memo, Memory};
use crate::library::Checked;
use crate::published::{OpenError, Published};
use crate::store::Store;

/// The rules of membership and the records of every skill: all that access is decided by.
#[derive(Debug)]
pub struct Rights {
    /// The rules.
    pub policy: Policy,
    skills: BTreeMap<SkillId, SkillRecord>,
}

/// What a caller may do with a release: find, read and invoke, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is open.
    Open,
    /// It is open while the caller is elevated.
    Elevated,
    /// It is closed.
    Closed,
    /// It is open, and what it needs is gone or closed to some who may use it: nobody can use it.
    Blocked,
    /// No release is the one asked for.
    NoVersion,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Elevated => "elevated",
            Self::Closed => "closed",
            Self::Blocked => "blocked",
            Self::NoVersion => "no-version",
        })
    }
}

/// A release, and the rules by which it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The skill.
    pub skill: SkillId,
    /// The version that was chosen, whether it is open or not.
    pub version: Option<Version>,
    /// The rule of the skill's head; nothing where there is no such skill.
    pub audience: Option<Audience>,
    /// The release's own rule, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_audience: Option<Audience>,
}

/// What was decided about a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// The release.
    #[serde(flatten)]
    pub subject: Subject,
    /// What was decided.
    pub verdict: Verdict,
    /// What an edge tells the caller who is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Rights {
    /// Of what was checked: builds its catalog in memory.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn of(checked: &Checked) -> Result<Self, BuildError> {
        let memory = Memory::default();
        catalog::build(Input::new(checked, None, &Memo::default()), &memory)?;
        let files = memory.into_files().into_iter();
        let buckets = files.filter(|(key, _)| matches!(key, Key::Index(..)));
        let buckets: Vec<IndexBucket> =
            buckets.map(|(_, bytes)| IndexBucket::decode(&bytes)).collect::<Result<_, FormatError>>()?;
        let skills = buckets.into_iter().flat_map(|bucket| bucket.skills).collect();
        Ok(Self { policy: checked.organisation.policy.clone(), skills })
    }

    /// Of a catalog, whose head one of these keys signed.
    ///
    /// # Errors
    /// Any [`OpenError`].
    pub fn open(store: &Store, pinned: &[PublicKey]) -> Result<Self, OpenError> {
        let catalog = Published::open(store, pinned)?;
        let skills = catalog.skills()?;
        Ok(Self { policy: catalog.organisation.policy, skills })
    }

    /// The skills that are published.
    pub fn skills(&self) -> impl Iterator<Item = &SkillId> {
        self.skills.iter().filter(|(_, record)| !record.removed).map(|(skill, _)| skill)
    }

    /// What an edge decides at `now`, in seconds since the epoch, about a caller's request, by the same function. Where
    /// it refuses a caller who is not elevated, whether it would if they were.
    #[must_use]
    pub fn rule(&self, spec: &Spec, caller: Option<&Caller>, now: u64) -> Ruling {
        let (mut verdict, reason) = self.decide(spec, caller, now);
        if let (Verdict::Closed, Some(caller)) = (verdict, caller) {
            let elevated = Caller { elevated_until: Some(now + MAX_ELEVATION_SECONDS), ..caller.clone() };
            if self.decide(spec, Some(&elevated), now).0 == Verdict::Open {
                verdict = Verdict::Elevated;
            }
        }
        Ruling { subject: self.subject(spec), verdict, reason }
    }

    /// The release that a spec chooses, whoever asks.
    #[must_use]
    pub fn subject(&self, spec: &Spec) -> Subject {
        let record = self.skills.get(&spec.skill).filter(|record| !record.removed);
        let chosen = record.and_then(|record| record.choose(&spec.requirement));
        let audience = record.map(|record| record.audience.clone());
        let own = chosen.map(|(_, release)| release.audience.clone());
        Subject {
            skill: spec.skill.clone(),
            version: chosen.map(|(version, _)| version.clone()),
            release_audience: own.filter(|own| Some(own) != audience.as_ref()),
            audience,
        }
    }

    fn decide(&self, spec: &Spec, caller: Option<&Caller>, now: u64) -> (Verdict, Option<String>) {
        let access = Access { caller, policy: &self.policy, now };
        let find = |skill: &SkillId| Ok::<_, Infallible>(self.skills.get(skill));
        let Ok(decision) = access.decide(&spec.skill, Wanted::Matching(&spec.requirement), find);
        let reason = |denial| Some(access.reason(&spec.skill, denial));
        match &decision {
            Decision::Granted(_) => (Verdict::Open, None),
            Decision::Blocked(_, denial) => (Verdict::Blocked, reason(denial)),
            Decision::Denied(denial) => (Verdict::Closed, reason(denial)),
            Decision::NoVersion(_) => (Verdict::NoVersion, None),
        }
    }
}
