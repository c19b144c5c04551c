//! The access rules a second time, written in Cedar from the design, for tests to compare with. Nothing here calls the
//! decisions of `registry-core`; of its types only records and callers are read.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use cedar_policy::{Authorizer, Context, Entities, EntityId, EntityUid, PolicySet, Request};
use registry_core::Version;
use registry_core::catalog::{ReleaseRecord, SkillRecord};
use registry_core::id::{SkillId, TeamName};
use registry_core::policy::{Audience, Caller, Decision, Denial, Policy, PublicAccess};
use registry_core::requirement::Requirement;
use serde_json::{Value, json};

/// What should be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The skill is absent, or its head closed.
    Hidden,
    /// The skill shows, and no release matches.
    NoVersion,
    /// The release's own rule is closed.
    ReleaseClosed,
    /// The release cannot be used, because of this skill, if it shows.
    Blocked(Option<SkillId>),
    /// Members of the closure are closed. One of them is told, by its name if it shows.
    DependencyClosed(BTreeSet<Option<SkillId>>),
    /// This release is open with all that it needs.
    Granted(Version),
}

impl Expected {
    /// Whether this is what was decided.
    #[must_use]
    pub fn is(&self, decision: &Decision<'_>) -> bool {
        match (self, decision) {
            (Self::Hidden, Decision::Denied(Denial::Hidden))
            | (Self::NoVersion, Decision::NoVersion(_))
            | (Self::ReleaseClosed, Decision::Denied(Denial::ReleaseClosed)) => true,
            (Self::Blocked(named), Decision::Blocked(_, Denial::Blocked(told))) => named == told,
            (Self::DependencyClosed(closed), Decision::Denied(Denial::DependencyClosed(told))) => {
                closed.contains(told)
            }
            (Self::Granted(version), Decision::Granted(chosen)) => version == chosen.version,
            _ => false,
        }
    }
}

/// A catalog and its callers at one time.
#[derive(Debug)]
pub struct Oracle<'a> {
    records: &'a BTreeMap<SkillId, SkillRecord>,
    principals: Vec<EntityUid>,
    authorizer: Authorizer,
    rules: PolicySet,
    entities: Entities,
    context: Context,
}

impl<'a> Oracle<'a> {
    /// The oracle over these records, for these callers, at `now` (seconds since the epoch). A caller is known by its
    /// place among `callers`; `None` is anonymous.
    ///
    /// # Errors
    /// When Cedar takes the rules or the entities for wrong.
    pub fn new(
        policy: &Policy,
        records: &'a BTreeMap<SkillId, SkillRecord>,
        callers: &[Option<Caller>],
        now: u64,
    ) -> Result<Self> {
        let public = match policy.public {
            PublicAccess::Anonymous => "anonymous",
            PublicAccess::SignedIn => "signed-in",
        };
        let skills = records.iter().flat_map(|(id, record)| skill(id, record));
        let entities = organisation(policy, callers).into_iter().chain(skills).collect();
        let principal = |(number, caller): (usize, &Option<Caller>)| match caller {
            Some(_) => uid("User", &number.to_string()),
            None => uid("Anonymous", ""),
        };
        Ok(Self {
            records,
            principals: callers.iter().enumerate().map(principal).collect::<Result<_>>()?,
            authorizer: Authorizer::new(),
            rules: rules().parse()?,
            entities: Entities::from_json_value(Value::Array(entities), None)?,
            context: Context::from_json_value(json!({"public": public, "now": now}), None)?,
        })
    }

    /// What a caller who asks for a release should be told.
    ///
    /// # Errors
    /// When Cedar stumbles over a rule.
    pub fn expected(&self, caller: usize, skill: &SkillId, requirement: &Requirement) -> Result<Expected> {
        let Some(record) = self.records.get(skill) else { return Ok(Expected::Hidden) };
        if !self.sees(caller, skill)? {
            return Ok(Expected::Hidden);
        }
        let Some((version, release)) = record.choose(requirement) else { return Ok(Expected::NoVersion) };
        if !self.opens(caller, skill, version)? {
            return Ok(Expected::ReleaseClosed);
        }
        if let Some(by) = &release.blocked {
            return Ok(Expected::Blocked(self.named(caller, by)?));
        }
        let closed = self.closed_members(caller, release)?;
        Ok(if closed.is_empty() {
            Expected::Granted(version.clone())
        } else {
            Expected::DependencyClosed(closed)
        })
    }

    fn closed_members(&self, caller: usize, release: &ReleaseRecord) -> Result<BTreeSet<Option<SkillId>>> {
        let mut closed = BTreeSet::new();
        for member in &release.closure {
            if !self.opens(caller, &member.skill, &member.version)? {
                closed.insert(self.named(caller, &member.skill)?);
            }
        }
        Ok(closed)
    }

