//! `guildhall.yaml`: exactly what the user wrote, and the validated organisation made of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::id::{RoleName, SkillId, TeamName};
use crate::policy::{Policy, PublicAccess};
use crate::usage::{DEFAULT_RETENTION_DAYS, UsagePolicy};
use crate::yaml;

/// Where the configuration lies, relative to the repository.
pub const CONFIG_PATH: &str = "guildhall.yaml";

/// Bounds that hold for every execution; also what a skill may ask for within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of one process, in MiB.
    pub max_memory_mb: u32,
    /// Wall-clock time, in seconds.
    pub max_execution_time: u32,
    /// The largest file that a skill may write, in MiB.
    pub max_file_size_mb: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_memory_mb: 512, max_execution_time: 60, max_file_size_mb: 16 }
    }
}

impl Limits {
    /// The stricter of two in every dimension.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            max_memory_mb: self.max_memory_mb.min(other.max_memory_mb),
            max_execution_time: self.max_execution_time.min(other.max_execution_time),
            max_file_size_mb: self.max_file_size_mb.min(other.max_file_size_mb),
        }
    }
}

/// `members:` of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Members {
    /// Everyone who is signed in belongs to the team.
    Everyone,
}

/// One team as the configuration describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// Who belongs to it beside those whose token or role says so.
    pub members: Option<Members>,
    /// Whom to ask: `@team` or `@person`.
    pub owners: Vec<String>,
    /// One sentence for the team's page.
    pub description: Option<String>,
    /// Where to reach the team.
    pub contact: Option<String>,
    /// Roles that may publish.
    pub publishers: BTreeSet<RoleName>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRole {
    teams: BTreeSet<TeamName>,
    reads_usage: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawUsage {
    retention_days: u32,
    pseudonymise: bool,
}

impl Default for RawUsage {
    fn default() -> Self {
        Self { retention_days: DEFAULT_RETENTION_DAYS, pseudonymise: true }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    #[serde(default = "anonymous")]
    public: PublicAccess,
}

fn anonymous() -> PublicAccess {
    PublicAccess::Anonymous
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublish {
    #[serde(default = "default_expiry_days")]
    expires_days: u32,
}

fn default_expiry_days() -> u32 {
    7
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrganisation {
    organisation: String,
    base_url: String,
    request_access_url: Option<String>,
    #[serde(default)]
    teams: BTreeMap<TeamName, Team>,
    #[serde(default)]
    roles: BTreeMap<RoleName, RawRole>,
    policy: Option<RawPolicy>,
    #[serde(default)]
    limits: Limits,
    publish: Option<RawPublish>,
    #[serde(default)]
    usage: RawUsage,
}

/// The organisation, validated. Serialised as the edge's policy file of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name, for people.
    pub name: String,
    /// Where the catalog is served, without a trailing slash.
    pub base_url: String,
    /// Where access is asked for; `{skill}` stands for the skill. Built from configuration only.
    pub request_access_url: String,
    /// The teams.
    pub teams: BTreeMap<TeamName, Team>,
    /// The rules of membership.
    pub policy: Policy,
    /// Upper bounds of every execution.
    pub limits: Limits,
    /// How long a head is valid, in days.
    pub expires_days: u32,
    /// What holds for the usage log. A catalog that says nothing of it is read by edges that do not know it.
    #[serde(default, skip_serializing_if = "UsagePolicy::is_default")]
    pub usage: UsagePolicy,
}

impl Organisation {
    /// Reads `guildhall.yaml`.
    ///
    /// # Errors
    /// One diagnostic naming the line: the file is not YAML, a key is unknown, or a value is outside its limits.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let wrong = |span: Span, message: String| {
            Box::new(
                Diagnostic::new(Rule::InvalidConfig, CONFIG_PATH, span, message)
                    .with_help("see docs/formats.md of Guildhall for every key of guildhall.yaml"),
            )
        };
        let broken = |fault: yaml::Fault| match fault.help {
            Some(help) => Box::new(wrong(fault.span, fault.message).with_help(help)),
            None => wrong(fault.span, fault.message),
        };
        let raw: RawOrganisation = yaml::decode(text).map_err(broken)?;
        Self::from_raw(raw).map_err(|message| wrong(Span::START, message))
    }

    fn from_raw(raw: RawOrganisation) -> Result<Self, String> {
        let base_url = raw.base_url.trim_end_matches('/').to_owned();
        let request_access_url =
            raw.request_access_url.unwrap_or_else(|| format!("{base_url}/request-access?skill={{skill}}"));
        for url in [&base_url, &request_access_url] {
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err(format!("`{url}` is not an http or https address"));
            }
        }
        let expires_days = raw.publish.map_or_else(default_expiry_days, |publish| publish.expires_days);
        if !(1..=90).contains(&expires_days) {
            return Err(format!("`publish.expires_days` is {expires_days}, must be from 1 to 90"));
        }
        let Limits { max_memory_mb, max_execution_time, max_file_size_mb } = raw.limits;
        if [max_memory_mb, max_execution_time, max_file_size_mb].contains(&0) {
            return Err("a limit is zero: nothing could run".to_owned());
        }
        let usage = usage_policy(&raw.roles, &raw.usage)?;
        let open_teams = raw
            .teams
            .iter()
            .filter(|(_, team)| team.members == Some(Members::Everyone))
            .map(|(name, _)| name.clone())
            .collect();
        for (role, definition) in &raw.roles {
            if let Some(team) = definition.teams.iter().find(|team| !raw.teams.contains_key(team)) {
                return Err(format!("role `{role}` names the team `{team}`, which `teams` does not list"));
            }
        }
        Ok(Self {
            name: raw.organisation,
            base_url,
            request_access_url,
            teams: raw.teams,
            policy: Policy {
                public: raw.policy.map_or_else(anonymous, |policy| policy.public),
                open_teams,
                roles: raw.roles.into_iter().map(|(name, role)| (name, role.teams)).collect(),
            },
            limits: raw.limits,
            expires_days,
            usage,
        })
    }

    /// The organisation that stands in where no `guildhall.yaml` exists: every team found is a team, `shared` is
    /// for everyone, roles bring no teams. For trying the program, not for production.
    #[must_use]
    pub fn development(teams: impl IntoIterator<Item = TeamName>) -> Self {
        let team = |name: &TeamName| Team {
            members: (name.as_str() == "shared").then_some(Members::Everyone),
            ..Team::default()
        };
        let teams: BTreeMap<TeamName, Team> =
            teams.into_iter().map(|name| (name.clone(), team(&name))).collect();
        Self {
            name: "Development".to_owned(),
            base_url: "http://127.0.0.1:8787".to_owned(),
            request_access_url: "http://127.0.0.1:8787/request-access?skill={skill}".to_owned(),
            policy: Policy {
                public: PublicAccess::Anonymous,
                open_teams: teams.keys().filter(|name| name.as_str() == "shared").cloned().collect(),
                roles: BTreeMap::new(),
            },
            teams,
            limits: Limits::default(),
            expires_days: default_expiry_days(),
            usage: UsagePolicy::default(),
        }
    }

    /// Where to ask for access to `skill`.
    #[must_use]
    pub fn request_url(&self, skill: &SkillId) -> String {
        self.request_access_url.replace("{skill}", &skill.to_string())
    }
}

