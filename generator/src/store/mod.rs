//! Where a catalog lies: a folder, a bucket of an S3-compatible store, or a static host that is only read. All methods
//! block, and may be called from many threads at once.

mod error;
mod folder;
mod remote;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

pub use error::{Operation, Reason, StoreError};
use folder::Folder;
use remote::Remote;

/// How many requests are under way at once, at most.
const IN_FLIGHT: usize = 32;
/// From how many files on it is quicker to list a bucket, a thousand names at a time, than to ask for each.
const LIST_FROM: usize = 2000;

/// A place for a catalog. Paths are relative to it, as [`registry_core::catalog::Key::path`] makes them.
#[derive(Debug)]
pub struct Store {
    location: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Remote(Remote),
}

/// A file of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the store.
    pub path: String,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was last written, in seconds since the epoch.
    pub modified: u64,
}

/// What a file holds at one time, for [`Store::put_if`]: the entity tag of a bucket (RFC 9110, 8.8.3), the SHA-256 of
/// the bytes in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Store {
    /// Opens `DIR`, `file:///DIR`, `s3://BUCKET/PREFIX`, or `https://HOST/PATH` (only to read). A bucket's
    /// credentials and endpoint come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`,
    /// `AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_S3`. Nothing is read yet, and nothing need be there.
    ///
    /// # Errors
    /// When the location is none of these, asks for plain HTTP beyond loopback, or lacks credentials.
    pub fn open(location: &str) -> Result<Self, StoreError> {
        let place = match location.split_once("://") {
            None => Place::Folder(Folder::new(PathBuf::from(location))),
            Some(("file", path)) if path.starts_with('/') => Place::Folder(Folder::new(PathBuf::from(path))),
            Some(("s3", rest)) => Place::Remote(Remote::bucket(location, rest)?),
            Some(("http" | "https", _)) => Place::Remote(Remote::host(location)?),
            Some(_) => return Err(StoreError::Location(location.to_owned())),
        };
        Ok(Self { location: location.to_owned(), place })
    }

    /// The bytes of a file; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get_tagged(path)?.map(|(bytes, _)| bytes))
    }

    /// The bytes of a file with their version, for [`Store::put_if`]; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read, is only read, or gives no entity tag.
    pub fn get_versioned(&self, path: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        if let Place::Remote(remote) = &self.place {
            self.writable(remote)?;
        }
        let Some((bytes, tag)) = self.get_tagged(path)? else { return Ok(None) };
        let tag = tag.ok_or_else(|| StoreError::NoVersion(self.location.clone(), path.to_owned()))?;
        Ok(Some((bytes, Version(tag))))
    }

    fn get_tagged(&self, path: &str) -> Result<Option<(Bytes, Option<String>)>, StoreError> {
        let got = match &self.place {
            Place::Folder(folder) => folder.get(path).map_err(Reason::from),
            Place::Remote(remote) => remote.get(path).map_err(Reason::from),
        };
        got.map_err(self.failed(Operation::Read, path))
    }

    /// Writes a file. It appears whole or not at all.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let put = match &self.place {
            Place::Folder(folder) => folder.put(path, &bytes).map_err(Reason::from),
            Place::Remote(remote) => self.writable(remote)?.put(path, bytes).map_err(Reason::from),
        };
        put.map_err(self.failed(Operation::Write, path))
    }

    /// Writes a file only if it is still of the version `former`, or not there for `None`; says whether it did. What
    /// was put into a folder before is on the disk first.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn put_if(&self, path: &str, bytes: Bytes, former: Option<&Version>) -> Result<bool, StoreError> {
        if self.try_put_if(path, bytes.clone(), former)? {
            return Ok(true);
        }
        // An answer may have been lost on its way, and the request sent again: then our own bytes refused us.
        Ok(self.get(path)?.is_some_and(|there| there == bytes))
    }

    fn try_put_if(&self, path: &str, bytes: Bytes, former: Option<&Version>) -> Result<bool, StoreError> {
        let former = former.map(|version| version.0.as_str());
        let put = match &self.place {
            Place::Folder(folder) => folder.put_if(path, &bytes, former).map_err(Reason::from),
            Place::Remote(remote) => self.writable(remote)?.put_if(path, bytes, former).map_err(Reason::from),
        };
        put.map_err(self.failed(Operation::Write, path))
    }

    /// Whether the store keeps [`Store::put_if`]'s condition: some answer it with success and write all the same, or
    /// are known not to (`AWS_CONDITIONAL_PUT=disabled`). Asked with a file that is there with just these bytes, so
    /// nothing changes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn holds_conditions(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        if matches!(self.place, Place::Folder(_)) {
            return Ok(true);
        }
        match self.try_put_if(path, bytes, None) {
            Err(StoreError::Failed { reason, .. }) if reason.is_unsupported() => Ok(false),
            done => done.map(|written| !written),
        }
    }

    /// What is known of a file; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, path: &str) -> Result<Option<Entry>, StoreError> {
        let found = match &self.place {
            Place::Folder(folder) => folder.find(path).map_err(Reason::from),
            Place::Remote(remote) => remote.find(path).map_err(Reason::from),
        };
        found.map_err(self.failed(Operation::Read, path))
    }

    /// Every file below a folder of the store, in no order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self, folder: &str) -> Result<Vec<Entry>, StoreError> {
        let found = match &self.place {
            Place::Folder(place) => place.list(folder).map_err(Reason::from),
            Place::Remote(remote) => self.writable(remote)?.list(folder).map_err(Reason::from),
        };
        found.map_err(self.failed(Operation::List, folder))
    }

    /// Deletes files; one that is not there is no error.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn delete(&self, paths: &[String]) -> Result<(), StoreError> {
        let deleted = match &self.place {
            Place::Folder(folder) => folder.delete(paths).map_err(Reason::from),
            Place::Remote(remote) => self.writable(remote)?.delete(paths).map_err(Reason::from),
        };
        deleted.map_err(self.failed(Operation::Delete, paths.first().map_or("", String::as_str)))
    }

    /// [`Store::get`] for many files at once, in their order.
    ///
    /// # Errors
    /// The first that occurs.
    pub fn get_many(&self, paths: &[String]) -> Result<Vec<Option<Bytes>>, StoreError> {
        concurrently(paths, |path| self.get(path))
    }

    /// [`Store::put`] for many files at once, in no order.
    ///
    /// # Errors
    /// The first that occurs; other files may have been written.
    pub fn put_many(&self, files: &[(String, Bytes)]) -> Result<(), StoreError> {
        concurrently(files, |(path, bytes)| self.put(path, bytes.clone())).map(drop)
    }

    /// [`Store::find`] for many files at once, in no order. Those that are not there are left out; files that were not
    /// asked for may be among them.
    ///
    /// # Errors
    /// The first that occurs.
    pub fn find_many(&self, paths: &[String]) -> Result<Vec<Entry>, StoreError> {
        if matches!(self.place, Place::Folder(_)) || paths.len() < LIST_FROM {
            return Ok(concurrently(paths, |path| self.find(path))?.into_iter().flatten().collect());
        }
        let folders: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
        let folders: Vec<&str> = folders.into_iter().collect();
        Ok(concurrently(&folders, |folder| self.list(folder))?.into_iter().flatten().collect())
    }

    fn writable<'a>(&self, remote: &'a Remote) -> Result<&'a Remote, StoreError> {
        if remote.is_bucket() { Ok(remote) } else { Err(StoreError::ReadOnly(self.location.clone())) }
    }

    fn failed(&self, operation: Operation, path: &str) -> impl FnOnce(Reason) -> StoreError {
        move |reason| StoreError::Failed {
            operation,
            path: path.to_owned(),
            location: self.location.clone(),
            reason,
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location)
    }
}

/// Does blocking work for every item, a bounded number at a time, and returns what came of each in their order.
///
/// # Errors
/// One of those that occurred; work that has not begun by then is left.
pub fn concurrently<I: Sync, T: Send, E: Send>(
    items: &[I],
    work: impl Fn(&I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let all = || items.par_iter().map(&work).collect();
    // Threads that wait, beyond those that compute; where the system gives no more, those must do.
    match rayon::ThreadPoolBuilder::new().num_threads(IN_FLIGHT.min(items.len()).max(1)).build() {
        Ok(pool) => pool.install(all),
        Err(_) => all(),
    }
}

#[cfg(test)]
mod tests;
