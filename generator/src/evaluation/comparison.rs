//! What moved between two runs.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Judged, Run};

/// How the queries of two runs compare.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// How many are answered earlier.
    pub better: usize,
    /// How many are answered later, or not any more.
    pub worse: usize,
    /// How many stayed where they were.
    pub same: usize,
    /// How many only one of the two runs has.
    pub unmatched: usize,
    /// Those that moved, the best change first.
    pub moved: Vec<Moved>,
}

/// A query whose first right answer has another place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The query.
    pub query: String,
    /// The place before, from 1; nothing where there was none.
    pub before: Option<usize>,
    /// The place after.
    pub after: Option<usize>,
}

impl Moved {
    /// By how much the reciprocal rank rose.
    fn gain(&self) -> f64 {
        let value = |rank: Option<usize>| rank.map_or(0.0, |rank| 1.0 / rank as f64);
        value(self.after) - value(self.before)
    }
}

impl Comparison {
    /// Compares query by query. The same query with the same answers may stand in a file several times.
    #[must_use]
    pub fn of(before: &Run, after: &Run) -> Self {
        let mut former: BTreeMap<(&str, &[String]), Vec<&Judged>> = BTreeMap::new();
        for judged in before.results.iter().rev() {
            former.entry((&judged.query, &judged.relevant)).or_default().push(judged);
        }
        let mut comparison = Self::default();
        let mut matched = 0;
        for judged in &after.results {
            let key = (judged.query.as_str(), judged.relevant.as_slice());
            match former.get_mut(&key).and_then(Vec::pop) {
                Some(before) => {
                    matched += 1;
                    comparison.add(before, judged);
                }
                None => comparison.unmatched += 1,
            }
        }
        comparison.unmatched += before.results.len() - matched;
        let order = |a: &Moved, b: &Moved| b.gain().total_cmp(&a.gain()).then_with(|| a.query.cmp(&b.query));
        comparison.moved.sort_by(order);
        comparison
    }

    fn add(&mut self, before: &Judged, after: &Judged) {
        let place = |judged: &Judged| judged.rank.unwrap_or(usize::MAX);
        match place(after).cmp(&place(before)) {
            Ordering::Less => self.better += 1,
            Ordering::Greater => self.worse += 1,
            Ordering::Equal => return self.same += 1,
        }
        self.moved.push(Moved { query: after.query.clone(), before: before.rank, after: after.rank });
    }

    /// At most so many of those that moved: the best and the worst, in their order.
    #[must_use]
    pub fn extremes(&self, most: usize) -> Vec<&Moved> {
        let worst = self.worse.min(most - self.better.min(most / 2));
        let best = self.better.min(most - worst);
        self.moved.iter().take(best).chain(self.moved.iter().skip(self.moved.len() - worst)).collect()
    }
}

#[cfg(test)]
mod tests {
    use registry_core::search::relevance::Relevance;

    use super::*;

    fn run(ranks: &[(&str, Option<usize>)]) -> Run {
        let judged = |(query, rank): &(&str, Option<usize>)| Judged {
            query: (*query).to_owned(),
            relevant: vec!["t/a".to_owned()],
            rank: *rank,
        };
        Run { figures: Relevance::default(), unknown: [].into(), results: ranks.iter().map(judged).collect() }
    }

    #[test]
    fn queries_that_moved_are_told_best_first() {
        let before = run(&[
            ("lost", Some(1)),
            ("found", None),
            ("up", Some(3)),
            ("stays", Some(2)),
            ("gone", None),
            ("up", Some(9)),
        ]);
        let after = run(&[
            ("up", Some(2)),
            ("new", Some(1)),
            ("stays", Some(2)),
            ("found", Some(1)),
            ("lost", None),
            ("up", Some(9)),
        ]);
        let compared = Comparison::of(&before, &after);
        assert_eq!((compared.better, compared.worse, compared.same, compared.unmatched), (2, 1, 2, 2));
        let told: Vec<_> =
            compared.moved.iter().map(|moved| (moved.query.as_str(), moved.before, moved.after)).collect();
        assert_eq!(told, [("found", None, Some(1)), ("up", Some(3), Some(2)), ("lost", Some(1), None)]);
    }

    #[test]
    fn of_many_that_moved_the_best_and_the_worst_are_told() {
        let names: Vec<String> = (0..60).map(|number| format!("q{number:02}")).collect();
        let ranks = |rank: &dyn Fn(usize) -> usize| {
            let ranks: Vec<(&str, Option<usize>)> =
                names.iter().enumerate().map(|(at, name)| (name.as_str(), Some(rank(at)))).collect();
            run(&ranks)
        };
        let told = |before: &dyn Fn(usize) -> usize, after: &dyn Fn(usize) -> usize| {
            let compared = Comparison::of(&ranks(before), &ranks(after));
            let extremes = compared.extremes(20);
            let better = extremes.iter().filter(|moved| moved.gain() > 0.0).count();
            (better, extremes.len() - better)
        };
        assert_eq!(told(&|_| 2, &|at| if at < 30 { 1 } else { 3 }), (10, 10));
        assert_eq!(told(&|_| 2, &|_| 1), (20, 0));
        assert_eq!(told(&|_| 2, &|at| if at < 3 { 1 } else { 3 }), (3, 17));
        assert_eq!(told(&|_| 2, &|at| if at < 57 { 1 } else { 3 }), (17, 3));
        assert_eq!(told(&|_| 2, &|at| if at < 57 { 2 } else { 3 }), (0, 3));
    }
}
