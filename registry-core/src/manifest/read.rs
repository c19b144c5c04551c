//! Frontmatter → [`Manifest`], reporting every mistake and not only the first.

mod carried;
mod dependencies;
mod execution;
mod facts;
mod parameters;
mod triggers;

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use super::written::{Decode, KEYS, Written};
use super::{Frontmatter, Manifest, Place, SkillSource};
use crate::diagnostic::{Diagnostic, Fix, Lines, Rule, Span, apply};
use crate::yaml;

use self::execution::Execution;
pub use self::facts::completed_version;

impl SkillSource {
    /// Reads the manifest. A manifest comes back only when no finding is an error.
    #[must_use]
    pub fn read(&self) -> (Option<Manifest>, Vec<Diagnostic>) {
        match Frontmatter::read(&self.manifest_path, self.manifest()) {
            Ok(frontmatter) => Fields { source: self, frontmatter, diagnostics: Vec::new() }.manifest(),
            Err(diagnostic) => (None, vec![*diagnostic]),
        }
    }
}

/// The frontmatter of a skill, and what was found about it so far.
struct Fields<'a> {
    source: &'a SkillSource,
    frontmatter: Frontmatter,
    diagnostics: Vec<Diagnostic>,
}

impl Decode for Fields<'_> {
    fn key<T: DeserializeOwned + PartialEq>(&mut self, key: &str) -> Option<T> {
        let top = self.frontmatter.keys.get(key).map(|value| self.as_written(key, value));
        let carried = self.carried(key);
        let value = top.map(|value| self.decode(key, value, key));
        let Some(text) = carried else { return value.flatten() };
        let path = format!("metadata/{key}");
        let carried = self.decode_carried::<T>(key, text, &path);
        let Some(value) = value.flatten() else { return carried };
        if carried.is_some_and(|carried| carried != value) {
            let message = format!("`{key}` and `metadata.{key}` say different things");
            self.report(Rule::ConflictingSpellings, &path, message, "keep one of the two");
        }
        Some(value)
    }
}

