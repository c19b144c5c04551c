//! `guildhall new`.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use registry_core::id::SkillId;
use registry_core::manifest::SkillType;
use registry_core::policy::AccessLevel;

use super::{Failure, output};
use crate::configuration;
use crate::report::printable;
use crate::scaffold::{self, Language, Wanted};

const EXAMPLES: &str = "\
The skill works as it is written: `guildhall check` has nothing to say about it. Write your own over the example.

Examples:
  guildhall new support/refund-reply                        instructions for an agent, in a folder
  guildhall new support/refund-reply --file                 the same as one file
  guildhall new data/clean --type code_inline --language node
                                                            a script that agents call";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The new skill: lower-case letters, digits and single inner hyphens in both parts.
    #[arg(value_name = "TEAM/NAME")]
    id: SkillId,
    /// What it does when it is invoked.
    #[arg(long = "type", value_enum, default_value_t = Kind::Instructions)]
    kind: Kind,
    /// Who may find, read and invoke it.
    #[arg(long, value_enum, default_value_t = Level::Team)]
    level: Level,
    /// What it does and when to use it.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What the script is written in, for the types that have one. Default: python.
    #[arg(long, value_enum)]
    language: Option<Script>,
    /// Write one file and no folder.
    #[arg(long)]
    file: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    /// Text for an agent to follow.
    Instructions,
    /// A script that runs once.
    CodeInline,
    /// A script with state between calls.
    CodeSession,
    /// A conversation prompt with context files.
    Conversation,
    /// A parameterised prompt.
    PromptInline,
}

impl From<Kind> for SkillType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Instructions => Self::Instructions,
            Kind::CodeInline => Self::CodeInline,
            Kind::CodeSession => Self::CodeSession,
            Kind::Conversation => Self::Conversation,
            Kind::PromptInline => Self::PromptInline,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Everybody.
    Public,
    /// The own team.
    Team,
    /// The roles that are listed.
    RoleRestricted,
    /// The own team, with elevated rights.
    Sensitive,
}

impl From<Level> for AccessLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Public => Self::Public,
            Level::Team => Self::Team,
            Level::RoleRestricted => Self::RoleRestricted,
            Level::Sensitive => Self::Sensitive,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Script {
    Python,
    Node,
    Bash,
}

impl From<Script> for Language {
    fn from(script: Script) -> Self {
        match script {
            Script::Python => Self::Python,
            Script::Node => Self::Node,
            Script::Bash => Self::Bash,
        }
    }
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let wanted = Wanted {
        id: arguments.id.clone(),
        skill_type: arguments.kind.into(),
        level: arguments.level.into(),
        description: arguments.description.clone(),
        language: arguments.language.map(Into::into),
        one_file: arguments.file,
    };
    let organisation = configuration::read(repository)?;
    let files = scaffold::write(repository, &wanted, organisation.as_ref())?;
    for path in &files {
        output::line(&format!("wrote {}", printable(path)));
    }
    output::line("next: write over the example, then run `guildhall check`");
    let script = files.iter().find(|path| path.contains("/scripts/"));
    // A session's script would leave what it remembers in the folder where it is tried.
    if let Some(script) = script.filter(|_| wanted.skill_type == SkillType::CodeInline) {
        let command = wanted.language.unwrap_or(Language::Python).command();
        output::line(&format!("try it: echo '{{\"text\": \"one two three\"}}' | {command} {script}"));
    }
    let Some(organisation) = organisation else {
        output::note("no guildhall.yaml here: `guildhall init` writes one");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(warning) = configuration::unlisted(&organisation, &wanted.id.team) {
        output::note(&format!("warning: {warning}"));
    }
    let restricted = wanted.level == AccessLevel::RoleRestricted;
    if restricted && scaffold::roles(&wanted.id, Some(&organisation)).is_empty() {
        let team = &wanted.id.team;
        output::note(&format!(
            "warning: no role of guildhall.yaml brings the team `{team}`: mend `allowed_roles`"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
