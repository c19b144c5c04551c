//! Which files of a repository belong to which skill.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::digest::{Digest, FileMode, release_digest};
use crate::id::{IdError, SkillId};

/// The folders that hold skills, in a repository.
const ROOTS: [&str; 2] = ["skills/", ".claude/skills/"];
/// Most bytes that the files of one skill may have together.
pub const MAX_SKILL_BYTES: usize = 16 << 20;
/// Most files of one skill.
pub const MAX_SKILL_FILES: usize = 2_000;
/// Longest path relative to the skill and longest part of it, in bytes: a ustar header holds a name of 100 bytes and
/// before it a prefix of 155.
const MAX_PATH: usize = 156;
const MAX_PATH_PART: usize = 100;

/// One file as the repository holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Whether it is executable.
    pub mode: FileMode,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// One skill's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillSource {
    /// The identity that the path states.
    pub id: SkillId,
    /// Path of the manifest relative to the repository.
    pub manifest_path: String,
    /// Path of the manifest relative to the skill: a key of `files`.
    pub manifest_file: String,
    /// All files by path relative to the skill.
    pub files: BTreeMap<String, SourceFile>,
}

impl SkillSource {
    /// The digest of the release that these files make.
    #[must_use]
    pub fn digest(&self) -> Digest {
        release_digest(
            self.files.iter().map(|(path, file)| (file.mode, path.as_str(), file.bytes.as_slice())),
        )
    }

    /// The bytes of the manifest.
    #[must_use]
    pub fn manifest(&self) -> &[u8] {
        self.files.get(&self.manifest_file).map_or(&[], |file| &file.bytes)
    }

    /// Which of a skill's files is its manifest: `SKILL.md`, else `skill.md`, else the one file of the one-file form.
    #[must_use]
    pub fn manifest_among<'a>(id: &SkillId, files: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
        let named = |name: &str| files.clone().find(|path| *path == name);
        let alone = || named(&format!("{}.md", id.name)).filter(|_| files.clone().count() == 1);
        named("SKILL.md").or_else(|| named("skill.md")).or_else(alone)
    }
}

/// Sorts a repository's files (path relative to it, `/`-separated) into skills. Every path that looks like a skill
/// and is none gets a finding.
#[must_use]
pub fn discover(files: BTreeMap<String, SourceFile>) -> (Vec<SkillSource>, Vec<Diagnostic>) {
    let mut found = Discovery::default();
    for (path, file) in files {
        let Some(inner) = ROOTS.iter().find_map(|root| path.strip_prefix(root)) else { continue };
        found.sort_in(&path, inner, file);
    }
    found.finish()
}

