//! An identity provider whose keys and signatures are made by Node, which shares no code with what verifies them.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::workspace;

/// A provider that goes away with the value.
#[derive(Debug)]
pub struct Idp {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    keys: Value,
}

impl Idp {
    /// A provider with new keys: an object of their names and algorithms.
    ///
    /// # Errors
    /// When Node does not start.
    pub fn start(kinds: &Value) -> Result<Self> {
        let mut child = Command::new("node")
            .args(["e2e/src/idp.mjs", &kinds.to_string()])
            .current_dir(workspace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("stdin")?;
        let mut stdout = BufReader::new(child.stdout.take().context("stdout")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        Ok(Self { child, pipes: RefCell::new((stdin, stdout)), keys: serde_json::from_str(&line)? })
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

    fn signed(&self, by: &str, what: &str, header: &str, claims: &str) -> Result<String> {
        let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let (stdin, stdout) = &mut *self.pipes.borrow_mut();
        writeln!(stdin, "{}", json!({by: what, "signed": signed}))?;
        let mut signature = String::new();
        stdout.read_line(&mut signature)?;
        anyhow::ensure!(!signature.is_empty(), "the provider ended");
        Ok(format!("{signed}.{}", signature.trim_end()))
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
