//! Any bytes as a skill file: what is read is sound, and every finding points into the file.

#![no_main]

mod place;

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use registry_core::diagnostic::{Diagnostic, Rule, apply};
use registry_core::digest::FileMode;
use registry_core::manifest::{Frontmatter, SkillSource, SourceFile};
use serde_yaml::Value;

const MANIFEST: &str = "skills/support/refund/SKILL.md";

fn source(bytes: &[u8]) -> SkillSource {
    let file = SourceFile { mode: FileMode::Plain, bytes: bytes.to_vec() };
    SkillSource {
        id: "support/refund".parse().unwrap(),
        manifest_path: MANIFEST.to_owned(),
        manifest_file: "SKILL.md".to_owned(),
        files: BTreeMap::from([("SKILL.md".to_owned(), file)]),
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Frontmatter { keys, outline, .. }) = Frontmatter::read(MANIFEST, bytes) {
        for key in keys.keys().filter_map(Value::as_str) {
            let path = key.replace('~', "~0").replace('/', "~1");
            assert!(path.is_empty() || outline.contains_key(&path), "`{key}` was read but has no place");
        }
    }
    let source = source(bytes);
    let (manifest, findings) = source.read();
    let text = String::from_utf8_lossy(bytes);
    for finding in &findings {
        assert_eq!(finding.path, MANIFEST);
        place::assert_points_into(&text, finding);
    }
    let fixes: Vec<_> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    if !fixes.is_empty() {
        let (mended, made) = apply(&text, &fixes);
        assert!(made.contains(&true), "no fix can be made: {fixes:?}");
        let read = Frontmatter::read(MANIFEST, mended.as_bytes());
        let unread = findings.iter().find(|finding| finding.rule == Rule::InvalidYaml);
        let progress =
            unread.zip(read.as_ref().err()).is_some_and(|(old, new)| new.span.start > old.span.start);
        assert!(read.is_ok() || progress, "the fixes break the file: {mended:?} {read:?}");
    }
    let refused = findings.iter().any(Diagnostic::is_error);
    assert_eq!(manifest.is_none(), refused, "{findings:?}");
    let Some(manifest) = manifest else { return };
    assert_eq!(manifest.id, source.id);
    assert!(text.ends_with(&manifest.body), "the body is not the end of the file");
    for place in manifest.outline.values() {
        place::assert_inside(&text, place.key);
        place::assert_inside(&text, place.value);
    }
});
