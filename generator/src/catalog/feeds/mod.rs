//! What was released lately, for feed readers: of the whole catalog, of each team, of each skill.

mod atom;
mod json;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use registry_core::Version;
use registry_core::catalog::{PublicFile, ReleaseRecord, SkillRecord, to_json};
use registry_core::check::Skill;
use registry_core::id::{SkillId, TeamName};
use registry_core::status::{Date, State, Status};

use super::assembly::Made;
use super::skills::Shelf;
use super::{BuildError, Facts, Family, xml};

/// Most entries of a feed.
const MAX_ENTRIES: usize = 50;

/// The forms of a feed: the last part of its URL, its media type, how it is written.
const FORMS: [(&str, &str, Write); 2] = [
    ("feed.atom", atom::MEDIA_TYPE, |feed| Ok(xml::document(&atom::Feed::of(feed))?)),
    ("feed.json", json::MEDIA_TYPE, |feed| Ok(to_json(&json::Feed::of(feed))?)),
];

type Write = fn(&Feed<'_>) -> Result<Vec<u8>, BuildError>;

/// A feed in whatever form.
struct Feed<'a> {
    organisation: &'a str,
    /// Where the catalog is served, without a trailing slash.
    base_url: &'a str,
    title: String,
    /// Path of the page that it tells of, with a trailing slash; the feed's own URL is below it.
    page: String,
    /// The newest first.
    entries: Vec<Entry<'a>>,
}

/// A release.
#[derive(Clone, Copy)]
struct Entry<'a> {
    id: &'a SkillId,
    version: &'a Version,
    /// In seconds since the epoch.
    time: u64,
    status: Option<&'a Status>,
    /// Its files; nothing where this program does not read them any more.
    skill: Option<&'a Skill>,
}

impl<'a> Entry<'a> {
    /// Nothing for a release that has no time: one of a working tree.
    fn of(id: &'a SkillId, version: &'a Version, release: &'a ReleaseRecord) -> Option<Self> {
        let time = release.released.as_ref()?.time;
        Some(Self { id, version, time, status: release.status.as_ref(), skill: None })
    }

    fn title(&self) -> String {
        format!("{} {}", self.id, self.version)
    }

    fn url(&self, base_url: &str) -> String {
        format!("{base_url}/skills/{}/{}/", self.id, self.version)
    }

    fn description(&self) -> Option<&'a str> {
        self.skill.map(|skill| skill.manifest.description.trim())
    }

    fn tags(&self) -> impl Iterator<Item = &'a str> {
        self.skill.into_iter().flat_map(|skill| &skill.manifest.tags).map(String::as_str)
    }

    /// What has become of it, and then what it does; nothing where nothing has become of it.
    fn warning(&self) -> Option<String> {
        let status = self.status?;
        let mut text = format!("{}: {}", state(status.state), status.reason.trim());
        if let Some(other) = &status.replaced_by {
            text.push_str(&format!("\nUse instead: {other}"));
        }
        if let Some(day) = status.sunset {
            text.push_str(&format!("\nGoes on: {day}"));
        }
        if let Some(description) = self.description() {
            text.push_str(&format!("\n\n{description}"));
        }
        Some(text)
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Deprecated => "Deprecated",
        State::Archived => "Archived",
        State::Withdrawn => "Withdrawn",
    }
}

