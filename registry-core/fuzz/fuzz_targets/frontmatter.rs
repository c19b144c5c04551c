//! Any bytes as a skill file: what is read is sound, and every finding points into the file.

#![no_main]

mod place;

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use registry_core::diagnostic::Severity;
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
    if let Ok(Frontmatter { keys, positions, .. }) = Frontmatter::read(MANIFEST, bytes) {
        for key in keys.keys().filter_map(Value::as_str) {
            let path = key.replace('~', "~0").replace('/', "~1");
            assert!(path.is_empty() || positions.contains_key(&path), "`{key}` was read but has no place");
        }
    }
    let source = source(bytes);
    let (manifest, findings) = source.read();
    let text = String::from_utf8_lossy(bytes);
    for finding in &findings {
        assert_eq!(finding.path, MANIFEST);
        place::assert_points_into(&text, finding);
    }
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(manifest.is_none(), refused, "{findings:?}");
    let Some(manifest) = manifest else { return };
    assert_eq!(manifest.id, source.id);
    assert!(text.ends_with(&manifest.body), "the body is not the end of the file");
    for (key, position) in &manifest.positions {
        assert!(place::is_inside(&text, *position), "`{key}` is outside of the file: {position:?}");
    }
});
