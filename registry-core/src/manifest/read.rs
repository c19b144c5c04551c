//! Frontmatter → [`Manifest`], reporting every mistake and not only the first.

mod execution;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

use super::{Dependency, Deprecation, Frontmatter, Manifest, SkillSource};

use crate::diagnostic::{Diagnostic, Position, Rule};
use crate::id::{RoleName, SkillId};
use crate::policy::{AccessLevel, Audience};
use crate::requirement::Spec;
use crate::yaml;

use self::execution::Execution;

const MAX_DESCRIPTION: usize = 1024;
const MAX_TAGS: usize = 32;
/// Longest version: it is a folder's name on the static site.
const MAX_VERSION: usize = 64;
const KNOWN_KEYS: [&str; 26] = [
    "name",
    "version",
    "description",
    "description_zh",
    "tags",
    "access_level",
    "allowed_roles",
    "depends_on",
    "owners",
    "deprecated",
    "type",
    "license",
    "author",
    "homepage",
    "compatibility",
    "metadata",
    "command",
    "args",
    "timeout",
    "environment",
    "resource_limits",
    "security",
    "prompt",
    "parameters",
    "output_format",
    "aliases",
];

/// What the author wrote under `deprecated`: a text or a map.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, or a map with `message`")]
enum RawDeprecation {
    Text(String),
    Full(Deprecation),
}

impl SkillSource {
    /// Reads the manifest. A manifest comes back only when no finding is an error.
    #[must_use]
    pub fn read(&self) -> (Option<Manifest>, Vec<Diagnostic>) {
        match Frontmatter::read(&self.manifest_path, self.manifest()) {
            Ok(frontmatter) => Fields::new(self, frontmatter).manifest(),
            Err(diagnostic) => (None, vec![*diagnostic]),
        }
    }
}

