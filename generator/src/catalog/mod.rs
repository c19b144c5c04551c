//! A checked library → every file of a catalog, in memory, a pure function of its input.

mod render;
mod skills;

pub use render::{SCHEMA_URL, schema_document};
pub use render::{files, owners, permissions};
pub use skills::detail;

use std::collections::BTreeMap;

use rayon::prelude::*;
use registry_core::api::Listing;
use registry_core::catalog::{
    BUCKETS, FormatError, IndexBucket, Key, PathBucket, PublicFile, Root, RootError, SCHEMA, to_json,
};
use registry_core::check::{Closures, Library, Skill};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::organisation::{Limits, Organisation};
use registry_core::policy::Audience;
use registry_core::search::{ShardBuilder, ShardError};

use crate::pages::{Templates, program_digest};

/// Why a catalog cannot be made of a sound library.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A template does not fit its page.
    #[error("cannot render a page")]
    Template(#[from] tera::Error),
    /// A bundle cannot be written.
    #[error("cannot archive `{0}`")]
    Bundle(SkillId, #[source] std::io::Error),
    /// The JSON Schema cannot be written.
    #[error("cannot write the JSON Schema of skills")]
    Schema(#[from] serde_json::Error),
    /// A file of the catalog cannot be encoded.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A shard cannot be encoded.
    #[error("cannot write the search shard of `{0}`")]
    Shard(Audience, #[source] ShardError),
    /// The root cannot be encoded.
    #[error("cannot write the root")]
    Root(#[from] RootError),
}

/// What a catalog is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The skills.
    pub library: &'a Library,
    /// Their closures.
    pub closures: &'a Closures,
    /// The organisation.
    pub organisation: &'a Organisation,
    /// The commit, or `None` for a working tree.
    pub commit: Option<&'a str>,
    /// Whether `guildhall.yaml` exists. Without it everything is as open as the development defaults are.
    pub configured: bool,
}

/// The input, and what is derived of it once for all pages.
#[derive(Clone, Copy)]
struct Facts<'a> {
    input: Input<'a>,
    /// Which skills need a skill.
    needed_by: &'a BTreeMap<&'a SkillId, Vec<&'a Skill>>,
}

/// What an execution of `skill` may use: the author's bounds within the organisation's.
#[must_use]
pub fn limits(organisation: &Organisation, skill: &Skill) -> Limits {
    skill.manifest.limits.min(organisation.limits)
}

/// The skills that name each skill as a dependency.
#[must_use]
pub fn needed_by(library: &Library) -> BTreeMap<&SkillId, Vec<&Skill>> {
    let mut needed_by: BTreeMap<&SkillId, Vec<&Skill>> = BTreeMap::new();
    for skill in library.values() {
        for needed in &skill.manifest.depends_on {
            needed_by.entry(&needed.spec.skill).or_default().push(skill);
        }
    }
    needed_by
}

/// Every file of a catalog but its head.
#[derive(Debug)]
pub struct Catalog {
    /// The files.
    pub files: BTreeMap<Key, Vec<u8>>,
    /// The public URLs.
    pub site: BTreeMap<String, PublicFile>,
    /// Every URL, whatever its audience, with its object and media type; no file of the catalog lists them.
    pub urls: BTreeMap<String, (Key, String)>,
    /// The root.
    pub root: Digest,
}

/// Builds the catalog, skills in parallel.
///
/// # Errors
/// Any [`BuildError`].
pub fn build(input: Input<'_>) -> Result<Catalog, BuildError> {
    let templates = Templates::compile()?;
    let mut assembly = Assembly::default();
    let site = render::site(input.organisation);
    let facts = Facts { input, needed_by: &needed_by(input.library) };
    let rendered: Vec<skills::RenderedSkill> = input
        .library
        .par_iter()
        .map(|(id, skill)| skills::render(facts, &templates, &site, id, skill))
        .collect::<Result<_, _>>()?;
    let mut index: BTreeMap<SkillId, _> = BTreeMap::new();
    let mut listings: BTreeMap<Audience, ShardBuilder> = BTreeMap::new();
    for skill in rendered {
        listings.entry(skill.record.audience.clone()).or_default().add(skill.listing);
        for (bytes, url, media_type) in skill.objects {
            assembly.object(&skill.record.audience, bytes, url.map(|url| (url, media_type)));
        }
        index.insert(skill.id, skill.record);
    }
    render::shared_pages(facts, &templates, &site, &mut assembly)?;
    assembly.finish(input, index, &listings)
}

/// The files of a catalog in the making.
#[derive(Debug, Default)]
struct Assembly {
    files: BTreeMap<Key, Vec<u8>>,
    urls: BTreeMap<String, (Key, String)>,
}

impl Assembly {
    fn add(&mut self, key: impl FnOnce(Digest) -> Key, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.files.insert(key(digest), bytes);
        digest
    }

    /// Adds an object, which may have a URL.
    fn object(&mut self, audience: &Audience, bytes: Vec<u8>, url: Option<(String, &str)>) {
        let digest = self.add(|digest| Key::Object(audience.clone(), digest), bytes);
        if let Some((url, media_type)) = url {
            self.urls.insert(url, (Key::Object(audience.clone(), digest), media_type.to_owned()));
        }
    }

    fn site(&self) -> BTreeMap<String, PublicFile> {
        let public = |(url, (key, media_type)): (&String, &(Key, String))| match key {
            Key::Object(Audience::Public, digest) => {
                Some((url.clone(), PublicFile { digest: *digest, media_type: media_type.clone() }))
            }
            _ => None,
        };
        self.urls.iter().filter_map(public).collect()
    }

    fn finish(
        mut self,
        input: Input<'_>,
        index: BTreeMap<SkillId, registry_core::catalog::SkillRecord>,
        listings: &BTreeMap<Audience, ShardBuilder>,
    ) -> Result<Catalog, BuildError> {
        let mut shards = BTreeMap::new();
        for (audience, builder) in listings {
            let bytes = builder.encode().map_err(|error| BuildError::Shard(audience.clone(), error))?;
            let digest = self.add(|digest| Key::Shard(audience.clone(), digest), bytes);
            shards.insert(audience.clone(), digest);
        }
        let index =
            self.buckets(index, Key::Index, |skills| to_json(&IndexBucket { schema: SCHEMA, skills }))?;
        let site = self.site();
        let paths =
            self.buckets(site.clone(), Key::Paths, |paths| to_json(&PathBucket { schema: SCHEMA, paths }))?;
        let policy = self.add(Key::Policy, to_json(input.organisation)?);
        let root = Root {
            schema: SCHEMA,
            development: input.commit.is_none() || !input.configured,
            commit: input.commit.map(str::to_owned),
            former: None,
            policy,
            program: program_digest(),
            index,
            paths,
            shards,
        };
        let root = self.add(Key::Root, root.encode()?);
        Ok(Catalog { files: self.files, site, urls: self.urls, root })
    }

    /// Deals entries into [`BUCKETS`] by the SHA-256 of their key; the empty buckets are written too, so that an
    /// edge opens as many files for a name that exists as for one that does not.
    fn buckets<K: Ord + ToString, V>(
        &mut self,
        entries: BTreeMap<K, V>,
        key: fn(u8, Digest) -> Key,
        encode: impl Fn(BTreeMap<K, V>) -> Result<Vec<u8>, FormatError>,
    ) -> Result<Vec<Digest>, BuildError> {
        let mut buckets: Vec<BTreeMap<K, V>> = (0..BUCKETS).map(|_| BTreeMap::new()).collect();
        for (name, value) in entries {
            let bucket = Digest::of(name.to_string().as_bytes()).bucket();
            if let Some(entries) = buckets.get_mut(usize::from(bucket)) {
                entries.insert(name, value);
            }
        }
        let mut digests = Vec::with_capacity(BUCKETS);
        for (number, bucket) in (0..=u8::MAX).zip(buckets) {
            digests.push(self.add(|digest| key(number, digest), encode(bucket)?));
        }
        Ok(digests)
    }
}

/// What lists and search say of a skill.
fn listing(skill: &Skill) -> Listing {
    let manifest = &skill.manifest;
    Listing {
        slug: manifest.id.clone(),
        name: manifest.id.name.to_string(),
        version: manifest.version.clone(),
        description: manifest.description.trim().to_owned(),
        tags: manifest.tags.clone(),
        access_level: manifest.audience.level(),
        skill_type: manifest.skill_type,
        deprecated: manifest.deprecated.as_ref().map(|deprecation| deprecation.message.clone()),
    }
}
