//! Planned changes → files of the working tree. Nothing outside it is touched, and no link is followed.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use registry_core::digest::FileMode;
use registry_core::manifest::SourceFile;
use tempfile::NamedTempFile;

use super::Edit;
use crate::place::{PlaceError, inside};

/// Why a path of the working tree is not changed.
#[derive(Debug, thiserror::Error)]
pub enum LeftAlone {
    /// It is not what was checked.
    #[error("it changed while it was checked; run the command again")]
    Changed,
    /// It is, or lies behind, something that may lead elsewhere.
    #[error("it is not an ordinary file or folder of the repository")]
    NotOrdinary,
    /// A folder to remove that holds something after all.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The operating system refuses.
    #[error("it cannot be written")]
    Io(#[from] io::Error),
}

impl From<PlaceError> for LeftAlone {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Link(_) | PlaceError::NoPath(_) => Self::NotOrdinary,
            PlaceError::Io(error) => Self::Io(error),
        }
    }
}

/// Makes `edit` of the file at `path` of the repository, whole or not at all.
///
/// # Errors
/// Why the file is as it was.
pub fn write(repository: &Path, path: &str, edit: &Edit) -> Result<(), LeftAlone> {
    let target = inside(repository, path)?;
    let metadata = fs::symlink_metadata(&target)?;
    if !metadata.is_file() {
        return Err(LeftAlone::NotOrdinary);
    }
    let SourceFile { mode, bytes } = &edit.after;
    let permissions = match mode {
        FileMode::Executable if edit.before.mode == FileMode::Plain => executable(metadata.permissions()),
        FileMode::Plain | FileMode::Executable => metadata.permissions(),
    };
    let unchanged = || match fs::read(&target)? == edit.before.bytes {
        true => Ok(()),
        false => Err(LeftAlone::Changed),
    };
    if *bytes == edit.before.bytes {
        unchanged()?;
        return Ok(fs::set_permissions(&target, permissions)?);
    }
    let temporary = aside(&target, bytes, permissions)?;
    unchanged()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the empty folder at `path` of the repository.
///
/// # Errors
/// Why it is still there.
pub fn remove_folder(repository: &Path, path: &str) -> Result<(), LeftAlone> {
    fs::remove_dir(inside(repository, path)?).map_err(|error| match error.kind() {
        io::ErrorKind::DirectoryNotEmpty => LeftAlone::NotEmpty,
        io::ErrorKind::NotADirectory => LeftAlone::NotOrdinary,
        _ => LeftAlone::Io(error),
    })
}

/// Writes a file of this program, whole or not at all. It keeps its permissions.
///
/// # Errors
/// Why it is as it was.
pub fn replace_file(target: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(target) {
        Ok(metadata) => aside(target, bytes, metadata.permissions())?.persist(target)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => new_aside(target, bytes)?.persist(target)?,
        Err(error) => return Err(error),
    };
    Ok(())
}

/// Whoever may read it may also run it.
fn executable(permissions: Permissions) -> Permissions {
    let mode = permissions.mode();
    Permissions::from_mode(mode | (mode & 0o444) >> 2)
}

/// A file in the folder of `target`, to be renamed to it.
fn aside(target: &Path, bytes: &[u8], permissions: Permissions) -> io::Result<NamedTempFile> {
    let file = new_aside(target, bytes)?;
    file.as_file().set_permissions(permissions)?;
    Ok(file)
}

fn new_aside(target: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| folder.as_os_str() != OsStr::new(""));
    let mut file = tempfile::Builder::new()
        .prefix(".guildhall-")
        // Less what the umask takes away, as for any new file.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}
