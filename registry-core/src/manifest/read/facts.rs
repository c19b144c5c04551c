//! The keys that say what a skill is, and to whom it is open.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::Fields;
use crate::diagnostic::{Fix, Lines, Position, Rule, Span};
use crate::id::{RoleName, SkillName};
use crate::manifest::written::{
    AllowedTools, MAX_COMPATIBILITY, MAX_DESCRIPTION, MAX_TAGS, MAX_VERSION, Written, WrittenDeprecation,
};
use crate::manifest::{Deprecation, Frontmatter};
use crate::policy::{AccessLevel, Audience};

/// Words that vendors keep for their own skills.
const RESERVED: [&str; 2] = ["anthropic", "claude"];

impl From<WrittenDeprecation> for Deprecation {
    fn from(written: WrittenDeprecation) -> Self {
        match written {
            WrittenDeprecation::Full(deprecation) => deprecation,
            WrittenDeprecation::Text(message) => {
                Self { message, since: None, replaced_by: None, sunset: None }
            }
        }
    }
}

impl Fields<'_> {
    pub(super) fn name_equals_path(&mut self, name: Option<&str>) {
        let id = self.source.id.clone();
        let Some(name) = name.map(str::trim) else { return };
        if name != id.name.as_str() && name != id.to_string() {
            let message = format!("the name `{name}` is not that of the path, `{id}`");
            self.report_replaceable(Rule::NameMismatch, "name", message, &id.to_string());
        }
    }

    /// Where a key of the frontmatter or of `metadata` stands.
    pub(super) fn spelling(&self, key: &str) -> String {
        let top = key.split('/').next().unwrap_or_default();
        if self.carried(top).is_none() || self.frontmatter.keys.contains_key(top) {
            return key.to_owned();
        }
        format!("metadata/{key}")
    }

    pub(super) fn version(&mut self, text: &str, key: &str) -> Option<Version> {
        let (key, text) = (self.spelling(key), text.trim());
        if text.len() > MAX_VERSION {
            let message =
                format!("a version has at most {MAX_VERSION} characters, this one has {}", text.len());
            self.report(Rule::InvalidVersion, &key, message, "shorten the pre-release or build part");
            return None;
        }
        let error = match Version::parse(text) {
            Ok(version) => return Some(version),
            Err(error) => error,
        };
        let message = format!("the version `{text}` is not semantic versioning: {error}");
        match completed_version(text) {
            Some(version) => {
                self.report_replaceable(Rule::InvalidVersion, &key, message, &version.to_string());
            }
            None => {
                self.report(Rule::InvalidVersion, &key, message, "write MAJOR.MINOR.PATCH, as in `1.2.3`");
            }
        }
        None
    }

    /// A description, when its length is within the limits.
    pub(super) fn text_within(&mut self, text: Option<&str>, key: &str) -> Option<String> {
        let text = text?;
        let length = text.trim().chars().count();
        if (1..=MAX_DESCRIPTION).contains(&length) {
            return Some(text.to_owned());
        }
        let key = self.spelling(key);
        let message =
            format!("the description has {length} characters, must have from 1 to {MAX_DESCRIPTION}");
        let help = match length {
            0 => "say what the skill does and when to use it",
            _ => "keep what the skill does and when to use it, and move the rest to the text",
        };
        self.report(Rule::InvalidValue, &key, message, help);
        None
    }

    /// Limits of other agents that this format does not share (agentskills.io and the makers of agents).
    pub(super) fn portable(&mut self, description: Option<&str>) {
        if description.is_some_and(|text| text.contains(['<', '>'])) {
            let message = "the description holds `<` or `>`, and some agents refuse what looks like markup";
            self.report(Rule::DescriptionMarkup, "description", message, "write it in words");
        }
        let name = &self.source.id.name;
        let reserved = RESERVED.iter().find(|word| name.as_str().split('-').any(|part| part == **word));
        if let Some(word) = reserved {
            let message =
                format!("the name `{name}` holds the word `{word}`, which is reserved for its vendor");
            self.report(Rule::ReservedWord, "name", message, "rename the skill's folder or file");
        }
    }

    pub(super) fn compatibility(&mut self, text: Option<&str>) {
        let length = text.map_or(1, |text| text.trim().chars().count());
        if !(1..=MAX_COMPATIBILITY).contains(&length) {
            let message =
                format!("`compatibility` has {length} characters, must have from 1 to {MAX_COMPATIBILITY}");
            self.report(Rule::InvalidValue, "compatibility", message, "name what it needs, and no more");
        }
    }

    pub(super) fn tags(&mut self, tags: &[String]) -> BTreeSet<String> {
        let key = self.spelling("tags");
        if tags.len() > MAX_TAGS {
            let message = format!("{} tags are too many, the limit is {MAX_TAGS}", tags.len());
            self.report(Rule::InvalidValue, &key, message, "keep the words that people search for");
            return BTreeSet::new();
        }
        for (index, tag) in tags.iter().enumerate().filter(|(_, tag)| tag.parse::<SkillName>().is_err()) {
            let item = format!("{key}/{index}");
            let message = format!("the tag `{tag}` is not lower-case words joined by hyphens");
            match hyphenated(tag) {
                Some(mended) if self.frontmatter.outline.contains_key(&item) => {
                    self.report_replaceable(Rule::InvalidValue, &item, message, &as_text(&mended));
                }
                Some(mended) => self.report(Rule::InvalidValue, &key, message, format!("write `{mended}`")),
                None => self.report(Rule::InvalidValue, &item, message, "write it as in `customer-support`"),
            }
        }
        tags.iter().cloned().collect()
    }

    pub(super) fn audience(
        &mut self,
        level: Option<AccessLevel>,
        roles: Option<BTreeSet<RoleName>>,
    ) -> Option<Audience> {
        let team = self.source.id.team.clone();
        let (level_key, roles_key) = (self.spelling("access_level"), self.spelling("allowed_roles"));
        match (level?, roles) {
            (AccessLevel::RoleRestricted, Some(roles)) => Audience::of_roles(roles)
                .map_err(|error| {
                    self.report(
                        Rule::RolesMismatch,
                        &roles_key,
                        error.to_string(),
                        "list the roles that may use it",
                    );
                })
                .ok(),
            (AccessLevel::RoleRestricted, None) => {
                let help = "list the roles that may use it, as in `allowed_roles: [auditor]`";
                self.report(
                    Rule::RolesMismatch,
                    &level_key,
                    "a role-restricted skill needs `allowed_roles`",
                    help,
                );
                None
            }
            (level, Some(_)) => {
                let message = format!("`allowed_roles` has no meaning for the level `{level}`");
                let help = "write `access_level: role-restricted` or remove the roles";
                self.report(Rule::RolesMismatch, &roles_key, message, help);
                None
            }
            (AccessLevel::Public, None) => Some(Audience::Public),
            (AccessLevel::Team, None) => Some(Audience::Team(team)),
            (AccessLevel::Sensitive, None) => Some(Audience::Sensitive(team)),
        }
    }

    pub(super) fn provides(&mut self, written: &Written) -> BTreeMap<SkillName, Version> {
        let mut provides = BTreeMap::new();
        for (name, text) in written.provides.iter().flatten() {
            if let Some(version) = self.version(text, &format!("provides/{name}")) {
                provides.insert(name.clone(), version);
            }
        }
        provides
    }

    /// The tools as one text, the form of the agentskills.io specification.
    pub(super) fn allowed_tools(&mut self, written: Option<&AllowedTools>) -> Option<String> {
        let tools = match written? {
            AllowedTools::Text(text) => return Some(text.clone()),
            AllowedTools::List(tools) => tools,
        };
        let spaced = tools.iter().find(|tool| holds_space(tool));
        let text = tools.join(if spaced.is_some() { ", " } else { " " });
        let span = self.value_span("allowed-tools");
        let quoted = serde_json::Value::from(text.as_str()).to_string();
        let (help, fix) = match spaced {
            Some(tool) => {
                (format!("write one text; `{tool}` holds a space, so put commas between the tools"), None)
            }
            None => (format!("write `allowed-tools: {quoted}`"), self.one_text("allowed-tools", &quoted)),
        };
        let message = "`allowed-tools` is a list, and most agents read one text".to_owned();
        self.finding(Rule::ToolsList, span, message, help, fix);
        Some(text)
    }
}

