//! Skills and records made for tests.

use std::collections::BTreeMap;

use registry_core::Version;
use registry_core::catalog::{ReleaseRecord, Released};
use registry_core::check::Skill;
use registry_core::digest::{Digest, FileMode};
use registry_core::manifest::{SkillSource, SourceFile};
use registry_core::organisation::Organisation;
use registry_core::policy::Audience;

/// The skill `t/s` in a version, with any digest.
pub(super) fn skill(version: &Version, digest: Digest) -> Skill {
    let text =
        format!("---\nname: t/s\nversion: {version}\ndescription: d\ntags: []\naccess_level: public\n---\n");
    let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
    let source = SkillSource {
        id: "t/s".parse().unwrap(),
        manifest_path: "skills/t/s.md".to_owned(),
        manifest_file: "s.md".to_owned(),
        files: BTreeMap::from([("s.md".to_owned(), file)]),
    };
    let manifest = source.read().0.unwrap();
    Skill { source, manifest, digest, released: None, status: None }
}

/// A public release, all of whose objects have the digest of its source.
pub(super) fn release(digest: Digest, released: Option<Released>) -> ReleaseRecord {
    ReleaseRecord {
        audience: Audience::Public,
        digest,
        released,
        status: None,
        blocked: None,
        closure: Vec::new(),
        closure_digest: digest,
        skill_type: Default::default(),
        limits: Organisation::development([]).limits,
        permissions: Default::default(),
        bundle: digest,
        document: digest,
        record: digest,
        page: digest,
    }
}
