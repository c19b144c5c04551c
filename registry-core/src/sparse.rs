//! The public sparse index: of each public skill a file with a line of JSON for each of its public releases, for clients
//! that resolve by themselves.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::catalog::{FormatError, Released};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::SkillType;
use crate::requirement::Requirement;
use crate::status::Status;

/// Where the index says how bundles are downloaded.
pub const CONFIG_URL: &str = "/index/config.json";
/// The media type of a file of lines. `application/jsonl` is not registered, and browsers would download it; they show
/// text.
pub const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// One public release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The skill.
    pub name: SkillId,
    /// The version.
    pub vers: Version,
    /// What it requires.
    pub deps: Vec<Dependency>,
    /// SHA-256 of the bundle.
    pub cksum: Digest,
    /// The source digest.
    pub digest: Digest,
    /// What an invocation does.
    #[serde(rename = "type")]
    pub skill_type: SkillType,
    /// What has become of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Where it comes from; absent for a working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// What it does and when to use it; absent where the program that built the catalog does not read the release any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a release requires of another skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The skill.
    pub name: SkillId,
    /// The versions that will do.
    pub req: Requirement,
}

/// What is at [`CONFIG_URL`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// URL of a bundle; `{name}` stands for `team/name` and `{version}` for the version.
    pub dl: String,
}

impl Config {
    /// The configuration of a catalog that is served at `base_url`, which has no trailing slash.
    #[must_use]
    pub fn of(base_url: &str) -> Self {
        Self { dl: format!("{base_url}/skills/{{name}}/{{version}}/bundle.tar.gz") }
    }

    /// Where the bundle of a release is.
    #[must_use]
    pub fn bundle_url(&self, name: &SkillId, version: &Version) -> String {
        self.dl.replace("{name}", &name.to_string()).replace("{version}", &version.to_string())
    }
}

/// Where the lines of a skill are.
#[must_use]
pub fn url(skill: &SkillId) -> String {
    format!("/index/{skill}")
}

/// Writes lines, each ending with LF.
///
/// # Errors
/// Never for lines; the signature is honest about serde.
pub fn encode(lines: &[Line]) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Reads lines; keys that this program does not know are passed over.
///
/// # Errors
/// When one is not a line of the index.
pub fn decode(bytes: &[u8]) -> Result<Vec<Line>, FormatError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::status::State;

    fn any_version() -> impl Strategy<Value = Version> {
        "(0|[1-9][0-9]?)\\.(0|[1-9])\\.(0|[1-9])(-rc\\.[1-9])?(\\+[a-z]{1,4})?"
            .prop_map(|text| text.parse().unwrap())
    }

    fn any_skill() -> impl Strategy<Value = SkillId> {
        "[a-z]{1,5}/[a-z0-9]{1,5}(-[a-z0-9]{1,3})?".prop_map(|text| text.parse().unwrap())
    }

    fn any_status() -> impl Strategy<Value = Status> {
        let state = prop::sample::select(vec![State::Deprecated, State::Archived, State::Withdrawn]);
        (state, ".{1,20}", prop::option::of(any_skill()), any::<bool>()).prop_map(
            |(state, reason, by, dated)| {
                let day = dated.then(|| "2026-02-28".parse().unwrap());
                let replaced_by = by.map(|by| format!("{by}:2.x").parse().unwrap());
                Status { state, since: day, reason, replaced_by, sunset: day }
            },
        )
    }

    fn any_released() -> impl Strategy<Value = Released> {
        ("[0-9a-f]{40}", any::<u64>(), prop::option::of("[a-z/@.0-9]{1,20}"))
            .prop_map(|(commit, time, tag)| Released { commit, time, tag })
    }

    fn any_line() -> impl Strategy<Value = Line> {
        let requirement = prop::sample::select(vec!["1.x", "^1.2", ">=2.0.0 <3.0.0", "*", "=1.2.3"]);
        let dependency =
            (any_skill(), requirement).prop_map(|(name, req)| Dependency { name, req: req.parse().unwrap() });
        (
            (any_skill(), any_version(), any::<[u8; 32]>(), any::<[u8; 32]>()),
            prop::collection::vec(dependency, 0..3),
            prop::sample::select(vec![
                SkillType::Instructions,
                SkillType::CodeInline,
                SkillType::Conversation,
            ]),
            prop::option::of(any_status()),
            prop::option::of(any_released()),
            prop::option::of(".{0,40}\n?.{0,40}"),
        )
            .prop_map(
                |((name, vers, cksum, digest), deps, skill_type, status, released, description)| Line {
                    name,
                    vers,
                    deps,
                    cksum: cksum.into(),
                    digest: digest.into(),
                    skill_type,
                    status,
                    released,
                    description,
                },
            )
    }

    proptest! {
        #[test]
        fn lines_are_read_as_they_were_written(lines in prop::collection::vec(any_line(), 0..4)) {
            let bytes = encode(&lines).unwrap();
            prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), lines.len());
            prop_assert_eq!(decode(&bytes).unwrap(), lines);
        }
    }

    #[test]
    fn keys_of_later_programs_are_passed_over_and_a_torn_line_is_refused() {
        let digest = "0".repeat(64);
        let line = format!(
            r#"{{"name":"a/b","vers":"1.0.0","deps":[],"cksum":"{digest}","digest":"{digest}","type":"instructions","later":1}}"#
        );
        assert_eq!(decode(line.as_bytes()).unwrap().len(), 1);
        assert!(decode(&line.as_bytes()[..line.len() - 1]).is_err());
    }

    #[test]
    fn a_bundle_is_found_by_name_and_version() {
        let config = Config::of("https://x");
        let url = config.bundle_url(&"a/b".parse().unwrap(), &"1.0.0-rc.1".parse().unwrap());
        assert_eq!(url, "https://x/skills/a/b/1.0.0-rc.1/bundle.tar.gz");
    }
}
