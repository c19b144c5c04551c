//! What has become of releases since: an overlay beside the skills, which changes without a release (law 2).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Month, OffsetDateTime};

use crate::diagnostic::{Diagnostic, Rule, Span};
use crate::id::SkillId;
use crate::manifest::Deprecation;
use crate::requirement::{Requirement, Spec};
use crate::yaml;

/// The folder of the overlay, relative to the repository: `{team}/{name}.yaml` for each skill that has one.
pub const STATUS_FOLDER: &str = "skills/_status";
/// Longest reason, in characters.
const MAX_REASON: usize = 1024;
/// Most entries of one skill.
const MAX_ENTRIES: usize = 256;

/// What a release is no longer good for; the later state outweighs the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works, and another is to be used.
    Deprecated,
    /// Nobody uses it: it is out of search, and can be fetched.
    Archived,
    /// It must not be used: requirements skip it unless they pin it exactly.
    Withdrawn,
}

impl State {
    /// The state in frontmatter spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deprecated => "deprecated",
            Self::Archived => "archived",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A day (UTC), as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("format" = "date"))]
pub struct Date(time::Date);

/// A text that is no day of the calendar in the form `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day in the form YYYY-MM-DD")]
pub struct DateError(String);

impl Date {
    /// The day of a time in seconds since the epoch; the last one that can be written for any later time.
    #[must_use]
    pub fn of(seconds: u64) -> Self {
        let time =
            i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        Self(time.map_or(time::Date::MAX, OffsetDateTime::date))
    }

    /// Its first second, since the epoch.
    #[must_use]
    pub fn start(self) -> u64 {
        u64::try_from(self.0.midnight().assume_utc().unix_timestamp()).unwrap_or(0)
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let read = || {
            let digits = |range: std::ops::Range<usize>| {
                text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
            };
            let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
            if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
                return None;
            }
            let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
            time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
        };
        read().map(Self).ok_or_else(|| DateError(text.to_owned()))
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;
    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

/// The status of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// What it is no longer good for.
    pub state: State,
    /// Since when, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Why, and what to do, for people.
    pub reason: String,
    /// The skill to use in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Spec>,
    /// When it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<Date>,
}

impl From<&Deprecation> for Status {
    fn from(deprecation: &Deprecation) -> Self {
        Self {
            state: State::Deprecated,
            since: deprecation.since,
            reason: deprecation.message.clone(),
            replaced_by: deprecation.replaced_by.clone(),
            sunset: deprecation.sunset,
        }
    }
}

/// One item of an overlay file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `versions`, `state`, `since` and `reason`")]
struct Entry {
    versions: Requirement,
    state: State,
    since: Date,
    reason: String,
    replaced_by: Option<Spec>,
    sunset: Option<Date>,
}

/// The overlay of one skill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay(Vec<Entry>);

impl Overlay {
    /// Reads an overlay file, which lies at `path`.
    ///
    /// # Errors
    /// One diagnostic that names the line.
    pub fn parse(path: &str, text: &str) -> Result<Self, Box<Diagnostic>> {
        let wrong = |span: Span, message: String| {
            let found = Diagnostic::new(Rule::InvalidStatus, path, span, message);
            Box::new(found.with_help(
                "write a list of `{versions: 1.x, state: deprecated, since: YYYY-MM-DD, reason: …}`",
            ))
        };
        let broken = |fault: yaml::Fault| match fault.help {
            Some(help) => Box::new(wrong(fault.span, fault.message).with_help(help)),
            None => wrong(fault.span, fault.message),
        };
        let entries: Vec<Entry> = yaml::decode(text).map_err(broken)?;
        if entries.len() > MAX_ENTRIES {
            return Err(wrong(Span::START, format!("there are more than {MAX_ENTRIES} entries")));
        }
        let unsound = |entry: &&Entry| !(1..=MAX_REASON).contains(&entry.reason.trim().chars().count());
        if entries.iter().any(|entry| unsound(&entry)) {
            return Err(wrong(Span::START, format!("a reason has from 1 to {MAX_REASON} characters")));
        }
        Ok(Self(entries))
    }

    /// The status of a version at a day: of the entries that match and are in force, the one that weighs most, of
    /// equals the first. An entry reaches pre-releases too, as `1.x` does those of major 1.
    #[must_use]
    pub fn status(&self, version: &crate::Version, day: Date) -> Option<Status> {
        let mut chosen: Option<&Entry> = None;
        for entry in self.0.iter().filter(|entry| entry.since <= day && entry.covers(version)) {
            if chosen.is_none_or(|chosen| chosen.state < entry.state) {
                chosen = Some(entry);
            }
        }
        chosen.map(|entry| Status {
            state: entry.state,
            since: Some(entry.since),
            reason: entry.reason.trim().to_owned(),
            replaced_by: entry.replaced_by.clone(),
            sunset: entry.sunset,
        })
    }

