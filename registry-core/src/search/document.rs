//! What is indexed of a skill, and the row of a shard that gives it back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::api::{Filters, Listing};
use crate::id::SkillName;
use crate::manifest::SkillType;
use crate::policy::AccessLevel;

/// What is indexed of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What an answer says of it; its name, description and tags are indexed.
    pub listing: Listing,
    /// Its description in Chinese.
    pub description_zh: Option<String>,
    /// Further names.
    pub aliases: BTreeSet<String>,
}

impl From<Listing> for Document {
    fn from(listing: Listing) -> Self {
        Self { listing, description_zh: None, aliases: BTreeSet::new() }
    }
}

impl Document {
    /// With further names and a description in Chinese.
    #[must_use]
    pub fn new(listing: Listing, description_zh: Option<String>, aliases: &BTreeSet<SkillName>) -> Self {
        Self { listing, description_zh, aliases: aliases.iter().map(ToString::to_string).collect() }
    }

    /// About how much text it has, in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        let Listing { name, description, tags, .. } = &self.listing;
        let texts =
            [name, description].into_iter().chain(tags).chain(&self.description_zh).chain(&self.aliases);
        texts.map(String::len).sum()
    }

    /// What the meaning is taken of: name, description and tags.
    pub(super) fn meaning(&self) -> String {
        let Listing { name, description, tags, .. } = &self.listing;
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        format!("{name}. {description} {}", tags.join(" "))
    }
}

/// A [`Listing`] as a shard holds it, in the format of the crate `postcard`; read without copying.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row<'a> {
    pub slug: &'a str,
    version: &'a str,
    description: &'a str,
    #[serde(borrow)]
    tags: Vec<&'a str>,
    level: u8,
    skill_type: u8,
    deprecated: Option<&'a str>,
    replaced_by: Option<&'a str>,
}

const LEVELS: [AccessLevel; 4] =
    [AccessLevel::Public, AccessLevel::Team, AccessLevel::RoleRestricted, AccessLevel::Sensitive];
const TYPES: [SkillType; 5] = [
    SkillType::Instructions,
    SkillType::CodeInline,
    SkillType::CodeSession,
    SkillType::Conversation,
    SkillType::PromptInline,
];

pub(super) fn encode_row(listing: &Listing) -> Option<Vec<u8>> {
    let text = |value: &dyn ToString| value.to_string();
    let (slug, version) = (text(&listing.slug), text(&listing.version));
    let replaced_by = listing.replaced_by.as_ref().map(|spec| text(spec));
    let row = Row {
        slug: &slug,
        version: &version,
        description: &listing.description,
        tags: listing.tags.iter().map(String::as_str).collect(),
        level: LEVELS.iter().position(|level| *level == listing.access_level)? as u8,
        skill_type: TYPES.iter().position(|skill_type| *skill_type == listing.skill_type)? as u8,
        deprecated: listing.deprecated.as_deref(),
        replaced_by: replaced_by.as_deref(),
    };
    postcard::to_allocvec(&row).ok()
}

impl<'a> Row<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (row, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(row)
    }

    /// What an answer says of the skill.
    pub(super) fn listing(&self) -> Option<Listing> {
        Some(Listing {
            slug: self.slug.parse().ok()?,
            name: self.slug.split_once('/')?.1.to_owned(),
            version: self.version.parse().ok()?,
            description: self.description.to_owned(),
            tags: self.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            access_level: *LEVELS.get(usize::from(self.level))?,
            skill_type: *TYPES.get(usize::from(self.skill_type))?,
            deprecated: self.deprecated.map(str::to_owned),
            replaced_by: self.replaced_by.map(str::parse).transpose().ok()?,
        })
    }

    pub(super) fn passes(&self, filters: &Filters) -> bool {
        let Filters { team, access_level, tag, skill_type, version } = filters;
        let matches = |wanted: &crate::requirement::Requirement| {
            self.version.parse().is_ok_and(|version| wanted.matches(&version))
        };
        team.as_ref().is_none_or(|team| self.slug.split('/').next() == Some(team.as_str()))
            && access_level.is_none_or(|level| LEVELS.get(usize::from(self.level)) == Some(&level))
            && tag.as_ref().is_none_or(|tag| self.tags.contains(&tag.as_str()))
            && skill_type.is_none_or(|wanted| TYPES.get(usize::from(self.skill_type)) == Some(&wanted))
            && version.as_ref().is_none_or(matches)
    }
}
