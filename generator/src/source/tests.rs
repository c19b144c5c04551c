//! What is read of real repositories.

use std::process::Command;

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let full = place.0.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        place
    }

    fn git(&self, line: &str) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@b.example"]).args(line.split(' '));
        let done = git.current_dir(self.0.path()).output().unwrap();
        assert!(done.status.success(), "git {line}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn commit(&self) {
        ["init --quiet", "add --all", "commit --quiet --message x"].iter().for_each(|line| self.git(line));
    }

    fn files(&self, folder: &str, origin: Origin) -> Vec<String> {
        let snapshot = read(&self.0.path().join(folder), origin).unwrap();
        assert_eq!(snapshot.diagnostics, []);
        snapshot.files.into_keys().collect()
    }
}

#[test]
fn what_other_tools_ignore_is_read() {
    let place = Place::new(&[("skills/a/b.md", ""), ("skills/a/.ignore", "b.md\n")]);
    assert_eq!(place.files("", Origin::Worktree), ["skills/a/.ignore", "skills/a/b.md"]);
    place.commit();
    assert_eq!(place.files("", Origin::Worktree), place.files("", Origin::Head));
}

#[test]
fn what_git_tracks_is_read_although_it_is_ignored() {
    let place = Place::new(&[
        (".gitignore", "*.log\nout/\n"),
        ("skills/a/b/SKILL.md", ""),
        ("skills/a/b/kept.log", ""),
        ("skills/a/b/left.log", ""),
        ("skills/a/b/out/kept.md", ""),
        ("skills/a/b/out/gone.md", ""),
    ]);
    let wanted = ["skills/a/b/SKILL.md", "skills/a/b/kept.log", "skills/a/b/out/kept.md"];
    place.git("init --quiet");
    place.git("add --force skills/a/b/kept.log skills/a/b/out");
    fs::remove_file(place.0.path().join("skills/a/b/out/gone.md")).unwrap();
    assert_eq!(place.files("", Origin::Worktree), wanted);
    place.commit();
    assert_eq!(place.files("", Origin::Head), wanted);
}

#[test]
fn nothing_is_read_through_a_link_that_took_the_place_of_a_tracked_folder() {
    let place = Place::new(&[
        (".gitignore", "out\n"),
        ("skills/a/b/SKILL.md", ""),
        ("skills/a/b/out/x.md", ""),
        ("elsewhere/x.md", "secret"),
    ]);
    place.git("init --quiet");
    place.git("add --force skills");
    let folder = place.0.path().join("skills/a/b/out");
    fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(place.0.path().join("elsewhere"), folder).unwrap();
    assert_eq!(place.files("", Origin::Worktree), ["skills/a/b/SKILL.md"]);
}

#[test]
fn a_folder_of_a_larger_repository_is_read_alone() {
    let place = Place::new(&[
        (".gitignore", "*.log\n"),
        ("skills/a/outer.md", ""),
        ("sub/skills/a/inner.md", ""),
        ("sub/skills/a/kept.log", ""),
        ("sub/guildhall.yaml", "organisation: Inner\n"),
        ("other/x", ""),
    ]);
    place.git("init --quiet");
    place.git("add --force sub");
    place.commit();
    for origin in [Origin::Head, Origin::Worktree] {
        assert_eq!(place.files("sub", origin), ["skills/a/inner.md", "skills/a/kept.log"]);
        assert_eq!(place.files("", origin), ["skills/a/outer.md"]);
        let config = read(&place.0.path().join("sub"), origin).unwrap().config;
        assert_eq!(config.as_deref(), Some("organisation: Inner\n"));
        let nothing = read(&place.0.path().join("other"), origin);
        assert!(matches!(nothing, Err(SourceError::Nothing(_))), "{nothing:?}");
    }
}
