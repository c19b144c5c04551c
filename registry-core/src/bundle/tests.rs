use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::Header;

use super::*;

struct Member<'a> {
    path: &'a [u8],
    kind: EntryType,
    mode: u32,
    content: &'a [u8],
}

fn plain<'a>(path: &'a str, content: &'a [u8]) -> Member<'a> {
    Member { path: path.as_bytes(), kind: EntryType::Regular, mode: 0o644, content }
}

/// A tar.gz whose headers say exactly what they are told to, unlike those of `tar::Builder`.
fn archive(members: &[Member<'_>]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for member in members {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..member.path.len()].copy_from_slice(member.path);
        header.set_entry_type(member.kind);
        header.set_mode(member.mode);
        header.set_size(member.content.len() as u64);
        header.set_cksum();
        gzip.write_all(header.as_bytes()).unwrap();
        gzip.write_all(member.content).unwrap();
        gzip.write_all(&vec![0; member.content.len().next_multiple_of(512) - member.content.len()]).unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

fn refusal(members: &[Member<'_>]) -> BundleError {
    unpack(&archive(members)).unwrap_err()
}

#[test]
fn files_come_out_with_mode_and_content() {
    let script = Member { mode: 0o755, ..plain("scripts/a.py", b"y") };
    let files = unpack(&archive(&[plain("SKILL.md", b"x"), script])).unwrap();
    let expected = [
        ("SKILL.md", SourceFile { mode: FileMode::Plain, bytes: b"x".to_vec() }),
        ("scripts/a.py", SourceFile { mode: FileMode::Executable, bytes: b"y".to_vec() }),
    ];
    assert_eq!(files, expected.map(|(path, file)| (path.to_owned(), file)).into());
}

#[test]
fn a_path_stays_inside_or_is_refused() {
    for bad in ["../a", "a/../b", "/etc/passwd", "./a", "a//b", "a/", "", ".", "a\\b", "a\nb", "\u{1}"] {
        assert!(matches!(refusal(&[plain(bad, b"")]), BundleError::Path), "{bad:?}");
    }
    let no_text = Member { path: b"\xff", ..plain("", b"") };
    assert!(matches!(refusal(&[no_text]), BundleError::Path));
    assert!(unpack(&archive(&[plain("..a/b..", b"")])).is_ok());
}

#[test]
fn only_regular_files_of_the_two_modes_are_taken() {
    use EntryType as E;
    for kind in [
        E::Symlink,
        E::Link,
        E::Directory,
        E::Char,
        E::Block,
        E::Fifo,
        E::Continuous,
        E::GNULongName,
        E::GNULongLink,
        E::GNUSparse,
        E::XGlobalHeader,
        E::XHeader,
    ] {
        assert!(matches!(refusal(&[Member { kind, ..plain("a", b"") }]), BundleError::NotAFile), "{kind:?}");
    }
    for mode in [0o4755, 0o777, 0o600, 0] {
        assert!(matches!(refusal(&[Member { mode, ..plain("a", b"") }]), BundleError::Mode), "{mode:o}");
    }
}

#[test]
fn a_path_is_one_thing() {
    assert!(matches!(refusal(&[plain("a", b"1"), plain("a", b"1")]), BundleError::Duplicate(_)));
    assert!(matches!(refusal(&[plain("a/b", b""), plain("a", b"")]), BundleError::Duplicate(_)));
    assert!(unpack(&archive(&[plain("a/b", b""), plain("ab", b"")])).is_ok());
}

#[test]
fn number_and_size_are_bounded() {
    let names: Vec<String> = (0..=MAX_SKILL_FILES).map(|index| index.to_string()).collect();
    let members: Vec<Member<'_>> = names.iter().map(|name| plain(name, b"")).collect();
    assert_eq!(unpack(&archive(&members[1..])).unwrap().len(), MAX_SKILL_FILES);
    assert!(matches!(refusal(&members), BundleError::TooMany));

    let half = vec![0; MAX_UNPACKED as usize / 2];
    assert!(unpack(&archive(&[plain("a", &half), plain("b", &half)])).is_ok());
    let bomb = archive(&[plain("a", &half), plain("b", &half), plain("c", b"1")]);
    assert!(bomb.len() < 1 << 20, "the bomb is small when packed");
    assert!(matches!(unpack(&bomb).unwrap_err(), BundleError::TooLarge));
}

#[test]
fn what_is_cut_short_is_refused() {
    let whole = archive(&[plain("a", &[7; 4096])]);
    for length in [0, 1, 20, whole.len() / 2] {
        assert!(unpack(&whole[..length]).is_err(), "{length}");
    }
}

fn stays_inside(path: &str) -> bool {
    std::path::Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

proptest! {
    #[test]
    fn noise_never_panics(noise: Vec<u8>) {
        let _ = unpack(&noise);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&noise).unwrap();
        let _ = unpack(&gzip.finish().unwrap());
    }

    #[test]
    fn no_path_leads_outside(paths in prop::collection::vec("[./a\\\\]{0,12}", 1..4)) {
        let members: Vec<Member<'_>> = paths.iter().map(|path| plain(path, b"x")).collect();
        if let Ok(files) = unpack(&archive(&members)) {
            prop_assert_eq!(files.len(), members.len());
            prop_assert!(files.keys().all(|path| stays_inside(path)));
        }
    }

    #[test]
    fn a_damaged_archive_never_panics_nor_leads_outside(at in 0_usize..1024, byte: u8) {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        let mut tar = Vec::new();
        GzDecoder::new(archive(&[plain("a/b", b"x")]).as_slice()).read_to_end(&mut tar).unwrap();
        tar[at] = byte;
        gzip.write_all(&tar).unwrap();
        if let Ok(files) = unpack(&gzip.finish().unwrap()) {
            prop_assert!(files.keys().all(|path| stays_inside(path)));
        }
    }
}

#[test]
fn packed_files_carry_nothing_but_paths_modes_and_content() {
    let file = |mode, text: &str| SourceFile { mode, bytes: text.as_bytes().to_vec() };
    let files = BTreeMap::from([
        ("SKILL.md".to_owned(), file(FileMode::Plain, "x")),
        ("scripts/a.sh".to_owned(), file(FileMode::Executable, "y")),
    ]);
    let bytes = pack(&files).unwrap();
    assert_eq!(bytes, pack(&files).unwrap());
    assert_eq!(unpack(&bytes).unwrap(), files);
    let mut reader = Archive::new(GzDecoder::new(bytes.as_slice()));
    for entry in reader.entries().unwrap() {
        let header = entry.unwrap().header().clone();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
    }
}
