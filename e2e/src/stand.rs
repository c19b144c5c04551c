//! A running edge on either host with a running sandbox, over one catalog.

mod damage;

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use edge_worker::{EdgeConfig, SandboxConfig};
use registry_core::digest::Digest;
use registry_core::token::{Issuer, SigningKey};
use registry_core::usage::UsageRecord;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::process::Process;
use crate::programs::{program, worker_bundle, workspace};
use crate::relay::Relay;
use crate::repository::Repository;
use crate::usage::{Usage, usage};

/// The name under which the sandbox accepts tokens.
const SANDBOX: &str = "sandbox-development";

/// Where the edge runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// The program `guildhall-edge`.
    Native,
    /// The wasm bundle in workerd, with local R2 and Durable Objects.
    Workers,
}

/// The hosts that a benchmark can run: Workers only where the npm packages are installed that its bundle needs.
pub fn hosts() -> impl Iterator<Item = HostKind> {
    let has_packages = workspace().join("node_modules").exists();
    [HostKind::Native].into_iter().chain(has_packages.then_some(HostKind::Workers))
}

/// The stand.
#[derive(Debug)]
pub struct Stand {
    /// The repository that the catalog is built from.
    pub repository: Repository,
    kind: HostKind,
    catalog: PathBuf,
    state: TempDir,
    client: Client,
    edge_port: u16,
    metrics_port: u16,
    edge: Process,
    /// Kept for their end, in this order.
    sandbox: Option<Process>,
    _sandbox_state: TempDir,
}

