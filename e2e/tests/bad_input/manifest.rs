//! Manifests that are none.

use crate::tree::*;

#[test]
fn a_text_that_is_no_skill() {
    run(&[
        case("a sound one", |t| t.write(MANIFEST, skill("bad")), &[]),
        case("empty", |t| t.write(MANIFEST, ""), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case("no block", |t| t.write(MANIFEST, "# Title\n"), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case("no end", |t| t.write(MANIFEST, "---\na: 1\n"), &["skills/support/bad/SKILL.md:1:1 GH0002"]),
        case(
            "broken YAML",
            |t| t.write(MANIFEST, described("[open")),
            &["skills/support/bad/SKILL.md:5:5 GH0003"],
        ),
        case(
            "an unquoted colon",
            |t| t.write(MANIFEST, described("Use when: asked")),
            &["skills/support/bad/SKILL.md:4:14 GH0003"],
        ),
        case(
            "a key twice",
            |t| t.write(MANIFEST, skill("bad").replace("tags:", "name: x\ntags:")),
            &["skills/support/bad/SKILL.md:5:1 GH0004"],
        ),
        case(
            "an alias bomb",
            |t| {
                let doubled = |n: u32| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
                let bomb: String = (1..64).map(doubled).collect();
                t.write(MANIFEST, format!("---\na0: &a0 [x]\n{bomb}---\n"));
            },
            &["skills/support/bad/SKILL.md:3:10 GH0005"],
        ),
        case(
            "deep nesting",
            |t| t.write(MANIFEST, described(&("[".repeat(200) + &"]".repeat(200)))),
            &["skills/support/bad/SKILL.md:4:29 GH0006"],
        ),
        case(
            "the deepest nesting",
            |t| t.write(MANIFEST, described(&"[".repeat(1_000_000))),
            &["skills/support/bad/SKILL.md:4:269 GH0006"],
        ),
        case(
            "deep nesting in blocks",
            |t| t.write(MANIFEST, format!("---\na:\n{}---\n", " - ".repeat(100_000) + "\n")),
            &["skills/support/bad/SKILL.md:3:47 GH0006"],
        ),
        case(
            "no UTF-8",
            |t| t.write(MANIFEST, [skill("bad").as_bytes(), b"caf\xe9\n"].concat()),
            &["skills/support/bad/SKILL.md:11:4 GH0001"],
        ),
        case(
            "UTF-16",
            |t| t.write(MANIFEST, skill("bad").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            &["skills/support/bad/SKILL.md:1:1 GH0002"],
        ),
        case("a byte order mark", |t| t.write(MANIFEST, format!("\u{feff}{}", skill("bad"))), &[]),
        case("carriage returns", |t| t.write(MANIFEST, skill("bad").replace('\n', "\r\n")), &[]),
        case(
            "carriage returns alone",
            |t| t.write(MANIFEST, skill("bad").replace('\n', "\r")),
            &["skills/support/bad/SKILL.md:1:1 GH0002"],
        ),
        case("three hyphens in a value", |t| t.write(MANIFEST, described("a --- b")), &[]),
        case("three hyphens in a block", |t| t.write(MANIFEST, described("|\n  a\n   ---- \n  b")), &[]),
        case(
            "a line of three hyphens in a value",
            |t| t.write(MANIFEST, described("|\n  a\n---\n  b")),
            &["skills/support/bad/SKILL.md:6:1 GH0101", "skills/support/bad/SKILL.md:6:1 GH0101"],
        ),
        case("a NUL", |t| t.write(MANIFEST, described("a\0b")), &["skills/support/bad/SKILL.md:4:15 GH0003"]),
        case(
            "more than a manifest may have",
            |t| t.write(MANIFEST, skill("bad") + &"x".repeat(1 << 20)),
            &["skills/support/bad/SKILL.md:1:1 GH0001"],
        ),
    ]);
}
