//! Sentences about a thing.

use super::random::Random;
use super::words::{ACTS, KINDS, NOUNS, SYSTEMS};

/// One sentence.
pub fn sentence(random: &mut Random, thing: &str) -> String {
    let (kind, number) = (random.pick(&KINDS), random.within(2..=95));
    let (noun, other, third) = (random.pick(&NOUNS), random.pick(&NOUNS), random.pick(&NOUNS));
    let (act, then, system) = (random.pick(&ACTS), random.pick(&ACTS), random.pick(&SYSTEMS));
    match random.below(12) {
        0 => format!(
            "When the {kind} {thing} waits longer than {number} minutes, {act} the {noun} and tell the {other}."
        ),
        1 => format!("First {act} the {noun}, because the {other} of a {thing} hangs on it."),
        2 => format!("Look up the {noun} in {system} and {act} it together with the {other}."),
        3 => {
            format!("Without a {noun} you cannot {act} the {other}: ask the {third} for the {kind} {thing}.")
        }
        4 => format!(
            "Anything above {number} percent of the {noun} goes to the {other}, who may {act} the {thing}."
        ),
        5 => format!("The {kind} {thing} is finished once {noun} and {other} agree with {system}."),
        6 => {
            format!("If two values of the {noun} differ, trust {system} and {act} the other with a {third}.")
        }
        7 => format!("Name the {noun}, the {other} and the {third}, and give each of them *one* sentence."),
        8 => {
            format!("Never show the {noun} to another {other}; {act} it before the {thing} leaves the team.")
        }
        9 => format!(
            "Most cases of this kind take {number} minutes: {act} the {noun}, then {then} the {other}."
        ),
        10 => format!("Write down why you {act} the {kind} {thing}, so that the next {noun} can {then} it."),
        _ => format!("The **{noun}** counts, not the {other}: {act} it in {system} and {then} the {third}."),
    }
}

/// Several sentences.
pub fn paragraph(random: &mut Random, thing: &str, count: usize) -> String {
    (0..count).map(|_| sentence(random, thing)).collect::<Vec<_>>().join(" ")
}
