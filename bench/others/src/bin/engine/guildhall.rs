//! The engine of this project, as the edge runs it.

use anyhow::Result;
use others::Document;
use registry_core::api::{Filters, Listing};
use registry_core::search::{Embedding, Query, Shard, ShardBuilder, Weights, search};
use serde_json::json;

use crate::{Engine, RESULTS};

/// The documents, dealt to so many audiences, for a caller of all of them.
pub fn build(documents: Vec<Document>, audiences: usize, table: Option<&str>) -> Result<Engine> {
    let embedding = table.map(|table| anyhow::Ok(Embedding::read(std::fs::read(table)?)?)).transpose()?;
    let mut builders: Vec<ShardBuilder> = (0..audiences).map(|_| ShardBuilder::default()).collect();
    for (number, document) in documents.into_iter().enumerate() {
        builders[number % audiences].add(listing(document)?);
    }
    let parts = builders.into_iter().flat_map(|builder| builder.split(embedding.as_ref()));
    let files: Vec<Vec<u8>> = parts.map(|part| part.encode(embedding.as_ref())).collect::<Result<_, _>>()?;
    let bytes = files.iter().map(Vec::len).sum();
    let shards: Vec<Shard> = files.into_iter().map(Shard::read).collect::<Result<_, _>>()?;
    let answer = move |text: &str| {
        let shards: Vec<&Shard> = shards.iter().collect();
        let query = Query {
            text,
            filters: &Filters::default(),
            k: RESULTS,
            explain: false,
            embedding: embedding.as_ref(),
            weights: &Weights::TUNED,
        };
        search(&shards, &query).hits.into_iter().map(|hit| hit.listing.slug.to_string()).collect()
    };
    Ok(Engine { bytes, answer: Box::new(answer) })
}

fn listing(document: Document) -> Result<Listing> {
    Ok(serde_json::from_value(json!({
        "slug": document.id, "name": document.name, "version": "1.0.0", "description": document.description,
        "tags": document.tags, "access_level": "public", "type": "instructions",
    }))?)
}
