//! Names that are taken, or easily confused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Library, Skill};
use crate::diagnostic::{Diagnostic, Rule};
use crate::id::{SkillId, SkillName, TeamName};

/// Shorter names, and shorter words within them, differ by a letter as a matter of course: `cto` and `cfo`.
const MIN_CONFUSABLE: usize = 6;
/// Each name is compared with so many of those that have a key in common with it: thousands may, and one is enough.
const MOST_COMPARED: usize = 20;

pub(super) fn check(library: &Library) -> Vec<Diagnostic> {
    let mut found = aliases(library);
    found.extend(confusable(library));
    found
}

/// The skill whose name is closest to one that does not exist, as a hint for `by`, which does not mean itself.
pub(super) fn nearest(library: &Library, by: &SkillId, wanted: &SkillId) -> String {
    let wanted = wanted.to_string();
    let distance = |id: &SkillId| strsim::osa_distance(&id.to_string(), &wanted);
    match library.keys().filter(|id| *id != by).map(|id| (distance(id), id)).min() {
        Some((0..=3, near)) => format!("did you mean `{near}`?"),
        _ => "add the skill, or remove the dependency".to_owned(),
    }
}

fn at_key(skill: &Skill, rule: Rule, key: &str, message: String, help: &str) -> Diagnostic {
    let span = skill.manifest.place(key).value;
    Diagnostic::new(rule, &skill.source.manifest_path, span, message).with_help(help)
}

/// An alias must not be the name or alias of another skill of the team.
fn aliases(library: &Library) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<(&TeamName, &SkillName), &SkillId> =
        library.keys().map(|id| ((&id.team, &id.name), id)).collect();
    let mut found = Vec::new();
    for (id, skill) in library {
        for alias in &skill.manifest.aliases {
            let owner = *taken.entry((&id.team, alias)).or_insert(id);
            if owner != id {
                let message = format!("the alias `{alias}` belongs to `{owner}` already");
                found.push(at_key(skill, Rule::AliasTaken, "aliases", message, "choose another alias"));
            }
        }
    }
    found
}

/// Names of one team that differ by hyphens, by one letter of a long word, or by a plural.
fn confusable(library: &Library) -> Vec<Diagnostic> {
    let mut buckets: BTreeMap<(&TeamName, String), Vec<&SkillId>> = BTreeMap::new();
    for id in library.keys().filter(|id| id.name.as_str().len() >= MIN_CONFUSABLE) {
        for key in with_one_letter_less(&id.name.as_str().replace('-', "")) {
            buckets.entry((&id.team, key)).or_default().push(id);
        }
    }
    let pairs: BTreeSet<(&SkillId, &SkillId)> = buckets
        .values()
        .flat_map(|ids| {
            ids.iter()
                .enumerate()
                .flat_map(|(n, a)| ids.iter().skip(n + 1).take(MOST_COMPARED).map(|b| (*a, *b)))
        })
        .filter(|(a, b)| a != b && are_confusable(a.name.as_str(), b.name.as_str()))
        .collect();
    pairs
        .into_iter()
        .filter_map(|(first, second)| {
            let skill = library.get(second)?;
            let message = format!("`{second}` is easily confused with `{first}`");
            let help = "give one of the two a name that tells them apart, or merge them";
            Some(at_key(skill, Rule::NearMissName, "name", message, help))
        })
        .collect()
}

/// The text itself, and without each one of its letters: two texts at distance one share at least one of these.
fn with_one_letter_less(text: &str) -> BTreeSet<String> {
    let without = |at: usize| text.chars().enumerate().filter(|(n, _)| *n != at).map(|(_, c)| c).collect();
    (0..text.len()).map(without).chain([text.to_owned()]).collect()
}

fn are_confusable(a: &str, b: &str) -> bool {
    if a.replace('-', "") == b.replace('-', "") {
        return true;
    }
    let (first, second): (Vec<&str>, Vec<&str>) = (a.split('-').collect(), b.split('-').collect());
    let mut differing = first.iter().zip(&second).filter(|(a, b)| a != b);
    match (first.len() == second.len(), differing.next(), differing.next()) {
        (true, Some((a, b)), None) => are_confusable_words(a, b),
        _ => false,
    }
}

/// Words that differ in a number are a series. A slip of the finger seldom meets the first letter: `preview` and
/// `review` are two words.
fn are_confusable_words(a: &str, b: &str) -> bool {
    let words = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "");
    let plural = |one: &str, many: &str| one.len() >= 3 && many.strip_suffix('s') == Some(one);
    let long = a.len().min(b.len()) >= MIN_CONFUSABLE;
    words(a) != words(b)
        && (plural(a, b)
            || plural(b, a)
            || long && a.get(..1) == b.get(..1) && strsim::osa_distance(a, b) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easily_confused() {
        for (a, b) in [
            ("refund-resolver", "refund-resolvers"),
            ("case-facts", "casefacts"),
            ("refund-resolver", "refnud-resolver"),
            ("plan-rollout", "plan-rollouts"),
            ("case-fact", "case-facts"),
        ] {
            assert!(are_confusable(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("step-1-report", "step-2-report"),
            ("skill-0001", "skill-0010"),
            ("report-v1", "report-v2"),
            ("report1", "report2"),
            ("report-a", "report-b"),
            ("code-inline-public-a", "code-inline-public-b"),
            ("case-facts", "case-file"),
            ("cto-advisor", "cfo-advisor"),
            ("csharp-xunit", "csharp-nunit"),
            ("refund-preview", "refund-review"),
            ("refund-resolver", "refund-resolver-2"),
        ] {
            assert!(!are_confusable(a, b), "{a} {b}");
        }
    }
}