    fn named(&self, caller: usize, skill: &SkillId) -> Result<Option<SkillId>> {
        Ok(self.sees(caller, skill)?.then(|| skill.clone()))
    }

    /// Whether the caller may know of a skill.
    ///
    /// # Errors
    /// When Cedar stumbles over a rule.
    pub fn sees(&self, caller: usize, skill: &SkillId) -> Result<bool> {
        Ok(self.records.contains_key(skill) && self.ask(caller, "see", "Skill", &skill.to_string())?)
    }

    fn opens(&self, caller: usize, skill: &SkillId, version: &Version) -> Result<bool> {
        let is_there = self.records.get(skill).is_some_and(|record| record.releases.contains_key(version));
        Ok(is_there && self.ask(caller, "open", "Release", &format!("{skill}@{version}"))?)
    }

    fn ask(&self, caller: usize, action: &str, kind: &str, resource: &str) -> Result<bool> {
        let principal = self.principals.get(caller).context("there is such a caller")?.clone();
        let (action, resource) = (uid("Action", action)?, uid(kind, resource)?);
        let request = Request::new(principal, action, resource, self.context.clone(), None)?;
        let answer = self.authorizer.is_authorized(&request, &self.rules, &self.entities);
        let faults: Vec<String> = answer.diagnostics().errors().map(ToString::to_string).collect();
        ensure!(faults.is_empty(), "{faults:?}");
        Ok(answer.decision() == cedar_policy::Decision::Allow)
    }
}

/// The rules with what `BELONGS` stands for.
fn rules() -> String {
    let mut rules = include_str!("rules.cedar").to_owned();
    for rule in ["resource.skill.rule", "resource.rule"] {
        let belongs = include_str!("belongs.cedar").replace("RULE", rule);
        rules = rules.replace(&format!("BELONGS({rule})"), &belongs);
    }
    rules
}

fn uid(kind: &str, id: &str) -> Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(kind.parse()?, EntityId::new(id)))
}

fn reference(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

fn entity(kind: &str, id: &str, attributes: Value, parents: &[Value]) -> Value {
    json!({"uid": reference(kind, id), "attrs": attributes, "parents": parents})
}

/// Teams, roles and callers. Who is in which team is a matter of parents: claimed teams are a caller's own, a role
/// brings its teams, and everyone who is signed in is in those that are open.
fn organisation(policy: &Policy, callers: &[Option<Caller>]) -> Vec<Value> {
    let teams = |teams: &BTreeSet<TeamName>| -> Vec<Value> {
        teams.iter().map(|team| reference("Team", team.as_str())).collect()
    };
    let everyone = entity("Group", "everyone", json!({}), &teams(&policy.open_teams));
    let roles =
        policy.roles.iter().map(|(role, of_role)| entity("Role", role.as_str(), json!({}), &teams(of_role)));
    let users = callers.iter().enumerate().filter_map(|(number, caller)| {
        let caller = caller.as_ref()?;
        let role = reference("Role", caller.role.as_str());
        let elevated = caller.elevated_until.map(|until| ("elevated_until".to_owned(), json!(until)));
        let attributes = [("role".to_owned(), json!({"__entity": role}))].into_iter().chain(elevated);
        let attributes = Value::Object(attributes.collect());
        let parents = [teams(&caller.teams), vec![role, reference("Group", "everyone")]].concat();
        Some(entity("User", &number.to_string(), attributes, &parents))
    });
    [everyone].into_iter().chain(roles).chain(users).collect()
}

/// A skill and its releases.
fn skill(id: &SkillId, record: &SkillRecord) -> Vec<Value> {
    let slug = id.to_string();
    let attributes = json!({"rule": rule(&record.audience), "removed": record.removed});
    let releases = record.releases.iter().map(|(version, release)| {
        let skill = json!({"__entity": reference("Skill", &slug)});
        let attributes = json!({"rule": rule(&release.audience), "skill": skill});
        entity("Release", &format!("{slug}@{version}"), attributes, &[])
    });
    [entity("Skill", &slug, attributes, &[])].into_iter().chain(releases).collect()
}

/// A rule as its author wrote it.
fn rule(audience: &Audience) -> Value {
    let entity = |kind: &str, name: &str| json!({"__entity": reference(kind, name)});
    let none = || entity("Team", "none");
    let (team, roles) = match audience {
        Audience::Public => (none(), Vec::new()),
        Audience::Team(team) | Audience::Sensitive(team) => (entity("Team", team.as_str()), Vec::new()),
        Audience::Roles(roles) => (none(), roles.iter().map(|role| entity("Role", role.as_str())).collect()),
    };
    json!({"level": audience.level(), "team": team, "roles": roles})
}
