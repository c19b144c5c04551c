//! One skill: of each release its page, bundle, served `SKILL.md` and JSON record; the page of its versions; its index
//! record.

use std::collections::BTreeMap;

use registry_core::api::{FileDetail, ReleaseDetail};
use registry_core::bundle;
use registry_core::catalog::{Key, Member, PublicFile, ReleaseRecord, SkillRecord, to_json};
use registry_core::check::{Closure, Skill};
use registry_core::digest::{Digest, closure_digest};
use registry_core::html::MEDIA_TYPE;
use registry_core::id::SkillId;
use registry_core::organisation::Organisation;
use registry_core::policy::Audience;
use registry_core::search::Document;

use super::assembly::Urls;
use super::memo::Objects;
use super::render::{self, skill_page, versions_page};
use super::{BuildError, Facts, Family, feeds, limits, listing, sparse};

use crate::pages::SkillPage;
use crate::{document, lint, pages};

const MARKDOWN: &str = "text/markdown; charset=utf-8";
/// Where the page of a skill's versions lies below its own.
const VERSIONS: &str = "versions/";

/// Everything that one skill adds to a catalog; its objects are in the sink.
pub(super) struct RenderedSkill {
    pub id: SkillId,
    /// What search finds; nothing for a skill that it does not.
    pub document: Option<Document>,
    pub record: SkillRecord,
    pub urls: Urls,
}

pub(super) fn render(
    facts: Facts<'_>,
    id: &SkillId,
    family: &Family<'_>,
) -> Result<RenderedSkill, BuildError> {
    let audience = &family.head.manifest.audience;
    let mut releases = BTreeMap::new();
    for (version, skill) in &family.releases {
        releases.insert((*version).clone(), release(facts, family, skill)?);
    }
    let kept = facts.input.checked.kept.get(id).cloned().unwrap_or_default();
    let filed = facts.input.former.and_then(|former| Some(&former.skills.get(id)?.audience));
    for record in kept.values() {
        keep_objects(facts, filed.unwrap_or(audience), audience, record.objects())?;
    }
    releases.extend(kept);
    let shelf = Shelf { facts, audience };
    let versions = facts
        .templates
        .render(facts.site, &versions_page(&facts.input.checked.organisation.policy, family, &releases))?;
    let versions =
        PublicFile { digest: shelf.put(versions.into_bytes())?, media_type: MEDIA_TYPE.to_owned() };
    let mut files = feeds::of_skill(facts, shelf, family, &releases)?;
    files.insert(VERSIONS.to_owned(), versions);
    let record = SkillRecord { audience: audience.clone(), removed: false, releases, files };
    let mut urls = urls(id, family, &record);
    urls.extend(sparse::file(shelf, id, family, &record)?);
    let policy = &facts.input.checked.organisation.policy;
    let document = family.is_listed().then(|| super::document(family.head, family.shown(policy)));
    Ok(RenderedSkill { id: id.clone(), document, urls, record })
}

/// Where the objects of a skill are filed.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    facts: Facts<'a>,
    audience: &'a Audience,
}

impl Shelf<'_> {
    pub(super) fn put(self, bytes: Vec<u8>) -> Result<Digest, BuildError> {
        let digest = Digest::of(&bytes);
        self.facts.sink.put(Key::Object(self.audience.clone(), digest), bytes)?;
        Ok(digest)
    }

    /// Whether the objects that were made before are where they go.
    fn holds(self, objects: &Objects) -> bool {
        let Objects { bundle, document, record, page } = *objects;
        let filed = |digest| Key::Object(self.audience.clone(), digest);
        [bundle, document, record, page].into_iter().all(|digest| self.facts.sink.has(&filed(digest)))
    }

    /// Puts what was published under a digest: the bytes made now if they are the same, else those of then.
    fn put_published(
        self,
        bytes: Vec<u8>,
        published: Option<(&Audience, Digest)>,
    ) -> Result<Digest, BuildError> {
        match (published, self.facts.input.former) {
            (Some((filed, digest)), Some(former)) if digest != Digest::of(&bytes) => {
                self.put(former.object(filed, digest)?)
            }
            _ => self.put(bytes),
        }
    }
}

fn release(facts: Facts<'_>, family: &Family<'_>, skill: &Skill) -> Result<ReleaseRecord, BuildError> {
    let manifest = &skill.manifest;
    let checked = facts.input.checked;
    let closures = checked.closures.get(&manifest.id);
    let closure = closures.and_then(|of| of.get(&manifest.version)).cloned().unwrap_or_default();
    let making = Making {
        shelf: Shelf { facts, audience: &family.head.manifest.audience },
        skill,
        published: published(facts, skill),
        page: skill_page(facts, family, skill, &closure),
        // The digest of the source stands for what is made of it.
        detail: detail(
            &checked.organisation,
            family,
            skill,
            closure.members.clone(),
            skill.digest,
            Vec::new(),
        ),
    };
    let input = making.input()?;
    let known = facts.input.memo.get(&input).filter(|known| making.shelf.holds(known));
    let objects = known.map_or_else(|| making.make(), Ok)?;
    facts.input.memo.remember(input, objects);
    let Closure { members, blocked } = closure;
    Ok(ReleaseRecord {
        audience: manifest.audience.clone(),
        digest: skill.digest,
        released: skill.released.clone(),
        status: skill.status.clone(),
        blocked,
        closure_digest: closure_digest(members.iter().map(|m| (&m.skill, &m.version, &m.digest))),
        closure: members,
        skill_type: manifest.skill_type,
        limits: limits(&checked.organisation, skill),
        permissions: manifest.permissions,
        bundle: objects.bundle,
        document: objects.document,
        record: objects.record,
        page: objects.page,
    })
}

