//! Whether agents find the right skill: every example of `triggers` is searched for, and descriptions that two teams
//! wrote alike are told.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use registry_core::api::Filters;
use registry_core::check::Skill;
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::id::SkillId;
use registry_core::manifest::Example;
use registry_core::policy::Audience;
use registry_core::search::{DUPLICATE_MEANING, Document, alike_in_words, similarity};
use serde::{Deserialize, Serialize};

use crate::catalog::documents;
use crate::embedding;
use crate::index::{Asked, Index, IndexError, Seen};
use crate::library::Checked;
use crate::report::count;

/// How deep a skill is looked for, to tell its place.
const DEPTH: usize = 10;

/// How many of a skill's positive examples find it first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitRate {
    /// The examples.
    pub examples: usize,
    /// Those that find it first.
    pub first: usize,
}

impl HitRate {
    /// The share of examples that find their skill first (hit@1), from 0 to 1; nothing without examples.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.examples > 0).then(|| self.first as f64 / self.examples as f64)
    }
}

impl fmt::Display for HitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { examples, first } = *self;
        let (verb, skill) = if examples == 1 { ("finds", "its skill") } else { ("find", "their skill") };
        write!(f, "{first} of {} {verb} {skill} first", count(examples, "example"))?;
        self.share().iter().try_for_each(|share| write!(f, " (hit@1 {share:.2})"))
    }
}

impl std::iter::Sum for HitRate {
    fn sum<I: Iterator<Item = Self>>(rates: I) -> Self {
        rates.fold(Self::default(), |sum, rate| Self {
            examples: sum.examples + rate.examples,
            first: sum.first + rate.first,
        })
    }
}

/// What was found, and how often the examples of each skill that has any find it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub diagnostics: Vec<Diagnostic>,
    pub rates: BTreeMap<SkillId, HitRate>,
}

/// Searches for every example, and compares all descriptions.
///
/// # Errors
/// When there are so many skills that they cannot be indexed.
pub(crate) fn check(checked: &Checked) -> Result<Found, IndexError> {
    let documents = documents(checked);
    let documents: Vec<&Document> = documents.iter().map(|(_, document)| document).collect();
    let mut found = triggers(checked, &documents)?;
    found.diagnostics.extend(duplicates(checked, &documents));
    Ok(found)
}

fn triggers(checked: &Checked, documents: &[&Document]) -> Result<Found, IndexError> {
    let listed = documents.iter().filter_map(|document| checked.library.get(&document.listing.slug));
    let tried: Vec<&Skill> = listed.filter(|skill| has_examples(skill)).collect();
    if tried.is_empty() {
        return Ok(Found::default());
    }
    let index = Index::of(checked)?;
    let mut readers: BTreeMap<&Audience, Seen<'_>> = BTreeMap::new();
    for skill in &tried {
        let audience = &skill.manifest.audience;
        readers.entry(audience).or_insert_with(|| index.seen(|other| audience.meets(other)));
    }
    let tests = tried.par_iter().filter_map(|skill| {
        let trial = Trial { skill, seen: readers.get(&skill.manifest.audience)? };
        Some((skill.manifest.id.clone(), trial.positive(), trial.negative()))
    });
    let mut found = Found::default();
    for (id, missed, taken) in tests.collect::<Vec<_>>() {
        let examples = checked.library.get(&id).map_or(0, |skill| skill.manifest.triggers.positive.len());
        if examples > 0 {
            found.rates.insert(id, HitRate { examples, first: examples - missed.len() });
        }
        found.diagnostics.extend(missed.into_iter().chain(taken));
    }
    Ok(found)
}

fn has_examples(skill: &Skill) -> bool {
    let triggers = &skill.manifest.triggers;
    !(triggers.positive.is_empty() && triggers.negative.is_empty())
}

/// A skill, and all skills that some reader of it also sees.
struct Trial<'a> {
    skill: &'a Skill,
    seen: &'a Seen<'a>,
}

impl Trial<'_> {
    fn positive(&self) -> Vec<Diagnostic> {
        self.skill.manifest.triggers.positive.iter().filter_map(|example| self.missed(example)).collect()
    }

    fn negative(&self) -> Vec<Diagnostic> {
        self.skill.manifest.triggers.negative.iter().filter_map(|example| self.taken(example)).collect()
    }

    fn places(&self, example: &Example) -> Vec<SkillId> {
        let asked = Asked { filters: &Filters::default(), k: DEPTH, explain: false };
        let hits = self.seen.search(&example.text, &asked).hits;
        hits.into_iter().map(|hit| hit.listing.slug).collect()
    }

    /// What hangs on other skills from day to day stands in the help: baselines know findings by their messages.
    fn missed(&self, example: &Example) -> Option<Diagnostic> {
        let own = &self.skill.manifest.id;
        let places = self.places(example);
        let own_place = places.iter().position(|slug| slug == own);
        if own_place == Some(0) {
            return None;
        }
        let found = places.first().map_or_else(|| "no skill".to_owned(), |first| format!("`{first}` first"));
        let message = format!("a search for `{}` finds {found}, and not `{own}`", shown(example));
        let place = match own_place {
            Some(place) => format!("it is in place {}", place + 1),
            None => format!("it is not among {DEPTH}"),
        };
        let help =
            format!("{place}: say in the description, in these words, when to use it, or drop the example");
        Some(self.finding(example, message, &help))
    }

    fn taken(&self, example: &Example) -> Option<Diagnostic> {
        let own = &self.skill.manifest.id;
        (self.places(example).first() == Some(own)).then(|| {
            let message =
                format!("a search for `{}` finds `{own}` first, which is not for it", shown(example));
            let help = "keep these words out of the description, or write the skill that is for it";
            self.finding(example, message, help)
        })
    }

    fn finding(&self, example: &Example, message: String, help: &str) -> Diagnostic {
        Diagnostic::new(Rule::MissedTrigger, &self.skill.source.manifest_path, example.span, message)
            .with_help(help)
    }
}

/// An example in one line.
fn shown(example: &Example) -> String {
    example.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pairs of different teams that describe the same, each told once, at the later one.
fn duplicates(checked: &Checked, documents: &[&Document]) -> Vec<Diagnostic> {
    let current: Vec<&Document> =
        documents.iter().copied().filter(|document| document.listing.deprecated.is_none()).collect();
    let pairs = alike_in_words(&current);
    let pairs = pairs.iter().filter_map(|(a, b)| Some((*current.get(*a)?, *current.get(*b)?)));
    let alike = pairs.filter(|(a, b)| similarity(a, b, embedding::shared()) >= DUPLICATE_MEANING);
    let skill = |document: &Document| checked.library.get(&document.listing.slug);
    alike.filter_map(|(a, b)| Some(duplicate(skill(a)?, skill(b)?))).collect()
}

fn duplicate(first: &Skill, second: &Skill) -> Diagnostic {
    let (place, of_first) =
        (second.manifest.place("description").value, first.manifest.place("description").value);
    let (id, other) = (&second.manifest.id, &first.manifest.id);
    let message = format!("`{id}` is described almost as `{other}` is: agents cannot tell them apart");
    let help = format!(
        "the other description stands at {}:{}:{}; keep one of the two skills, or say in both what is different",
        first.source.manifest_path, of_first.start.line, of_first.start.column
    );
    Diagnostic::new(Rule::NearDuplicate, &second.source.manifest_path, place, message).with_help(help)
}
