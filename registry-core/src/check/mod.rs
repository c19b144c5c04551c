//! Rules that need more than one skill: dependencies, audiences, teams.

mod links;
mod names;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Member;
use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Dependency, Manifest, SkillSource};
use crate::organisation::Organisation;
use crate::requirement::Spec;
use crate::resolver::{Resolver, Unresolvable, World};

/// For so many missing dependencies of a skill one of a similar name is searched for, which takes a look at every name.
const MOST_SEARCHED: usize = 20;

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

/// Skills that exist and have errors of their own: nobody is told that they are missing.
#[derive(Debug, Clone, Default)]
pub struct Unsound {
    /// Those whose names are known.
    pub skills: BTreeSet<SkillId>,
    /// Whether any of them, named or not, may provide names that nobody could read.
    pub may_provide: bool,
}

/// Applies every rule that needs more than one skill, and gives dependencies by a bare name their full one. Closures
/// are complete only when no finding is an error.
#[must_use]
pub fn check_library(
    library: &mut Library,
    unsound: &Unsound,
    organisation: &Organisation,
) -> (Closures, Vec<Diagnostic>) {
    let mut diagnostics = links::link(library, unsound);
    let library = &*library;
    diagnostics.extend(names::check(library));
    let world = world(library);
    let resolver = Resolver::new(&world);
    let mut closures = Closures::new();
    let mut obstacles = BTreeMap::new();
    for (id, skill) in library {
        let report = Report::new(library, organisation, skill);
        diagnostics.extend(report.team());
        diagnostics.extend(report.roles());
        diagnostics.extend(report.direct(&unsound.skills));
        diagnostics.extend(report.audiences());
        match resolver.solve(id, &skill.manifest.version) {
            Ok(closure) => {
                let members: Vec<Member> =
                    closure.into_iter().filter_map(|(id, _)| member(library, &id)).collect();
                closures.insert(id.clone(), members);
            }
            Err(obstacle) => drop(obstacles.insert(id, (report, obstacle))),
        }
    }
    let own = obstacles.iter().filter(|(id, (_, obstacle))| is_own(id, obstacle, &obstacles));
    diagnostics.extend(own.filter_map(|(_, (report, obstacle))| report.obstacle(obstacle)));
    (closures, diagnostics)
}

type Obstacles<'a> = BTreeMap<&'a SkillId, (Report<'a>, Unresolvable)>;

/// Whether the skill itself is to mend the obstacle: one that lies deeper is reported where it lies. What one
/// dependency alone is the reason of is reported for each dependency anyway.
fn is_own(id: &SkillId, obstacle: &Unresolvable, obstacles: &Obstacles<'_>) -> bool {
    match obstacle {
        Unresolvable::Missing { .. } | Unresolvable::NoVersion { .. } => false,
        Unresolvable::Conflict { through, .. } => !through.iter().any(|below| obstacles.contains_key(below)),
        Unresolvable::Cycle(path) => path.contains(id),
        Unresolvable::TooEntangled => true,
    }
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
    /// Where each dependency is written.
    spans: BTreeMap<&'a SkillId, Span>,
    /// For how many missing dependencies a skill of a similar name was searched for.
    searched: Cell<usize>,
}

impl<'a> Report<'a> {
    fn new(library: &'a Library, organisation: &'a Organisation, skill: &'a Skill) -> Self {
        let needed = skill.manifest.depends_on.iter().rev();
        let spans = needed.map(|needed| (&needed.spec.skill, needed.span)).collect();
        Self { library, organisation, skill, spans, searched: Cell::new(0) }
    }
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

    /// Dependencies that no choice of others can help.
    fn direct(&self, unsound: &BTreeSet<SkillId>) -> Vec<Diagnostic> {
        let by = &self.skill.manifest.id;
        let fault = |needs: &Spec| match self.library.get(&needs.skill) {
            Some(skill) if needs.requirement.matches(&skill.manifest.version) => None,
            Some(skill) => {
                let versions = vec![skill.manifest.version.clone()];
                Some(Unresolvable::NoVersion { needs: Box::new(needs.clone()), by: by.clone(), versions })
            }
            None if unsound.contains(&needs.skill) => None,
            None => Some(Unresolvable::Missing { needs: Box::new(needs.clone()), by: by.clone() }),
        };
        let needed = self.skill.manifest.depends_on.iter();
        needed.filter_map(|needed| self.obstacle(&fault(&needed.spec)?)).collect()
    }

    fn obstacle(&self, obstacle: &Unresolvable) -> Option<Diagnostic> {
        let own = &self.skill.manifest.id;
        let (rule, at, help) = match obstacle {
            Unresolvable::Missing { needs, .. } => {
                let help = match self.searched.get() {
                    MOST_SEARCHED.. => "add the skill, or remove the dependency".to_owned(),
                    searched => {
                        self.searched.set(searched + 1);
                        names::nearest(self.library, own, &needs.skill)
                    }
                };
                (Rule::MissingDependency, Some(&needs.skill), help)
            }
            Unresolvable::NoVersion { needs, .. } => {
                let help = "require a version that exists".to_owned();
                (Rule::UnsatisfiableDependency, Some(&needs.skill), help)
            }
            Unresolvable::Conflict { through, .. } => {
                let help = "widen one of these requirements".to_owned();
                (Rule::DependencyConflict, through.first(), help)
            }
            Unresolvable::Cycle(path) => {
                let next = path.iter().skip_while(|step| *step != own).nth(1);
                let help = "move what both need into a third skill".to_owned();
                (Rule::DependencyCycle, next, help)
            }
            Unresolvable::TooEntangled => {
                let first = self.skill.manifest.depends_on.first().map(|needed| &needed.spec.skill);
                let help = "split the closure: let fewer skills depend on each other".to_owned();
                (Rule::DependencyConflict, first, help)
            }
        };
        let path = &self.skill.source.manifest_path;
        let span = *self.spans.get(at?)?;
        Some(Diagnostic::new(rule, path, span, obstacle.to_string()).with_help(help))
    }

    /// Every direct dependency must be open to all who may use this skill; deeper ones follow by transitivity.
    fn audiences(&self) -> Vec<Diagnostic> {
        let Manifest { id, audience, depends_on, .. } = &self.skill.manifest;
        let policy = &self.organisation.policy;
        depends_on
            .iter()
            .filter_map(|Dependency { spec: Spec { skill, .. }, span }| {
                let needed = &self.library.get(skill)?.manifest.audience;
                if audience.is_within(needed, policy) {
                    return None;
                }
                let message = format!(
                    "`{id}` is open to `{audience}`, and its dependency `{skill}` only to `{needed}`"
                );
                let help = format!("restrict `{id}` to `{needed}`, or open the dependency");
                let path = &self.skill.source.manifest_path;
                Some(Diagnostic::new(Rule::AudienceOrder, path, *span, message).with_help(help))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
