//! Dependencies by a bare name: a skill of the own team, else of `shared`, else the one that provides the name.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{Library, Releases, Skill, Unsound, names};
use crate::diagnostic::{Diagnostic, Rule};
use crate::id::{SkillId, SkillName, TeamName};
use crate::manifest::{Bare, Dependency};
use crate::requirement::{Requirement, Spec};

/// Who provides a name, and in which version.
type Providers = BTreeMap<SkillName, BTreeMap<SkillId, Version>>;

/// Gives every dependency by a bare name its full one, and reports those that no one skill answers to.
pub(super) fn link(library: &mut Library, unsound: &Unsound) -> Vec<Diagnostic> {
    let bare: Vec<(SkillId, Vec<Bare>)> = library
        .iter_mut()
        .filter(|(_, skill)| !skill.manifest.unlinked.is_empty())
        .map(|(id, skill)| (id.clone(), std::mem::take(&mut skill.manifest.unlinked)))
        .collect();
    if bare.is_empty() {
        return Vec::new();
    }
    let providers = providers(library);
    let mut diagnostics = Vec::new();
    for (id, unlinked) in bare {
        for needed in unlinked {
            let span = needed.span;
            let linked = find(library, unsound, &providers, &id, needed).transpose();
            let Some(linked) = linked else { continue };
            let Some(skill) = library.get_mut(&id) else { continue };
            match linked.and_then(|spec| add(skill, Dependency { spec, span })) {
                Ok(()) => {}
                Err((rule, message, help)) => {
                    let path = &skill.source.manifest_path;
                    diagnostics.push(Diagnostic::new(rule, path, span, message).with_help(help));
                }
            }
        }
    }
    diagnostics
}

/// The same for former releases, by the heads as they are now. Returns what each of those needs that remain without.
pub(super) fn link_past(
    library: &Library,
    past: &mut Releases,
    unsound: &Unsound,
) -> BTreeMap<(SkillId, Version), SkillId> {
    let mut without = BTreeMap::new();
    let releases =
        past.iter_mut().flat_map(|(id, releases)| releases.iter_mut().map(move |(v, skill)| (id, v, skill)));
    let bare: Vec<_> = releases.filter(|(_, _, skill)| !skill.manifest.unlinked.is_empty()).collect();
    if bare.is_empty() {
        return without;
    }
    let providers = providers(library);
    for (id, version, skill) in bare {
        for needed in std::mem::take(&mut skill.manifest.unlinked) {
            let (name, span) = (needed.name.clone(), needed.span);
            let linked = find(library, unsound, &providers, id, needed);
            let added =
                linked.and_then(|spec| spec.map_or(Ok(()), |spec| add(skill, Dependency { spec, span })));
            if added.is_err() {
                without.insert((id.clone(), version.clone()), SkillId { team: id.team.clone(), name });
            }
        }
    }
    without
}

fn providers(library: &Library) -> Providers {
    let mut providers = Providers::new();
    for (id, skill) in library {
        for (name, version) in &skill.manifest.provides {
            providers.entry(name.clone()).or_default().insert(id.clone(), version.clone());
        }
    }
    providers
}

/// The skills that a bare name may mean, but for what is provided: that of the own team, then that of `shared`.
fn candidates<'a>(by: &'a SkillId, name: &'a SkillName) -> impl Iterator<Item = SkillId> + 'a {
    let shared: Option<TeamName> = "shared".parse().ok();
    let named = [Some(by.team.clone()), shared].into_iter().flatten();
    named.map(move |team| SkillId { team, name: name.clone() }).filter(move |id| id != by)
}

type Fault = (Rule, String, String);

/// What a bare name means; nothing where that depends on skills with errors of their own.
fn find(
    library: &Library,
    unsound: &Unsound,
    providers: &Providers,
    by: &SkillId,
    needed: Bare,
) -> Result<Option<Spec>, Fault> {
    let Bare { name, requirement, .. } = needed;
    let exists = |id: &SkillId| library.contains_key(id) || unsound.skills.contains(id);
    if let Some(skill) = candidates(by, &name).find(exists) {
        return Ok(library.contains_key(&skill).then_some(Spec { skill, requirement }));
    }
    let none = BTreeMap::new();
    let all: BTreeMap<&SkillId, &Version> =
        providers.get(&name).unwrap_or(&none).iter().filter(|(id, _)| *id != by).collect();
    let fitting: BTreeSet<&SkillId> =
        all.iter().filter(|(_, version)| requirement.matches(version)).map(|(id, _)| *id).collect();
    let listed = |ids: &mut dyn Iterator<Item = String>| ids.collect::<Vec<_>>().join(", ");
    match (fitting.first(), fitting.len()) {
        (Some(skill), 1) => {
            Ok(Some(Spec { requirement: provided_by(library, skill), skill: (*skill).clone() }))
        }
        (Some(_), _) => {
            let candidates = listed(&mut fitting.iter().map(|id| format!("`{id}`")));
            let message = format!("`{name}` is provided by several skills: {candidates}");
            Err((
                Rule::AmbiguousDependency,
                message,
                "write the full name of the one that you mean".to_owned(),
            ))
        }
        (None, _) if unsound.may_provide => Ok(None),
        (None, _) if !all.is_empty() => {
            let offers = listed(&mut all.iter().map(|(id, version)| format!("{version} by `{id}`")));
            let message = format!("no skill provides `{name}` {requirement}; it is provided in {offers}");
            Err((Rule::UnsatisfiableDependency, message, "require a version that exists".to_owned()))
        }
        (None, _) => {
            let message = format!(
                "there is no skill `{name}` in the team `{}` or in `shared`, and none provides it",
                by.team
            );
            let wanted = SkillId { team: by.team.clone(), name };
            Err((Rule::MissingDependency, message, names::nearest(library, by, &wanted)))
        }
    }
}

/// The releases of a provider that can be trusted to provide what its head provides: those of the head's major that
/// are not older.
fn provided_by(library: &Library, provider: &SkillId) -> Requirement {
    library
        .get(provider)
        .and_then(|skill| format!("^{}", skill.manifest.version).parse().ok())
        .unwrap_or_else(Requirement::any)
}

fn add(skill: &mut Skill, dependency: Dependency) -> Result<(), Fault> {
    let needs = &mut skill.manifest.depends_on;
    let same = needs.iter().find(|other| other.spec.skill == dependency.spec.skill);
    if same.is_some_and(|other| other.spec.requirement != dependency.spec.requirement) {
        let message = format!("the dependency `{}` is written twice", dependency.spec.skill);
        return Err((Rule::InvalidDependency, message, "keep one requirement per skill".to_owned()));
    }
    if same.is_none() {
        needs.push(dependency);
    }
    Ok(())
}
