//! A catalog of given files with an edge over it, all within this process: for laws over many catalogs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use edge_worker::Edge;
use generator::catalog::{self, Catalog, Input, Memo, Memory, Sink as _};
use generator::head::Signer;
use generator::library::{self, Checked};
use generator::published::Published;
use generator::source::Snapshot;
use generator::store::Store;
use generator::write::Writer;
use registry_core::catalog::{IndexBucket, Key, Root, SkillRecord, to_json};
use registry_core::digest::{Digest, FileMode};
use registry_core::id::SkillId;
use registry_core::manifest::SourceFile;
use registry_core::token::{IdentityClaims, SigningKey};
use serde_json::Value;
use tempfile::TempDir;

use crate::Served;

/// The stand-in for a commit's id.
const COMMIT: &str = "0000000000000000000000000000000000000000";

/// A built catalog and an edge that serves it.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    served: Served,
    /// What the checker made of the files.
    pub checked: Checked,
}

/// Checks skills given as the text of `skills/{id}.md` by id.
#[must_use]
pub fn check(config: &str, texts: &BTreeMap<String, String>) -> Checked {
    let file = |text: &String| SourceFile { mode: FileMode::Plain, bytes: text.clone().into_bytes() };
    let files = texts.iter().map(|(id, text)| (format!("skills/{id}.md"), file(text))).collect();
    library::check(Snapshot { commit: None, files, config: Some(config.to_owned()), diagnostics: Vec::new() })
}

fn write_catalog(
    folder: &Path,
    checked: &Checked,
    signed: u64,
    committed: bool,
    edit: &dyn Fn(&mut BTreeMap<SkillId, SkillRecord>),
) -> Result<()> {
    ensure!(checked.errors() == 0, "{:?}", checked.outcome.diagnostics);
    let files = Memory::default();
    let mut built =
        catalog::build(Input::new(checked, committed.then_some(COMMIT), &Memo::default()), &files)?;
    let mut files = files.into_files();
    edit_index(&mut built, &mut files, edit)?;
    let key = key("head-1")?;
    let signer = Signer { key: &key, former_keys: &[], now: signed };
    let writer = Writer::open(folder, signer, &|_| {})?;
    for (key, bytes) in files {
        writer.put(key, bytes)?;
    }
    writer.finish(built.root, 7, None)?;
    Ok(())
}

/// Decodes every bucket of the index, has it edited, and makes the root name the outcome.
fn edit_index(
    built: &mut Catalog,
    files: &mut BTreeMap<Key, Vec<u8>>,
    edit: &dyn Fn(&mut BTreeMap<SkillId, SkillRecord>),
) -> Result<()> {
    let root_bytes = files.remove(&Key::Root(built.root)).context("a catalog has a root")?;
    let mut root = Root::decode(&root_bytes, &built.root)?;
    for (number, digest) in (0..=u8::MAX).zip(&mut root.index) {
        let bytes = files.remove(&Key::Index(number, *digest)).context("a root names its buckets")?;
        let mut bucket = IndexBucket::decode(&bytes)?;
        edit(&mut bucket.skills);
        let bytes = to_json(&bucket)?;
        *digest = Digest::of(&bytes);
        files.insert(Key::Index(number, *digest), bytes);
    }
    let bytes = root.encode()?;
    built.root = Digest::of(&bytes);
    files.insert(Key::Root(built.root), bytes);
    Ok(())
}

/// A key of the world's own, by its name.
///
/// # Errors
/// Never.
pub fn key(kid: &str) -> Result<SigningKey> {
    Ok(SigningKey::from_seed(kid, *Digest::of(kid.as_bytes()).as_bytes())?)
}

fn open(folder: &Path, development: bool) -> Result<Served> {
    Served::open(&folder.join("dist"), &folder.join("log"), &key("head-1")?.public(), development)
}

impl World {
    /// Builds the catalog of sound skills as if they were committed, with a head signed at `signed`, and an edge in
    /// or out of development mode.
    ///
    /// # Errors
    /// When the skills have findings, or anything else fails.
    pub fn build(checked: Checked, signed: u64, committed: bool, development: bool) -> Result<Self> {
        Self::build_edited(checked, signed, committed, development, &|_| {})
    }

    /// The same with every record of the index changed by `edit`: for states of a catalog that one commit alone does
    /// not lead to.
    ///
    /// # Errors
    /// As [`World::build`].
    pub fn build_edited(
        checked: Checked,
        signed: u64,
        committed: bool,
        development: bool,
        edit: &dyn Fn(&mut BTreeMap<SkillId, SkillRecord>),
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        write_catalog(&folder.path().join("dist"), &checked, signed, committed, edit)?;
        let served = open(folder.path(), development)?;
        Ok(Self { served, folder, checked })
    }

    /// Another edge over the same files, in development mode, that has read none of them.
    ///
    /// # Errors
    /// When the folders cannot be opened.
    pub fn reopen(&self) -> Result<Served> {
        open(self.folder.path(), true)
    }

    /// Writes the catalog of other skills over this one, as the next build would.
    ///
    /// # Errors
    /// As [`World::build`].
    pub fn publish(&self, checked: &Checked, signed: u64) -> Result<()> {
        write_catalog(&self.catalog(), checked, signed, true, &|_| {})
    }

    /// The edge, for a host of one's own.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        self.served.edge()
    }

    /// The catalog's folder.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.folder.path().join("dist")
    }

    /// The records of its skills, read again.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn records(&self) -> Result<BTreeMap<SkillId, SkillRecord>> {
        let catalog = self.catalog();
        let store = Store::open(catalog.to_str().context("the folder's name is UTF-8")?)?;
        Ok(Published::open(&store, &[key("head-1")?.public()])?.skills()?)
    }

    /// The folder of the usage log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// As [`Served::token`].
    ///
    /// # Errors
    /// Never for claims that are an object.
    pub fn token(&self, claims: &IdentityClaims) -> Result<String> {
        self.served.token(claims)
    }

    /// As [`Served::ask`].
    ///
    /// # Errors
    /// When the request is none, or the file of the answer cannot be read.
    pub async fn ask(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        accept: &str,
        body: &Value,
    ) -> Result<(u16, Vec<u8>)> {
        self.served.ask(token, method, path, accept, body).await
    }
}
