//! Weights chosen on the queries of all repositories but one, judged on those of that one.

use std::collections::BTreeSet;

use rayon::prelude::*;
use registry_core::search::Weights;

use crate::corpus::Question;
use crate::{Setting, judge};

/// What is tried of each weight.
const MEANING: [f32; 5] = [2.0, 2.5, 3.0, 3.5, 4.0];
const KIN: [f32; 3] = [0.0, 0.5, 0.8];
const LENGTH: [f32; 3] = [0.2, 0.3, 0.5];
const SATURATION: [f32; 3] = [0.4, 0.6, 0.9];

/// Of each set, how good each query is answered by each choice.
struct Judged<'a> {
    questions: &'a [Question],
    gains: Vec<Vec<f64>>,
}

pub fn run(setting: &Setting) {
    let grid = grid();
    let sets = ["examples", "whentouse", "metatool"].map(|set| judged(setting, &setting.sets[set], &grid));
    let groups: BTreeSet<&str> =
        sets.iter().flat_map(|set| set.questions).map(|one| one.group.as_str()).collect();
    let best = choose(&sets, grid.len(), |_| true);
    println!("best on all: {:?} mean {:.4}", grid[best], mean(&sets, best, |_| true));
    let mut held_out = [const { Vec::new() }; 3];
    for group in groups {
        let chosen = choose(&sets, grid.len(), |one| one != group);
        println!("without {group}: {:?}", grid[chosen]);
        for (set, gains) in sets.iter().zip(&mut held_out) {
            let of_group = (0..set.questions.len()).filter(|at| set.questions[*at].group == group);
            gains.extend(of_group.map(|at| set.gains[chosen][at]));
        }
    }
    let means = held_out.map(|gains| gains.iter().sum::<f64>() / gains.len() as f64);
    println!("left one out: {means:.3?} mean {:.4}", means.iter().sum::<f64>() / 3.0);
}

fn grid() -> Vec<Weights> {
    let mut grid = Vec::new();
    for meaning in MEANING {
        for kin in KIN {
            for length in LENGTH {
                grid.extend(SATURATION.map(|saturation| Weights {
                    meaning,
                    kin,
                    length,
                    saturation,
                    ..Weights::TUNED
                }));
            }
        }
    }
    grid
}

fn judged<'a>(setting: &Setting, questions: &'a [Question], grid: &[Weights]) -> Judged<'a> {
    let gains = |weights: &Weights| {
        questions.par_iter().map(|question| judge(setting, question, weights, true).gain).collect()
    };
    Judged { questions, gains: grid.iter().map(gains).collect() }
}

fn choose(sets: &[Judged<'_>], choices: usize, counts: impl Fn(&str) -> bool + Copy) -> usize {
    (0..choices).max_by(|a, b| mean(sets, *a, counts).total_cmp(&mean(sets, *b, counts))).unwrap_or(0)
}

/// The mean of the sets' means over the queries that count.
fn mean(sets: &[Judged<'_>], choice: usize, counts: impl Fn(&str) -> bool) -> f64 {
    let means = sets.iter().filter_map(|set| {
        let gains = set.questions.iter().zip(&set.gains[choice]).filter(|(one, _)| counts(&one.group));
        let gains: Vec<f64> = gains.map(|(_, gain)| *gain).collect();
        (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
    });
    let means: Vec<f64> = means.collect();
    means.iter().sum::<f64>() / means.len() as f64
}
