use registry_core::api::SearchHit;
use registry_core::api::{Filters, SearchRequest};
use registry_core::html::{self, PAGE_RESULTS};
use registry_core::search::{Embedding, Query, Shard, Weights, search};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The search engine over the shards of one catalog, as far as they are there.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Engine {
    shards: Vec<Shard>,
    table: Option<Embedding>,
}

#[wasm_bindgen]
impl Engine {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a shard.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn add_shard(&mut self, bytes: Vec<u8>) -> Result<(), JsError> {
        self.shards.push(Shard::read(bytes)?);
        Ok(())
    }

    /// Takes what gives words their meaning; until it is there, words alone decide.
    ///
    /// # Errors
    /// When the bytes are no embedding table.
    pub fn set_table(&mut self, bytes: Vec<u8>) -> Result<(), JsError> {
        self.table = Some(Embedding::read(bytes)?);
        Ok(())
    }

    /// The results of a query as the search page shows them, of one team and tag unless these are empty.
    pub fn results(&self, query: &str, team: &str, tag: &str) -> String {
        let filters = html::page_filters(team, tag);
        let hits = filters.map(|filters| self.find(query, &filters, PAGE_RESULTS, false));
        html::results(query, &hits.unwrap_or_default())
    }

    /// What `POST /search` answers to a request.
    ///
    /// # Errors
    /// When the request is none.
    pub fn answer(&self, request: &str) -> Result<String, JsError> {
        let SearchRequest { query, k, filters, explain } = serde_json::from_str(request)?;
        Ok(serde_json::to_string(&self.find(&query, &filters, k, explain))?)
    }

    fn find(&self, text: &str, filters: &Filters, k: usize, explain: bool) -> Vec<SearchHit> {
        let shards: Vec<&Shard> = self.shards.iter().collect();
        let embedding = self.table.as_ref();
        search(&shards, &Query { text, filters, k, explain, embedding, weights: &Weights::TUNED }).hits
    }
}
