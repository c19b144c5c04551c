//! One skill on its way: found, read, edited, and checked as if it lay in the repository.

use registry_core::diagnostic::{Diagnostic, Position, Rule, Span};
use registry_core::id::{SkillId, SkillName, TeamName};
use registry_core::manifest::{Frontmatter, MAX_SKILL_BYTES, SkillSource};
use registry_core::policy::AccessLevel;
use serde_yaml::Value;

use super::draft::Draft;
use super::find::Found;
use super::report::{Change, Refused};
use super::{access, fixes, keys, name};

/// A skill that can be adopted.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its folder relative to where the search began.
    pub parts: Vec<String>,
    /// Its folder, as people write it.
    pub source: String,
    /// The name that it asks for.
    pub wish: SkillName,
    /// The skill as it is edited under the name of its identity.
    pub skill: SkillSource,
    /// What was edited.
    pub changes: Vec<Change>,
    /// Who may use it as it is edited.
    pub level: AccessLevel,
    /// Whether its author said so.
    pub level_is_said: bool,
    /// The manifest before all edits.
    original: Vec<u8>,
}

impl Candidate {
    /// Reads and edits what was found. `folder` is the name of the folder where the search began.
    pub(super) fn prepare(mut found: Found, folder: &str, team: &TeamName) -> Result<Self, Refused> {
        let manifest_path = found.manifest_path();
        let Found { parts, source, manifest, .. } = &mut found;
        let (parts, source, manifest_file) =
            (std::mem::take(parts), source.clone(), std::mem::take(manifest));
        let refused = |findings| Refused { source: source.clone(), findings };
        let files = found.read().map_err(refused)?;
        let original = files.get(&manifest_file).map(|file| file.bytes.clone()).unwrap_or_default();
        let folder = parts.last().map_or(folder, String::as_str);
        let readable = fixes::readable(&manifest_path, &original);
        let wish = wish(&manifest_path, &readable, folder).map_err(|finding| refused(vec![*finding]))?;
        let id = SkillId { team: team.clone(), name: wish.clone() };
        let skill = SkillSource { id, manifest_path, manifest_file, files };
        let candidate = Self {
            parts,
            source: source.clone(),
            wish,
            skill,
            changes: Vec::new(),
            level: AccessLevel::Sensitive,
            level_is_said: false,
            original,
        };
        candidate.edited().map_err(refused)
    }

    /// The same skill under another name.
    pub(super) fn renamed(mut self, name: SkillName) -> Result<Self, Refused> {
        let source = self.source.clone();
        self.skill.id.name = name;
        let mut draft = Draft::new(self.skill);
        draft.set(self.original.clone());
        self.skill = draft.source;
        self.edited().map_err(|findings| Refused { source, findings })
    }

    /// Edits the original, and tells why it is no skill even then.
    fn edited(self) -> Result<Self, Vec<Diagnostic>> {
        let mut draft = Draft::new(self.skill);
        fixes::make(&mut draft, |rule| rule == Rule::InvalidYaml);
        // A key that is only spelt in another way is not missing.
        fixes::make(&mut draft, |rule| rule == Rule::UnknownKey);
        let unheard =
            draft.text().map_or(Vec::new(), |text| access::unheard(&draft.source.manifest_path, &text));
        if !unheard.is_empty() {
            return Err(unheard);
        }
        let level_is_said = draft.text().is_ok_and(|text| access::is_said(&text));
        keys::complete(&mut draft, &self.wish).map_err(|_| vec![no_room(&draft.source.manifest_path)])?;
        fixes::make(&mut draft, |_| true);
        let (manifest, mut findings) = draft.source.read();
        let Some(manifest) = manifest else {
            draft.set(self.original);
            place_in_original(&mut findings, &draft.source);
            return Err(findings);
        };
        if let Some(finding) = too_large(&draft.source) {
            return Err(vec![finding]);
        }
        let level = manifest.audience.level();
        Ok(Self { skill: draft.source, changes: draft.changes, level, level_is_said, ..self })
    }
}

fn wish(path: &str, manifest: &[u8], folder: &str) -> Result<SkillName, Box<Diagnostic>> {
    let frontmatter = Frontmatter::read(path, manifest)?;
    let written = frontmatter.keys.get("name").and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    name::wish(written.as_deref(), folder).ok_or_else(|| {
        let span = frontmatter.outline.get("name").map_or(frontmatter.end.into(), |place| place.value);
        let message = "neither the name nor the folder has a letter or digit that a name can keep";
        let finding = Diagnostic::new(Rule::InvalidPath, path, span, message);
        Box::new(finding.with_help("give it a `name` of lower-case letters, digits and single inner hyphens"))
    })
}

/// Sound YAML to which no line can be added, such as one map between braces.
fn no_room(path: &str) -> Diagnostic {
    let message = "the frontmatter is written so that no key can be added or replaced line by line";
    Diagnostic::new(Rule::InvalidYaml, path, Position::new(2, 1), message)
        .with_help("write each key on a line of its own, as in `name: refund`")
}

/// Gives findings of the edited text their place in the original, where they are the same.
fn place_in_original(findings: &mut Vec<Diagnostic>, original: &SkillSource) {
    let before = original.read().1;
    let broken = |finding: &Diagnostic| {
        let of_yaml = matches!(finding.rule, Rule::InvalidYaml | Rule::DuplicateKey | Rule::NoFrontmatter);
        of_yaml && !before.iter().any(|other| other.rule == finding.rule)
    };
    if findings.iter().any(broken) {
        *findings = vec![no_room(&original.manifest_path)];
        return;
    }
    for finding in findings {
        let same = |other: &&Diagnostic| other.rule == finding.rule && other.message == finding.message;
        if let Some(other) = before.iter().find(same) {
            finding.clone_from(other);
        }
    }
}

fn too_large(skill: &SkillSource) -> Option<Diagnostic> {
    let size: usize = skill.files.values().map(|file| file.bytes.len()).sum();
    (size > MAX_SKILL_BYTES).then(|| {
        let message = format!("with the keys that were missing the skill has {size} bytes");
        Diagnostic::new(Rule::Unreadable, &skill.manifest_path, Span::START, message)
            .with_help(format!("keep a skill within {MAX_SKILL_BYTES} bytes"))
    })
}
