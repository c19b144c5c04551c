//! A checked library → every file of a catalog, a pure function of its input. Files go into a [`Sink`] as they are made.

mod assembly;
mod family;
mod feeds;
mod llms;
mod memo;
mod render;
mod sitemap;
mod skills;
mod sparse;
mod standing;
mod xml;

pub use family::Family;
pub use memo::{Finished, Memo};
pub use render::{SCHEMA_URL, SIGN_IN_URL, files, owners, permissions, schema_document, site};
pub use skills::detail;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use registry_core::api::Listing;
use registry_core::catalog::{FormatError, Key, PublicFile, RootError};
use registry_core::check::{Library, Skill};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::organisation::{Limits, Organisation};
use registry_core::policy::Audience;
use registry_core::search::{Document, ReadError};
use registry_core::status::State;

use self::assembly::Assembly;
use crate::ledger::{Ledger, LedgerError};
use crate::library::Checked;
use crate::pages::{self, Site, Templates};
use crate::write::WriteError;

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
    /// A feed or sitemap cannot be written.
    #[error("cannot write a feed or the sitemap")]
    Xml(#[from] quick_xml::SeError),
    /// A file of the catalog cannot be encoded.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A shard cannot be encoded.
    #[error("cannot write the search shard of `{0}`")]
    Shard(Audience, #[source] ReadError),
    /// The root cannot be encoded.
    #[error("cannot write the root")]
    Root(#[from] RootError),
    /// What is carried over from the former catalog cannot be read.
    #[error(transparent)]
    Former(#[from] LedgerError),
    /// A file cannot be put where it belongs.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Where the files of a catalog go.
pub trait Sink: Sync {
    /// Takes a file.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn put(&self, key: Key, bytes: Vec<u8>) -> Result<(), WriteError>;

    /// Whether the file is there already.
    fn has(&self, key: &Key) -> bool;
}

/// The files of a catalog in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<Key, Vec<u8>>>);

impl Memory {
    /// The files.
    #[must_use]
    pub fn into_files(self) -> BTreeMap<Key, Vec<u8>> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Memory {
    fn put(&self, key: Key, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes);
        Ok(())
    }

    fn has(&self, key: &Key) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }
}

/// What happens while a catalog is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A part of the work begins.
    Phase(&'static str),
    /// A skill is done.
    Skill,
}

/// What a catalog is made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The skills and their releases.
    pub checked: &'a Checked,
    /// The commit, or `None` for a working tree.
    pub commit: Option<&'a str>,
    /// The catalog that was published before.
    pub former: Option<&'a Ledger>,
    /// What was made before.
    pub memo: &'a Memo,
    /// The code that was highlighted before. What is made does not depend on it, only how long that takes.
    pub code: Option<&'a pages::Memo>,
    /// Told of every step.
    pub observe: &'a (dyn Fn(Step) + Sync),
}

impl<'a> Input<'a> {
    /// The input of a catalog that is the first, and made from nothing.
    #[must_use]
    pub fn new(checked: &'a Checked, commit: Option<&'a str>, memo: &'a Memo) -> Self {
        Self { checked, commit, former: None, memo, code: None, observe: &|_| {} }
    }
}

/// The input, and what is derived of it once for all pages.
#[derive(Clone, Copy)]
struct Facts<'a> {
    input: Input<'a>,
    families: &'a BTreeMap<&'a SkillId, Family<'a>>,
    /// Which skills need a skill.
    needed_by: &'a BTreeMap<&'a SkillId, Vec<&'a Skill>>,
    templates: &'a Templates,
    site: &'a Site,
    code: &'a pages::Memo,
    sink: &'a dyn Sink,
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

/// What lies at each public URL.
pub type PublicFiles = BTreeMap<String, PublicFile>;

/// A catalog whose files are in a sink.
#[derive(Debug)]
pub struct Catalog {
    /// The public URLs.
    pub site: PublicFiles,
    /// Every URL, whatever its audience, with its object and media type; no file of the catalog lists them.
    pub urls: BTreeMap<String, (Key, String)>,
    /// The shards of public skills.
    pub public_shards: Vec<Digest>,
    /// The root.
    pub root: Digest,
}

/// Builds the catalog, skills in parallel.
///
/// # Errors
/// Any [`BuildError`].
pub fn build(input: Input<'_>, sink: &dyn Sink) -> Result<Catalog, BuildError> {
    let checked = input.checked;
    let own = pages::Memo::default();
    let facts = Facts {
        input,
        families: &Family::all(checked),
        needed_by: &needed_by(&checked.library),
        templates: &Templates::compile()?,
        site: &render::site(&checked.organisation),
        code: input.code.unwrap_or(&own),
        sink,
    };
    (input.observe)(Step::Phase("skills"));
    let rendered: Vec<skills::RenderedSkill> = facts
        .families
        .par_iter()
        .map(|(id, family)| {
            let rendered = skills::render(facts, id, family);
            (input.observe)(Step::Skill);
            rendered
        })
        .collect::<Result<_, _>>()?;
    (input.observe)(Step::Phase("index"));
    let mut assembly = Assembly::new(sink);
    for skill in rendered {
        assembly.skill(skill);
    }
    for (id, record) in &checked.removed {
        skills::keep(facts, record)?;
        assembly.index.insert(id.clone(), record.clone());
    }
    render::shared_pages(facts, &mut assembly)?;
    let mut made = feeds::shared(facts, &assembly.index)?;
    made.extend(sitemap::files(facts, &assembly.index)?);
    made.extend([llms::file(facts), sparse::config(facts)?]);
    made.into_iter().try_for_each(|file| assembly.public(file))?;
    assembly.finish(input)
}

/// What search finds, each skill with the audience of its head, sorted by slug.
#[must_use]
pub fn documents(checked: &Checked) -> Vec<(&Audience, Document)> {
    let policy = &checked.organisation.policy;
    let families = Family::all(checked).into_values().filter(Family::is_listed);
    families
        .map(|family| (&family.head.manifest.audience, document(family.head, family.shown(policy))))
        .collect()
}

/// What search finds of a skill.
fn document(head: &Skill, skill: &Skill) -> Document {
    let manifest = &skill.manifest;
    Document::new(listing(head, skill), manifest.description_zh.clone(), &manifest.aliases)
}

/// What lists and search say of a skill, of which `skill` is the release to use.
fn listing(head: &Skill, skill: &Skill) -> Listing {
    let manifest = &skill.manifest;
    let deprecated = skill.status.as_ref().filter(|status| status.state == State::Deprecated);
    Listing {
        slug: manifest.id.clone(),
        name: manifest.id.name.to_string(),
        version: manifest.version.clone(),
        description: manifest.description.trim().to_owned(),
        tags: manifest.tags.clone(),
        access_level: head.manifest.audience.level(),
        skill_type: manifest.skill_type,
        deprecated: deprecated.map(|status| status.reason.clone()),
        replaced_by: deprecated.and_then(|status| status.replaced_by.clone()),
    }
}