#[derive(Default)]
struct Discovery {
    /// By folder or file of the skill relative to the repository.
    skills: BTreeMap<String, SkillSource>,
    /// Folders of skills that belong to no team, with a slash behind.
    flat: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Discovery {
    fn sort_in(&mut self, path: &str, inner: &str, file: SourceFile) {
        let parts: Vec<&str> = inner.split('/').collect();
        if parts.iter().take(2).any(|part| part.starts_with(['_', '.']) || *part == "README.md") {
            return;
        }
        match parts.as_slice() {
            [only] => {
                if is_markdown(only) {
                    self.report(Rule::NoTeam, path, "this skill belongs to no team".to_owned(), MOVE_TO_TEAM);
                }
            }
            [_, "SKILL.md" | "skill.md"] => {
                self.report(Rule::NoTeam, path, "this skill belongs to no team".to_owned(), MOVE_TO_TEAM);
                self.flat.extend(path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")));
            }
            [team, name] => {
                if let Some(stem) = name.strip_suffix(".md") {
                    self.add(path.to_owned(), path, (team, stem), (*name).to_owned(), file);
                }
            }
            [team, name, rest @ ..] => {
                let inside = rest.join("/");
                let folder = path.strip_suffix(&format!("/{inside}")).unwrap_or(path).to_owned();
                self.add(folder, path, (team, name), inside, file);
            }
            [] => {}
        }
    }

    fn add(&mut self, key: String, path: &str, (team, name): (&str, &str), inside: String, file: SourceFile) {
        if let Some(skill) = self.skills.get_mut(&key) {
            skill.files.insert(inside, file);
            return;
        }
        match identity(team, name) {
            Ok(id) => {
                let skill = SkillSource {
                    id,
                    manifest_path: key.clone(),
                    manifest_file: String::new(),
                    files: BTreeMap::from([(inside, file)]),
                };
                self.skills.insert(key, skill);
            }
            Err(message) => self.report(
                Rule::InvalidPath,
                path,
                message,
                "rename the folder or file: lower-case letters, digits and single inner hyphens",
            ),
        }
    }

    fn report(&mut self, rule: Rule, path: &str, message: String, help: &str) {
        let finding = Diagnostic::new(rule, path, Span::START, message).with_help(help);
        self.diagnostics.push(finding);
    }

    fn finish(mut self) -> (Vec<SkillSource>, Vec<Diagnostic>) {
        let mut by_id: BTreeMap<SkillId, SkillSource> = BTreeMap::new();
        for (key, skill) in std::mem::take(&mut self.skills) {
            let Some(skill) = self.with_manifest(&key, skill).filter(|skill| self.has_sound_files(skill))
            else {
                continue;
            };
            if let Some(other) = by_id.get(&skill.id) {
                let message = format!("`{}` is also written at `{}`", skill.id, other.manifest_path);
                self.report(Rule::TwoForms, &skill.manifest_path, message, "keep one of the two");
                continue;
            }
            by_id.insert(skill.id.clone(), skill);
        }
        (by_id.into_values().collect(), self.diagnostics)
    }

    /// Finds the manifest of a skill that lies at `key`, a folder or a Markdown file.
    fn with_manifest(&mut self, key: &str, mut skill: SkillSource) -> Option<SkillSource> {
        let names = skill.files.keys().map(String::as_str);
        let found = SkillSource::manifest_among(&skill.id, names).map(str::to_owned);
        let one_file = is_markdown(key);
        let Some(manifest) = found.filter(|name| one_file || name.eq_ignore_ascii_case("SKILL.md")) else {
            // A folder below a skill without a team is part of that skill, which has its finding.
            if !self.flat.iter().any(|folder| key.starts_with(folder)) {
                let message = format!("the folder of `{}` has no `SKILL.md`", skill.id);
                self.report(Rule::NoManifest, key, message, "add `SKILL.md` or remove the folder");
            }
            return None;
        };
        if !one_file {
            skill.manifest_path = format!("{key}/{manifest}");
        }
        if manifest == "SKILL.md" && skill.files.contains_key("skill.md") {
            let message = format!("`{}` has both `SKILL.md` and `skill.md`", skill.id);
            self.report(Rule::TwoForms, &skill.manifest_path, message, "keep one of the two");
            return None;
        }
        skill.manifest_file = manifest;
        Some(skill)
    }

    /// Whether a bundle can hold the skill's files.
    fn has_sound_files(&mut self, skill: &SkillSource) -> bool {
        let size: usize = skill.files.values().map(|file| file.bytes.len()).sum();
        let before = self.diagnostics.len();
        if size > MAX_SKILL_BYTES || skill.files.len() > MAX_SKILL_FILES {
            let message = format!("`{}` is too large", skill.id);
            let help = format!("keep a skill within {MAX_SKILL_FILES} files and {MAX_SKILL_BYTES} bytes");
            self.report(Rule::Unreadable, &skill.manifest_path, message, &help);
        }
        for path in skill.files.keys().filter(|path| !is_portable(path)) {
            let message = format!("the path `{}` cannot be part of a bundle", path.escape_debug());
            let help = format!(
                "use at most {MAX_PATH} bytes, {MAX_PATH_PART} for each part, and no control characters or backslashes"
            );
            self.report(Rule::InvalidPath, &skill.manifest_path, message, &help);
        }
        self.case_collisions(skill);
        self.diagnostics.len() == before
    }

    fn case_collisions(&mut self, skill: &SkillSource) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for path in skill.files.keys() {
            if let Some(other) = seen.insert(path.to_lowercase(), path) {
                let message = format!("`{other}` and `{path}` differ only by case");
                self.report(Rule::CaseCollision, &skill.manifest_path, message, "rename one of the two");
            }
        }
    }
}

/// Whether a path relative to the skill fits a ustar header on every machine and stays inside the skill.
#[must_use]
pub fn is_portable(path: &str) -> bool {
    path.len() <= MAX_PATH
        && !path.contains(|letter: char| letter.is_control() || letter == '\\')
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() <= MAX_PATH_PART)
}

