use std::collections::BTreeSet;

use super::release::files;
use super::skill::{Form, Level};
use super::words::TEAMS;
use super::{Corpus, Skill};

fn skills(skills: usize) -> Vec<Skill> {
    Corpus { skills, versions: 1, teams: 15, distinct_code: false }.skills().collect()
}

/// The texts of the blocks of code of every skill.
fn blocks(skills: &[Skill], distinct_code: bool) -> Vec<String> {
    let manifest = |skill: &Skill| files(skill, 0, distinct_code).swap_remove(0).text;
    let blocks = |text: String| text.split("```").skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    skills.iter().map(manifest).flat_map(blocks).collect()
}

#[test]
fn no_two_skills_share_a_name_even_where_the_words_run_out() {
    let skills = skills(60_000);
    let names: BTreeSet<String> = skills.iter().map(Skill::slug).collect();
    assert_eq!(names.len(), skills.len());
}

#[test]
fn every_level_and_form_occurs_and_most_skills_are_public_files() {
    let skills = skills(1_000);
    let share = |is: &dyn Fn(&Skill) -> bool| skills.iter().filter(|skill| is(skill)).count();
    for level in [Level::Team, Level::Agents, Level::Leads, Level::Sensitive] {
        assert!(share(&|skill| skill.level == level) > 20, "{level:?}");
    }
    for form in [Form::Folder, Form::Runnable] {
        assert!(share(&|skill| skill.form == form) > 20, "{form:?}");
    }
    assert!(share(&|skill| skill.level == Level::Public) > 600);
    assert!(share(&|skill| !skill.needs.is_empty()) > 300);
}

#[test]
fn a_skill_needs_only_earlier_ones_of_its_team_or_the_shared_one() {
    let skills = skills(2_000);
    let mut earlier = BTreeSet::new();
    for skill in &skills {
        assert!(skill.needs.is_subset(&earlier), "{}", skill.slug());
        for needed in &skill.needs {
            let team = needed.split('/').next().unwrap();
            assert!(team == skill.team.name || team == TEAMS[0].name, "{needed}");
        }
        earlier.insert(skill.slug());
    }
}

#[test]
fn blocks_of_code_repeat_unless_they_must_not() {
    let skills = skills(500);
    let distinct = |blocks: &[String]| blocks.iter().collect::<BTreeSet<_>>().len();
    let (repeated, different) = (blocks(&skills, false), blocks(&skills, true));
    assert!(distinct(&repeated) < repeated.len());
    assert_eq!(distinct(&different), different.len());
}

#[test]
fn every_version_changes_the_body() {
    for skill in skills(100) {
        let bodies: BTreeSet<String> = (0..5)
            .map(|minor| {
                files(&skill, minor, false).swap_remove(0).text.split("---\n").nth(1).unwrap().to_owned()
            })
            .collect();
        assert_eq!(bodies.len(), 5, "{}", skill.slug());
    }
}
