//! Rules that need more than one skill: dependencies, audiences, teams.

mod links;
mod names;

use std::collections::BTreeMap;

use crate::catalog::Member;
use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Manifest, SkillSource};
use crate::organisation::Organisation;
use crate::resolver::{self, Unresolvable, World};

/// A skill whose own file is sound.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Its files.
    pub source: SkillSource,
    /// What they say.
    pub manifest: Manifest,
    /// Their digest.
    pub digest: Digest,
}

/// All sound skills of a repository.
pub type Library = BTreeMap<SkillId, Skill>;

/// The closure of every release, in topological order.
pub type Closures = BTreeMap<SkillId, Vec<Member>>;

/// Applies every rule that needs more than one skill, and gives dependencies by a bare name their full one. Closures
/// are complete only when no finding is an error.
#[must_use]
pub fn check_library(library: &mut Library, organisation: &Organisation) -> (Closures, Vec<Diagnostic>) {
    let mut diagnostics = links::link(library);
    let library = &*library;
    diagnostics.extend(names::check(library));
    let world = world(library);
    let mut closures = Closures::new();
    for (id, skill) in library {
        let report = Report { library, organisation, skill };
        diagnostics.extend(report.team());
        diagnostics.extend(report.roles());
        match resolver::solve(&world, id, &skill.manifest.version) {
            Ok(closure) => {
                let members: Vec<Member> =
                    closure.into_iter().filter_map(|(id, _)| member(library, &id)).collect();
                diagnostics.extend(report.audiences(&members));
                closures.insert(id.clone(), members);
            }
            Err(obstacle) => diagnostics.extend(report.obstacle(&obstacle)),
        }
    }
    (closures, diagnostics)
}

fn world(library: &Library) -> World {
    library
        .iter()
        .map(|(id, skill)| {
            let needs = skill.manifest.depends_on.iter().map(|needed| needed.spec.clone()).collect();
            (id.clone(), BTreeMap::from([(skill.manifest.version.clone(), needs)]))
        })
        .collect()
}

fn member(library: &Library, id: &SkillId) -> Option<Member> {
    let skill = library.get(id)?;
    Some(Member { skill: id.clone(), version: skill.manifest.version.clone(), digest: skill.digest })
}

/// Findings about one skill of the library.
struct Report<'a> {
    library: &'a Library,
    organisation: &'a Organisation,
    skill: &'a Skill,
}

impl Report<'_> {
    fn at(&self, rule: Rule, key: &str, message: String) -> Diagnostic {
        let span = self.skill.manifest.place(key).value;
        Diagnostic::new(rule, &self.skill.source.manifest_path, span, message)
    }

    fn team(&self) -> Option<Diagnostic> {
        let team = &self.skill.manifest.id.team;
        if self.organisation.teams.contains_key(team) {
            return None;
        }
        let message = format!("the team `{team}` is not listed in guildhall.yaml");
        Some(self.at(Rule::UnknownTeam, "name", message).with_help(format!("add `{team}:` under `teams`")))
    }

    fn roles(&self) -> Vec<Diagnostic> {
        let known = &self.organisation.policy.roles;
        let allowed = self.skill.manifest.allowed_roles();
        allowed
            .into_iter()
            .filter(|role| !known.is_empty() && !known.contains_key(*role))
            .map(|role| {
                let message = format!("the role `{role}` is not listed in guildhall.yaml");
                self.at(Rule::UnknownTeam, "allowed_roles", message)
                    .with_help(format!("add `{role}:` under `roles`"))
            })
            .collect()
    }

    /// Only obstacles that this skill can mend: one that lies deeper is reported where it lies.
    fn obstacle(&self, obstacle: &Unresolvable) -> Option<Diagnostic> {
        let own = &self.skill.manifest.id;
        let (rule, span, help) = match obstacle {
            Unresolvable::Missing { needs, by } if by == own => {
                let help = names::nearest(self.library, &needs.skill.to_string());
                (Rule::MissingDependency, self.dependency_span(&needs.skill)?, help)
            }
            Unresolvable::NoVersion { needs, by, .. } if by == own => {
                let help = "require a version that exists".to_owned();
                (Rule::UnsatisfiableDependency, self.dependency_span(&needs.skill)?, help)
            }
            Unresolvable::Missing { .. } | Unresolvable::NoVersion { .. } => return None,
            Unresolvable::Conflict { .. } => {
                let help = "widen one of the two requirements".to_owned();
                (Rule::DependencyConflict, self.skill.manifest.place("depends_on").key, help)
            }
            Unresolvable::Cycle(path) => {
                let next = path.iter().skip_while(|step| *step != own).nth(1)?;
                let help = "move what both need into a third skill".to_owned();
                (Rule::DependencyCycle, self.dependency_span(next)?, help)
            }
            Unresolvable::TooEntangled => {
                let help = "pin versions exactly".to_owned();
                (Rule::DependencyConflict, self.skill.manifest.place("depends_on").key, help)
            }
        };
        let path = &self.skill.source.manifest_path;
        Some(Diagnostic::new(rule, path, span, obstacle.to_string()).with_help(help))
    }

    /// Where the dependency on `needed` is written.
    fn dependency_span(&self, needed: &SkillId) -> Option<Span> {
        self.skill.manifest.depends_on.iter().find(|d| d.spec.skill == *needed).map(|d| d.span)
    }

    /// Every direct dependency must be open to all who may use this skill; deeper ones follow by transitivity.
    fn audiences(&self, closure: &[Member]) -> Vec<Diagnostic> {
        let own = &self.skill.manifest.audience;
        let policy = &self.organisation.policy;
        let closed = |id: &SkillId| {
            let needed = &self.library.get(id)?.manifest.audience;
            (!own.is_within(needed, policy)).then_some(needed)
        };
        closure
            .iter()
            .filter_map(|member| {
                let needed = closed(&member.skill)?;
                let span = self.dependency_span(&member.skill)?;
                let message = format!(
                    "`{}` is open to `{own}`, and its dependency `{}` only to `{needed}`",
                    self.skill.manifest.id, member.skill
                );
                let help =
                    format!("restrict `{}` to `{needed}`, or open the dependency", self.skill.manifest.id);
                let path = &self.skill.source.manifest_path;
                Some(Diagnostic::new(Rule::AudienceOrder, path, span, message).with_help(help))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