/// A time in seconds since the epoch, by RFC 3339.
fn timestamp(seconds: u64) -> String {
    let of_day = seconds % 86_400;
    format!("{}T{:02}:{:02}:{:02}Z", Date::of(seconds), of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// The newest entries first; of those of one time by name, and of those of one skill the highest version first.
fn newest(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    entries.sort_unstable_by_key(|entry| (Reverse(entry.time), entry.id, Reverse(entry.version)));
    entries
}

impl Feed<'_> {
    /// The feed in every form: the last part of its URL, its media type, its bytes.
    fn files(&self) -> impl Iterator<Item = Result<(&'static str, &'static str, Vec<u8>), BuildError>> {
        FORMS.into_iter().map(|(name, media_type, write)| Ok((name, media_type, write(self)?)))
    }

    fn made(&self) -> impl Iterator<Item = Result<Made, BuildError>> {
        self.files().map(|file| {
            let (name, media_type, bytes) = file?;
            Ok(Made { url: format!("{}{name}", self.page), media_type, bytes })
        })
    }
}

/// The feeds of the catalog and of each team: what everyone may read.
pub(super) fn shared(
    facts: Facts<'_>,
    index: &BTreeMap<SkillId, SkillRecord>,
) -> Result<Vec<Made>, BuildError> {
    let entries = index.iter().flat_map(|(id, record)| {
        record.public_releases().filter_map(|(version, release)| Entry::of(id, version, release))
    });
    let mut entries = newest(entries.collect());
    let teams = &facts.input.checked.organisation.teams;
    let mut of_team: BTreeMap<&TeamName, Vec<Entry<'_>>> =
        teams.keys().map(|team| (team, Vec::new())).collect();
    for entry in &entries {
        if let Some(feed) = of_team.get_mut(&entry.id.team).filter(|feed| feed.len() < MAX_ENTRIES) {
            feed.push(described(facts, *entry));
        }
    }
    entries.truncate(MAX_ENTRIES);
    let entries = entries.into_iter().map(|entry| described(facts, entry)).collect();
    let mut made = Vec::with_capacity((of_team.len() + 1) * FORMS.len());
    let feed = |subject, page, entries| feed(facts, subject, page, entries);
    made.push(feed(None, "/".to_owned(), entries));
    made.extend(
        of_team
            .into_iter()
            .map(|(team, entries)| feed(Some(team.to_string()), format!("/teams/{team}/"), entries)),
    );
    made.iter().flat_map(Feed::made).collect()
}

fn described<'a>(facts: Facts<'a>, entry: Entry<'a>) -> Entry<'a> {
    let family = facts.families.get(entry.id);
    Entry { skill: family.and_then(|family| family.releases.get(entry.version).copied()), ..entry }
}

fn feed<'a>(facts: Facts<'a>, subject: Option<String>, page: String, entries: Vec<Entry<'a>>) -> Feed<'a> {
    let organisation = &facts.input.checked.organisation;
    let mut title = format!("{} skills", organisation.name);
    if let Some(subject) = subject {
        title = format!("{subject} · {title}");
    }
    Feed { organisation: &organisation.name, base_url: &organisation.base_url, title, page, entries }
}

/// The feeds of a skill, by their names below its URL: of the releases that all who may see the skill may read.
pub(super) fn of_skill(
    facts: Facts<'_>,
    shelf: Shelf<'_>,
    family: &Family<'_>,
    releases: &BTreeMap<Version, ReleaseRecord>,
) -> Result<BTreeMap<String, PublicFile>, BuildError> {
    let head = &family.head.manifest;
    let policy = &facts.input.checked.organisation.policy;
    let open = releases.iter().filter(|(_, release)| head.audience.is_within(&release.audience, policy));
    let entry = |(version, release)| {
        let entry = Entry::of(&head.id, version, release)?;
        Some(Entry { skill: family.releases.get(version).copied(), ..entry })
    };
    let mut entries = newest(open.filter_map(entry).collect());
    entries.truncate(MAX_ENTRIES);
    let feed = feed(facts, Some(head.id.to_string()), format!("/skills/{}/", head.id), entries);
    let file = |file| -> Result<_, BuildError> {
        let (name, media_type, bytes): (&str, &str, Vec<u8>) = file?;
        Ok((name.to_owned(), PublicFile { digest: shelf.put(bytes)?, media_type: media_type.to_owned() }))
    };
    feed.files().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_by_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(seconds), text);
        }
    }
}