    /// The version requirements that cover none of `versions`.
    #[must_use]
    pub fn idle<'a>(&self, versions: impl Iterator<Item = &'a crate::Version> + Clone) -> Vec<&Requirement> {
        let idle = self.0.iter().filter(|entry| !versions.clone().any(|version| entry.covers(version)));
        idle.map(|entry| &entry.versions).collect()
    }
}

impl Entry {
    fn covers(&self, version: &crate::Version) -> bool {
        let release = crate::Version::new(version.major, version.minor, version.patch);
        self.versions.matches(version) || self.versions.matches(&release)
    }
}

/// The skill whose overlay lies at a path relative to the repository; nothing for a path outside [`STATUS_FOLDER`].
///
/// # Errors
/// When the path is inside and names no skill.
#[must_use]
pub fn skill_of(path: &str) -> Option<Result<SkillId, crate::id::IdError>> {
    let inner = path.strip_prefix(STATUS_FOLDER)?.strip_prefix('/')?;
    Some(inner.strip_suffix(".yaml").unwrap_or(inner).parse())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: &str = "skills/_status/support/refund.yaml";

    fn overlay(text: &str) -> Overlay {
        Overlay::parse(PATH, text).unwrap()
    }

    fn state(overlay: &Overlay, version: &str, day: &str) -> Option<State> {
        overlay.status(&version.parse().unwrap(), day.parse().unwrap()).map(|status| status.state)
    }

    #[test]
    fn the_heaviest_state_in_force_is_taken() {
        let overlay = overlay(
            "- {versions: 1.x, state: deprecated, since: 2026-01-01, reason: use 2, replaced_by: 'support/refund:2.x', sunset: 2026-07-01}\n\
             - {versions: =1.2.0, state: withdrawn, since: 2026-02-01, reason: pays twice}\n\
             - {versions: <1.2.0, state: archived, since: 2026-03-01, reason: unused}\n",
        );
        for (version, day, expected) in [
            ("1.2.0", "2025-12-31", None),
            ("1.2.0", "2026-01-01", Some(State::Deprecated)),
            ("1.2.0", "2026-02-01", Some(State::Withdrawn)),
            ("1.1.0", "2026-03-01", Some(State::Archived)),
            ("1.3.0-rc.1", "2026-03-01", Some(State::Deprecated)),
            ("2.0.0", "2026-03-01", None),
        ] {
            assert_eq!(state(&overlay, version, day), expected, "{version} {day}");
        }
        let versions = ["1.3.0", "2.0.0"].map(|version| version.parse().unwrap());
        let idle: Vec<String> = overlay.idle(versions.iter()).iter().map(ToString::to_string).collect();
        assert_eq!(idle, ["=1.2.0", "<1.2.0"]);
    }

    #[test]
    fn what_is_no_overlay_is_refused_with_its_line() {
        let refused = |text: &str| {
            let found = Overlay::parse(PATH, text).unwrap_err();
            assert_eq!((found.rule, found.path.as_str()), (Rule::InvalidStatus, PATH));
            format!("{}: {}", found.span.start.line, found.message)
        };
        let good = "versions: 1.x, state: deprecated, since: 2026-01-01";
        starts(&refused("state: deprecated\n"), "1: ");
        starts(
            &refused(&format!("- {{{good}, reason: a}}\n- {{{good}, reason: b, until: 2027-01-01}}\n")),
            "2: ",
        );
        starts(&refused("- {versions: 1.x, state: gone, since: 2026-01-01, reason: a}\n"), "1: ");
        starts(&refused("- {versions: 1.x, state: archived, since: 2026-02-30, reason: a}\n"), "1: ");
        assert_eq!(
            refused(&format!("- {{{good}, reason: ' '}}\n")),
            "1: a reason has from 1 to 1024 characters"
        );
    }

    fn starts(text: &str, start: &str) {
        assert!(text.starts_with(start) && text.len() > start.len(), "{text}");
    }

    #[test]
    fn the_path_names_the_skill() {
        assert_eq!(skill_of(PATH).unwrap().unwrap().to_string(), "support/refund");
        assert!(skill_of("skills/support/refund.md").is_none());
        assert!(skill_of("skills/_status/refund.yaml").unwrap().is_err());
    }

    proptest! {
        #[test]
        fn days_round_trip(seconds in 0u64..4_000_000_000) {
            let day = Date::of(seconds);
            prop_assert_eq!(day.to_string().parse(), Ok(day));
            prop_assert_eq!(Date::of(day.start()), day);
            prop_assert!(day.start() <= seconds && seconds < day.start() + 86_400);
        }

        #[test]
        fn no_text_panics(text in "[0-9-]{0,12}|\\PC{0,12}") {
            if let Ok(day) = text.parse::<Date>() {
                prop_assert_eq!(day.to_string(), text);
            }
        }
    }
}
