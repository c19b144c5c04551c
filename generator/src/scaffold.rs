//! `guildhall new`: a skill that works, to write over.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use registry_core::id::{RoleName, SkillId};
use registry_core::manifest::{MAX_DESCRIPTION, SkillType};
use registry_core::organisation::Organisation;
use registry_core::policy::AccessLevel;

use crate::adopt::plain;
use crate::place::{self, PlaceError};

const INSTRUCTIONS: &str = include_str!("scaffold/instructions.md");
const CODE: &str = include_str!("scaffold/code.md");
const SESSION: &str = include_str!("scaffold/session.md");
const CONVERSATION: &str = include_str!("scaffold/conversation.md");
const PROMPT: &str = include_str!("scaffold/prompt.md");

/// What the script of a skill is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Run by `python3`.
    Python,
    /// Run by `node`.
    Node,
    /// Run by `bash`.
    Bash,
}

impl Language {
    /// The program that runs it.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Python => "python3",
            Self::Node => "node",
            Self::Bash => "bash",
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::Python => "scripts/run.py",
            Self::Node => "scripts/run.mjs",
            Self::Bash => "scripts/run.sh",
        }
    }

    fn text(self, session: bool) -> &'static str {
        match (self, session) {
            (Self::Python, false) => include_str!("scaffold/run.py"),
            (Self::Python, true) => include_str!("scaffold/session.py"),
            (Self::Node, false) => include_str!("scaffold/run.mjs"),
            (Self::Node, true) => include_str!("scaffold/session.mjs"),
            (Self::Bash, false) => include_str!("scaffold/run.sh"),
            (Self::Bash, true) => include_str!("scaffold/session.sh"),
        }
    }

    /// What the manifest says of the texts that the script takes.
    fn limit(self) -> &'static str {
        match self {
            Self::Python | Self::Node => "",
            Self::Bash => "; without quotes and backslashes",
        }
    }
}

/// A skill to write.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its identity.
    pub id: SkillId,
    /// Its type.
    pub skill_type: SkillType,
    /// To whom it is open.
    pub level: AccessLevel,
    /// What it does and when to use it; without one, that of the example.
    pub description: Option<String>,
    /// What its script is written in, for a type that has one.
    pub language: Option<Language>,
    /// Whether it is one file and no folder.
    pub one_file: bool,
}

