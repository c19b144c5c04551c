//! Bundles: the archive of a release's source files, a ustar in gzip. The same files make the same bytes wherever they
//! are packed, and nothing that is no such archive is unpacked. All of it happens in memory.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{Archive, Entry, EntryType, Header};

use crate::digest::FileMode;
use crate::manifest::{MAX_SKILL_FILES, SourceFile, is_portable};

/// Most bytes in a bundle's files together. More would let a small archive fill the memory.
pub const MAX_UNPACKED: u64 = 64 << 20;
/// What tar itself adds: a header and padding per file, and the end of the archive.
const MAX_TAR_OVERHEAD: u64 = (MAX_SKILL_FILES as u64 + 16) * 1024;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not a gzip of a tar.
    #[error("the bundle is no readable tar.gz")]
    Unreadable(#[from] io::Error),
    /// A link, a folder, a device.
    #[error("the bundle holds something that is not a regular file")]
    NotAFile,
    /// A mode that Git does not have.
    #[error("the bundle holds a file with a mode other than 644 and 755")]
    Mode,
    /// An absolute path, or one that leads out.
    #[error("the bundle holds a path that does not stay inside the skill")]
    Path,
    /// A path that cannot be laid out beside another.
    #[error("the bundle holds the path `{0}` twice, or as file and folder")]
    Duplicate(String),
    /// More files than a skill may have.
    #[error("the bundle holds more than {MAX_SKILL_FILES} files")]
    TooMany,
    /// Larger than any skill, once unpacked.
    #[error("the bundle unpacks to more than {MAX_UNPACKED} bytes")]
    TooLarge,
    /// Cut short.
    #[error("the bundle ends within a file")]
    Truncated,
}

/// Packs files: paths byte-sorted, modes 0644 or 0755, owners and times zero.
///
/// # Errors
/// When a path is too long for the format.
pub fn pack(files: &BTreeMap<String, SourceFile>) -> io::Result<Vec<u8>> {
    let compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(compressed);
    for (path, file) in files {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(file.mode.permissions());
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(file.bytes.len() as u64);
        header.set_path(path)?;
        header.set_cksum();
        archive.append(&header, file.bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// The files of a bundle by path.
///
/// # Errors
/// Any [`BundleError`]; nothing of a bundle that is wrong anywhere is returned.
pub fn unpack(bundle: &[u8]) -> Result<BTreeMap<String, SourceFile>, BundleError> {
    let bounded = GzDecoder::new(bundle).take(MAX_UNPACKED + MAX_TAR_OVERHEAD);
    let mut files = BTreeMap::new();
    let mut unpacked = 0;
    // Raw: long-name and pax entries are reported as what they are instead of being applied, and so refused.
    for entry in Archive::new(bounded).entries()?.raw(true) {
        let mut entry = entry?;
        let path = path_of(&entry)?;
        let mode = mode_of(&entry)?;
        unpacked += entry.size();
        if unpacked > MAX_UNPACKED {
            return Err(BundleError::TooLarge);
        }
        let bytes = content_of(&mut entry)?;
        if files.insert(path.clone(), SourceFile { mode, bytes }).is_some() {
            return Err(BundleError::Duplicate(path));
        }
        if files.len() > MAX_SKILL_FILES {
            return Err(BundleError::TooMany);
        }
    }
    match files.keys().find(|path| folders_of(path).any(|folder| files.contains_key(folder))) {
        Some(path) => Err(BundleError::Duplicate(path.clone())),
        None => Ok(files),
    }
}

/// Every folder that `path` lies in, outermost first.
pub fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(end, _)| path.get(..end))
}

fn path_of(entry: &Entry<'_, impl Read>) -> Result<String, BundleError> {
    let bytes = entry.path_bytes();
    let path = std::str::from_utf8(&bytes).map_err(|_| BundleError::Path)?;
    if is_portable(path) { Ok(path.to_owned()) } else { Err(BundleError::Path) }
}

fn mode_of(entry: &Entry<'_, impl Read>) -> Result<FileMode, BundleError> {
    if entry.header().entry_type() != EntryType::Regular {
        return Err(BundleError::NotAFile);
    }
    match entry.header().mode()? {
        0o644 => Ok(FileMode::Plain),
        0o755 => Ok(FileMode::Executable),
        _ => Err(BundleError::Mode),
    }
}

fn content_of(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    if bytes.len() as u64 == entry.size() { Ok(bytes) } else { Err(BundleError::Truncated) }
}

#[cfg(test)]
mod tests;
