//! What a skill needs: `depends_on` and `dependencies`.

use std::collections::BTreeMap;

use super::Fields;
use crate::diagnostic::Rule;
use crate::id::{SkillId, SkillName};
use crate::manifest::written::Written;
use crate::manifest::{Bare, Dependency};
use crate::requirement::{Requirement, Spec};
use crate::yaml;

const HELP: &str = "write `team/name:REQ`, as in `support/case-facts:1.x`";

impl Fields<'_> {
    /// The dependencies with a full name, and those with a bare one, which only the whole library can tell.
    pub(super) fn dependencies(&mut self, written: &Written) -> (Vec<Dependency>, Vec<Bare>) {
        let mut found = Found::default();
        let carried = !self.frontmatter.keys.contains_key("depends_on");
        for (index, text) in written.depends_on.iter().flatten().enumerate() {
            let key = if carried { "metadata/depends_on".to_owned() } else { format!("depends_on/{index}") };
            match text.parse::<Spec>() {
                Ok(spec) => self.add(&mut found, spec, &key),
                Err(error) => self.report(Rule::InvalidDependency, &key, error.to_string(), HELP),
            }
        }
        for (name, requirement) in written.dependencies.iter().flatten() {
            let carried = !self.frontmatter.keys.contains_key("dependencies");
            let key =
                if carried { "metadata/dependencies".to_owned() } else { yaml::join("dependencies", name) };
            let requirement: Requirement = match requirement.parse() {
                Ok(requirement) => requirement,
                Err(error) => {
                    self.report(Rule::InvalidDependency, &key, error.to_string(), "write it as in `1.x`");
                    continue;
                }
            };
            match (name.parse::<SkillId>(), name.parse::<SkillName>()) {
                (Ok(skill), _) => self.add(&mut found, Spec { skill, requirement }, &key),
                (_, Ok(name)) => {
                    found.bare.push(Bare { name, requirement, span: self.key_span(&key) });
                }
                (Err(error), Err(_)) => {
                    self.report(Rule::InvalidDependency, &key, error.to_string(), HELP);
                }
            }
        }
        (found.full, found.bare)
    }

    fn add(&mut self, found: &mut Found, spec: Spec, key: &str) {
        let span = self.value_span(key);
        if spec.skill == self.source.id {
            self.report(Rule::DependencyCycle, key, "a skill cannot depend on itself", "remove it");
            return;
        }
        if let Some(requirement) = found.seen.get(&spec.skill) {
            if *requirement != spec.requirement || key.starts_with("depends_on/") {
                let message = format!("the dependency `{}` is written twice", spec.skill);
                self.report(Rule::InvalidDependency, key, message, "keep one requirement per skill");
            }
            return;
        }
        found.seen.insert(spec.skill.clone(), spec.requirement.clone());
        found.full.push(Dependency { spec, span });
    }
}

#[derive(Default)]
struct Found {
    seen: BTreeMap<SkillId, Requirement>,
    full: Vec<Dependency>,
    bare: Vec<Bare>,
}