impl Fields<'_> {
    /// Writes `text` in place of the list that is the value of `key`; that of a list below the key behind the key.
    /// Comments among its items are kept by leaving the list to its author.
    fn one_text(&self, key: &str, text: &str) -> Option<Fix> {
        let place = self.frontmatter.outline.get(key)?;
        let (whole, _) = Frontmatter::split(self.source.manifest())?;
        let from = |start: Position| Span { start, end: place.value.end };
        let lines = Lines::new(whole);
        let (span, text) = match lines.slice(place.value)? {
            brackets if brackets.starts_with('[') => (place.value, text.to_owned()),
            _ => (from(place.key.end), format!(": {text}")),
        };
        (!lines.slice(span)?.contains('#')).then(|| Fix::replace("write the tools as one text", span, text))
    }
}

/// Whether a tool cannot stand in a list whose items have spaces between them. What it may do stands in parentheses,
/// where spaces do not separate: `Bash(git add *)`.
fn holds_space(tool: &str) -> bool {
    tool.trim().split('(').next().is_some_and(|name| name.contains(char::is_whitespace))
}

/// A word as YAML that reads as a text: `true` and `2024` do not.
fn as_text(word: &str) -> String {
    let is_text = serde_yaml::from_str::<serde_yaml::Value>(word).is_ok_and(|value| value.is_string());
    let plain = is_text && !["yes", "no", "on", "off", "y", "n"].contains(&word);
    if plain { word.to_owned() } else { format!("\"{word}\"") }
}

/// The version that `1`, `1.2` or `v1.2.3` is short for.
#[must_use]
pub fn completed_version(text: &str) -> Option<Version> {
    let bare = text.trim().trim_start_matches(['v', 'V']);
    [bare.to_owned(), format!("{bare}.0"), format!("{bare}.0.0")].iter().find_map(|t| Version::parse(t).ok())
}

/// A text as lower-case words joined by hyphens, where no letter is lost by that.
fn hyphenated(text: &str) -> Option<String> {
    if text.chars().any(|letter| letter.is_alphanumeric() && !letter.is_ascii()) {
        return None;
    }
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-").parse::<SkillName>().ok().map(String::from)
}