/// The frontmatter's keys, being taken one by one.
struct Fields<'a> {
    source: &'a SkillSource,
    frontmatter: Frontmatter,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    fn new(source: &'a SkillSource, frontmatter: Frontmatter) -> Self {
        Self { source, frontmatter, diagnostics: Vec::new() }
    }

    fn manifest(mut self) -> (Option<Manifest>, Vec<Diagnostic>) {
        self.unknown_keys();
        let name = self.required::<String>("name");
        let version = self.version();
        let description = self.required::<String>("description").filter(|text| self.description_fits(text));
        let tags = self.tags();
        let audience = self.audience();
        self.name_equals_path(name.as_deref());
        let Execution { skill_type, command, prompt, permissions, limits } = self.execution();
        let mut manifest = Manifest {
            id: self.source.id.clone(),
            version: version.unwrap_or_else(|| Version::new(0, 0, 0)),
            description: description.unwrap_or_default(),
            description_zh: self.optional("description_zh"),
            tags: tags.unwrap_or_default(),
            audience: audience.unwrap_or(Audience::Public),
            depends_on: self.dependencies(),
            owners: self.optional("owners").unwrap_or_default(),
            deprecated: self.deprecation(),
            skill_type,
            command,
            prompt,
            permissions,
            limits,
            license: self.optional("license"),
            author: self.optional("author"),
            homepage: self.optional("homepage"),
            compatibility: self.optional("compatibility"),
            body: String::new(),
            positions: BTreeMap::new(),
        };
        manifest.body = std::mem::take(&mut self.frontmatter.body);
        manifest.positions = std::mem::take(&mut self.frontmatter.positions);
        let sound = self.diagnostics.iter().all(|found| found.rule == Rule::UnknownKey);
        (sound.then_some(manifest), self.diagnostics)
    }

    fn position(&self, key: &str) -> Position {
        self.frontmatter.positions.get(key).copied().unwrap_or(Position { line: 2, column: 1 })
    }

    fn report(&mut self, rule: Rule, key: &str, message: String, help: impl Into<String>) {
        let finding = Diagnostic::new(rule, &self.source.manifest_path, self.position(key), message);
        self.diagnostics.push(finding.with_help(help));
    }

    fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.frontmatter.keys.get(key)?.clone();
        match serde_yaml::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("the value of `{key}` does not fit: {}", yaml::error_message(&error));
                self.report(
                    Rule::InvalidValue,
                    key,
                    message,
                    format!("see `{key}` in docs/formats.md of Guildhall"),
                );
                None
            }
        }
    }

    fn required<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.frontmatter.keys.contains_key(key) {
            let message = format!("the key `{key}` is missing");
            self.report(Rule::MissingKey, "", message, format!("add `{key}:` to the frontmatter"));
        }
        self.optional(key)
    }

    fn unknown_keys(&mut self) {
        let keys: Vec<String> =
            self.frontmatter.keys.keys().filter_map(Value::as_str).map(str::to_owned).collect();
        for key in keys.iter().filter(|key| !KNOWN_KEYS.contains(&key.as_str())) {
            let nearest = KNOWN_KEYS.iter().min_by_key(|known| strsim::osa_distance(known, key));
            let help = match nearest {
                Some(known) if strsim::osa_distance(known, key) <= 2 => format!("did you mean `{known}`?"),
                _ => "remove it, or carry it under `metadata`".to_owned(),
            };
            self.report(Rule::UnknownKey, key, format!("the key `{key}` is not part of the format"), help);
        }
    }

    fn name_equals_path(&mut self, name: Option<&str>) {
        let id = &self.source.id;
        let Some(name) = name else { return };
        if name != id.name.as_str() && name != id.to_string() {
            let message = format!("the name `{name}` is not that of the path, `{id}`");
            let help = format!("write `name: {id}`");
            self.report(Rule::NameMismatch, "name", message, help);
        }
    }

    fn version(&mut self) -> Option<Version> {
        let text = self.required::<String>("version")?;
        if text.len() > MAX_VERSION {
            let message =
                format!("the version has {} characters, at most {MAX_VERSION} are allowed", text.len());
            self.report(Rule::InvalidVersion, "version", message, "shorten pre-release and build metadata");
            return None;
        }
        match Version::parse(&text) {
            Ok(version) => Some(version),
            Err(error) => {
                let message = format!("the version `{text}` is not semantic versioning: {error}");
                self.report(
                    Rule::InvalidVersion,
                    "version",
                    message,
                    "write MAJOR.MINOR.PATCH, as in `1.2.3`",
                );
                None
            }
        }
    }

    fn description_fits(&mut self, text: &str) -> bool {
        let length = text.trim().chars().count();
        if (1..=MAX_DESCRIPTION).contains(&length) {
            return true;
        }
        let message =
            format!("the description has {length} characters, must have from 1 to {MAX_DESCRIPTION}");
        self.report(Rule::InvalidValue, "description", message, "say what the skill does and when to use it");
        false
    }

    fn tags(&mut self) -> Option<BTreeSet<String>> {
        let tags = self.required::<Vec<String>>("tags")?;
        if tags.len() > MAX_TAGS {
            let message = format!("{} tags are too many, the limit is {MAX_TAGS}", tags.len());
            self.report(Rule::InvalidValue, "tags", message, "keep the words that people search for");
        }
        for (index, tag) in tags.iter().enumerate() {
            if tag.parse::<crate::id::SkillName>().is_err() {
                let message = format!("the tag `{tag}` is not lower-case words joined by hyphens");
                self.report(
                    Rule::InvalidValue,
                    &format!("tags/{index}"),
                    message,
                    "write it as in `customer-support`",
                );
            }
        }
        Some(tags.into_iter().collect())
    }

    fn audience(&mut self) -> Option<Audience> {
        let level = self.required::<AccessLevel>("access_level")?;
        let roles = self.optional::<BTreeSet<RoleName>>("allowed_roles");
        let team = self.source.id.team.clone();
        match (level, roles) {
            (AccessLevel::RoleRestricted, Some(roles)) => Audience::of_roles(roles)
                .map_err(|error| {
                    self.report(Rule::RolesMismatch, "allowed_roles", error.to_string(), "list fewer roles");
                })
                .ok(),
            (AccessLevel::RoleRestricted, None) => {
                let message = "a role-restricted skill needs `allowed_roles`".to_owned();
                self.report(Rule::RolesMismatch, "access_level", message, "list the roles that may use it");
                None
            }
            (_, Some(_)) => {
                let message = format!("`allowed_roles` has no meaning for the level `{level}`");
                self.report(
                    Rule::RolesMismatch,
                    "allowed_roles",
                    message,
                    "write `access_level: role-restricted` or remove the roles",
                );
                None
            }
            (AccessLevel::Public, None) => Some(Audience::Public),
            (AccessLevel::Team, None) => Some(Audience::Team(team)),
            (AccessLevel::Sensitive, None) => Some(Audience::Sensitive(team)),
        }
    }

    fn dependencies(&mut self) -> Vec<Dependency> {
        let written = self.optional::<Vec<String>>("depends_on").unwrap_or_default();
        let mut seen: BTreeSet<SkillId> = BTreeSet::new();
        let mut found = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let key = format!("depends_on/{index}");
            match text.parse::<Spec>() {
                Ok(spec) if spec.skill == self.source.id => {
                    self.report(
                        Rule::DependencyCycle,
                        &key,
                        "a skill cannot depend on itself".to_owned(),
                        "remove it",
                    );
                }
                Ok(spec) if !seen.insert(spec.skill.clone()) => {
                    let message = format!("the dependency `{}` is written twice", spec.skill);
                    self.report(Rule::InvalidDependency, &key, message, "keep one requirement per skill");
                }
                Ok(spec) => found.push(Dependency { spec, position: self.position(&key) }),
                Err(error) => {
                    let help = "write `team/name:REQ`, as in `support/case-facts:1.x`";
                    self.report(Rule::InvalidDependency, &key, error.to_string(), help);
                }
            }
        }
        found
    }

    fn deprecation(&mut self) -> Option<Deprecation> {
        Some(match self.optional("deprecated")? {
            RawDeprecation::Full(deprecation) => deprecation,
            RawDeprecation::Text(message) => {
                Deprecation { message, since: None, replaced_by: None, sunset: None }
            }
        })
    }
}

#[cfg(test)]
mod tests;
