//! Writes a catalog so that an interruption at any moment leaves the former one whole: content-addressed files
//! first, each put in place by a rename; then the head; then the static site, which edges never read and which was
//! written aside before, swapped in as a folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_core::catalog::{HEAD_PATH, Head, HeadError, Key, to_json};
use registry_core::digest::Digest;
use registry_core::policy::Audience;
use registry_core::token::PublicKey;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::catalog::{SIGN_IN_URL, Sink};
use crate::head::Signer;
use crate::site::StaticSite;

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

/// Writes a catalog into a folder, file by file as it is built, from any thread.
pub struct Writer<'a> {
    folder: &'a Path,
    signer: Signer<'a>,
    former: Option<Head>,
    /// Told at every step (a file written aside, put in place or found equal) how many there have been.
    progress: &'a (dyn Fn(usize) + Sync),
    steps: AtomicUsize,
    new: AtomicUsize,
    equal: AtomicUsize,
    /// Names the files that are written aside.
    number: AtomicUsize,
    _lock: File,
}

impl Sink for Writer<'_> {
    fn put(&self, key: Key, bytes: Vec<u8>) -> Result<(), WriteError> {
        let target = self.folder.join(key.path());
        // A name is the digest of its content, and only whole files are put in place under it.
        if fs::metadata(&target).is_ok_and(|there| there.len() == bytes.len() as u64) {
            self.equal.fetch_add(1, Ordering::Relaxed);
        } else {
            self.place(&target, &bytes)?;
            self.new.fetch_add(1, Ordering::Relaxed);
        }
        self.step();
        Ok(())
    }

    fn has(&self, key: &Key) -> bool {
        self.folder.join(key.path()).exists()
    }
}

impl<'a> Writer<'a> {
    /// Begins to write to `folder`, alone.
    ///
    /// # Errors
    /// When another process writes there, or the catalog that is there cannot be continued.
    pub fn open(
        folder: &'a Path,
        signer: Signer<'a>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> Result<Self, WriteError> {
        create_folder(folder)?;
        let lock = lock(folder)?;
        // What an interrupted build left half written.
        remove(&folder.join(TEMPORARY))?;
        create_folder(&folder.join(TEMPORARY))?;
        let former = former_head(folder, &signer.pinned())?;
        let [steps, new, equal, number] = Default::default();
        Ok(Self { folder, signer, former, progress, steps, new, equal, number, _lock: lock })
    }

    /// Whether the catalog that is there has this root, and with it all that the root needs.
    #[must_use]
    pub fn continues(&self, root: Digest) -> bool {
        self.former.as_ref().is_some_and(|head| head.root == root)
    }

    /// Makes the root whose files were put the current one, and swaps in the static site, if there is to be one.
    ///
    /// # Errors
    /// Any [`WriteError`]; the catalog that was there before is then still whole.
    pub fn finish(
        &self,
        root: Digest,
        expires_days: u32,
        site: Option<&StaticSite<'_>>,
    ) -> Result<Written, WriteError> {
        let fresh = site.map(|site| self.site_aside(site)).transpose()?;
        // Everything reaches the disk before the head names it.
        sync_file_system(self.folder)?;
        let sequence = self.head(root, expires_days)?;
        if let Some(fresh) = fresh {
            self.swap_in(&fresh)?;
        }
        sync_file_system(self.folder)?;
        let [new, equal] = [&self.new, &self.equal].map(|count| count.load(Ordering::Relaxed));
        Ok(Written { new, equal, sequence })
    }

    fn step(&self) {
        (self.progress)(self.steps.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// A file appears under its name whole or not at all.
    fn place(&self, target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        let failed = |error| WriteError::Io(target.to_owned(), error);
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(TEMPORARY).join(number.to_string());
        fs::write(&temporary, bytes).map_err(failed)?;
        self.step();
        match fs::rename(&temporary, target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                target.parent().map_or(Ok(()), create_folder)?;
                fs::rename(&temporary, target).map_err(failed)
            }
            done => done.map_err(failed),
        }
    }

    /// Writes the static site to a new folder and returns it.
    fn site_aside(&self, site: &StaticSite<'_>) -> Result<PathBuf, WriteError> {
        let fresh = self.folder.join(TEMPORARY).join("site");
        create_folder(&fresh)?;
        for (url, file) in site.public.iter().filter(|(url, _)| *url != SIGN_IN_URL) {
            let object = self.folder.join(Key::Object(Audience::Public, file.digest).path());
            self.put_aside(&fresh, url, |path| fs::copy(object, path).map(drop))?;
        }
        for (url, bytes) in &site.own {
            self.put_aside(&fresh, url, |path| fs::write(path, bytes))?;
        }
        Ok(fresh)
    }

    fn put_aside(
        &self,
        fresh: &Path,
        url: &str,
        put: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let path = site_path(fresh, url);
        path.parent().map_or(Ok(()), create_folder)?;
        put(&path).map_err(|error| WriteError::Io(path, error))?;
        self.step();
        Ok(())
    }

    /// Exchanges the static site with the new one.
    fn swap_in(&self, fresh: &Path) -> Result<(), WriteError> {
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

    fn head(&self, root: Digest, expires_days: u32) -> Result<u64, WriteError> {
        let former = self.former.as_ref();
        if let Some(head) =
            former.filter(|head| head.root == root && self.signer.is_fresh(head, expires_days))
        {
            return Ok(head.sequence);
        }
        let head = self.signer.succeed(root, former, expires_days).map_err(WriteError::Sign)?;
        let path = self.folder.join(HEAD_PATH);
        let bytes = to_json(&head).map_err(|error| WriteError::Io(path.clone(), io::Error::other(error)))?;
        self.place(&path, &bytes)?;
        self.step();
        Ok(head.sequence)
    }
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

fn former_head(folder: &Path, pinned: &[PublicKey]) -> Result<Option<Head>, WriteError> {
    let path = folder.join(HEAD_PATH);
    match fs::read(&path) {
        Ok(bytes) => Head::verify(&bytes, pinned)
            .map(Some)
            .map_err(|error| WriteError::FormerHead(folder.to_owned(), error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WriteError::Io(path, error)),
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
