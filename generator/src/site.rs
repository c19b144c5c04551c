//! The static site: the public files of a catalog, and what its search page needs to search without an edge.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use registry_core::catalog::Key;
use registry_core::digest::Digest;
use registry_core::html::SEARCH_POLICY;
use registry_core::policy::Audience;
use registry_core::search::{ShardBuilder, SuggestionsError};
use serde::Serialize;

use crate::catalog::{Catalog, PublicFiles, documents, site as facts};
use crate::embedding;
use crate::library::Checked;
use crate::pages::{BrowserSearch, SearchPage, Templates};

/// What the search page runs in the browser.
const SCRIPT: &str = include_str!("../../templates/search.js");
/// Where the search page stands.
const PAGE: &str = "/search/";

/// Why there is no static site.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file of the engine is not there.
    #[error(
        "cannot read `{0}`; make the engine with `cargo run -p bundle-worker -- --part browser --out DIR`"
    )]
    Engine(PathBuf, #[source] io::Error),
    /// A file of the catalog is not there.
    #[error("cannot read `{0}`")]
    Catalog(PathBuf, #[source] io::Error),
    /// The names to suggest cannot be written.
    #[error(transparent)]
    Suggestions(#[from] SuggestionsError),
    /// The template does not fit the search page.
    #[error("cannot render the search page")]
    Template(#[from] tera::Error),
    /// What the search page is told cannot be written.
    #[error("cannot write what the search page is told")]
    Setup(#[from] serde_json::Error),
    /// A file cannot be compressed.
    #[error("cannot compress a file of the site")]
    Compress(#[source] io::Error),
}

/// The engine for browsers, as `bundle-worker` makes it: two parts, each a script and a wasm file.
#[derive(Debug)]
pub struct Engine {
    names: Part,
    engine: Part,
}

#[derive(Debug)]
struct Part {
    script: Vec<u8>,
    wasm: Vec<u8>,
}

impl Engine {
    /// Reads the engine.
    ///
    /// # Errors
    /// When a file of it is not there.
    pub fn open(folder: &Path) -> Result<Self, SiteError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| SiteError::Engine(path, error))
        };
        let part = |name: &str| {
            Ok::<_, SiteError>(Part {
                script: read(&format!("{name}.js"))?,
                wasm: read(&format!("{name}.wasm"))?,
            })
        };
        Ok(Self { names: part("names")?, engine: part("engine")? })
    }
}

/// A static site in the making.
#[derive(Debug)]
pub struct StaticSite<'a> {
    /// The public files of the catalog.
    pub public: &'a PublicFiles,
    /// What only the site has, by URL. It stands in the place of what the catalog has there.
    pub own: BTreeMap<String, Vec<u8>>,
}

/// What the script of the search page is told: where everything lies. All but the scripts is stored compressed, so that
/// it travels so from any host.
#[derive(Debug, Serialize)]
struct Setup {
    names: NamesSetup,
    engine: EngineSetup,
}

#[derive(Debug, Serialize)]
struct NamesSetup {
    script: String,
    wasm: String,
    /// What the URLs of the files start with; their numbers follow.
    files: String,
    /// With what the words of each file start.
    starts: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EngineSetup {
    script: String,
    wasm: String,
    shards: Vec<String>,
    table: String,
}

impl<'a> StaticSite<'a> {
    /// The site of a catalog whose files lie in `folder`. Without an engine its search page says that it cannot search.
    ///
    /// # Errors
    /// Any [`SiteError`].
    pub fn new(
        catalog: &'a Catalog,
        checked: &Checked,
        folder: &Path,
        engine: Option<&Engine>,
    ) -> Result<Self, SiteError> {
        let mut site = Self { public: &catalog.site, own: BTreeMap::new() };
        let browser = engine.map(|engine| site.search(catalog, checked, folder, engine)).transpose()?;
        let page = SearchPage { query_slot: "", results_slot: "", is_static: true, browser };
        let html = Templates::compile()?.render(&facts(&checked.organisation), &page)?;
        site.own.insert(PAGE.to_owned(), html.into_bytes());
        Ok(site)
    }

    /// Adds everything that searching in the browser needs, and returns what the page says of it.
    fn search(
        &mut self,
        catalog: &Catalog,
        checked: &Checked,
        folder: &Path,
        engine: &Engine,
    ) -> Result<BrowserSearch, SiteError> {
        let shard = |digest: &Digest| {
            let path = folder.join(Key::Shard(Audience::Public, *digest).path());
            let bytes = fs::read(&path).map_err(|error| SiteError::Catalog(path, error))?;
            self.add("shard", "bin", compressed(&bytes)?)
        };
        let shards = catalog.public_shards.iter().map(shard).collect::<Result<_, SiteError>>()?;
        let names = self.names(checked, &engine.names)?;
        let engine = EngineSetup {
            script: self.add("engine", "js", engine.engine.script.clone())?,
            wasm: self.add("engine", "bin", compressed(&engine.engine.wasm)?)?,
            shards,
            table: self.add("table", "bin", compressed(embedding::TABLE)?)?,
        };
        Ok(BrowserSearch {
            policy: SEARCH_POLICY,
            script: self.add("search", "js", SCRIPT.as_bytes().to_vec())?,
            setup: serde_json::to_string(&Setup { names, engine })?,
        })
    }

    fn names(&mut self, checked: &Checked, part: &Part) -> Result<NamesSetup, SiteError> {
        let mut names = ShardBuilder::default();
        let public = documents(checked).into_iter().filter(|(audience, _)| **audience == Audience::Public);
        public.for_each(|(_, document)| names.add(document));
        let cut = names.suggestions()?;
        let bytes = cut.iter().map(|file| compressed(&file.bytes)).collect::<Result<Vec<_>, SiteError>>()?;
        let files = format!("/assets/names.{}/", short(&Digest::of(&bytes.concat())));
        let numbered = (0usize..).zip(bytes).map(|(number, bytes)| (format!("{files}{number}.bin"), bytes));
        self.own.extend(numbered);
        Ok(NamesSetup {
            script: self.add("names", "js", part.script.clone())?,
            wasm: self.add("names", "bin", compressed(&part.wasm)?)?,
            files,
            starts: cut.into_iter().map(|file| file.start).collect(),
        })
    }

    /// Adds a file under a name that changes with its content, and returns its URL.
    fn add(&mut self, name: &str, ending: &str, bytes: Vec<u8>) -> Result<String, SiteError> {
        let url = format!("/assets/{name}.{}.{ending}", short(&Digest::of(&bytes)));
        self.own.insert(url.clone(), bytes);
        Ok(url)
    }
}

/// As much of a digest as a file's name needs.
fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(16).collect()
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>, SiteError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).map_err(SiteError::Compress)?;
    encoder.finish().map_err(SiteError::Compress)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_of_the_search_page_is_small() {
        assert!(super::SCRIPT.len() <= 8_000, "{}", super::SCRIPT.len());
    }
}
