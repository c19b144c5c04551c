//! What the edge says of itself. Nothing of it comes from a catalog, and nothing depends on the caller.

use bytes::Bytes;
use http::header::{ETAG, VARY};
use http::{HeaderMap, Method, StatusCode};
use registry_core::api::{KeySet, ProtectedResource, PublishedKey};
use registry_core::digest::Digest;
use serde::Serialize;

use super::health;
use super::sign_in::sign_out;
use super::stored::unchanged;
use super::table::Own;
use crate::conditional::{Wanted, entity_tag, wanted};
use crate::config::EdgeConfig;
use crate::reply::{self, Body, Refusal, Reply};

/// The OpenAPI document, made of the types by `guildhall-edge openapi`.
const OPENAPI: &str = include_str!("../../../schema/openapi.json");
/// The tool definitions, made of the types by `guildhall-edge tools`.
const TOOLS: &str = include_str!("../../../schema/tools.json");
const JSON: &str = "application/json";
/// A change is seen within minutes.
const CACHE: &str = "public, max-age=300";

/// The answer of one of the edge's own routes.
pub(crate) fn own(
    which: Own,
    config: &EdgeConfig,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Reply, Refusal> {
    let bytes = match which {
        Own::Health => return Ok(health()),
        Own::SignOut => return sign_out(config, headers),
        Own::OpenApi => Bytes::from_static(OPENAPI.as_bytes()),
        Own::Tools => Bytes::from_static(TOOLS.as_bytes()),
        Own::Keys => json(&keys(config)),
        Own::ProtectedResource => json(&protected_resource(config)),
    };
    let tag = entity_tag(&Digest::of(&bytes));
    let mut reply = match wanted(method, headers, &tag)? {
        Wanted::Nothing => unchanged(JSON),
        // Too small to be asked for in parts.
        Wanted::Whole | Wanted::Part(_) => reply::reply(StatusCode::OK, JSON, Body::Bytes(bytes)),
    };
    reply::set(&mut reply, ETAG, &tag);
    reply::open(&mut reply, CACHE);
    reply.headers_mut().remove(VARY);
    Ok(reply)
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// The keys by which sandboxes know the edge's invoke tokens.
fn keys(config: &EdgeConfig) -> KeySet {
    KeySet { keys: vec![PublishedKey::new(config.invoke_key.public())] }
}

/// Issuers without an address cannot be asked for a token, and are left out.
fn protected_resource(config: &EdgeConfig) -> ProtectedResource {
    let issuers = config.identity.iter().map(|issuer| issuer.issuer.clone());
    ProtectedResource {
        resource: config.origin.clone(),
        authorization_servers: issuers.filter(|issuer| issuer.starts_with("https://")).collect(),
        bearer_methods_supported: vec!["header".to_owned()],
    }
}
