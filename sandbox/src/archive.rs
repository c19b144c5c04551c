//! Bundles: a tar.gz of regular files, read in memory. Nothing of it reaches a disk before its digest is checked.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use registry_core::digest::FileMode;
use registry_core::manifest::{MAX_SKILL_FILES, SourceFile, is_portable};
use tar::{Archive, Entry, EntryType};

/// Most bytes in a bundle's files together. More would let a small archive fill the memory.
pub(crate) const MAX_UNPACKED: u64 = 64 << 20;
/// What tar itself adds: a header and padding per file, and the end of the archive.
const MAX_TAR_OVERHEAD: u64 = (MAX_SKILL_FILES as u64 + 16) * 1024;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("the bundle is no readable tar.gz")]
    Unreadable(#[from] io::Error),
    #[error("the bundle holds something that is not a regular file")]
    NotAFile,
    #[error("the bundle holds a file with a mode other than 644 and 755")]
    Mode,
    #[error("the bundle holds a path that does not stay inside the skill")]
    Path,
    #[error("the bundle holds the path `{0}` twice, or as file and folder")]
    Duplicate(String),
    #[error("the bundle holds more than {MAX_SKILL_FILES} files")]
    TooMany,
    #[error("the bundle unpacks to more than {MAX_UNPACKED} bytes")]
    TooLarge,
    #[error("the bundle ends within a file")]
    Truncated,
}

/// The files of a bundle by path.
pub(crate) fn unpack(bundle: &[u8]) -> Result<BTreeMap<String, SourceFile>, ArchiveError> {
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
            return Err(ArchiveError::TooLarge);
        }
        let bytes = content_of(&mut entry)?;
        if files.insert(path.clone(), SourceFile { mode, bytes }).is_some() {
            return Err(ArchiveError::Duplicate(path));
        }
        if files.len() > MAX_SKILL_FILES {
            return Err(ArchiveError::TooMany);
        }
    }
    match files.keys().find(|path| folders_of(path).any(|folder| files.contains_key(folder))) {
        Some(path) => Err(ArchiveError::Duplicate(path.clone())),
        None => Ok(files),
    }
}

/// Every folder that `path` lies in, outermost first.
pub(crate) fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(end, _)| path.get(..end))
}

fn path_of(entry: &Entry<'_, impl Read>) -> Result<String, ArchiveError> {
    let bytes = entry.path_bytes();
    let path = std::str::from_utf8(&bytes).map_err(|_| ArchiveError::Path)?;
    if is_portable(path) { Ok(path.to_owned()) } else { Err(ArchiveError::Path) }
}

fn mode_of(entry: &Entry<'_, impl Read>) -> Result<FileMode, ArchiveError> {
    if entry.header().entry_type() != EntryType::Regular {
        return Err(ArchiveError::NotAFile);
    }
    match entry.header().mode()? {
        0o644 => Ok(FileMode::Plain),
        0o755 => Ok(FileMode::Executable),
        _ => Err(ArchiveError::Mode),
    }
}

fn content_of(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    if bytes.len() as u64 == entry.size() { Ok(bytes) } else { Err(ArchiveError::Truncated) }
}

#[cfg(test)]
mod tests;
