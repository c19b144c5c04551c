//! Edits of real folders: what is changed, what is kept, and what is refused.

mod access;
mod random;
mod unsafe_places;

use std::fs;

use tempfile::TempDir;

use super::*;

const BODY: &str = "# Body\n\n---\ntext  \n";

/// A folder `found` with one skill in `folder`, and an empty repository.
struct Place {
    folder: TempDir,
}

impl Place {
    fn of(folder: &str, text: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write(folder, text);
        place
    }

    fn write(&self, folder: &str, text: &str) {
        let folder = self.folder.path().join("found").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("SKILL.md"), text).unwrap();
    }

    fn adopt(&self, from: &str, into: &str) -> Report {
        let team = "support".parse().unwrap();
        let (folder, repository) = (self.folder.path().join(from), self.folder.path().join(into));
        fs::create_dir_all(&repository).unwrap();
        adopt(Request { folder: &folder, repository: &repository, team: &team, dry_run: false }).unwrap()
    }

    fn text(&self, repository: &str, name: &str) -> String {
        let path = self.folder.path().join(repository).join("skills/support").join(name).join("SKILL.md");
        fs::read_to_string(path).unwrap()
    }
}

fn shown(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// The frontmatter that adopting makes of `frontmatter`, and what is told of it.
fn edited(frontmatter: &str) -> (String, Vec<String>) {
    let place = Place::of("refund", &format!("---\n{frontmatter}---\n{BODY}"));
    let report = place.adopt("found", "into");
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    let [adopted] = report.adopted.as_slice() else { panic!("one skill") };
    let text = place.text("into", adopted.slug.name.as_str());
    let inner = text.strip_prefix("---\n").unwrap().strip_suffix(&format!("---\n{BODY}")).unwrap();
    (inner.to_owned(), shown(&adopted.changes))
}

fn refused(frontmatter: &str) -> Vec<String> {
    let place = Place::of("refund", &format!("---\n{frontmatter}---\n{BODY}"));
    let report = place.adopt("found", "into");
    assert!(report.adopted.is_empty() && !place.folder.path().join("into/skills").exists());
    let [refused] = report.refused.as_slice() else { panic!("one skill") };
    let line = |finding: &registry_core::diagnostic::Diagnostic| {
        let start = finding.span.start;
        format!("{} {}:{}", finding.rule.code(), start.line, start.column)
    };
    refused.findings.iter().map(line).collect()
}

const GIVEN: &str = "version: 1.0.0\ntags: []\naccess_level: team\n";

#[test]
fn a_value_that_lacks_quotes_gets_them() {
    let text = "name: refund\ndescription: Use when: somebody asks\nlicense: MIT: see\n";
    let (edited, told) = edited(text);
    let quoted = "name: refund\ndescription: \"Use when: somebody asks\"\nlicense: \"MIT: see\"\n";
    assert_eq!(edited, format!("{quoted}{GIVEN}"));
    assert_eq!(
        told,
        [
            "~ description: Use when: somebody asks → \"Use when: somebody asks\"",
            "~ license: MIT: see → \"MIT: see\"",
            "+ version: 1.0.0",
            "+ tags: []",
            "+ access_level: team",
        ]
    );
    assert_eq!(refused("name: refund\ndescription: a: b\n  more\n"), ["GH0003 3:15"]);
    assert_eq!(refused("name: refund\ndescription: a: b\nlicense: [\n"), ["GH0003 5:1"]);
}

#[test]
fn missing_keys_are_added_behind_the_last_and_nothing_else_moves() {
    let text = "# whose it is\nname:   'refund'   # kept\n\ndescription: >-\n  Pays back.\n  Twice.\n";
    let (edited, told) = edited(text);
    assert_eq!(edited, format!("{text}{GIVEN}"));
    assert_eq!(told, ["+ version: 1.0.0", "+ tags: []", "+ access_level: team"]);
}

#[test]
fn a_name_is_made_valid_and_keeps_its_quotes() {
    let name = |line: &str| {
        let (text, told) = edited(&format!("{line}\ndescription: d\n{GIVEN}"));
        (text.split("\ndescription").next().unwrap().to_owned(), told.first().cloned().unwrap_or_default())
    };
    let both = |line: &str, told: &str| (line.to_owned(), told.to_owned());
    assert_eq!(name("name: Foo Bar # x"), both("name: foo-bar # x", "~ name: Foo Bar → foo-bar"));
    assert_eq!(name("name: \"Foo Bar\""), both("name: \"foo-bar\"", "~ name: Foo Bar → foo-bar"));
    assert_eq!(name("name: 'support/refund'"), both("name: 'support/refund'", ""));
    assert_eq!(name("name: other/refund"), both("name: refund", "~ name: other/refund → refund"));
    assert_eq!(name("name: 2048"), both("name: \"2048\"", "~ name: 2048 → 2048"));
    assert_eq!(name("name:"), both("name: refund", "~ name:  → refund"));
    assert_eq!(name("name: >-\n  Foo\n  Bar"), both("name: >-\n  foo-bar", "~ name: Foo Bar → foo-bar"));
    assert_eq!(edited("description: d\n").0, format!("description: d\nname: refund\n{GIVEN}"));
}

#[test]
fn a_version_is_completed_where_it_stands() {
    let with = |lines: &str| {
        let (text, told) = edited(&format!("name: refund\ndescription: d\n{lines}"));
        (text.replace("name: refund\ndescription: d\n", ""), told)
    };
    let version = |line: &str| with(&format!("{line}\ntags: []\naccess_level: team\n"));
    assert_eq!(version("version: 1.0").0, "version: 1.0.0\ntags: []\naccess_level: team\n");
    assert_eq!(version("version: 2.10").1, ["~ version: 2.10 → 2.10.0"]);
    assert_eq!(version("version: 'v2'").0, "version: '2.0.0'\ntags: []\naccess_level: team\n");
    assert_eq!(version("Version: 2.1.2").1, ["~ Version → version"]);
    let (text, told) = version("version: latest");
    let kept = "metadata:\n  source-version: \"latest\"\n";
    assert_eq!(text, format!("version: 1.0.0\ntags: []\naccess_level: team\n{kept}"));
    assert_eq!(told, ["~ version: latest → 1.0.0", "+ metadata.source-version: latest"]);
    let more = "tags: []\naccess_level: team\n";
    let (text, told) = with("metadata:\n  author: a\n  version: \"1.1\"\n");
    assert_eq!(text, format!("metadata:\n  author: a\n  version: \"1.1.0\"\n{more}"));
    assert_eq!(told, ["~ metadata.version: 1.1 → 1.1.0", "+ tags: []", "+ access_level: team"]);
    let (text, told) = with("metadata:\n  version: spring # x\n");
    assert_eq!(text, format!("metadata:\n  source-version: spring # x\nversion: 1.0.0\n{more}"));
    assert_eq!(told.first().unwrap(), "~ metadata.version → metadata.source-version");
    let (text, _) = with("version: 2.0\nmetadata: {version: 1, b: c}\n");
    assert_eq!(text, format!("version: 2.0.0\nmetadata: {{source-version: 1.0.0, b: c}}\n{more}"));
    let (text, told) = with("version: 2.0\nmetadata: {version: 2, b: c}\n");
    assert_eq!(text, format!("version: 2.0.0\nmetadata: {{version: 2.0.0, b: c}}\n{more}"));
    assert_eq!(told.len(), 4);
    let (text, _) = with("version: next\nmetadata: {b: c}\n");
    assert_eq!(text, format!("version: 1.0.0\nmetadata: {{source-version: \"next\", b: c}}\n{more}"));
    let (text, _) = with("version: next\nmetadata:\n    b: c\n");
    assert_eq!(text, format!("version: 1.0.0\nmetadata:\n    source-version: \"next\"\n    b: c\n{more}"));
}

#[test]
fn tags_become_lower_case_words() {
    let tags = |lines: &str| {
        let rest = "name: refund\ndescription: d\nversion: 1.0.0\naccess_level: team\n";
        edited(&format!("{rest}{lines}\n")).0.replace(rest, "").trim_end().to_owned()
    };
    assert_eq!(tags("tags: [Ads Word, 'C_D', ok, 2024]"), "tags: [ads-word, 'c-d', ok, \"2024\"]");
    assert_eq!(tags("tags:\n- Big Data # x\n- b"), "tags:\n- big-data # x\n- b");
    assert_eq!(tags("tags: SQL, Zero downtime"), "tags: [sql, zero-downtime]");
    assert_eq!(
        tags("metadata:\n  tags: \"SQL, Zero downtime\""),
        "metadata:\n  tags: \"sql, zero-downtime\""
    );
    assert_eq!(tags("metadata:\n  tags: \"a b\""), "metadata:\n  tags: \"a b\"");
    assert_eq!(tags("metadata:\n  tags: \"審査, b\""), "metadata:\n  source-tags: \"審査, b\"\ntags: []");
    assert_eq!(tags("tags:"), "tags: []");
    assert_eq!(refused("name: refund\ndescription: d\ntags: [審査]\n"), ["GH0102 4:8"]);
}

#[test]
fn what_other_tools_carry_is_put_aside_but_never_who_may_use_it() {
    let (text, _) = edited(&format!("name: refund\ndescription: d\n{GIVEN}metadata:\n  type: guide\n"));
    assert!(text.ends_with("metadata:\n  source-type: guide\n"), "{text}");
    let secret = "name: refund\ndescription: d\nmetadata:\n  access_level: sensitve\n";
    assert_eq!(refused(secret), ["GH0102 5:17"]);
}

#[test]
fn fixes_of_the_checker_are_made_unless_they_break_more() {
    let (text, told) = edited(&format!("name: refund\ndescription: d\n{GIVEN}allowed-tools: [A, B]\n"));
    assert!(text.ends_with("allowed-tools: \"A B\"\n"), "{text}");
    assert_eq!(told, ["~ allowed-tools: [A, B] → \"A B\""]);
    let (text, told) = edited(&format!("name: refund\ndescription: d\n{GIVEN}Dependencies: none\n"));
    assert!(text.ends_with("Dependencies: none\n") && told.is_empty(), "{text}");
}

#[test]
fn refusals_name_the_place_in_the_original() {
    assert_eq!(refused("metadata:\n  x: y\nname: Foo\ndescription: ''\n"), ["GH0102 5:14"]);
    assert_eq!(refused("name: a\ndescription: [\n"), ["GH0003 4:1"]);
    assert_eq!(refused("name: a\n"), ["GH0101 3:1"]);
    assert_eq!(refused("{name: a, description: d}\n"), ["GH0003 2:1"]);
}

#[test]
fn indented_keys_and_line_ends_and_the_byte_order_mark_are_kept() {
    let (text, _) = edited("  name: refund\n  description: d\n");
    assert_eq!(
        text,
        "  name: refund\n  description: d\n  version: 1.0.0\n  tags: []\n  access_level: team\n"
    );
    let place = Place::of("refund", "\u{feff}---\r\nname: Re Fund\r\ndescription: d\r\n---\r\nbody\r\nx\n");
    place.adopt("found", "into");
    assert_eq!(
        place.text("into", "re-fund"),
        "\u{feff}---\r\nname: re-fund\r\ndescription: d\r\nversion: 1.0.0\r\ntags: []\r\naccess_level: team\r\n---\r\nbody\r\nx\n"
    );
}

#[test]
fn names_that_clash_are_told_apart_by_the_nearest_folder_of_their_own() {
    let place = Place::of("hub/skills/status", "---\nname: status\ndescription: a\n---\n");
    for (folder, description) in
        [("hub/lab/skills/status", "b"), ("one/skills/x", "c"), ("skills/y", "d"), ("skills/z", "e")]
    {
        place.write(folder, &format!("---\nname: status\ndescription: {description}\n---\n"));
    }
    let slugs = |report: &[Adopted]| {
        let slug = |adopted: &Adopted| {
            let change = adopted.changes.iter().find(|change| change.kind == Kind::Clash);
            format!("{}{}", adopted.slug.name, if change.is_some() { "!" } else { "" })
        };
        report.iter().map(slug).collect::<Vec<_>>()
    };
    let report = place.adopt("found", "into");
    assert_eq!(slugs(&report.adopted), ["status", "status-2!", "one-status!", "status-3!", "status-4!"]);
}

#[test]
fn adopting_again_changes_nothing_and_overwrites_nothing() {
    let place = Place::of("a/status", "---\nname: status\ndescription: a\n---\n");
    place.write("b/status", "---\nname: status\ndescription: b\n---\n");
    assert_eq!(place.adopt("found", "into").adopted.len(), 2);
    let again = place.adopt("found", "into");
    assert_eq!((again.adopted.len(), again.unchanged.len()), (0, 2));
    place.write("b/status", "---\nname: status\ndescription: c\n---\n");
    let third = place.adopt("found", "into");
    assert_eq!(third.unchanged.len(), 1);
    assert_eq!(third.adopted.first().unwrap().slug.name.as_str(), "status-2");
    assert!(place.text("into", "b-status").contains("description: b"));
}
