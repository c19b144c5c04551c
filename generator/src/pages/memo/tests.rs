use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const PYTHON: (&str, &str) = ("py", "import a\n");
const RUST: (&str, &str) = ("rust", "fn a() {}\n");

fn file(repository: &Path) -> std::path::PathBuf {
    repository.join(".guildhall/cache").join(FILE)
}

/// Asks for texts, keeps them, and says how many had to be highlighted.
fn build(repository: &Path, texts: &[(&str, &str)]) -> usize {
    let memo = Memo::of(repository).unwrap();
    for (language, text) in texts {
        assert_eq!(memo.html(language, text), Highlighter::shared().html(language, text));
    }
    let new = memo.used().values().flatten().count();
    memo.keep().unwrap();
    new
}

#[test]
fn what_one_build_highlighted_the_next_one_knows() {
    let repository = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..200).map(|number| format!("a = {number}\n")).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("py", text.as_str())).collect();
    assert_eq!(build(repository.path(), &[texts.clone(), texts.clone()].concat()), 200);
    assert_eq!(build(repository.path(), &texts), 0);
    assert_eq!(build(repository.path(), &[&texts[..50], &[RUST]].concat()), 1);
    assert_eq!(build(repository.path(), &texts), 0, "what was not asked for stays");
}

#[test]
fn a_text_is_known_by_its_language_and_not_by_the_word_for_it() {
    let repository = tempfile::tempdir().unwrap();
    assert_eq!(
        build(repository.path(), &[("py", "1\n"), ("python", "1\n"), ("json", "1\n"), ("text", "1\n")]),
        2
    );
}

#[test]
fn nothing_is_written_where_nothing_is_new() {
    let repository = tempfile::tempdir().unwrap();
    build(repository.path(), &[("text", "a\n")]);
    assert!(!file(repository.path()).exists());
    build(repository.path(), &[PYTHON, RUST]);
    let written = fs::metadata(file(repository.path())).unwrap().modified().unwrap();
    build(repository.path(), &[PYTHON]);
    assert_eq!(fs::metadata(file(repository.path())).unwrap().modified().unwrap(), written);
}

#[test]
fn a_damaged_file_is_as_good_as_none_whatever_is_damaged() {
    let repository = tempfile::tempdir().unwrap();
    build(repository.path(), &[PYTHON, RUST]);
    let sound = fs::read(file(repository.path())).unwrap();
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        assert!(Former::read(bytes, Folder::of(repository.path()).unwrap().program()).is_none(), "{at}");
    }
    for end in 0..sound.len() {
        assert!(
            Former::read(sound[..end].to_vec(), Folder::of(repository.path()).unwrap().program()).is_none()
        );
    }
    fs::write(file(repository.path()), &sound[..40]).unwrap();
    assert_eq!(build(repository.path(), &[PYTHON]), 1);
    assert_eq!(build(repository.path(), &[PYTHON]), 0);
}

/// Writes the file as this program does, with the given HTML for a text.
fn forge(repository: &Path, program: &str, (language, text): (&str, &str), html: &str) {
    let language = Highlighter::shared().language(language).unwrap();
    let key = Digest::of(format!("{}\0{text}", language.name()).as_bytes());
    let body = body(program, MAX_BYTES, [(&key, html)].into_iter());
    let folder = Folder::of(repository).unwrap();
    folder.write(FILE, &[Digest::of(&body).as_bytes(), &body]).unwrap();
}

#[test]
fn a_file_of_another_program_is_not_believed() {
    let repository = tempfile::tempdir().unwrap();
    let program = Folder::of(repository.path()).unwrap().program().to_owned();
    let html = "<span class=\"c\">import</span> a\n";
    forge(repository.path(), &program, PYTHON, html);
    assert_eq!(
        Memo::of(repository.path()).unwrap().html(PYTHON.0, PYTHON.1).as_deref(),
        Some(html),
        "the file is used"
    );
    forge(repository.path(), &format!("{program}x"), PYTHON, html);
    assert_eq!(build(repository.path(), &[PYTHON]), 1);
}

#[test]
fn html_that_is_not_the_text_is_not_believed_whoever_wrote_it() {
    let repository = tempfile::tempdir().unwrap();
    let program = Folder::of(repository.path()).unwrap().program().to_owned();
    for html in ["<script>import a</script>\n", "import b\n", ""] {
        forge(repository.path(), &program, PYTHON, html);
        assert_eq!(build(repository.path(), &[PYTHON]), 1, "{html}");
        assert_eq!(build(repository.path(), &[PYTHON]), 0, "{html}");
    }
}

#[test]
fn a_memo_behind_a_link_is_neither_read_nor_written() {
    for link in [".guildhall", ".guildhall/cache"] {
        let (repository, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = repository.path().join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        assert!(Memo::of(repository.path()).unwrap_err().to_string().contains("is a symbolic link"));
    }
    let memo = Memo::default();
    assert!(memo.html(PYTHON.0, PYTHON.1).is_some());
    memo.keep().unwrap();
}

#[test]
fn a_link_in_place_of_the_file_is_not_followed() {
    let (repository, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    build(repository.path(), &[PYTHON]);
    fs::rename(file(repository.path()), elsewhere.path().join("f")).unwrap();
    symlink(elsewhere.path().join("f"), file(repository.path())).unwrap();
    assert_eq!(build(repository.path(), &[PYTHON]), 1);
    assert!(fs::symlink_metadata(file(repository.path())).unwrap().is_file());
}

#[test]
fn a_file_that_would_grow_too_large_holds_as_much_as_fits() {
    let large = "x".repeat(1_000);
    let keys = [0_u8, 1, 2, 3].map(|number| Digest::of(&[number]));
    let body = body("p", 2_500, keys.iter().map(|key| (key, large.as_str())));
    assert!((2_000..=2_500 - DIGEST_BYTES).contains(&body.len()), "{}", body.len());
}
