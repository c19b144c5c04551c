//! In whose place something is asked.

use registry_core::id::{RoleName, TeamName};
use registry_core::policy::{Caller, Policy};

/// A caller, as a token would state it.
#[derive(Debug, clap::Args)]
pub(super) struct Whom {
    /// The role of the caller in whose place this is asked.
    #[arg(long = "as", value_name = "ROLE")]
    pub role: Option<RoleName>,
    /// Teams of that caller beside those that the role brings, with commas between them.
    #[arg(long, value_name = "TEAM", value_delimiter = ',', requires = "role")]
    pub teams: Vec<TeamName>,
}

/// There is no such role.
#[derive(Debug, thiserror::Error)]
#[error("the role `{role}` is not configured; `roles` of guildhall.yaml has {}", quoted(known))]
pub(super) struct UnknownRole {
    role: RoleName,
    known: Vec<RoleName>,
}

fn quoted(names: &[RoleName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Whom {
    /// The caller, without elevation; none without a role. Where no roles are configured, each will do.
    pub(super) fn caller(&self, policy: &Policy) -> Result<Option<Caller>, UnknownRole> {
        let Some(role) = self.role.clone() else { return Ok(None) };
        if !policy.roles.is_empty() && !policy.roles.contains_key(&role) {
            return Err(UnknownRole { role, known: policy.roles.keys().cloned().collect() });
        }
        Ok(Some(of_role(role, &self.teams)))
    }
}

/// A caller of this role, without elevation.
pub(super) fn of_role(role: RoleName, teams: &[TeamName]) -> Caller {
    Caller {
        issuer: String::new(),
        subject: String::new(),
        role,
        teams: teams.iter().cloned().collect(),
        elevated_until: None,
        client: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_roles_are_callers_where_any_are() {
        let policy = |roles: serde_json::Value| -> Policy {
            serde_json::from_value(
                serde_json::json!({"public": "anonymous", "open_teams": [], "roles": roles}),
            )
            .unwrap()
        };
        let whom = |role: Option<&str>| Whom {
            role: role.map(|role| role.parse().unwrap()),
            teams: vec!["data".parse().unwrap()],
        };
        let configured = policy(serde_json::json!({"agent": ["support"], "lead": []}));
        assert_eq!(whom(None).caller(&configured).unwrap(), None);
        let caller = whom(Some("agent")).caller(&configured).unwrap().unwrap();
        assert!(caller.is_member(&"support".parse().unwrap(), &configured));
        assert!(caller.is_member(&"data".parse().unwrap(), &configured));
        assert_eq!(
            whom(Some("guest")).caller(&configured).unwrap_err().to_string(),
            "the role `guest` is not configured; `roles` of guildhall.yaml has `agent`, `lead`"
        );
        assert!(whom(Some("guest")).caller(&policy(serde_json::json!({}))).unwrap().is_some());
    }
}
