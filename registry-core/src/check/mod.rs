//! Rules that need more than one skill: dependencies, audiences, teams.

mod closing;
mod links;
mod names;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use self::closing::Closing;
use crate::catalog::{Member, Released};
use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Dependency, Manifest, SkillSource};
use crate::organisation::Organisation;
use crate::policy::Audience;
use crate::requirement::Spec;
use crate::resolver::{Release, Resolver, Unresolvable, World};
use crate::status::{State, Status};

/// For so many missing dependencies of a skill one of a similar name is searched for, which takes a look at every name.
const MOST_SEARCHED: usize = 20;

/// A release whose own file is sound: the head of a skill, or one before it.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Its files.
    pub source: SkillSource,
    /// What they say.
    pub manifest: Manifest,
    /// Their digest.
    pub digest: Digest,
    /// Where the release comes from; nothing for what is not committed.
    pub released: Option<Released>,
    /// What has become of it since.
    pub status: Option<Status>,
}

impl Skill {
    /// Whether its owners have taken the release back.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == State::Withdrawn)
    }
}

/// The heads of all sound skills: what the published branch, or the working tree, holds now.
pub type Library = BTreeMap<SkillId, Skill>;

/// Releases by skill and version.
pub type Releases = BTreeMap<SkillId, BTreeMap<Version, Skill>>;

/// What was released before, of skills that have a head.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The releases beside the heads.
    pub releases: Releases,
    /// Heads that were published as they are: what is wrong with them now comes from a change of others.
    pub settled: BTreeSet<SkillId>,
}

/// What a release needs, dependencies first, the release itself last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// The releases; the release alone where it is blocked.
    pub members: Vec<Member>,
    /// The dependency that keeps the release from being used.
    pub blocked: Option<SkillId>,
}

/// The closure of every release.
pub type Closures = BTreeMap<SkillId, BTreeMap<Version, Closure>>;

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
    past: &mut Past,
    unsound: &Unsound,
    organisation: &Organisation,
) -> (Closures, Vec<Diagnostic>) {
    let mut diagnostics = links::link(library, unsound);
    let unlinked = links::link_past(library, &mut past.releases, unsound);
    let (library, past) = (&*library, &*past);
    diagnostics.extend(names::check(library));
    let world = world(library, past);
    let resolver = Resolver::new(&world);
    let closing = Closing { library, past, policy: &organisation.policy, resolver: &resolver };
    let mut closures = Closures::new();
    let mut obstacles = BTreeMap::new();
    for (id, skill) in library {
        let report = Report::new(library, organisation, skill);
        diagnostics.extend(report.team());
        diagnostics.extend(report.roles());
        let closure = if past.settled.contains(id) {
            let closure = closing.close(skill);
            diagnostics.extend(closure.blocked.as_ref().map(|by| report.blocked(by)));
            closure
        } else {
            diagnostics.extend(report.direct(&resolver, &unsound.skills));
            match resolver.solve(id, &skill.manifest.version) {
                Ok(closure) => {
                    let closure = closing.complete(closure);
                    diagnostics.extend(report.audiences(&closing, &closure));
                    closure
                }
                Err(obstacle) => {
                    diagnostics.extend(report.audiences(&closing, &Closure::default()));
                    obstacles.insert(id, (report, obstacle));
                    continue;
                }
            }
        };
        closures.entry(id.clone()).or_default().insert(skill.manifest.version.clone(), closure);
    }
    for (id, releases) in &past.releases {
        let of_skill = closures.entry(id.clone()).or_default();
        for (version, skill) in releases {
            let closure = match unlinked.get(&(id.clone(), version.clone())) {
                Some(by) => Closing::blocked(skill, by.clone()),
                None => closing.close(skill),
            };
            of_skill.insert(version.clone(), closure);
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

fn world(library: &Library, past: &Past) -> World {
    let release = |skill: &Skill| Release {
        needs: skill.manifest.depends_on.iter().map(|needed| needed.spec.clone()).collect(),
        withdrawn: skill.is_withdrawn(),
    };
    library
        .iter()
        .map(|(id, head)| {
            let former = past.releases.get(id).into_iter().flat_map(BTreeMap::values);
            let all = former.chain([head]);
            (id.clone(), all.map(|skill| (skill.manifest.version.clone(), release(skill))).collect())
        })
        .collect()
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
    fn direct(&self, resolver: &Resolver<'_>, unsound: &BTreeSet<SkillId>) -> Vec<Diagnostic> {
        let by = &self.skill.manifest.id;
        let needed = self.skill.manifest.depends_on.iter().map(|needed| &needed.spec);
        let known =
            needed.filter(|spec| self.library.contains_key(&spec.skill) || !unsound.contains(&spec.skill));
        known.filter_map(|spec| self.obstacle(&resolver.unsatisfied(by, spec)?)).collect()
    }

    /// That a release that was published cannot be used any more.
    fn blocked(&self, by: &SkillId) -> Diagnostic {
        let Manifest { id, version, .. } = &self.skill.manifest;
        let message = format!(
            "`{id}` {version} is blocked: what it needs of `{by}` is gone, or closed to some who may use it"
        );
        let help = format!("release a version of `{id}` that does without, or ask the owners of `{by}`");
        let span =
            self.spans.get(by).copied().unwrap_or_else(|| self.skill.manifest.place("depends_on").value);
        Diagnostic::new(Rule::BlockedRelease, &self.skill.source.manifest_path, span, message).with_help(help)
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

    /// Everything that is needed must be open to all who may use this skill.
    fn audiences(&self, closing: &Closing<'_>, closure: &Closure) -> Vec<Diagnostic> {
        let Manifest { id, audience, depends_on, .. } = &self.skill.manifest;
        let finding = |needed: &SkillId, rule: &Audience, span: Span| {
            let message =
                format!("`{id}` is open to `{audience}`, and its dependency `{needed}` only to `{rule}`");
            let help = format!("restrict `{id}` to `{rule}`, or open the dependency");
            let path = &self.skill.source.manifest_path;
            Diagnostic::new(Rule::AudienceOrder, path, span, message).with_help(help)
        };
        let direct = |Dependency { spec: Spec { skill, .. }, span }: &Dependency| {
            let head = &self.library.get(skill)?.manifest.audience;
            (!audience.is_within(head, closing.policy)).then(|| finding(skill, head, *span))
        };
        let found: Vec<Diagnostic> = depends_on.iter().filter_map(direct).collect();
        if !found.is_empty() {
            return found;
        }
        let deep = closing.closed(self.skill, &closure.members).map(|(needed, rule)| {
            let depends_on = self.skill.manifest.place("depends_on").value;
            finding(needed, rule, self.spans.get(needed).copied().unwrap_or(depends_on))
        });
        deep.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
