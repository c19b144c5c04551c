//! One skill: its page, bundle, served `SKILL.md`, JSON record and index record.

use std::collections::BTreeMap;

use registry_core::api::{Listing, ReleaseDetail};
use registry_core::bundle;
use registry_core::catalog::{Member, ReleaseRecord, SkillRecord, to_json};
use registry_core::check::Skill;
use registry_core::digest::{Digest, closure_digest};
use registry_core::html::MEDIA_TYPE;
use registry_core::id::SkillId;
use registry_core::organisation::Organisation;

use super::render::{self, skill_page};
use super::{BuildError, Facts, limits, listing};
use crate::document;
use crate::pages::{Site, Templates};

/// Everything that one skill adds to a catalog.
pub(super) struct RenderedSkill {
    pub id: SkillId,
    pub listing: Listing,
    pub record: SkillRecord,
    /// Bytes, the URL at which they are served when public, and their media type.
    pub objects: Vec<(Vec<u8>, Option<String>, &'static str)>,
}

pub(super) fn render(
    facts: Facts<'_>,
    templates: &Templates,
    site: &Site,
    id: &SkillId,
    skill: &Skill,
) -> Result<RenderedSkill, BuildError> {
    let manifest = &skill.manifest;
    let closures = facts.input.closures.get(id);
    let closure = closures.and_then(|of| of.get(&manifest.version)).cloned().unwrap_or_default();
    let (closure, blocked) = (closure.members, closure.blocked);
    let page = templates.render(site, &skill_page(facts, skill))?.into_bytes();
    let document = document::served(manifest).into_bytes();
    let bundle = bundle::pack(&skill.source.files).map_err(|error| BuildError::Bundle(id.clone(), error))?;
    let record = to_json(&detail(facts.input.organisation, skill, closure.clone(), Digest::of(&bundle)))?;
    let release = ReleaseRecord {
        audience: manifest.audience.clone(),
        digest: skill.digest,
        released: skill.released.clone(),
        status: skill.status.clone(),
        blocked,
        closure_digest: closure_digest(closure.iter().map(|m| (&m.skill, &m.version, &m.digest))),
        closure,
        skill_type: manifest.skill_type,
        limits: limits(facts.input.organisation, skill),
        permissions: manifest.permissions,
        bundle: Digest::of(&bundle),
        document: Digest::of(&document),
        record: Digest::of(&record),
        page: Digest::of(&page),
    };
    let version = &manifest.version;
    Ok(RenderedSkill {
        id: id.clone(),
        listing: listing(skill),
        record: SkillRecord {
            audience: manifest.audience.clone(),
            removed: false,
            releases: BTreeMap::from([(version.clone(), release)]),
            files: BTreeMap::new(),
        },
        objects: vec![
            (page.clone(), Some(format!("/skills/{id}/")), MEDIA_TYPE),
            (page, Some(format!("/skills/{id}/{version}/")), MEDIA_TYPE),
            (document, Some(format!("/skills/{id}/{version}/SKILL.md")), "text/markdown; charset=utf-8"),
            (bundle, Some(format!("/skills/{id}/{version}/bundle.tar.gz")), "application/gzip"),
            (record, None, "application/json"),
        ],
    })
}

/// What a release says of itself.
#[must_use]
pub fn detail(
    organisation: &Organisation,
    skill: &Skill,
    closure: Vec<Member>,
    bundle: Digest,
) -> ReleaseDetail {
    let manifest = &skill.manifest;
    ReleaseDetail {
        listing: listing(skill),
        digest: skill.digest,
        bundle,
        license: manifest.license.clone(),
        owners: render::owners(organisation, skill),
        depends_on: manifest.depends_on.iter().map(|needed| needed.spec.clone()).collect(),
        closure,
        limits: limits(organisation, skill),
        permissions: manifest.permissions,
        files: render::files(skill),
    }
}
