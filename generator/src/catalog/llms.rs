//! `llms.txt` (llmstxt.org): the public skills for agents that have nothing but a web client.

use registry_core::check::Skill;

use super::assembly::Made;
use super::{Facts, Family};

/// The file.
pub(super) fn file(facts: Facts<'_>) -> Made {
    let site = facts.site;
    let mut text = format!(
        "# {} skills\n\n> Catalog of Agent Skills: instructions, prompts and programs for agents, by the team that looks \
         after them.\n\nEach link leads to the release of a skill that is to be used, as Markdown. \
         {}/index/{{team}}/{{name}} lists all its releases, a JSON object on each line.\n",
        line(&site.organisation),
        site.base_url
    );
    let mut team = None;
    let listed =
        facts.families.values().filter(|family| family.is_public(family.latest) && family.is_listed());
    for Family { latest, .. } in listed {
        let id = &latest.manifest.id;
        if team.replace(&id.team) != Some(&id.team) {
            text.push_str(&format!("\n## {}\n\n", id.team));
        }
        text.push_str(&format!("- [{id}]({}/skills/{id}.md): {}\n", site.base_url, about(latest)));
    }
    Made { url: "/llms.txt".to_owned(), media_type: "text/plain; charset=utf-8", bytes: text.into_bytes() }
}

/// What a skill does, in one line; listed ones have no other status than that they are deprecated.
fn about(skill: &Skill) -> String {
    let description = line(&skill.manifest.description);
    match &skill.status {
        Some(status) => format!("{description} (Deprecated: {})", line(&status.reason)),
        None => description,
    }
}

fn line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