/// Why a skill cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name is kept for manifests.
    #[error("the name `skill` is reserved")]
    Reserved,
    /// The description is empty or too long.
    #[error("the description has {0} characters, must have from 1 to {MAX_DESCRIPTION}")]
    Description(usize),
    /// A type without a script was given a language.
    #[error("a skill of type `{0}` has no script, so `--language` has no effect")]
    NoScript(&'static str),
    /// A type with a script was to be one file.
    #[error("a skill of type `{0}` has a script, so it needs a folder: leave out `--file`")]
    NeedsFolder(&'static str),
    /// The skill exists, in either form and below either root.
    #[error("`{0}` exists already; nothing was written")]
    Exists(String),
    /// Its folder leads out of the repository.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A file cannot be written.
    #[error("cannot write `{0}`")]
    Io(PathBuf, #[source] io::Error),
}

/// Writes the skill and returns the paths of its files.
///
/// # Errors
/// Any [`ScaffoldError`].
pub fn write(
    repository: &Path,
    wanted: &Wanted,
    organisation: Option<&Organisation>,
) -> Result<Vec<String>, ScaffoldError> {
    refuse(repository, wanted)?;
    let files = files(wanted, organisation);
    for (path, text, mode) in &files {
        let target = repository.join(path);
        let failed = |error| ScaffoldError::Io(target.clone(), error);
        target.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        let made = OpenOptions::new().write(true).create_new(true).mode(*mode).open(&target);
        made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
    }
    Ok(files.into_iter().map(|(path, _, _)| path).collect())
}

/// The roles that may use a new role-restricted skill: those that bring the team.
#[must_use]
pub fn roles(id: &SkillId, organisation: Option<&Organisation>) -> Vec<RoleName> {
    let configured = organisation.iter().flat_map(|organisation| &organisation.policy.roles);
    configured.filter(|(_, teams)| teams.contains(&id.team)).map(|(role, _)| role.clone()).collect()
}

fn refuse(repository: &Path, wanted: &Wanted) -> Result<(), ScaffoldError> {
    let Wanted { id, skill_type, description, language, one_file, .. } = wanted;
    let has_script = has_script(*skill_type);
    if id.name.as_str() == "skill" {
        return Err(ScaffoldError::Reserved);
    }
    let length = description.as_ref().map_or(1, |text| text.trim().chars().count());
    if !(1..=MAX_DESCRIPTION).contains(&length) {
        return Err(ScaffoldError::Description(length));
    }
    if language.is_some() && !has_script {
        return Err(ScaffoldError::NoScript(skill_type.as_str()));
    }
    if *one_file && has_script {
        return Err(ScaffoldError::NeedsFolder(skill_type.as_str()));
    }
    place::inside(repository, &format!("skills/{}", id.team))?;
    let forms = ["skills", ".claude/skills"].map(|root| [format!("{root}/{id}"), format!("{root}/{id}.md")]);
    match forms.into_iter().flatten().find(|path| repository.join(path).symlink_metadata().is_ok()) {
        Some(path) => Err(ScaffoldError::Exists(path)),
        None => Ok(()),
    }
}

fn has_script(skill_type: SkillType) -> bool {
    matches!(skill_type, SkillType::CodeInline | SkillType::CodeSession)
}

/// Path, text and permissions of every file; the manifest is the last, so that a folder without one is unfinished.
fn files(wanted: &Wanted, organisation: Option<&Organisation>) -> Vec<(String, String, u32)> {
    let Wanted { id, skill_type, one_file, .. } = wanted;
    let language = wanted.language.unwrap_or(Language::Python);
    let mut files = Vec::new();
    if has_script(*skill_type) {
        let text = language.text(*skill_type == SkillType::CodeSession);
        files.push((format!("skills/{id}/{}", language.script()), text.to_owned(), 0o755));
    }
    let manifest = if *one_file { format!("skills/{id}.md") } else { format!("skills/{id}/SKILL.md") };
    files.push((manifest, manifest_text(wanted, language, organisation), 0o644));
    files
}

fn manifest_text(wanted: &Wanted, language: Language, organisation: Option<&Organisation>) -> String {
    let Wanted { id, skill_type, level, description, .. } = wanted;
    let (template, example) = match skill_type {
        SkillType::Instructions => (
            INSTRUCTIONS,
            "Writes release notes from the changes that were merged. Use it before a version is published.",
        ),
        SkillType::CodeInline => {
            (CODE, "Counts the words of a text. Use it to check a text against a limit of length.")
        }
        SkillType::CodeSession => (
            SESSION,
            "Counts the words of texts and keeps their total. Use it to hold a series of texts within one limit.",
        ),
        SkillType::Conversation => (
            CONVERSATION,
            "Explains a topic by the project's documentation. Use it when somebody is new to a part of the project.",
        ),
        SkillType::PromptInline => (
            PROMPT,
            "Summarises the notes of a meeting. Use it to tell those who were absent what was decided.",
        ),
    };
    let schema = organisation.map_or(String::new(), |organisation| {
        format!("# yaml-language-server: $schema={}/schema/skill.json\n", organisation.base_url)
    });
    let words: Vec<String> = id.name.as_str().split('-').map(plain).collect();
    let description = description.as_deref().map_or(example, str::trim);
    // The description goes last: nothing in it is filled in.
    template
        .replace("{schema}", &schema)
        .replace("{id}", &id.to_string())
        .replace("{title}", &title(id))
        .replace("{tags}", &format!("[{}]", words.join(", ")))
        .replace("{access}", &access(id, *level, organisation))
        .replace("{command}", language.command())
        .replace("{script}", language.script())
        .replace("{limit}", language.limit())
        .replacen("{description}", &plain(description), 1)
}

fn access(id: &SkillId, level: AccessLevel, organisation: Option<&Organisation>) -> String {
    if level != AccessLevel::RoleRestricted {
        return format!("access_level: {level}\n");
    }
    let roles: Vec<String> = roles(id, organisation).iter().map(ToString::to_string).collect();
    let roles = if roles.is_empty() { format!("{}-agent", id.team) } else { roles.join(", ") };
    format!("access_level: {level}\nallowed_roles: [{roles}]\n")
}

/// `refund-resolver` → `Refund resolver`.
fn title(id: &SkillId) -> String {
    let words = id.name.as_str().replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_written_through_a_link() {
        for link in ["skills", "skills/support"] {
            let (repository, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let link = repository.path().join(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), &link).unwrap();
            let wanted = Wanted {
                id: "support/refund".parse().unwrap(),
                skill_type: SkillType::CodeInline,
                level: AccessLevel::Team,
                description: None,
                language: None,
                one_file: false,
            };
            let error = write(repository.path(), &wanted, None).unwrap_err();
            assert!(error.to_string().contains("is a symbolic link"), "{error}");
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        }
    }
}
