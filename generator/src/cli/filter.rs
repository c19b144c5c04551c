//! Which skills, by what they are.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use registry_core::api::Filters;
use registry_core::id::TeamName;
use registry_core::manifest::SkillType;
use registry_core::policy::AccessLevel;
use serde::de::DeserializeOwned;

/// What skills must be.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Filter {
    /// Only skills of this team.
    #[arg(long)]
    pub team: Option<TeamName>,
    /// Only skills with this tag.
    #[arg(long)]
    pub tag: Option<String>,
    /// Only skills of this level.
    #[arg(long, value_parser = word::<AccessLevel>(["public", "team", "role-restricted", "sensitive"]))]
    pub level: Option<AccessLevel>,
    /// Only skills of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = word::<SkillType>(TYPES.map(SkillType::as_str)))]
    pub skill_type: Option<SkillType>,
}

impl Filter {
    /// As a search takes them.
    pub(super) fn of_search(&self) -> Filters {
        let Self { team, tag, level, skill_type } = self.clone();
        Filters { team, access_level: level, tag, skill_type, version: None }
    }
}

const TYPES: [SkillType; 5] = [
    SkillType::Instructions,
    SkillType::CodeInline,
    SkillType::CodeSession,
    SkillType::Conversation,
    SkillType::PromptInline,
];

/// Takes one of the words that a skill file may hold.
fn word<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
) -> impl clap::builder::TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(|text| serde_json::from_value(text.into()))
}
