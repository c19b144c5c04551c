//! An identity provider whose keys and signatures are made by Node, which shares no code with what verifies them.

use std::cell::RefCell;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::process::Process;

/// A provider that goes away with the value.
#[derive(Debug)]
pub struct Idp {
    process: RefCell<Process>,
    keys: Value,
    url: String,
}

impl Idp {
    /// A provider with new keys: an object of their names and algorithms.
    ///
    /// # Errors
    /// When Node does not start.
    pub fn start(kinds: &Value) -> Result<Self> {
        let kinds = kinds.to_string();
        let mut process = Process::spawn("node".as_ref(), &["e2e/src/idp.mjs".as_ref(), kinds.as_ref()])?;
        let keys: Value = serde_json::from_str(&process.line()?)?;
        let url = keys.get("url").and_then(Value::as_str).context("the provider serves")?.to_owned();
        Ok(Self { process: RefCell::new(process), keys, url })
    }

    /// The JSON Web Keys of these names.
    #[must_use]
    pub fn keys(&self, kids: &[&str]) -> Vec<Value> {
        let all = self.keys.get("keys").and_then(Value::as_array).into_iter().flatten();
        let named = |key: &&Value| kids.iter().any(|kid| key.get("kid").is_some_and(|known| known == kid));
        all.filter(named).cloned().collect()
    }

    /// A compact JWS of these texts, signed by the key of this name.
    ///
    /// # Errors
    /// When the provider has no such key.
    pub fn sign(&self, kid: &str, header: &str, claims: &str) -> Result<String> {
        self.signed("kid", kid, header, claims)
    }

    /// A compact JWS of these texts with the HMAC (SHA-256) under a secret.
    ///
    /// # Errors
    /// When the provider ended.
    pub fn authenticate(&self, secret: &str, header: &str, claims: &str) -> Result<String> {
        self.signed("secret", secret, header, claims)
    }

    /// The address of a path, such as `/keys`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Publishes the keys of these names at a path.
    ///
    /// # Errors
    /// When the provider ended.
    pub fn publish(&self, path: &str, kids: &[&str]) -> Result<()> {
        self.answer(path, &json!({"kids": kids}))
    }

    /// Answers at a path as `serve` of the provider says.
    ///
    /// # Errors
    /// When the provider ended.
    pub fn answer(&self, path: &str, answer: &Value) -> Result<()> {
        self.tell(&json!({"path": path, "answer": answer})).map(drop)
    }

    /// How often it was asked for a path.
    ///
    /// # Errors
    /// When the provider ended.
    pub fn asked(&self, path: &str) -> Result<u64> {
        Ok(self.tell(&json!({"asked": path}))?.parse()?)
    }

    fn signed(&self, by: &str, what: &str, header: &str, claims: &str) -> Result<String> {
        let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = self.tell(&json!({by: what, "signed": signed}))?;
        Ok(format!("{signed}.{signature}"))
    }

    fn tell(&self, command: &Value) -> Result<String> {
        let mut process = self.process.borrow_mut();
        writeln!(process.stdin, "{command}")?;
        process.line()
    }
}
