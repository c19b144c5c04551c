//! Files of a catalog that are not what they should be: never served, and told of to the operator.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use registry_core::api::{Code, Fault, Faults};
use registry_core::catalog::Key;
use registry_core::digest::Digest;

use crate::host::Host;
use crate::reply::Refusal;

/// Most files that are remembered as damaged; a storage that is gone would have them all.
const MAX_FILES: usize = 1000;

/// What was wrong with files when they were last read, since the current root was taken.
#[derive(Debug, Default)]
pub(crate) struct Damage(Mutex<BTreeMap<Key, Fault>>);

impl Damage {
    /// The bytes of a file, which must be there and have its digest.
    pub(crate) async fn read<H: Host>(&self, host: &H, key: &Key) -> Result<Bytes, Refusal> {
        match fetch(host, key).await {
            Ok(bytes) => {
                self.files().remove(key);
                Ok(bytes)
            }
            Err((fault, refusal)) => {
                self.note(key, fault);
                Err(refusal)
            }
        }
    }

    /// Notes that a file could not be used.
    pub(crate) fn note(&self, key: &Key, fault: Fault) {
        let mut files = self.files();
        if files.len() < MAX_FILES || files.contains_key(key) {
            files.insert(key.clone(), fault);
        }
    }

    /// How many files of each kind are damaged, and how: nothing that names a file, an audience or a skill.
    pub(crate) fn faults(&self) -> Vec<Faults> {
        let mut counts: BTreeMap<(&'static str, Fault), u32> = BTreeMap::new();
        for (key, fault) in &*self.files() {
            *counts.entry((kind(key), *fault)).or_default() += 1;
        }
        let of =
            |((file, fault), count): ((&str, Fault), u32)| Faults { file: file.to_owned(), fault, count };
        counts.into_iter().map(of).collect()
    }

    fn files(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a file of which nothing is to be noted, because there is no catalog yet to which it belongs.
pub(crate) async fn read<H: Host>(host: &H, key: &Key) -> Result<Bytes, Refusal> {
    fetch(host, key).await.map_err(|(_, refusal)| refusal)
}

async fn fetch<H: Host>(host: &H, key: &Key) -> Result<Bytes, (Fault, Refusal)> {
    let bytes = host.get(key).await.map_err(|error| (Fault::Unreadable, unavailable(error)))?;
    let bytes = bytes.ok_or_else(|| (Fault::Missing, broken(key, "it is missing")))?;
    if Digest::of(&bytes) == key.digest() {
        Ok(bytes)
    } else {
        Err((Fault::Altered, broken(key, "it does not have its digest")))
    }
}

fn kind(key: &Key) -> &'static str {
    match key {
        Key::Object(..) => "object",
        Key::Paths(..) => "paths",
        Key::Table(_) => "table",
        Key::Shard(..) => "shard",
        Key::Index(..) => "index",
        Key::Policy(_) => "policy",
        Key::Root(_) => "root",
    }
}

/// The refusal where a file is not what it should be.
pub(crate) fn broken(key: &Key, why: impl ToString) -> Refusal {
    unavailable(format!("{}: {}", key.path(), why.to_string()))
}

/// The refusal where the catalog cannot be used.
pub(crate) fn unavailable(why: impl ToString) -> Refusal {
    Refusal::unavailable(
        Code::CatalogUnavailable,
        "the catalog cannot be read at the moment; try again later",
        why,
    )
}
