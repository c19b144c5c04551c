//! One version of a skill, as files.

use super::code::{self, Subject};
use super::prose::{paragraph, sentence};
use super::random::Random;
use super::skill::{Form, Level, Skill};
use super::words::{ACTS, KINDS, NOUNS, SYSTEMS, TAGS};

/// A file of the repository.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the repository.
    pub path: String,
    /// Whether Git has it as 100755.
    pub is_executable: bool,
    /// All of it.
    pub text: String,
}

impl File {
    /// One that is not to be run.
    pub fn plain(path: String, text: String) -> Self {
        Self { path, is_executable: false, text }
    }
}

/// The requirements that all versions of a made skill meet.
const REQUIREMENTS: [&str; 4] = ["1.x", "^1.0", ">=1.0.0 <2.0.0", "*"];

/// The version of a release: 1.0.0, 1.1.0 and so on.
pub fn version(minor: usize) -> String {
    format!("1.{minor}.0")
}

/// The files of a release. `distinct_code` makes the text of every block of code differ from all others.
pub fn files(skill: &Skill, minor: usize, distinct_code: bool) -> Vec<File> {
    let place = format!("skills/{}", skill.slug());
    let text = format!("{}\n{}", frontmatter(skill, minor), body(skill, minor, distinct_code));
    if skill.form == Form::File {
        return vec![File::plain(format!("{place}.md"), text)];
    }
    let mut random = Random::of([skill.number, 4]);
    let notes = format!("# Notes on the {}\n\n{}\n", skill.thing, paragraph(&mut random, skill.thing, 12));
    let script = code::python(&subject(skill, 0, distinct_code));
    vec![
        File::plain(format!("{place}/SKILL.md"), text),
        File::plain(format!("{place}/references/notes.md"), notes),
        File {
            path: format!("{place}/scripts/run.py"),
            is_executable: true,
            text: format!("#!/usr/bin/env python3\n{script}\n"),
        },
    ]
}

fn frontmatter(skill: &Skill, minor: usize) -> String {
    let mut random = Random::of([skill.number, 3]);
    let (team, slug) = (skill.team.name, skill.slug());
    let count = random.within(3..=6);
    let mut lines = vec![
        "---".to_owned(),
        format!("name: {slug}"),
        format!("version: {}", version(minor)),
        format!("description: \"{}\"", description(skill, &mut random)),
        format!("tags: [{}]", random.pick_several(&TAGS, count).join(", ")),
    ];
    lines.extend(access(skill.level, team));
    lines.push(format!("owners: [\"@{team}-leads\"]"));
    let needed = |slug| format!("\"{slug}:{}\"", random.pick(&REQUIREMENTS));
    let needs: Vec<String> = skill.needs.iter().map(needed).collect();
    if !needs.is_empty() {
        lines.push(format!("depends_on: [{}]", needs.join(", ")));
    }
    if skill.form == Form::Runnable {
        lines.extend(
            ["type: code_inline", "command: python3", "args: [scripts/run.py]", "timeout: 10"]
                .map(str::to_owned),
        );
    }
    lines.push("---\n".to_owned());
    lines.join("\n")
}

fn description(skill: &Skill, random: &mut Random) -> String {
    let (team, thing, does) = (skill.team.name, skill.thing, skill.does);
    let [kind, other] = [(); 2].map(|()| random.pick(&KINDS));
    let [act, then] = [(); 2].map(|()| random.pick(&ACTS));
    let [noun, last] = [(); 2].map(|()| random.pick(&NOUNS));
    format!(
        "{does} a {thing} of the {team} team, {kind} or {other}: {act} the {noun}, {then} the {last} and hand over to {}. \
         Use it when a {thing} needs an answer.",
        random.pick(&SYSTEMS)
    )
}

fn access(level: Level, team: &str) -> Vec<String> {
    let restricted =
        |roles: String| vec!["access_level: role-restricted".to_owned(), format!("allowed_roles: [{roles}]")];
    match level {
        Level::Public => vec!["access_level: public".to_owned()],
        Level::Team => vec!["access_level: team".to_owned()],
        Level::Agents => restricted(format!("{team}-agent, {team}-lead")),
        Level::Leads => restricted(format!("{team}-lead")),
        Level::Sensitive => vec!["access_level: sensitive".to_owned()],
    }
}

