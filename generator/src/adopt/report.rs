//! What adopting did, as people and machines read it.

use std::fmt;

use registry_core::diagnostic::Diagnostic;
use registry_core::id::SkillId;
use registry_core::policy::AccessLevel;
use serde::Serialize;

use crate::report::printable;

/// What became of every skill that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Skills that now lie in the repository.
    pub adopted: Vec<Adopted>,
    /// Skills that do not keep the rules even after every change that a machine can make.
    pub refused: Vec<Refused>,
    /// Skills that lay in the repository already, byte for byte as they would be adopted.
    pub unchanged: Vec<Unchanged>,
    /// What is no part of any skill.
    pub skipped: Vec<Skipped>,
}

/// A skill that was adopted.
#[derive(Debug, Serialize)]
pub struct Adopted {
    /// Its folder, as it was found.
    pub source: String,
    /// Its identity.
    pub slug: SkillId,
    /// Its folder relative to the repository.
    pub path: String,
    /// Who may use it from now on.
    pub access_level: AccessLevel,
    /// Whether its author said so. If not, the level is one of the changes.
    pub access_level_of_source: bool,
    /// How its text was changed.
    pub changes: Vec<Change>,
}

/// A skill that was refused.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// Its folder, as it was found.
    pub source: String,
    /// Why; the places are those of its own file.
    pub findings: Vec<Diagnostic>,
}

/// A skill that was adopted before.
#[derive(Debug, Serialize)]
pub struct Unchanged {
    /// Its folder, as it was found.
    pub source: String,
    /// Its identity.
    pub slug: SkillId,
    /// Its folder relative to the repository.
    pub path: String,
}

/// A link, or whatever else no skill can hold.
#[derive(Debug, Serialize)]
pub struct Skipped {
    /// Where it was found.
    pub path: String,
    /// Why it was left out.
    pub reason: String,
}

/// What was done to one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// The key: `tags/0` is the first item of `tags`.
    pub key: String,
    /// What stood there.
    pub from: Option<String>,
    /// What stands there now.
    pub to: Option<String>,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A key that was missing.
    Added,
    /// Another value.
    Changed,
    /// Another key for the same value.
    Renamed,
    /// Another name than the skill would have, which is taken.
    Clash,
    /// What a fix of the checker mends.
    Fixed,
}

/// Most characters of a value in a line for people.
const SHOWN: usize = 60;

fn short(text: Option<&str>) -> String {
    let line = printable(&text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "));
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, key, from, to } = self;
        let (key, from, to) = (printable(key), short(from.as_deref()), short(to.as_deref()));
        match kind {
            Kind::Added => write!(f, "+ {key}: {to}"),
            Kind::Renamed => write!(f, "~ {from} → {to}"),
            Kind::Clash => write!(f, "~ {key}: {from} → {to} (the name is taken)"),
            Kind::Fixed if key == from => write!(f, "~ {from} → {to}"),
            Kind::Changed | Kind::Fixed => write!(f, "~ {key}: {from} → {to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: Kind, key: &str, from: &str, to: &str) -> String {
        let text = |text: &str| Some(text.to_owned());
        Change { kind, key: key.to_owned(), from: text(from), to: text(to) }.to_string()
    }

    #[test]
    fn no_value_or_key_is_a_command() {
        let shown = change(Kind::Changed, "k\n::x", "\u{1b}[2J", "\u{202e}");
        assert_eq!(shown, r"~ k\n::x: \u{1b}[2J → \u{202e}");
    }

    #[test]
    fn changes_fit_a_line() {
        assert_eq!(change(Kind::Added, "version", "", "1.0.0"), "+ version: 1.0.0");
        assert_eq!(change(Kind::Changed, "name", "Foo Bar", "foo-bar"), "~ name: Foo Bar → foo-bar");
        assert_eq!(change(Kind::Fixed, "tags/0", "- A\n- B", "a"), "~ tags/0: - A - B → a");
        assert_eq!(change(Kind::Fixed, "Version", "Version", "version"), "~ Version → version");
        assert_eq!(change(Kind::Changed, "k", &"x".repeat(61), "y"), format!("~ k: {}… → y", "x".repeat(60)));
    }
}
