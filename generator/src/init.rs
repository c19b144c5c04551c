//! `guildhall init`: a repository ready for its first skill.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use registry_core::id::TeamName;

/// The files of a new repository, `{…}` filled in below.
const CONFIG: &str = include_str!("init/guildhall.yaml");
const CHECK_WORKFLOW: &str = include_str!("init/check.yml");
const PUBLISH_WORKFLOW: &str = include_str!("init/publish.yml");
const NIGHTLY_WORKFLOW: &str = include_str!("init/nightly.yml");
const IGNORED: &str = "/dist\n/.guildhall\n";
const GITIGNORE: &str = ".gitignore";
const CODE_OWNERS: &str = "\
# Handles of the teams that must review a change. On GitHub a team is @organisation/team: put yours in.
/.github/ @shared-leads
/guildhall.yaml @shared-leads
";

/// Arguments of `guildhall init`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The organisation's name.
    #[arg(long, default_value = "Example Corp")]
    organisation: String,
    /// Where the catalog will be served.
    #[arg(long, value_name = "URL", default_value = "https://skills.example.com")]
    base_url: String,
    /// A team; may be given several times. `shared`, to which everyone belongs, is always there.
    #[arg(long = "team", value_name = "TEAM", default_values_t = default_teams())]
    teams: Vec<TeamName>,
}

fn default_teams() -> Vec<TeamName> {
    ["support", "platform"].iter().filter_map(|name| name.parse().ok()).collect()
}

/// Why a repository cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A file that would be written is there already.
    #[error("`{0}` exists already; nothing was written")]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("cannot write `{0}`")]
    Io(PathBuf, #[source] io::Error),
}

/// Writes the files and returns their paths. Writes nothing at all when one of them exists.
///
/// # Errors
/// Any [`InitError`].
pub fn init(repository: &Path, arguments: &Arguments) -> Result<Vec<String>, InitError> {
    let files = files(arguments);
    let mut new = files.iter().map(|(path, _)| path).filter(|path| *path != GITIGNORE);
    if let Some(path) = new.find(|path| repository.join(path).exists()) {
        return Err(InitError::Exists(repository.join(path)));
    }
    for (path, text) in &files {
        let target = repository.join(path);
        let failed = |error| InitError::Io(target.clone(), error);
        target.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        // Only `.gitignore` can be there already; it is added to.
        let mut file = OpenOptions::new().append(true).create(true).open(&target).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn files(arguments: &Arguments) -> Vec<(String, String)> {
    let mut teams = arguments.teams.clone();
    teams.retain(|team| team.as_str() != "shared");
    teams.sort();
    teams.dedup();
    let listed: String =
        teams.iter().map(|team| format!("  {team}: {{owners: [\"@{team}-leads\"]}}\n")).collect();
    let roles: String = teams.iter().map(|team| format!("  {team}-agent: {{teams: [{team}]}}\n")).collect();
    // JSON strings are YAML strings: whatever the name holds, the file stays sound.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let config = CONFIG
        .replace("{organisation}", &quoted(&arguments.organisation))
        .replace("{base_url}", &quoted(&arguments.base_url))
        .replace("{teams}", &listed)
        .replace("{roles}", &roles);
    let owned = |team: &str| {
        ["/skills/", "/.claude/skills/", "/skills/_status/"]
            .map(|root| format!("{root}{team}/ @{team}-leads\n"))
            .concat()
    };
    let of_teams: String = teams.iter().map(|team| owned(team.as_str())).collect();
    let code_owners = format!("{CODE_OWNERS}{}{of_teams}", owned("shared"));
    let mut files = vec![
        ("guildhall.yaml".to_owned(), config),
        (GITIGNORE.to_owned(), IGNORED.to_owned()),
        (".github/CODEOWNERS".to_owned(), code_owners),
        (".github/workflows/skills-check.yml".to_owned(), CHECK_WORKFLOW.to_owned()),
        (".github/workflows/skills-publish.yml".to_owned(), PUBLISH_WORKFLOW.to_owned()),
        (".github/workflows/skills-nightly.yml".to_owned(), NIGHTLY_WORKFLOW.to_owned()),
        ("skills/shared/.gitkeep".to_owned(), String::new()),
    ];
    files.extend(teams.iter().map(|team| (format!("skills/{team}/.gitkeep"), String::new())));
    files
}
