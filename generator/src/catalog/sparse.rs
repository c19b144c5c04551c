//! The lines of the public sparse index.

use registry_core::Version;
use registry_core::catalog::{Key, Member, ReleaseRecord, SkillRecord, to_json};
use registry_core::check::Skill;
use registry_core::id::SkillId;
use registry_core::policy::Audience;
use registry_core::requirement::{Requirement, Spec};
use registry_core::sparse::{CONFIG_URL, Config, Dependency, Line, MEDIA_TYPE, encode, url};

use super::assembly::{Made, Urls};
use super::skills::Shelf;
use super::{BuildError, Facts, Family};

/// How bundles are downloaded.
pub(super) fn config(facts: Facts<'_>) -> Result<Made, BuildError> {
    let bytes = to_json(&Config::of(&facts.site.base_url))?;
    Ok(Made { url: CONFIG_URL.to_owned(), media_type: "application/json", bytes })
}

/// The lines of a skill, sorted by version, and their URL; nothing for one that is not public.
pub(super) fn file(
    shelf: Shelf<'_>,
    id: &SkillId,
    family: &Family<'_>,
    record: &SkillRecord,
) -> Result<Urls, BuildError> {
    if record.audience != Audience::Public {
        return Ok(Urls::new());
    }
    let line = |(version, release)| line(id, version, release, family.releases.get(version).copied());
    let lines: Vec<Line> = record.public_releases().map(line).collect();
    let key = Key::Object(Audience::Public, shelf.put(encode(&lines)?)?);
    Ok(Urls::from([(url(id), (key, MEDIA_TYPE.to_owned()))]))
}

fn line(id: &SkillId, version: &Version, release: &ReleaseRecord, skill: Option<&Skill>) -> Line {
    Line {
        name: id.clone(),
        vers: version.clone(),
        deps: skill.map_or_else(|| pinned(id, &release.closure), required),
        cksum: release.bundle,
        digest: release.digest,
        skill_type: release.skill_type,
        status: release.status.clone(),
        released: release.released.clone(),
        description: skill.map(|skill| skill.manifest.description.trim().to_owned()),
    }
}

fn required(skill: &Skill) -> Vec<Dependency> {
    let dependency = |spec: &Spec| Dependency { name: spec.skill.clone(), req: spec.requirement.clone() };
    skill.manifest.depends_on.iter().map(|needed| dependency(&needed.spec)).collect()
}

/// Of a release that this program does not read any more it knows what was chosen for it, not what it asked for.
fn pinned(id: &SkillId, closure: &[Member]) -> Vec<Dependency> {
    let others = closure.iter().filter(|member| member.skill != *id);
    let exactly = |member: &Member| Dependency {
        name: member.skill.clone(),
        req: Requirement::exactly(&member.version),
    };
    others.map(exactly).collect()
}
