//! A `guildhall.yaml` that cannot be used.

use std::fs::{self, File};

use crate::tree::*;

#[test]
fn a_damaged_configuration() {
    const CONFIG: &str = "guildhall.yaml";
    fn damage(t: &Tree, change: impl FnOnce(String) -> Vec<u8>) {
        let text = fs::read_to_string(t.0.path().join(CONFIG)).unwrap();
        t.write(CONFIG, change(text));
    }
    run(&[
        case("broken YAML", |t| t.write(CONFIG, "teams: [\n"), &["guildhall.yaml:2:1 GH0701"]),
        case("empty", |t| t.write(CONFIG, ""), &["guildhall.yaml:1:1 GH0701"]),
        case(
            "a key twice",
            |t| damage(t, |text| format!("{text}teams: {{}}\n").into()),
            &["guildhall.yaml:20:1 GH0701"],
        ),
        case("an alias", |t| t.write(CONFIG, "a: &a [x]\nb: *a\n"), &["guildhall.yaml:2:4 GH0701"]),
        case("deep nesting", |t| t.write(CONFIG, "[".repeat(100_000)), &["guildhall.yaml:1:256 GH0701"]),
        case("no UTF-8", |t| t.write(CONFIG, b"a: 1\nb: caf\xe9\n"), &["guildhall.yaml:2:7 GH0001"]),
        case("a byte order mark", |t| damage(t, |text| format!("\u{feff}{text}").into()), &[]),
        case("carriage returns", |t| damage(t, |text| text.replace('\n', "\r\n").into()), &[]),
        case("too large", |t| t.write(CONFIG, "# comment\n".repeat(200_000)), &["guildhall.yaml:1:1 GH0001"]),
        case(
            "100 MB",
            |t| File::create(t.at(CONFIG)).unwrap().set_len(100 << 20).unwrap(),
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case(
            "a link",
            |t| {
                t.remove(CONFIG);
                t.link("nowhere.yaml", CONFIG);
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case(
            "a folder",
            |t| {
                t.remove(CONFIG);
                t.write("guildhall.yaml/x", "");
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        loose(
            "a pipe",
            |t| {
                t.remove(CONFIG);
                t.pipe(CONFIG);
            },
            &["guildhall.yaml:1:1 GH0001"],
        ),
        case("a file for a folder", |t| t.write(".claude/skills", "x"), &[".claude/skills:1:1 GH0001"]),
    ]);
}