impl Stand {
    /// Builds the repository's `HEAD` and starts edge and sandbox.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn start(kind: HostKind, repository: Repository) -> Result<Self> {
        Self::with_issuers(kind, repository, Vec::new())
    }

    /// As [`Stand::start`], with an edge that takes the tokens of these issuers too.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn with_issuers(kind: HostKind, repository: Repository, issuers: Vec<Issuer>) -> Result<Self> {
        Self::configured(kind, repository, |config| {
            config.identity.extend(issuers);
            Ok(())
        })
    }

    /// As [`Stand::start`], with an edge whose configuration is changed before it starts.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn configured(
        kind: HostKind,
        repository: Repository,
        configure: impl FnOnce(&mut EdgeConfig) -> Result<()>,
    ) -> Result<Self> {
        repository.build()?;
        let catalog = repository.catalog();
        Self::begin(kind, repository, &catalog, configure, None)
    }

    /// Starts edge and sandbox over a catalog of the repository that lies in a folder, such as a published one.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn over(kind: HostKind, repository: Repository, catalog: &Path) -> Result<Self> {
        Self::begin(kind, repository, catalog, |_| Ok(()), None)
    }

    /// As [`Stand::start`], with this relay between the edge and the sandbox.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn through(kind: HostKind, repository: Repository, relay: &Relay) -> Result<Self> {
        repository.build()?;
        let catalog = repository.catalog();
        Self::begin(kind, repository, &catalog, |_| Ok(()), Some(relay))
    }

    fn begin(
        kind: HostKind,
        repository: Repository,
        catalog: &Path,
        configure: impl FnOnce(&mut EdgeConfig) -> Result<()>,
        relay: Option<&Relay>,
    ) -> Result<Self> {
        // The sandbox opens its own folder to the user that skills run as; the edge's stays closed.
        let (state, sandbox_state) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let (edge_port, metrics_port, sandbox_port) = (free_port()?, free_port()?, free_port()?);
        let origin = format!("http://127.0.0.1:{edge_port}");
        let sandbox_url = match relay {
            Some(relay) => {
                relay.lead_to(([127, 0, 0, 1], sandbox_port).into());
                relay.url()
            }
            None => format!("http://127.0.0.1:{sandbox_port}"),
        };
        let mut edge = edge_config(&repository, &origin, &sandbox_url)?;
        configure(&mut edge)?;
        let sandbox = json!({
            "listen": format!("127.0.0.1:{sandbox_port}"),
            "audience": SANDBOX,
            "edge_issuer": origin,
            "edge_url": origin,
            "edge_keys": [edge.invoke_key.public()],
            "development": true,
            "state_dir": sandbox_state.path(),
            "runtimes": runtimes()?,
        });
        fs::write(state.path().join("edge.json"), serde_json::to_vec(&edge)?)?;
        let sandbox_file = state.path().join("sandbox.json");
        fs::write(&sandbox_file, serde_json::to_vec(&sandbox)?)?;
        let sandbox = start_sandbox(state.path())?;
        let client = Client::builder()
            .redirect(Policy::none())
            // A server may close a connection whose request it refused half read; none is used twice.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(60))
            .build()?;
        let edge = start_edge(kind, catalog, state.path(), edge_port, metrics_port)?;
        Ok(Self {
            repository,
            kind,
            catalog: catalog.to_owned(),
            state,
            client,
            edge_port,
            metrics_port,
            edge,
            sandbox: Some(sandbox),
            _sandbox_state: sandbox_state,
        })
    }

    /// The edge's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.edge.url
    }

    /// What the edge has used since its start.
    ///
    /// # Errors
    /// When `/proc` does not tell.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.edge.id())
    }

    /// What the native host counts, in the text format of Prometheus.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn metrics(&self) -> Result<String> {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics_port);
        Ok(self.client.get(url).send()?.error_for_status()?.text()?)
    }

    /// A token for a role with options as `guildhall token` takes them.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn token(&self, role: &str, more: &[&str]) -> Result<String> {
        self.repository.must(&[&["token", "--role", role], more].concat())
    }

    /// Sends a request; each pair is a header.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let send = || {
            let mut request = self.client.request(method.parse()?, format!("{}{path}", self.url()));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Ok::<_, anyhow::Error>(request.body(body.clone()).send())
        };
        // workerd now and then resets a connection that it has just accepted; what changes nothing is sent again.
        let answer = match send()? {
            Err(error) if path != "/invoke" && was_reset(&error) => send()?,
            answer => answer,
        };
        Answer::read(answer?)
    }

    /// Gets a path, with a token unless it is empty.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn get(&self, path: &str, token: &str, accept: &str) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let authorization = [("authorization", bearer.as_str()), ("accept", accept)];
        let headers = if token.is_empty() { &authorization[1..] } else { &authorization };
        self.request("GET", path, headers, Vec::new())
    }

    /// Posts JSON, with a token unless it is empty.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn post(&self, path: &str, token: &str, body: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let authorization = [("authorization", bearer.as_str())];
        let headers = if token.is_empty() { &authorization[1..] } else { &authorization };
        self.request("POST", path, headers, serde_json::to_vec(body)?)
    }

    /// Every record of the usage log.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn log(&mut self) -> Result<Vec<UsageRecord>> {
        let mut lines = Vec::new();
        match self.kind {
            HostKind::Native => {
                for file in self.log_files()? {
                    lines.extend(fs::read_to_string(file)?.lines().map(str::to_owned));
                }
            }
            HostKind::Workers => {
                self.tell(&["log"])?;
                loop {
                    match self.edge.line()? {
                        end if end == "end" => break,
                        line => lines.push(line),
                    }
                }
            }
        }
        lines.iter().map(|line| serde_json::from_str(line).with_context(|| line.clone())).collect()
    }

    /// Ends the edge at once (SIGKILL).
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn kill(&self) -> Result<()> {
        self.edge.kill()
    }

    fn tell(&mut self, command: &[&str]) -> Result<()> {
        Ok(writeln!(self.edge.stdin, "{}", command.join(" "))?)
    }

    /// Starts the edge again after its end, at the same address and with the same log.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        let (state, catalog) = (self.state.path(), &self.catalog);
        self.edge = start_edge(self.kind, catalog, state, self.edge_port, self.metrics_port)?;
        Ok(())
    }

    /// Ends the sandbox.
    pub fn stop_sandbox(&mut self) {
        self.sandbox = None;
    }

    /// Starts the sandbox again after its end, at the same address and with the same state.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_sandbox(&mut self) -> Result<()> {
        self.sandbox = Some(start_sandbox(self.state.path())?);
        Ok(())
    }

    /// Changes the configuration of the native edge and starts it again, at the same address.
    ///
    /// # Errors
    /// When it does not start.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut EdgeConfig)) -> Result<()> {
        let file = self.state.path().join("edge.json");
        let mut config = EdgeConfig::parse(&fs::read(&file)?)?;
        change(&mut config);
        fs::write(&file, serde_json::to_vec(&config)?)?;
        self.kill()?;
        self.restart()
    }

    /// The file of the native edge's log; there is one for each day.
    ///
    /// # Errors
    /// When there is none.
    pub fn log_file(&self) -> Result<PathBuf> {
        self.log_files()?.into_iter().next().context("there is no log")
    }

    fn log_files(&self) -> Result<Vec<PathBuf>> {
        let entries: Vec<_> = fs::read_dir(self.log_folder())?.collect::<io::Result<_>>()?;
        let is_day = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
        let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(is_day).collect();
        files.sort_unstable();
        Ok(files)
    }

    /// The folder of the native edge's log.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.state.path().join("logs")
    }

    /// Builds `HEAD` again and lets the edge have it.
    ///
    /// # Errors
    /// When the build or the upload fails.
    pub fn publish(&mut self) -> Result<()> {
        self.repository.build()?;
        self.upload()
    }

    /// Lets the edge have the catalog as it lies in its folder.
    ///
    /// # Errors
    /// When the upload fails.
    pub fn upload(&mut self) -> Result<()> {
        if self.kind == HostKind::Workers {
            self.tell(&["publish"])?;
            while self.edge.line()? != "published" {}
        }
        Ok(())
    }
}

