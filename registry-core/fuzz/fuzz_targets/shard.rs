//! Any bytes as a search shard: refused, or searched without a panic, and every answer is a skill that it lists.

#![no_main]

mod sealed;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::api::Filters;
use registry_core::search::{Query, Shard, Weights, search};

use self::sealed::sealed;

const QUERIES: [&str; 5] = ["refund a customer", "a/deploy", "pay", "refnud 退款", "x"];

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let _ = Shard::read(bytes.to_vec());
    let Ok(shard) = Shard::read(sealed(bytes)) else { return Corpus::Keep };
    let listed: Vec<_> = shard.listings().collect();
    for text in QUERIES {
        let filters = &Filters::default();
        let query = Query { text, filters, k: 3, explain: true, embedding: None, weights: &Weights::TUNED };
        let hits = search(&[&shard, &shard], &query).hits;
        assert!(hits.is_sorted_by_key(|hit| std::cmp::Reverse(hit.score)));
        assert!(hits.iter().all(|hit| hit.score <= 1_000_000 && listed.contains(&hit.listing)));
    }
    Corpus::Keep
});
