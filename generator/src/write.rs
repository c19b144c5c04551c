//! Writes a catalog so that an interruption at any moment leaves the former one whole: content-addressed files
//! first, each put in place by a rename; then the head; then the static site, which edges never read and which was
//! written aside before, swapped in as a folder.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use registry_core::catalog::{HEAD_PATH, Head, HeadError, Key, to_json};
use registry_core::policy::Audience;
use registry_core::token::{PublicKey, SigningKey};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::catalog::Catalog;
use crate::head::Signer;

/// Files are written here before they are renamed to where they belong.
const TEMPORARY: &str = ".tmp";

/// Why a catalog cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file or folder cannot be written.
    #[error("cannot write `{0}`")]
    Io(PathBuf, #[source] io::Error),
    /// Another process writes the same catalog.
    #[error("another build is writing `{0}`; wait for it to end")]
    Locked(PathBuf),
    /// The former head cannot be trusted to continue.
    #[error(
        "the head of the catalog in `{0}` cannot be continued; name the key that signed it with --former-key"
    )]
    FormerHead(PathBuf, #[source] HeadError),
    /// The head cannot be signed.
    #[error("cannot sign the head")]
    Sign(#[source] HeadError),
}

/// What writing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that were new.
    pub new: usize,
    /// Files that were there already, byte for byte.
    pub equal: usize,
    /// The sequence of the head.
    pub sequence: u64,
}

/// How the head is made.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// The key.
    pub key: &'a SigningKey,
    /// Keys that may have signed the former head, beside this one.
    pub former_keys: &'a [PublicKey],
    /// Now, in seconds since the epoch.
    pub now: u64,
    /// How long the head is valid.
    pub expires_days: u32,
}

/// Writes `catalog` to `folder`. `progress` is told at every step (a file written aside, put in place or found equal)
/// how many there have been.
///
/// # Errors
/// Any [`WriteError`]; the catalog that was there before is then still whole.
pub fn write(
    catalog: &Catalog,
    folder: &Path,
    signing: Signing<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Written, WriteError> {
    create_folder(folder)?;
    let _lock = lock(folder)?;
    // What an interrupted build left half written.
    remove(&folder.join(TEMPORARY))?;
    create_folder(&folder.join(TEMPORARY))?;
    let former = former_head(folder, signing)?;
    let mut writer = Writer { folder, steps: 0, written: Written::default(), progress };
    for (key, bytes) in &catalog.files {
        writer.content_addressed(&key.path(), bytes)?;
    }
    let site = writer.site_aside(catalog)?;
    // Everything reaches the disk before the head names it.
    sync_file_system(folder)?;
    writer.head(catalog, former, signing)?;
    writer.swap_in(&site)?;
    sync_file_system(folder)?;
    Ok(writer.written)
}

fn create_folder(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|error| WriteError::Io(folder.to_owned(), error))
}

/// Held until the returned file is dropped; the operating system lets go of it when the process dies.
fn lock(folder: &Path) -> Result<File, WriteError> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(|error| WriteError::Io(path.clone(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WriteError::Locked(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(WriteError::Io(path, error)),
    }
}

fn former_head(folder: &Path, signing: Signing<'_>) -> Result<Option<Head>, WriteError> {
    let mut pinned = signing.former_keys.to_vec();
    pinned.push(signing.key.public());
    let path = folder.join(HEAD_PATH);
    match fs::read(&path) {
        Ok(bytes) => Head::verify(&bytes, &pinned)
            .map(Some)
            .map_err(|error| WriteError::FormerHead(folder.to_owned(), error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WriteError::Io(path, error)),
    }
}

struct Writer<'a> {
    folder: &'a Path,
    steps: usize,
    written: Written,
    progress: &'a mut dyn FnMut(usize),
}

impl Writer<'_> {
    fn step(&mut self) {
        self.steps += 1;
        (self.progress)(self.steps);
    }

    fn content_addressed(&mut self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let target = self.folder.join(path);
        if fs::read(&target).is_ok_and(|there| there == bytes) {
            self.written.equal += 1;
        } else {
            self.put(&target, bytes)?;
            self.written.new += 1;
        }
        self.step();
        Ok(())
    }

    /// A file appears under its name whole or not at all.
    fn put(&mut self, target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        let failed = |error| WriteError::Io(target.to_owned(), error);
        target.parent().map_or(Ok(()), create_folder)?;
        let temporary = self.folder.join(TEMPORARY).join("file");
        let mut file = File::create(&temporary).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        self.step();
        fs::rename(&temporary, target).map_err(failed)
    }

    /// Writes the static site to a new folder and returns it.
    fn site_aside(&mut self, catalog: &Catalog) -> Result<PathBuf, WriteError> {
        let fresh = self.folder.join(TEMPORARY).join("site");
        create_folder(&fresh)?;
        for (url, file) in &catalog.site {
            let Some(bytes) = catalog.files.get(&Key::Object(Audience::Public, file.digest)) else {
                continue;
            };
            let path = site_path(&fresh, url);
            path.parent().map_or(Ok(()), create_folder)?;
            fs::write(&path, bytes).map_err(|error| WriteError::Io(path, error))?;
            self.step();
        }
        Ok(fresh)
    }

    /// Exchanges the static site with the new one.
    fn swap_in(&mut self, fresh: &Path) -> Result<(), WriteError> {
        let site = self.folder.join("site");
        let done = if site.exists() {
            renameat_with(CWD, fresh, CWD, &site, RenameFlags::EXCHANGE).map_err(io::Error::from)
        } else {
            fs::rename(fresh, &site)
        };
        done.map_err(|error| WriteError::Io(site, error))?;
        self.step();
        remove(fresh)
    }

    fn head(
        &mut self,
        catalog: &Catalog,
        former: Option<Head>,
        signing: Signing<'_>,
    ) -> Result<(), WriteError> {
        let signer = Signer { key: signing.key, former_keys: signing.former_keys, now: signing.now };
        if let Some(head) = &former
            && head.root == catalog.root
            && signer.is_fresh(head, signing.expires_days)
        {
            self.written.sequence = head.sequence;
            return Ok(());
        }
        let head =
            signer.succeed(catalog.root, former.as_ref(), signing.expires_days).map_err(WriteError::Sign)?;
        let path = self.folder.join(HEAD_PATH);
        let bytes = to_json(&head).map_err(|error| WriteError::Io(path.clone(), io::Error::other(error)))?;
        self.put(&path, &bytes)?;
        self.written.sequence = head.sequence;
        self.step();
        Ok(())
    }
}

fn remove(folder: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::Io(folder.to_owned(), error))
        }
        _ => Ok(()),
    }
}

fn sync_file_system(folder: &Path) -> Result<(), WriteError> {
    let failed = |error| WriteError::Io(folder.to_owned(), error);
    rustix::fs::syncfs(File::open(folder).map_err(failed)?).map_err(|error| failed(error.into()))
}

/// The file of the static site for a public URL.
fn site_path(site: &Path, url: &str) -> PathBuf {
    let relative = url.trim_start_matches('/');
    if url.ends_with('/') { site.join(relative).join("index.html") } else { site.join(relative) }
}