const MOVE_TO_TEAM: &str =
    "run `guildhall adopt FOLDER --team TEAM`, or move it to `skills/{team}/{name}/SKILL.md`";

fn is_markdown(path: &str) -> bool {
    path.ends_with(".md")
}

fn identity(team: &str, name: &str) -> Result<SkillId, String> {
    let read = || -> Result<SkillId, IdError> { Ok(SkillId { team: team.parse()?, name: name.parse()? }) };
    match read() {
        Ok(id) if id.name.as_str() == "skill" => Err("the name `skill` is reserved".to_owned()),
        Ok(id) => Ok(id),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let file = SourceFile { mode: FileMode::Plain, bytes: b"x".to_vec() };
        let files = paths.iter().map(|path| ((*path).to_owned(), file.clone())).collect();
        let (skills, diagnostics) = discover(files);
        let skills = skills
            .iter()
            .map(|skill| {
                let files: Vec<&str> = skill.files.keys().map(String::as_str).collect();
                format!("{} {} {}", skill.id, skill.manifest_path, files.join(","))
            })
            .collect();
        let findings =
            diagnostics.iter().map(|found| format!("{} {}", found.rule.code(), found.path)).collect();
        (skills, findings)
    }

    #[test]
    fn both_forms_and_both_roots() {
        let (skills, findings) = found(&[
            "README.md",
            "skills/README.md",
            "skills/support/README.md",
            "skills/_status/support/a.yaml",
            "skills/support/.gitkeep",
            "skills/support/refund.md",
            "skills/data/clean/SKILL.md",
            "skills/data/clean/scripts/a.py",
            ".claude/skills/data/query/skill.md",
        ]);
        assert_eq!(findings, [""; 0]);
        assert_eq!(
            skills,
            [
                "data/clean skills/data/clean/SKILL.md SKILL.md,scripts/a.py",
                "data/query .claude/skills/data/query/skill.md skill.md",
                "support/refund skills/support/refund.md refund.md",
            ]
        );
    }

    #[test]
    fn the_manifest_is_skill_md_whatever_lies_beside_it() {
        let (skills, findings) = found(&["skills/data/clean/clean.md", "skills/data/clean/skill.md"]);
        assert_eq!(findings, [""; 0]);
        assert_eq!(skills, ["data/clean skills/data/clean/skill.md clean.md,skill.md"]);
    }

    #[test]
    fn what_looks_like_a_skill_and_is_none() {
        let long = format!("skills/support/refund/{}.py", "x".repeat(100));
        let cases: [(&[&str], &str); 11] = [
            (&["skills/support/refund/refund.md"], "GH0205 skills/support/refund"),
            (
                &["skills/support/refund/refund.md", "skills/support/refund/a.py"],
                "GH0205 skills/support/refund",
            ),
            (
                &["skills/support/refund/SKILL.md", "skills/support/refund/skill.md"],
                "GH0203 skills/support/refund/SKILL.md",
            ),
            (&["skills/support/refund/SKILL.md", &long], "GH0202 skills/support/refund/SKILL.md"),
            (
                &["skills/support/refund/SKILL.md", "skills/support/refund/a\nb"],
                "GH0202 skills/support/refund/SKILL.md",
            ),
            (&["skills/refund.md"], "GH0204 skills/refund.md"),
            (&[".claude/skills/refund/SKILL.md"], "GH0204 .claude/skills/refund/SKILL.md"),
            (&["skills/support/Refund.md"], "GH0202 skills/support/Refund.md"),
            (&["skills/support/skill.d/SKILL.md"], "GH0202 skills/support/skill.d/SKILL.md"),
            (&["skills/support/refund/scripts/a.py"], "GH0205 skills/support/refund"),
            (
                &["skills/support/refund.md", "skills/support/refund/SKILL.md"],
                "GH0203 skills/support/refund.md",
            ),
        ];
        for (paths, expected) in cases {
            assert_eq!(found(paths).1, [expected]);
        }
    }
}
