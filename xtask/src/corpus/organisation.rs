//! The made organisation: teams of agents and leads, and one whose skills are everybody's.

use super::release::File;
use super::words::TEAMS;

/// `guildhall.yaml` for the first so many teams.
pub fn file(teams: usize) -> File {
    let names: Vec<&str> = TEAMS.iter().take(teams).map(|team| team.name).collect();
    let team = |name: &&str| {
        let members = if *name == "shared" { "members: everyone, " } else { "" };
        format!(
            "  {name}: {{{members}owners: [\"@{name}-leads\"], contact: \"#{name}\", publishers: [{name}-lead]}}\n"
        )
    };
    let roles =
        |name: &&str| format!("  {name}-agent: {{teams: [{name}]}}\n  {name}-lead: {{teams: [{name}]}}\n");
    let text = format!(
        "organisation: Example Corp\n\
         base_url: https://skills.example.com\n\
         request_access_url: https://access.example.com/skills?skill={{skill}}\n\
         teams:\n{}roles:\n{}policy: {{public: anonymous}}\n",
        names.iter().map(team).collect::<String>(),
        names.iter().map(roles).collect::<String>(),
    );
    File::plain("guildhall.yaml".to_owned(), text)
}
