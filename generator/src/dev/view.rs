//! One state of the working tree, ready to be served.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use registry_core::api::{Filters, SearchHit};
use registry_core::catalog::Key;
use registry_core::html::PAGE_RESULTS;
use registry_core::search::{ReadError, Shard};

use super::Rebuilt;
use super::pages::{self, Findings};
use crate::catalog::{self, Catalog, Input, Memo, Memory};
use crate::index::{Asked, Seen};
use crate::library::Checked;
use crate::pages::Memo as Code;
use crate::releases::GatherError;

/// What is served while the tree does not change.
#[derive(Debug)]
pub(super) struct View {
    /// Names the state.
    pub stamp: String,
    /// The catalog of this state or, while its errors forbid that, of the last one without.
    pub site: Option<Arc<Site>>,
    /// The page of findings.
    pub findings: Bytes,
    /// What every page says of the errors, if there are any.
    pub banner: Option<String>,
}

/// The pages and files of a catalog, whatever their audience.
#[derive(Debug)]
pub(super) struct Site {
    files: BTreeMap<String, (Bytes, String)>,
    shards: Vec<Shard>,
}

impl View {
    /// The view of what was read, over the `former` one, and what the terminal says of it.
    pub(super) fn new(
        checked: Result<Checked, GatherError>,
        code: &Code,
        stamp: &str,
        former: Option<&Self>,
    ) -> Result<(Self, Rebuilt), tera::Error> {
        let built = match &checked {
            Ok(checked) if checked.can_be_shown() => site(checked, code).map(Some),
            Ok(_) => Ok(None),
            Err(failure) => Err(failure.to_string()),
        };
        let (site, failure) = match built {
            Ok(site) => (site.map(Arc::new), None),
            Err(failure) => (None, Some(failure)),
        };
        let checked = checked.ok();
        let kept = site.clone().or_else(|| former.and_then(|former| former.site.clone()));
        let findings = Findings {
            checked: checked.as_ref(),
            failure: failure.as_deref(),
            site: kept.as_deref(),
            is_current: site.is_some(),
        };
        let rebuilt = rebuilt(checked.as_ref(), failure.clone());
        let view = Self {
            stamp: stamp.to_owned(),
            findings: pages::findings(&findings)?.into(),
            banner: pages::banner(&rebuilt, site.is_some()),
            site: kept,
        };
        Ok((view, rebuilt))
    }
}

fn rebuilt(checked: Option<&Checked>, failure: Option<String>) -> Rebuilt {
    let errors = checked.map_or(0, Checked::errors);
    Rebuilt {
        changed: Vec::new(),
        took: Duration::ZERO,
        skills: checked.map_or(0, |checked| checked.library.len()),
        errors,
        warnings: checked.map_or(0, |checked| checked.outcome.diagnostics.len() - errors),
        failure,
    }
}

fn site(checked: &Checked, code: &Code) -> Result<Site, String> {
    let files = Memory::default();
    let made = Memo::default();
    let built = catalog::build(Input { code: Some(code), ..Input::new(checked, None, &made) }, &files);
    let said = |error: &dyn std::error::Error| format!("{error}{}", registry_core::diagnostic::causes(error));
    let built = built.map_err(|error| said(&error))?;
    Site::new(built, files.into_files()).map_err(|error| said(&error))
}

impl Site {
    fn new(catalog: Catalog, files: BTreeMap<Key, Vec<u8>>) -> Result<Self, ReadError> {
        let mut objects = BTreeMap::new();
        let mut shards = Vec::new();
        for (key, bytes) in files {
            match &key {
                Key::Object(..) => drop(objects.insert(key, Bytes::from(bytes))),
                Key::Shard(..) => shards.push(Shard::read(bytes)?),
                Key::Table(_) | Key::Paths(..) | Key::Index(..) | Key::Policy(_) | Key::Root(_) => {}
            }
        }
        let served = |(url, (key, media_type)): (String, (Key, String))| {
            Some((url, (objects.get(&key)?.clone(), media_type)))
        };
        Ok(Self { files: catalog.urls.into_iter().filter_map(served).collect(), shards })
    }

    /// What stands at a path, and its media type.
    pub(super) fn file(&self, path: &str) -> Option<&(Bytes, String)> {
        self.files.get(path)
    }

    pub(super) fn search(&self, query: &str, filters: &Filters) -> Vec<SearchHit> {
        Seen::all(&self.shards).search(query, &Asked { filters, k: PAGE_RESULTS, explain: false }).hits
    }
}