fn usage_policy(roles: &BTreeMap<RoleName, RawRole>, raw: &RawUsage) -> Result<UsagePolicy, String> {
    let readers = roles.iter().filter(|(_, role)| role.reads_usage).map(|(name, _)| name.clone());
    let RawUsage { retention_days, pseudonymise } = *raw;
    UsagePolicy::new(readers.collect(), retention_days, pseudonymise).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "organisation: Example Corp\nbase_url: https://skills.example.com/\n\
        teams:\n  shared: {members: everyone}\n  finance: {owners: ['@finance-leads']}\n\
        roles:\n  finance-agent: {teams: [finance]}\n";

    #[test]
    fn the_example_reads() {
        let organisation = Organisation::parse(EXAMPLE).unwrap();
        assert_eq!(organisation.base_url, "https://skills.example.com");
        assert_eq!(organisation.policy.open_teams, ["shared".parse().unwrap()].into());
        assert_eq!(
            organisation.request_url(&"finance/budget".parse().unwrap()),
            "https://skills.example.com/request-access?skill=finance/budget"
        );
    }

    #[test]
    fn a_policy_file_tells_of_the_usage_log_only_what_is_not_as_it_always_was() {
        let written = |text: &str| serde_json::to_value(Organisation::parse(text).unwrap()).unwrap();
        assert_eq!(written(EXAMPLE).get("usage"), None);
        let same = format!("{EXAMPLE}usage: {{retention_days: 400, pseudonymise: true}}\n");
        assert_eq!(written(&same).get("usage"), None);
        let reader = format!("{EXAMPLE}  auditor: {{reads_usage: true}}\nusage: {{retention_days: 180}}\n");
        let usage = written(&reader)["usage"].clone();
        assert_eq!(usage, serde_json::json!({"readers": ["auditor"], "retention_days": 180}));
        let read: Organisation = serde_json::from_value(written(&reader)).unwrap();
        assert_eq!(read, Organisation::parse(&reader).unwrap());
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line, part) in [
            ("organisation: X\nbase_url: https://x\nteems: {}\n", 3, "teems"),
            ("organisation: X\nbase_url: ftp://x\n", 1, "ftp://x"),
            ("organisation: X\nbase_url: https://x\nroles: {a: {}, a: {}}\n", 3, "`a` is written twice"),
            ("organisation: X\nbase_url: https://x\nroles: {?a: {}}\n", 1, "two ways"),
            ("organisation: X\nbase_url: https://x\nlimits: {max_memory_mb: 0}\n", 1, "zero"),
            ("organisation: X\nbase_url: https://x\nroles: {a: {teams: [b]}}\n", 1, "`b`"),
            ("organisation: X\nbase_url: https://x\npublish: {expires_days: 0}\n", 1, "expires_days"),
            ("organisation: X\nbase_url: https://x\nusage: {retention_days: 179}\n", 1, "180"),
            ("organisation: X\nbase_url: https://x\nusage: {retention: 400}\n", 3, "retention"),
        ] {
            let found = Organisation::parse(text).unwrap_err();
            assert_eq!(found.rule, Rule::InvalidConfig);
            assert_eq!(found.span.start.line, line, "{found}");
            assert!(found.message.contains(part), "{found}");
        }
    }
}