/// The configuration of an edge in development mode, its keys made by `guildhall`.
///
/// # Errors
/// When a key cannot be made.
pub fn edge_config(repository: &Repository, origin: &str, sandbox_url: &str) -> Result<EdgeConfig> {
    let key = |purpose: &str| -> Result<SigningKey> {
        let name = format!("development-{purpose}");
        let file = format!(".guildhall/keys/{name}.json");
        if !repository.path().join(&file).exists() {
            repository.must(&["key", "new", &name, "--out", &file])?;
        }
        Ok(serde_json::from_slice(&fs::read(repository.path().join(&file))?)?)
    };
    Ok(EdgeConfig {
        origin: origin.to_owned(),
        development: true,
        head_keys: vec![key("head")?.public()],
        invoke_key: key("invoke")?,
        identity: vec![Issuer::development(&key("identity")?.public())],
        session_key: Some(key("session")?),
        oidc: None,
        sandbox: SandboxConfig { url: sandbox_url.to_owned(), audience: SANDBOX.to_owned() },
        pseudonym_key: Digest::of(b"pseudonyms"),
        telemetry: None,
        log_requests: false,
    })
}

fn start_sandbox(state: &Path) -> Result<Process> {
    let config = state.join("sandbox.json");
    Process::start(program("guildhall-sandbox")?.as_ref(), &["--config".as_ref(), config.as_ref()])
}

fn start_edge(kind: HostKind, catalog: &Path, state: &Path, port: u16, metrics_port: u16) -> Result<Process> {
    let (config, log) = (state.join("edge.json"), state.join("logs"));
    let (listen, port) = (format!("127.0.0.1:{port}"), port.to_string());
    let shared: [&OsStr; 4] = ["--config".as_ref(), config.as_ref(), "--catalog".as_ref(), catalog.as_ref()];
    match kind {
        HostKind::Native => {
            let metrics = format!("127.0.0.1:{metrics_port}");
            let own = ["--log".as_ref(), log.as_ref(), "--listen".as_ref(), listen.as_ref()];
            let own = [&own[..], &["--metrics".as_ref(), metrics.as_ref()]].concat();
            Process::start(program("guildhall-edge")?.as_ref(), &[&shared[..], &own].concat())
        }
        HostKind::Workers => {
            let bundle = worker_bundle()?;
            let script: [&OsStr; 1] = ["edge-worker/worker/serve.mjs".as_ref()];
            let persist = state.join("workers");
            let own: [&OsStr; 6] = [
                "--bundle".as_ref(),
                bundle.as_ref(),
                "--port".as_ref(),
                port.as_ref(),
                "--persist".as_ref(),
                persist.as_ref(),
            ];
            Process::start("node".as_ref(), &[script.as_slice(), &shared, &own].concat())
        }
    }
}

fn was_reset(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = inner.source();
    }
    false
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Where Node lies when it lies outside `/usr`.
fn runtimes() -> Result<Vec<PathBuf>> {
    let done = Command::new("node").args(["--print", "process.execPath"]).output()?;
    let node = PathBuf::from(String::from_utf8(done.stdout)?.trim());
    let prefix = node.ancestors().nth(2).context("node lies in a bin folder")?;
    Ok(if prefix.starts_with("/usr") { Vec::new() } else { vec![prefix.to_owned()] })
}