impl Fields<'_> {
    fn manifest(mut self) -> (Option<Manifest>, Vec<Diagnostic>) {
        self.unknown_keys();
        self.misspelt_carried_keys();
        let written = Written::decode(&mut self);
        self.required_keys();
        self.name_equals_path(written.name.as_deref());
        self.portable(written.description.as_deref());
        let version = written.version.as_deref().and_then(|text| self.version(text, "version"));
        let description = self.text_within(written.description.as_deref(), "description");
        let description_zh = self.text_within(written.description_zh.as_deref(), "description_zh");
        let tags = self.tags(written.tags.as_deref().unwrap_or_default());
        let audience = self.audience(written.access_level, written.allowed_roles.clone());
        let (depends_on, unlinked) = self.dependencies(&written);
        let provides = self.provides(&written);
        let allowed_tools = self.allowed_tools(written.allowed_tools.as_ref());
        self.compatibility(written.compatibility.as_deref());
        let triggers = self.triggers(written.triggers.clone());
        let Execution { skill_type, command, conversation, prompt, permissions, limits } =
            self.execution(&written);
        self.keep_sound_fixes();
        let manifest = || {
            Some(Manifest {
                id: self.source.id.clone(),
                version: version?,
                description: description?,
                description_zh,
                tags,
                audience: audience?,
                depends_on,
                unlinked,
                owners: written.owners.unwrap_or_default(),
                deprecated: written.deprecated.map(Into::into),
                skill_type,
                command,
                session: written.session_config.unwrap_or_default(),
                conversation,
                prompt,
                resilience: written.resilience.unwrap_or_default(),
                permissions,
                limits,
                aliases: written.aliases.unwrap_or_default(),
                provides,
                mcp_servers: written.mcp_servers.unwrap_or_default(),
                triggers,
                scope: written.scope,
                license: written.license,
                author: written.author,
                homepage: written.homepage,
                compatibility: written.compatibility,
                allowed_tools,
                metadata: written.metadata.unwrap_or_default(),
                keys: self.frontmatter.keys,
                body: self.frontmatter.body,
                body_line: self.frontmatter.end.line + 1,
                outline: self.frontmatter.outline,
            })
        };
        let sound = !self.diagnostics.iter().any(Diagnostic::is_error);
        (if sound { manifest() } else { None }, self.diagnostics)
    }

    /// The place of the key or item at `path`. What stands within a text has none of its own, but that of the text.
    fn place(&self, path: &str) -> Option<Place> {
        let mut paths =
            std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(around, _)| around));
        paths.find_map(|path| self.frontmatter.outline.get(path)).copied()
    }

    /// Where the key stands, else the line that ends the block.
    fn key_span(&self, key: &str) -> Span {
        self.place(key).map_or(self.frontmatter.end.into(), |place| place.key)
    }

    /// Where the value stands: that of an empty value is its key.
    fn value_span(&self, key: &str) -> Span {
        let Some(place) = self.place(key) else { return self.key_span(key) };
        if place.value.start == place.value.end { place.key } else { place.value }
    }

    fn finding(&mut self, rule: Rule, span: Span, message: String, help: String, fix: Option<Fix>) {
        let found = Diagnostic::new(rule, &self.source.manifest_path, span, message);
        self.diagnostics.push(found.with_help(help).with_fix(fix));
    }

    /// A finding about the value of `key`.
    fn report(&mut self, rule: Rule, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.finding(rule, self.value_span(key), message.into(), help.into(), None);
    }

    /// A finding about the value of `key` that another text in its place mends: by a machine only where the value has
    /// a place of its own.
    fn report_replaceable(&mut self, rule: Rule, key: &str, message: String, text: &str) {
        let span = self.value_span(key);
        let help = format!("write `{text}`");
        let own = self.frontmatter.outline.contains_key(key);
        let fix = own.then(|| Fix::replace(format!("replace it by `{text}`"), span, text));
        self.finding(rule, span, message, help, fix);
    }

    fn decode<T: DeserializeOwned>(&mut self, key: &str, value: Value, path: &str) -> Option<T> {
        let items = match &value {
            Value::Sequence(items) => items.len(),
            Value::Mapping(items) => items.len(),
            _ => 0,
        };
        if items > MAX_ITEMS {
            let message = format!("`{key}` has {items} entries, may have at most {MAX_ITEMS}");
            self.report(Rule::InvalidValue, path, message, "keep those that matter");
            return None;
        }
        match serde_yaml::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("the value of `{key}` does not fit: {}", yaml::error_message(&error));
                let help = format!("see `{key}` in docs/formats.md of Guildhall");
                self.report(Rule::InvalidValue, path, message, help);
                None
            }
        }
    }

    /// The value of a key. A version like `1.10`, which YAML takes for a number and makes `1.1` of, is the text that
    /// stands in the file.
    fn as_written(&self, key: &str, value: &Value) -> Value {
        let text = || {
            let (whole, _) = Frontmatter::split(self.source.manifest())?;
            let span = self.frontmatter.outline.get(key)?.value;
            Lines::new(whole).slice(span)
        };
        match value {
            Value::Number(_) if key == "version" => text().map_or(value.clone(), Value::from),
            _ => value.clone(),
        }
    }

    /// Drops every fix with which the file would not read, or would have other keys than before by number.
    fn keep_sound_fixes(&mut self) {
        let Some((text, _)) = Frontmatter::split(self.source.manifest()) else { return };
        let (path, keys) = (&self.source.manifest_path, self.frontmatter.keys.len());
        let is_sound = |fix: &Fix| {
            let (mended, _) = apply(text, &[fix]);
            Frontmatter::take_apart(path, mended.as_bytes()).is_ok_and(|read| read.keys.len() == keys)
        };
        let with_fix = self.diagnostics.iter_mut().filter(|found| found.fix.is_some());
        for (number, found) in with_fix.enumerate() {
            found.fix = found.fix.take().filter(|fix| number < MAX_FIXES && is_sound(fix));
        }
    }

    fn required_keys(&mut self) {
        for (key, example) in REQUIRED {
            if !self.frontmatter.keys.contains_key(key) && self.carried(key).is_none() {
                let span = self.frontmatter.end.into();
                let message = format!("the key `{key}` is missing");
                let help = format!("add it to the frontmatter, as in `{key}: {example}`");
                self.finding(Rule::MissingKey, span, message, help, None);
            }
        }
    }

    fn unknown_keys(&mut self) {
        let keys: Vec<String> = self
            .frontmatter
            .keys
            .keys()
            .filter_map(Value::as_str)
            .filter(|key| !KEYS.contains(key))
            .map(str::to_owned)
            .collect();
        if keys.len() > MAX_UNKNOWN {
            let message = format!("{} keys are not part of the format", keys.len());
            let help = "carry what is not part of it under `metadata`".to_owned();
            self.finding(Rule::UnknownKey, self.frontmatter.end.into(), message, help, None);
        }
        for key in keys.into_iter().take(MAX_UNKNOWN) {
            let span = self.key_span(&key);
            let message = format!("the key `{key}` is not part of the format");
            let (help, fix) = match near(&key) {
                Near::Spelling(known)
                    if RESPELT.contains(&known) && !self.frontmatter.keys.contains_key(known) =>
                {
                    let fix = Fix::replace(format!("spell it `{known}`"), span, known);
                    (format!("it is spelt `{known}`"), Some(fix))
                }
                Near::Spelling(known) | Near::Word(known) => (format!("did you mean `{known}`?"), None),
                Near::Nothing => ("remove it, or carry it under `metadata`".to_owned(), None),
            };
            self.finding(Rule::UnknownKey, span, message, help, fix);
        }
    }
}

/// Keys that every skill has, each with an example.
const REQUIRED: [(&str, &str); 5] = [
    ("name", "team/name"),
    ("version", "1.0.0"),
    ("description", "Resolves refund requests. Use when a customer asks for money back."),
    ("tags", "[refund, customer-support]"),
    ("access_level", "team"),
];

/// Most entries of one list or map: a bound on hostile input, far above what anybody writes.
const MAX_ITEMS: usize = 512;
/// Most fixes that are offered for one file at a time: each is tried out.
const MAX_FIXES: usize = 32;
/// Most unknown keys that are reported one by one.
const MAX_UNKNOWN: usize = 64;

/// Keys whose spelling a machine may mend. To bring any other into force may change who may use the skill or what it
/// does: that is its author's affair.
const RESPELT: [&str; 13] = [
    "name",
    "version",
    "description",
    "description_zh",
    "tags",
    "owners",
    "aliases",
    "scope",
    "author",
    "license",
    "homepage",
    "compatibility",
    "triggers",
];

/// The known key that an unknown one resembles.
enum Near {
    /// But for case, `-` and `_`.
    Spelling(&'static str),
    /// But for a letter or two.
    Word(&'static str),
    Nothing,
}

/// A key without what spellings differ in.
fn bare(key: &str) -> String {
    key.to_lowercase().replace(['-', '_', ' '], "")
}

fn near(key: &str) -> Near {
    if let Some(known) = KEYS.iter().find(|known| bare(known) == bare(key)) {
        return Near::Spelling(known);
    }
    let distance = |known: &&&str| strsim::osa_distance(known, key);
    match KEYS.iter().min_by_key(distance) {
        Some(known) if key.len() > 3 && distance(&known) <= 2 => Near::Word(known),
        _ => Near::Nothing,
    }
}

#[cfg(test)]
mod tests;
