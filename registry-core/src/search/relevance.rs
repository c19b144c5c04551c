//! How good an answer is, where the right one is known (Järvelin and Kekäläinen, 2002; Voorhees, 1999).

/// How many answers count.
pub const DEPTH: usize = 10;
/// How many answers count for the recall.
const RECALL_DEPTH: usize = 5;

/// Means over queries, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Relevance {
    /// Of how many queries.
    pub queries: usize,
    /// One over the rank of the first right answer among ten (MRR@10).
    #[serde(rename = "mrr@10")]
    pub reciprocal_rank: f64,
    /// The share of the right answers that are among the first five (recall@5).
    #[serde(rename = "recall@5")]
    pub recall: f64,
    /// The right answers among ten, discounted by rank, as a share of what is possible (nDCG@10).
    #[serde(rename = "ndcg@10")]
    pub gain: f64,
}

impl Relevance {
    /// Of one query: whether each of its first ten answers is right, and how many right ones there are.
    #[must_use]
    pub fn of(answers: &[bool], right: usize) -> Self {
        let ranks =
            || (1u32..).zip(answers.iter().take(DEPTH)).filter(|(_, right)| **right).map(|(rank, _)| rank);
        let discount = |rank: u32| 1.0 / libm::log2(f64::from(rank) + 1.0);
        let possible: f64 = (1..=right.min(DEPTH) as u32).map(discount).sum();
        let early = ranks().filter(|rank| *rank as usize <= RECALL_DEPTH).count();
        Self {
            queries: 1,
            reciprocal_rank: ranks().next().map_or(0.0, |rank| 1.0 / f64::from(rank)),
            recall: early as f64 / right.max(1) as f64,
            gain: if possible > 0.0 { ranks().map(discount).sum::<f64>() / possible } else { 0.0 },
        }
    }

    /// The mean of judgements, each of which counts by its queries.
    #[must_use]
    pub fn mean(of: &[Self]) -> Self {
        let queries = of.iter().map(|one| one.queries).sum();
        let mean = |value: fn(&Self) -> f64| {
            let sum: f64 = of.iter().map(|one| value(one) * one.queries as f64).sum();
            sum / (queries as f64).max(1.0)
        };
        Self {
            queries,
            reciprocal_rank: mean(|one| one.reciprocal_rank),
            recall: mean(|one| one.recall),
            gain: mean(|one| one.gain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_less_the_later_it_comes() {
        let first = Relevance::of(&[true], 1);
        assert_eq!((first.reciprocal_rank, first.recall, first.gain), (1.0, 1.0, 1.0));
        let third = Relevance::of(&[false, false, true], 1);
        assert_eq!((third.recall, third.gain), (1.0, 0.5));
        let late = Relevance::of(&[[false; 5].as_slice(), &[true; 9]].concat(), 2);
        assert_eq!((late.reciprocal_rank, late.recall), (1.0 / 6.0, 0.0));
        assert_eq!(Relevance::of(&[], 0).gain, 0.0);
    }

    #[test]
    fn the_mean_of_means_weighs_by_queries() {
        let one = |right| Relevance::of(&[right], 1);
        let mean = Relevance::mean(&[Relevance::mean(&[one(true), one(false)]), one(false)]);
        assert_eq!(mean.queries, 3);
        assert!((mean.gain - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Relevance::mean(&[]), Relevance::default());
    }
}