/// What the former catalog says of a release: where its objects are filed, its bundle and its served `SKILL.md`.
type Published<'a> = Option<(&'a Audience, Digest, Digest)>;

fn published<'a>(facts: Facts<'a>, skill: &Skill) -> Published<'a> {
    let record = facts.input.former?.skills.get(&skill.manifest.id)?;
    let release = record.releases.get(&skill.manifest.version)?;
    Some((&record.audience, release.bundle, release.document))
}

/// A release whose objects are to be made.
struct Making<'a> {
    shelf: Shelf<'a>,
    skill: &'a Skill,
    published: Published<'a>,
    /// Without what is made of the skill's files.
    page: SkillPage,
    detail: ReleaseDetail,
}

impl Making<'_> {
    /// The digest of all that the objects are made of.
    fn input(&self) -> Result<Digest, BuildError> {
        let files = (&self.skill.source.manifest_file, self.skill.digest);
        let input =
            (files, self.shelf.facts.site, &self.page, &self.detail, self.shelf.audience, &self.published);
        Ok(Digest::of(&to_json(&input)?))
    }

    fn make(mut self) -> Result<Objects, BuildError> {
        let (shelf, manifest) = (self.shelf, &self.skill.manifest);
        let filed = self.published.map(|(filed, ..)| filed);
        let packed = bundle::pack(&self.skill.source.files)
            .map_err(|error| BuildError::Bundle(manifest.id.clone(), error))?;
        let bundle = shelf.put_published(packed, filed.zip(self.published.map(|(_, bundle, _)| bundle)))?;
        let served = document::served(manifest).into_bytes();
        let document =
            shelf.put_published(served, filed.zip(self.published.map(|(.., document)| document)))?;
        let files = render::files(self.skill);
        self.detail.bundle = bundle;
        self.detail.files.clone_from(&files);
        self.detail.template.clone_from(&manifest.prompt);
        self.detail.tokens = Some(lint::tokens(manifest));
        let record = shelf.put(to_json(&self.detail)?)?;
        let body = pages::render(&manifest.body, Some(shelf.facts.code));
        let page = SkillPage { body: body.html, headings: body.headings, files, ..self.page };
        let page = shelf.facts.templates.render(shelf.facts.site, &page)?;
        Ok(Objects { bundle, document, record, page: shelf.put(page.into_bytes())? })
    }
}

/// Carries over the objects of a skill that was removed.
pub(super) fn keep(facts: Facts<'_>, record: &SkillRecord) -> Result<(), BuildError> {
    keep_objects(facts, &record.audience, &record.audience, record.objects())
}

fn keep_objects(
    facts: Facts<'_>,
    from: &Audience,
    to: &Audience,
    objects: impl IntoIterator<Item = Digest>,
) -> Result<(), BuildError> {
    let Some(former) = facts.input.former else { return Ok(()) };
    for digest in objects {
        let key = Key::Object(to.clone(), digest);
        if !facts.sink.has(&key) {
            facts.sink.put(key, former.object(from, digest)?)?;
        }
    }
    Ok(())
}

/// The URLs of a skill: of each release the page, with its Markdown twin, and the files; of the skill the page of the
/// release to use, with its twin, and what else belongs to it.
fn urls(id: &SkillId, family: &Family<'_>, record: &SkillRecord) -> Urls {
    let mut urls = Urls::new();
    let mut add = |url: String, filed: &Audience, digest: Digest, media_type: &str| {
        urls.insert(url, (Key::Object(filed.clone(), digest), media_type.to_owned()));
    };
    let own = format!("/skills/{id}");
    for (version, release) in &record.releases {
        let open = release.audience == Audience::Public;
        // What a stricter rule of its own closes is reached by a decision only.
        if record.audience == Audience::Public && !open {
            continue;
        }
        let usable = release.blocked.is_none();
        let mut both = |page: &str, twin: &str| {
            add(page.to_owned(), &record.audience, release.page, MEDIA_TYPE);
            if usable {
                add(twin.to_owned(), &record.audience, release.document, MARKDOWN);
            }
        };
        both(&format!("{own}/{version}/"), &format!("{own}/{version}.md"));
        if family.latest.manifest.version == *version {
            both(&format!("{own}/"), &format!("{own}.md"));
        }
        // Of what is blocked, people may read the page.
        if !usable {
            continue;
        }
        add(format!("{own}/{version}/SKILL.md"), &record.audience, release.document, MARKDOWN);
        add(format!("{own}/{version}/bundle.tar.gz"), &record.audience, release.bundle, "application/gzip");
    }
    for (name, file) in &record.files {
        add(format!("{own}/{name}"), &record.audience, file.digest, &file.media_type);
    }
    urls
}

/// What a release says of itself, but for its template and its tokens.
#[must_use]
pub fn detail(
    organisation: &Organisation,
    family: &Family<'_>,
    skill: &Skill,
    closure: Vec<Member>,
    bundle: Digest,
    files: Vec<FileDetail>,
) -> ReleaseDetail {
    let manifest = &skill.manifest;
    ReleaseDetail {
        listing: listing(family.head, skill),
        digest: skill.digest,
        bundle,
        license: manifest.license.clone(),
        owners: render::owners(organisation, family.head),
        released: skill.released.clone(),
        status: skill.status.clone(),
        depends_on: manifest.depends_on.iter().map(|needed| needed.spec.clone()).collect(),
        closure,
        limits: limits(organisation, skill),
        permissions: manifest.permissions,
        template: None,
        tokens: None,
        files,
    }
}
