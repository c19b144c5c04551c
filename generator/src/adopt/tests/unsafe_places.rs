//! Links, pipes and files that change: nothing is written or read elsewhere.

use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

const SKILL: &str = "---\nname: refund\ndescription: d\n---\n";

#[test]
fn nothing_is_written_through_a_link() {
    for link in ["skills", "skills/support", ".guildhall"] {
        let place = Place::of("refund", SKILL);
        let (repository, elsewhere) = (place.folder.path().join("into"), tempfile::tempdir().unwrap());
        let link = repository.join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        let team = "support".parse().unwrap();
        let folder = place.folder.path().join("found");
        for dry_run in [true, false] {
            let request = Request { folder: &folder, repository: &repository, team: &team, dry_run };
            let error = adopt(request).unwrap_err();
            assert!(matches!(error, AdoptError::Place(PlaceError::Link(_))), "{error}");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_takes_the_place_of_a_file_is_not_read() {
    let swaps: [fn(&Path); 3] = [
        |path| symlink("/etc/passwd", path).unwrap(),
        |path| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
        |path| fs::write(path, "longer than it was").unwrap(),
    ];
    for swap in swaps {
        let place = Place::of("refund", SKILL);
        let file = place.folder.path().join("found/refund/a.txt");
        fs::write(&file, "short").unwrap();
        let walk = find::find(&place.folder.path().join("found"), Path::new("")).unwrap();
        let mut found = walk.skills.into_iter().next().unwrap();
        fs::remove_file(&file).unwrap();
        swap(&file);
        let faults = found.read().unwrap_err();
        let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(messages, ["the file `a.txt` changed while it was read"]);
    }
}

#[test]
fn folders_that_are_no_part_of_a_skill_are_told() {
    let place = Place::of("refund", SKILL);
    for folder in ["refund/node_modules", "refund/lib/.git", "node_modules"] {
        let folder = place.folder.path().join("found").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.js"), "").unwrap();
    }
    let report = place.adopt("found", "into");
    let found = place.folder.path().join("found");
    let inner = |skipped: &Skipped| {
        Path::new(&skipped.path).strip_prefix(&found).unwrap().to_string_lossy().into_owned()
    };
    let skipped: Vec<String> = report.skipped.iter().map(inner).collect();
    assert_eq!(skipped, ["refund/lib/.git", "refund/node_modules"]);
    assert!(!place.folder.path().join("into/skills/support/refund/node_modules").exists());
}
