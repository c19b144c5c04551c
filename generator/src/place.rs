//! Places below a repository, for those who write: a path of it must not lead elsewhere.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Why nothing is written at a path.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The path, or a folder above it, leads elsewhere.
    #[error("`{0}` is a symbolic link, and what is written must stay in the repository: put a folder there")]
    Link(PathBuf),
    /// It is not written as a path of the repository is.
    #[error("`{0}` is no path of the repository")]
    NoPath(PathBuf),
    /// The operating system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<PlaceError> for io::Error {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Io(error) => error,
            PlaceError::Link(_) | PlaceError::NoPath(_) => Self::other(error),
        }
    }
}

/// The file or folder at `path`, reached from the repository without any link. It need not be there yet.
///
/// # Errors
/// Any [`PlaceError`].
pub fn inside(repository: &Path, path: &str) -> Result<PathBuf, PlaceError> {
    let mut reached = repository.to_owned();
    for part in Path::new(path).components() {
        let Component::Normal(name) = part else { return Err(PlaceError::NoPath(path.into())) };
        reached.push(name);
        match fs::symlink_metadata(&reached) {
            Ok(metadata) if metadata.is_symlink() => return Err(PlaceError::Link(reached)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_leads_through_no_link_and_not_upwards() {
        let repository = tempfile::tempdir().unwrap();
        let root = repository.path();
        fs::create_dir(root.join("a")).unwrap();
        symlink("a", root.join("link")).unwrap();
        symlink("nowhere", root.join("a/gone")).unwrap();
        assert_eq!(inside(root, "a/b/c").unwrap(), root.join("a/b/c"));
        for path in ["link", "link/b", "a/gone", "a/gone/b"] {
            assert!(matches!(inside(root, path), Err(PlaceError::Link(_))), "{path}");
        }
        for path in ["../x", "/x", "a/../../x"] {
            assert!(matches!(inside(root, path), Err(PlaceError::NoPath(_))), "{path}");
        }
    }
}