/// Blocks repeat from skill to skill, as they do where people copy from each other, unless they must not.
fn subject(skill: &Skill, block: usize, distinct_code: bool) -> Subject {
    let thing = skill.thing.replace(' ', "_");
    if distinct_code {
        Subject { name: format!("{thing}_{}_{block}", skill.number), limit: skill.number + 1 }
    } else {
        Subject { name: thing, limit: 10 * (1 + skill.number % 4) }
    }
}

fn body(skill: &Skill, minor: usize, distinct_code: bool) -> String {
    let mut random = Random::of([skill.number, 5]);
    let thing = skill.thing;
    let title = skill.name.replace('-', " ");
    let mut parts = vec![format!("# {title}\n\n{}\n", paragraph(&mut random, thing, 3))];
    let count = random.within(3..=5);
    parts.push(format!("## When to use it\n\n{}", list(&mut random, thing, count)));
    parts.push(format!("## Input\n\n{}", table(&mut random)));
    parts.push(format!("## Procedure\n\n{}", procedure(skill, minor, &mut random)));
    parts.push(code::block(&mut random, &subject(skill, 1, distinct_code)));
    parts.push(format!("## Output\n\n{}\n", paragraph(&mut random, thing, 2)));
    parts.push(code::block(&mut random, &subject(skill, 2, distinct_code)));
    if random.percent(50) {
        parts.push(format!("### By hand\n\n{}", code::block(&mut random, &subject(skill, 3, distinct_code))));
    }
    parts.push(format!("## Limits\n\n> {}\n\n{}", sentence(&mut random, thing), list(&mut random, thing, 3)));
    parts.push(format!("## Worked case\n\n{}\n", paragraph(&mut random, thing, 4)));
    parts.push(format!("## See also\n\n{}", links(skill)));
    if minor > 0 {
        parts.push(changes(skill, minor));
    }
    parts.join("\n")
}

fn list(random: &mut Random, thing: &str, count: usize) -> String {
    (0..count)
        .map(|_| format!("- **If it is {}**: {}\n", random.pick(&KINDS), sentence(random, thing)))
        .collect()
}

fn table(random: &mut Random) -> String {
    let mut rows = "| Field | Type | Required | Meaning |\n|---|---|:-:|---|\n".to_owned();
    for _ in 0..random.within(3..=5) {
        let field = random.pick(&NOUNS).replace(' ', "_");
        let (kind, required) =
            (random.pick(&["text", "number", "date", "list"]), random.pick(&["yes", "no"]));
        rows += &format!(
            "| `{field}` | {kind} | {required} | {} it in {} |\n",
            random.pick(&ACTS),
            random.pick(&SYSTEMS)
        );
    }
    rows
}

/// Every version after the first says one of the steps anew.
fn procedure(skill: &Skill, minor: usize, random: &mut Random) -> String {
    let count = random.within(4..=6);
    let mut steps: Vec<String> = (0..count).map(|_| sentence(random, skill.thing)).collect();
    for change in 1..=minor {
        let mut anew = Random::of([skill.number, 100 + change]);
        if let Some(step) = steps.get_mut(anew.below(count)) {
            *step = sentence(&mut anew, skill.thing);
        }
    }
    if skill.form != Form::File {
        steps.push(
            "Run `scripts/run.py` with the rows on standard input; `references/notes.md` explains them."
                .to_owned(),
        );
    }
    (1..).zip(steps).map(|(number, step)| format!("{number}. {step}\n")).collect()
}

fn links(skill: &Skill) -> String {
    let to = |slug: &String| format!("- [{slug}](https://skills.example.com/skills/{slug})\n");
    let handbook = format!("- [The team's handbook](https://handbook.example.com/{})\n", skill.team.name);
    skill.needs.iter().map(to).chain([handbook]).collect()
}

fn changes(skill: &Skill, minor: usize) -> String {
    let change = |minor| {
        let mut random = Random::of([skill.number, 100 + minor]);
        format!("- {}: {}\n", version(minor), sentence(&mut random, skill.thing))
    };
    format!("## Changes\n\n{}", (1..=minor).rev().map(change).collect::<String>())
}
