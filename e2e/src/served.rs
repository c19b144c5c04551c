//! An edge in this process over a catalog in a folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use bytes::Bytes;
use edge_worker::native::FilesHost;
use edge_worker::{Body, Edge, EdgeConfig, handle};
use registry_core::digest::Digest;
use registry_core::token::{Bound, Bounds, IDENTITY_TYPE, IdentityClaims, Issuer, PublicKey, sign};
use serde_json::{Value, json};

use crate::key;

/// The edge and the folder of its catalog.
#[derive(Debug)]
pub struct Served {
    edge: Edge,
    host: FilesHost,
    catalog: PathBuf,
}

impl Served {
    /// An edge over a catalog whose head `head` signs, in or out of development mode, with its usage log in a folder.
    ///
    /// # Errors
    /// When the folders cannot be opened.
    pub fn open(catalog: &Path, log: &Path, head: &PublicKey, development: bool) -> Result<Self> {
        let bounds = Bounds { teams: Bound::Any, roles: Bound::Any, may_elevate: true };
        let issuer = Issuer { bounds: Some(bounds), ..Issuer::development(&key("identity-1")?.public()) };
        let config = json!({
            "origin": "https://edge",
            "development": development,
            "head_keys": [head],
            "invoke_key": key("invoke-1")?,
            "identity": [issuer],
            "sandbox": {"url": "http://127.0.0.1:9", "audience": "sandbox"},
            "pseudonym_key": Digest::of(b""),
        });
        let host = FilesHost::new(catalog, log)?;
        let edge = Edge::new(EdgeConfig::parse(config.to_string().as_bytes())?)?;
        Ok(Self { edge, host, catalog: catalog.to_owned() })
    }

    /// The edge, for a host of one's own.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// A token that the edge accepts.
    ///
    /// # Errors
    /// Never for claims that are an object.
    pub fn token(&self, claims: &IdentityClaims) -> Result<String> {
        Ok(sign(claims, IDENTITY_TYPE, &key("identity-1")?)?)
    }

    /// The status and body that a request gets; a body of `null` is none.
    ///
    /// # Errors
    /// When the request is none, or the file of the answer cannot be read.
    pub async fn ask(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        accept: &str,
        body: &Value,
    ) -> Result<(u16, Vec<u8>)> {
        let mut request = http::Request::builder().method(method).uri(path).header("accept", accept);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = handle(&self.host, &self.edge, request.body(body)?).await;
        let status = answer.status().as_u16();
        let body = match answer.into_body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Object(key) => std::fs::read(self.catalog.join(key.path()))?,
        };
        Ok((status, body))
    }
}
