//! A catalog of given files with an edge over it, all within this process: for laws over many catalogs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use bytes::Bytes;
use edge_worker::native::FilesHost;
use edge_worker::{Body, Edge, EdgeConfig, handle};
use generator::catalog::{self, Input};
use generator::library::{self, Checked};
use generator::source::Snapshot;
use generator::write::{self, Signing};
use registry_core::digest::{Digest, FileMode};
use registry_core::manifest::SourceFile;
use registry_core::token::{IDENTITY_TYPE, IdentityClaims, Issuer, SigningKey, sign};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The stand-in for a commit's id.
const COMMIT: &str = "0000000000000000000000000000000000000000";

/// A built catalog and an edge that serves it.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    key: SigningKey,
    edge: Edge,
    host: FilesHost,
    /// What the checker made of the files.
    pub checked: Checked,
}

/// Checks skills given as the text of `skills/{id}.md` by id.
#[must_use]
pub fn check(config: &str, texts: &BTreeMap<String, String>) -> Checked {
    let file = |text: &String| SourceFile { mode: FileMode::Plain, bytes: text.clone().into_bytes() };
    let files = texts.iter().map(|(id, text)| (format!("skills/{id}.md"), file(text))).collect();
    library::check(Snapshot { commit: None, files, config: Some(config.to_owned()), diagnostics: Vec::new() })
}

impl World {
    /// Builds the catalog of sound skills as if they were committed, with a head signed at `signed`, and an edge in
    /// or out of development mode.
    ///
    /// # Errors
    /// When the skills have findings, or anything else fails.
    pub fn build(checked: Checked, signed: u64, committed: bool, development: bool) -> Result<Self> {
        ensure!(checked.errors() == 0, "{:?}", checked.diagnostics);
        let built = catalog::build(Input {
            library: &checked.library,
            closures: &checked.closures,
            organisation: &checked.organisation,
            commit: committed.then_some(COMMIT),
        })?;
        let (folder, key) = (tempfile::tempdir()?, SigningKey::from_seed("key-1", [7; 32])?);
        let signing = Signing { key: &key, now: signed, expires_days: 7 };
        write::write(&built, &folder.path().join("dist"), signing, &mut |_| {})?;
        let config = json!({
            "origin": "https://edge",
            "development": development,
            "head_keys": [key.public()],
            "invoke_key": key,
            "identity": [Issuer::development(key.public())],
            "sandbox": {"url": "http://127.0.0.1:9", "audience": "sandbox"},
            "pseudonym_key": Digest::of(b""),
        });
        let host = FilesHost::new(&folder.path().join("dist"), &folder.path().join("log"))?;
        let edge = Edge::new(EdgeConfig::parse(config.to_string().as_bytes())?)?;
        Ok(Self { edge, host, folder, key, checked })
    }

    /// The catalog's folder.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.folder.path().join("dist")
    }

    /// A token that the edge accepts.
    ///
    /// # Errors
    /// Never for claims that are an object.
    pub fn token(&self, claims: &IdentityClaims) -> Result<String> {
        Ok(sign(claims, IDENTITY_TYPE, &self.key)?)
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
            Body::Object(key) => std::fs::read(self.catalog().join(key.path()))?,
        };
        Ok((status, body))
    }
}
