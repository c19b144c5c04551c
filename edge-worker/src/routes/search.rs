//! `POST /search` and the search page: one query over the shards of the caller's audiences.

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;
use registry_core::api::{Code, Filters, MAX_QUERY, MAX_RESULTS, SearchRequest};
use registry_core::html::{self, PAGE_RESULTS};
use registry_core::search::{self, Answer, Query, Shard, Weights};

use crate::handle::Request;
use crate::host::Host;
use crate::reply::{self, Body, LogNote, Refusal, Reply, Searched};

/// Says which half of a search could not answer.
const DEGRADED: HeaderName = HeaderName::from_static("guildhall-degraded");
/// Most audiences that one caller's search spans.
const MAX_AUDIENCES: usize = 64;

/// What a search found.
struct Found {
    answer: Answer,
    /// For the operator, where the meaning of words could not count.
    note: Option<LogNote>,
}

impl Found {
    /// The reply, telling client and operator whether the meaning counted.
    fn told(self, mut reply: Reply) -> Reply {
        let degraded = self.answer.degraded;
        if degraded {
            reply::set(&mut reply, DEGRADED, "semantic");
        }
        reply.extensions_mut().insert(Searched { degraded });
        if let Some(note) = self.note {
            reply.extensions_mut().insert(note);
        }
        reply
    }
}

impl<H: Host> Request<'_, H> {
    pub(super) async fn search(&self) -> Result<Reply, Refusal> {
        let SearchRequest { query, k, filters, explain } = self.parse()?;
        if !(1..=MAX_RESULTS).contains(&k) {
            return Err(Refusal::bad_request(format!("`k` is {k}, must be from 1 to {MAX_RESULTS}")));
        }
        let found = self.find(&query, &filters, k, explain).await?;
        let reply = reply::json(StatusCode::OK, &found.answer.hits);
        Ok(found.told(reply))
    }

    /// The search page for people.
    pub(super) async fn search_page(&self) -> Result<Reply, Refusal> {
        self.may_read()?;
        let [query, team, tag] = ["q", "team", "tag"].map(|name| self.parameter(name).unwrap_or_default());
        let (query, filters) = (query.trim(), html::page_filters(team.trim(), tag.trim()));
        // A filter that nothing can pass finds nothing.
        let found = match filters {
            Some(filters) if !query.is_empty() => {
                Some(self.find(query, &filters, PAGE_RESULTS, false).await?)
            }
            _ => None,
        };
        let shell = self.public_text("/search/").await?;
        let hits = found.as_ref().map_or(&[][..], |found| &found.answer.hits);
        let page = html::search_page(&shell, query, (!query.is_empty()).then_some(hits));
        let reply = reply::reply(StatusCode::OK, html::MEDIA_TYPE, Body::Bytes(page.into()));
        Ok(match found {
            Some(found) => found.told(reply),
            None => reply,
        })
    }

    async fn find(&self, query: &str, filters: &Filters, k: usize, explain: bool) -> Result<Found, Refusal> {
        if query.len() > MAX_QUERY {
            return Err(Refusal::bad_request(format!("a query has at most {MAX_QUERY} bytes")));
        }
        self.may_read()?;
        let shards = self.shards().await?;
        let shards: Vec<&Shard> = shards.iter().map(Arc::as_ref).collect();
        let (embedding, note) = match &self.catalog.table {
            Some(table) => table.get(self.host, &self.catalog.damage, self.now).await,
            None => (None, None),
        };
        let weights = &Weights::TUNED;
        let query = Query { text: query, filters, k, explain, embedding, weights };
        Ok(Found { answer: search::search(&shards, &query), note })
    }

    /// The shards of the audiences to which the caller belongs, and no other (law 4).
    async fn shards(&self) -> Result<Vec<Arc<Shard>>, Refusal> {
        let all = &self.catalog.root.shards;
        let visible = self.access().visible(all.keys());
        if visible.len() > MAX_AUDIENCES {
            let detail =
                format!("you belong to more than {MAX_AUDIENCES} audiences; search as a narrower role");
            return Err(Refusal::new(Code::TooManyAudiences, detail));
        }
        let mut shards = Vec::with_capacity(visible.len());
        for audience in visible {
            for digest in all.get(audience).into_iter().flatten() {
                shards.push(self.catalog.shard(self.host, audience, *digest).await?);
            }
        }
        Ok(shards)
    }
}
