//! The archive of a release's source files: the same bytes for the same files, wherever it is made.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use registry_core::manifest::SkillSource;
use tar::{EntryType, Header};

/// A gzip-compressed ustar archive: paths byte-sorted, modes 0644 or 0755, owners and times zero.
///
/// # Errors
/// When a path is too long for the format.
pub fn archive(source: &SkillSource) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, file) in &source.files {
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
    let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    compressed.write_all(&archive.into_inner()?)?;
    compressed.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use registry_core::digest::{Digest, FileMode};
    use registry_core::manifest::SourceFile;

    use super::*;

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let file = |mode, text: &str| SourceFile { mode, bytes: text.as_bytes().to_vec() };
        let source = SkillSource {
            id: "t/a".parse().unwrap(),
            manifest_path: "skills/t/a/SKILL.md".to_owned(),
            manifest_file: "SKILL.md".to_owned(),
            files: BTreeMap::from([
                ("SKILL.md".to_owned(), file(FileMode::Plain, "x")),
                ("scripts/a.sh".to_owned(), file(FileMode::Executable, "y")),
            ]),
        };
        let bytes = archive(&source).unwrap();
        assert_eq!(Digest::of(&bytes), Digest::of(&archive(&source).unwrap()));
        let mut entries = Vec::new();
        let mut reader = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        for entry in reader.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            entries.push((path, header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap()));
        }
        assert_eq!(entries, [("SKILL.md".to_owned(), 0o644, 0, 0), ("scripts/a.sh".to_owned(), 0o755, 0, 0)]);
    }
}
