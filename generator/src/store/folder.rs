//! A folder as a store.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use registry_core::digest::Digest;

use super::Entry;

/// Files are written here before they are renamed to where they belong.
pub(super) const TEMPORARY: &str = ".tmp";

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Numbers the files that are being written.
    written: AtomicU64,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, written: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, path: &str) -> io::Result<Option<(Bytes, Option<String>)>> {
        let Some(bytes) = unless_absent(fs::read(self.root.join(path)))? else { return Ok(None) };
        let version = Digest::of(&bytes).to_string();
        Ok(Some((Bytes::from(bytes), Some(version))))
    }

    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.place(path, bytes).map(drop)
    }

    /// Writes the file aside and renames it into place.
    fn place(&self, path: &str, bytes: &[u8]) -> io::Result<File> {
        let target = self.root.join(path);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        let aside = self.root.join(TEMPORARY);
        fs::create_dir_all(&aside)?;
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = aside.join(format!("{}-{number}", std::process::id()));
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        fs::rename(&temporary, target)?;
        Ok(file)
    }

    pub(super) fn put_if(&self, path: &str, bytes: &[u8], former: Option<&str>) -> io::Result<bool> {
        fs::create_dir_all(&self.root)?;
        // The lock of `guildhall build`; the operating system lets go of it when the process dies.
        let lock = File::create(self.root.join(".lock"))?;
        lock.try_lock()?;
        let there = self.get(path)?.and_then(|(_, version)| version);
        if there.as_deref() != former {
            return Ok(false);
        }
        // Everything that was put before reaches the disk before this file may name it.
        rustix::fs::syncfs(&lock)?;
        self.place(path, bytes)?.sync_all()?;
        rustix::fs::syncfs(&lock)?;
        Ok(true)
    }

    pub(super) fn find(&self, path: &str) -> io::Result<Option<Entry>> {
        let metadata = unless_absent(fs::metadata(self.root.join(path)))?;
        metadata.filter(Metadata::is_file).map(|metadata| entry(path.to_owned(), &metadata)).transpose()
    }

    pub(super) fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut open = vec![self.root.join(folder)];
        while let Some(inner) = open.pop() {
            let Some(entries) = unless_absent(fs::read_dir(inner))? else { continue };
            for each in entries {
                let each = each?;
                if each.file_type()?.is_dir() {
                    open.push(each.path());
                } else if let Some(path) = self.relative(&each.path()) {
                    found.extend(unless_absent(each.metadata())?.map(|data| entry(path, &data)).transpose()?);
                }
            }
        }
        Ok(found)
    }

    /// A name that is not UTF-8 is none of a catalog's.
    fn relative(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_str()?.to_owned())
    }

    pub(super) fn delete(&self, paths: &[String]) -> io::Result<()> {
        paths.iter().try_for_each(|path| unless_absent(fs::remove_file(self.root.join(path))).map(drop))
    }
}

fn entry(path: String, metadata: &Metadata) -> io::Result<Entry> {
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    Ok(Entry { path, size: metadata.len(), modified })
}

fn unless_absent<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}
