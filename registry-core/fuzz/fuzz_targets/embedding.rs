//! Any bytes as an embedding table: refused, or used to index and search without a panic, the same twice.

#![no_main]

mod sealed;

use libfuzzer_sys::{Corpus, fuzz_target};
use registry_core::api::{Filters, Listing};
use registry_core::search::{Embedding, Query, Shard, ShardBuilder, Weights, search};

use self::sealed::sealed;

const LISTING: &str = r#"{"slug": "a/refund", "name": "refund", "version": "1.0.0", "description": "Pays back what was paid.",
    "tags": ["money"], "access_level": "public", "type": "instructions"}"#;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let _ = Embedding::read(bytes.to_vec());
    let Ok(embedding) = Embedding::read(sealed(bytes)) else { return Corpus::Keep };
    let mut builder = ShardBuilder::default();
    builder.add(serde_json::from_str::<Listing>(LISTING).unwrap());
    let encoded = builder.encode(Some(&embedding)).unwrap();
    assert_eq!(encoded, builder.encode(Some(&embedding)).unwrap());
    let shard = Shard::read(encoded).unwrap();
    for text in ["money back", "a refnud", "quartz"] {
        let (filters, weights) = (&Filters::default(), &Weights::TUNED);
        let query = Query { text, filters, k: 1, explain: true, embedding: Some(&embedding), weights };
        let answer = search(&[&shard], &query);
        assert!(!answer.degraded && answer == search(&[&shard], &query));
    }
    Corpus::Keep
});
