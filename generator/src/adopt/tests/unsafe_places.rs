//! Links, pipes and files that change: nothing is written or read elsewhere.

use std::os::unix::fs::symlink;

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
