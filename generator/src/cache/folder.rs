//! The folder of caches in a repository: written whole, left out by Git and backups, and never reached by a link.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::place;
use crate::source;

/// Where caches lie, relative to the repository.
pub(super) const FOLDER: &str = ".guildhall/cache";

/// Where caches lie, and the program that keeps them.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    program: String,
}

impl Folder {
    /// The folder in `repository`, which need not be there yet.
    ///
    /// # Errors
    /// When a link leads to it, or the program's own file cannot be looked at.
    pub(crate) fn of(repository: &Path) -> io::Result<Self> {
        Ok(Self { path: place::inside(repository, FOLDER)?, program: program()? })
    }

    /// The program by its file's size and times: whoever changes what it does makes another file. Nobody can choose the
    /// time at which its inode was changed, so that a cache that was written on another machine, and perhaps committed,
    /// is not believed here.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// A file of the folder; nothing where there is none, none that can be read, or one of more than `most` bytes.
    pub(crate) fn read(&self, name: &str, most: u64) -> Option<Vec<u8>> {
        source::bytes(&self.path.join(name), most).ok()?
    }

    /// Writes a file, in parts, aside and puts it in place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        mark(&self.path.join(".gitignore"), "*\n")?;
        mark(&self.path.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n")?;
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.persist(self.path.join(name))?;
        Ok(())
    }
}

fn program() -> io::Result<String> {
    let file = fs::metadata(std::env::current_exe()?)?;
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    Ok(format!("{} {} {times:?}", env!("CARGO_PKG_VERSION"), file.len()))
}

/// Writes a file, unless something lies there, be it a link that leads nowhere.
fn mark(path: &Path, text: &str) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut made) => made.write_all(text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
