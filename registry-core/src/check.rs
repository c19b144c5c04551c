//! Rules that need more than one skill: dependencies, audiences, teams.

use std::collections::BTreeMap;

use crate::catalog::Member;
use crate::diagnostic::{Diagnostic, Rule};
use crate::digest::Digest;
use crate::id::SkillId;
use crate::manifest::{Manifest, SkillSource};
use crate::organisation::Organisation;
use crate::resolver::{Resolver, Unresolvable, World};

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

/// Applies every rule that needs more than one skill. Closures are complete only when no finding is an error.
#[must_use]
pub fn check_library(library: &Library, organisation: &Organisation) -> (Closures, Vec<Diagnostic>) {
    let world = world(library);
    let resolver = Resolver::new(&world);
    let mut closures = Closures::new();
    let mut diagnostics = Vec::new();
    for (id, skill) in library {
        let report = Report { library, organisation, skill };
        diagnostics.extend(report.team());
        diagnostics.extend(report.roles());
        match resolver.solve(id, &skill.manifest.version) {
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
        let position = self.skill.manifest.position(key);
        Diagnostic::new(rule, &self.skill.source.manifest_path, position, message)
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
        let (rule, key, help) = match obstacle {
            Unresolvable::Missing { needs, by } => {
                (Rule::MissingDependency, self.dependency_key(by, &needs.skill)?, self.nearest(&needs.skill))
            }
            Unresolvable::NoVersion { needs, by, .. } => (
                Rule::UnsatisfiableDependency,
                self.dependency_key(by, &needs.skill)?,
                "require a version that exists".to_owned(),
            ),
            Unresolvable::Conflict { .. } => (
                Rule::DependencyConflict,
                "depends_on".to_owned(),
                "widen one of the two requirements".to_owned(),
            ),
            Unresolvable::Cycle(path) => {
                let id = &self.skill.manifest.id;
                let next = path.iter().skip_while(|step| *step != id).nth(1)?;
                let help = "move what both need into a third skill".to_owned();
                (Rule::DependencyCycle, self.dependency_key(id, next)?, help)
            }
            Unresolvable::TooEntangled => {
                (Rule::DependencyConflict, "depends_on".to_owned(), "pin versions exactly".to_owned())
            }
        };
        Some(self.at(rule, &key, obstacle.to_string()).with_help(help))
    }

    /// The key of the dependency on `needed`, when `by` is this skill.
    fn dependency_key(&self, by: &SkillId, needed: &SkillId) -> Option<String> {
        if *by != self.skill.manifest.id {
            return None;
        }
        let index = self.skill.manifest.depends_on.iter().position(|d| d.spec.skill == *needed)?;
        Some(format!("depends_on/{index}"))
    }

    fn nearest(&self, missing: &SkillId) -> String {
        let wanted = missing.to_string();
        let distance = |id: &&SkillId| strsim::osa_distance(&id.to_string(), &wanted);
        match self.library.keys().min_by_key(distance) {
            Some(near) if strsim::osa_distance(&near.to_string(), &wanted) <= 3 => {
                format!("did you mean `{near}`?")
            }
            _ => "add the skill, or remove the dependency".to_owned(),
        }
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
                let key = self.dependency_key(&self.skill.manifest.id, &member.skill)?;
                let message = format!(
                    "`{}` is open to `{own}`, and its dependency `{}` only to `{needed}`",
                    self.skill.manifest.id, member.skill
                );
                let help =
                    format!("restrict `{}` to `{needed}`, or open the dependency", self.skill.manifest.id);
                Some(self.at(Rule::AudienceOrder, &key, message).with_help(help))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::FileMode;
    use crate::manifest::{SourceFile, discover};

    const CONFIG: &str = "organisation: X\nbase_url: https://x\n\
        teams: {shared: {members: everyone}, support: {}, finance: {}}\n\
        roles: {finance-agent: {teams: [finance]}}\n";

    /// Lines `team/name level depends…`; roles stand behind the level as `role-restricted=a+b`.
    fn findings(skills: &str) -> String {
        let mut files = BTreeMap::new();
        for line in skills.lines().map(str::trim) {
            let mut words = line.split(' ');
            let (name, level) = (words.next().unwrap(), words.next().unwrap());
            let (level, roles) = level.split_once('=').unwrap_or((level, ""));
            let roles = if roles.is_empty() {
                String::new()
            } else {
                format!("allowed_roles: [{}]\n", roles.replace('+', ", "))
            };
            let needs: Vec<&str> = words.collect();
            let text = format!(
                "---\nname: {name}\nversion: 1.0.0\ndescription: d\ntags: []\naccess_level: {level}\n{roles}depends_on: [{}]\n---\n",
                needs.join(", ")
            );
            let file = SourceFile { mode: FileMode::Plain, bytes: text.into_bytes() };
            files.insert(format!("skills/{name}.md"), file);
        }
        let (sources, _) = discover(files);
        let library: Library = sources
            .into_iter()
            .map(|source| {
                let (manifest, found) = source.read();
                let manifest = manifest.unwrap_or_else(|| panic!("{found:?}"));
                let digest = source.digest();
                (source.id.clone(), Skill { source, manifest, digest })
            })
            .collect();
        let (_, found) = check_library(&library, &Organisation::parse(CONFIG).unwrap());
        found.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_sound_library_has_no_findings() {
        let skills = "shared/a public\nsupport/b team shared/a:1.x\nfinance/c sensitive finance/d:1.x\nfinance/d team\nfinance/e role-restricted=finance-agent finance/d:1.x";
        assert_eq!(findings(skills), "");
    }

    #[test]
    fn dependency_findings() {
        let skills = "support/a public support/b:1.x\nsupport/b public support/c:*\nsupport/c public support/b:*\nsupport/d public support/e:2.x\nsupport/e public support/bb:1.x\nother/f public";
        insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("library_dependency_findings", findings(skills));
        });
    }

    #[test]
    fn audience_findings() {
        let skills = "support/a public support/b:1.x\nsupport/b team\nfinance/c role-restricted=finance-agent support/b:1.x\nfinance/d team finance/e:*\nfinance/e sensitive\nshared/f role-restricted=ghost";
        insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("library_audience_findings", findings(skills));
        });
    }
}
