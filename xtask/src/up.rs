//! `cargo xtask up`: the main job, on loopback.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::output::{line, note};
use crate::process::{Server, cargo, command, read, root, run as run_program, target};
use crate::setup;

/// Arguments of `cargo xtask up`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Run the edge as a Cloudflare worker under wrangler instead of natively.
    #[arg(long)]
    workerd: bool,
    /// The edge's port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
}

/// The name under which the sandbox accepts tokens.
const SANDBOX: &str = "sandbox-development";

/// Runs until it is interrupted.
fn run_until_interrupted(servers: &mut [Server]) -> Result<()> {
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = interrupt.send(());
    })?;
    while interrupted.recv_timeout(Duration::from_millis(500)).is_err() {
        for server in servers.iter_mut() {
            if !server.is_running() {
                bail!("the {} has ended", server.name());
            }
        }
    }
    Ok(())
}

/// The command.
pub fn run(arguments: &Arguments) -> Result<()> {
    setup::tools()?;
    note("building the programs (the first time takes some minutes)");
    run_program(cargo("build --quiet --package generator --package edge-worker --package sandbox --bins"))?;
    let place = Place::new()?;
    place.build_catalog()?;
    let edge_port = free_port(arguments.port)?;
    let sandbox_port = free_port(0)?;
    place.write_configs(edge_port, sandbox_port)?;
    let sandbox = place.start_sandbox()?;
    let edge =
        if arguments.workerd { place.start_worker(edge_port)? } else { place.start_edge(edge_port)? };
    line(&place.instructions(&edge.url)?);
    let mut servers = [edge, sandbox];
    let ended = run_until_interrupted(&mut servers);
    note("\nstopping");
    ended
}

fn free_port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted))
        .with_context(|| format!("port {wanted} of 127.0.0.1 is taken; choose another with --port"))?;
    Ok(listener.local_addr()?.port())
}

/// Where keys, configurations, catalog and logs of this command lie.
struct Place {
    keys: PathBuf,
    state: PathBuf,
    catalog: PathBuf,
    /// The sandbox opens its folder to the user that skills run as, which a home folder would not let through.
    sandbox_state: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        let private = root().join(".guildhall");
        let place = Self {
            keys: private.join("keys"),
            state: private.join("up"),
            catalog: root().join("dist"),
            sandbox_state: tempfile::tempdir()?,
        };
        fs::create_dir_all(&place.state)?;
        Ok(place)
    }

    fn guildhall(&self, arguments: &[&str]) -> std::process::Command {
        let program = target().join("debug/guildhall");
        command(
            &program.to_string_lossy(),
            ["--repository", &root().to_string_lossy()].iter().chain(arguments),
        )
    }

    /// The commit when everything under `skills/` is committed, else the working tree, said aloud.
    fn build_catalog(&self) -> Result<()> {
        self.forget_former()?;
        let catalog = self.catalog.to_string_lossy();
        let mut arguments = vec!["build", "--out", &*catalog];
        let changed = read(command("git", ["status", "--porcelain", "--", "skills", "guildhall.yaml"]))?;
        if !changed.is_empty() {
            note("skills/ or guildhall.yaml has uncommitted changes: building the working tree");
            arguments.push("--worktree");
        }
        run_program(self.guildhall(&arguments))
    }

    /// Where there is no catalog any more, the next one begins at sequence 1, which an edge that remembers a higher one would
    /// refuse.
    fn forget_former(&self) -> Result<()> {
        if self.catalog.join("head.json").exists() {
            return Ok(());
        }
        for seen in [self.state.join("logs/head-seen.json"), self.state.join("wrangler")] {
            let removed = if seen.is_dir() { fs::remove_dir_all(&seen) } else { fs::remove_file(&seen) };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove `{}`", seen.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The JSON of a key file; the key is made when it is not there.
    fn key(&self, name: &str) -> Result<(Value, Value)> {
        let file = self.keys.join(format!("{name}.json"));
        let path = file.to_string_lossy();
        if !file.exists() {
            read(self.guildhall(&["key", "new", name, "--out", &path]))?;
        }
        let public = read(self.guildhall(&["key", "public", &path]))?;
        Ok((serde_json::from_slice(&fs::read(&file)?)?, serde_json::from_str(&public)?))
    }

    fn write_configs(&self, edge_port: u16, sandbox_port: u16) -> Result<()> {
        let (_, head) = self.key("development-head")?;
        let (_, identity) = self.key("development-identity")?;
        let (invoke, invoke_public) = self.key("development-invoke")?;
        let (session, _) = self.key("development-session")?;
        let origin = format!("http://127.0.0.1:{edge_port}");
        let sandbox = format!("127.0.0.1:{sandbox_port}");
        let edge = json!({
            "origin": origin,
            "development": true,
            "head_keys": [head],
            "invoke_key": invoke,
            "session_key": session,
            "identity": [{
                "issuer": "guildhall-development",
                "audience": "guildhall-development-edge",
                "typ": ["at+jwt"],
                "keys": [identity],
                "algorithms": ["EdDSA"],
                "max_lifetime": 43_200,
            }],
            "sandbox": {"url": format!("http://{sandbox}"), "audience": SANDBOX},
            "pseudonym_key": "0".repeat(64),
        });
        let node = read(command("node", ["--print", "process.execPath"]))?;
        let sandbox = json!({
            "listen": sandbox,
            "audience": SANDBOX,
            "edge_issuer": origin,
            "edge_url": origin,
            "edge_keys": [invoke_public],
            "development": true,
            "state_dir": self.sandbox_state.path(),
            "runtimes": outside_usr(Path::new(&node)),
        });
        write_private(&self.state.join("edge.json"), &edge)?;
        write_private(&self.state.join("sandbox.json"), &sandbox)
    }

    fn start_sandbox(&self) -> Result<Server> {
        let program = target().join("debug/guildhall-sandbox");
        let config = self.state.join("sandbox.json");
        Server::start("sandbox", &program.to_string_lossy(), &["--config".as_ref(), config.as_ref()])
    }

    fn start_edge(&self, port: u16) -> Result<Server> {
        let program = target().join("debug/guildhall-edge");
        let (config, log) = (self.state.join("edge.json"), self.state.join("logs"));
        let listen = format!("127.0.0.1:{port}");
        let arguments: [&OsStr; 8] = [
            "--config".as_ref(),
            config.as_ref(),
            "--catalog".as_ref(),
            self.catalog.as_ref(),
            "--log".as_ref(),
            log.as_ref(),
            "--listen".as_ref(),
            listen.as_ref(),
        ];
        Server::start("edge", &program.to_string_lossy(), &arguments)
    }

    fn start_worker(&self, port: u16) -> Result<Server> {
        setup::wasm_target()?;
        setup::npm_packages()?;
        note("building the worker");
        let bundle = setup::worker_bundle()?;
        let (config, persist) = (self.state.join("edge.json"), self.state.join("wrangler"));
        let port = port.to_string();
        let arguments: [&OsStr; 11] = [
            "edge-worker/worker/dev.mjs".as_ref(),
            "--bundle".as_ref(),
            bundle.as_ref(),
            "--catalog".as_ref(),
            self.catalog.as_ref(),
            "--config".as_ref(),
            config.as_ref(),
            "--port".as_ref(),
            port.as_ref(),
            "--persist".as_ref(),
            persist.as_ref(),
        ];
        Server::start("worker", "node", &arguments)
    }

    fn token(&self, arguments: &[&str]) -> Result<String> {
        let arguments: Vec<&str> = ["token"].iter().chain(arguments).copied().collect();
        read(self.guildhall(&arguments))
    }

    /// What a new user needs: addresses, tokens, lines to copy.
    fn instructions(&self, url: &str) -> Result<String> {
        let support = self.token(&["--role", "support-agent", "--subject", "support-agent-1"])?;
        let finance = self.token(&["--role", "finance-agent", "--subject", "finance-agent-1"])?;
        let lead = self.token(&["--role", "finance-lead", "--subject", "finance-lead-1", "--elevated"])?;
        let payload = r#"{"name":"data/pii-redactor","version_constraint":"2.x","payload":{"text":"Mail ines@example.org or call +44 20 7946 0958"}}"#;
        let search = r#"{"query":"give a customer their money back"}"#;
        let denied = r#"{"name":"finance/expense-check","payload":{}}"#;
        let absent = r#"{"name":"finance/no-such-skill","payload":{}}"#;
        let restricted = r#"{"skill":"finance/expense-check"}"#;
        let sensitive = r#"{"skill":"finance/budget-approval"}"#;
        let post = format!("curl -sS -H \"Authorization: Bearer $SUPPORT\" {url}");
        Ok(format!(
            "\n\
             catalog and edge   {url}/\n\
             configuration      .guildhall/up (keys in .guildhall/keys)\n\n\
             # tokens for three roles, good for twelve hours (the lead is elevated for fifteen minutes)\n\
             export SUPPORT={support}\n\
             export FINANCE={finance}\n\
             export FINANCE_LEAD={lead}\n\n\
             # search by intent\n\
             {post}/search -d '{search}'\n\n\
             # invoke a skill: it runs in the sandbox\n\
             {post}/invoke -d '{payload}'\n\n\
             # denied: a finance skill to a support agent\n\
             {post}/invoke -d '{denied}'\n\n\
             # the same answer for a skill that does not exist\n\
             {post}/invoke -d '{absent}'\n\n\
             # open to those whose role, or team and elevation, says so\n\
             curl -sS -H \"Authorization: Bearer $FINANCE\" {url}/acl/check -d '{restricted}'\n\
             curl -sS -H \"Authorization: Bearer $FINANCE_LEAD\" {url}/acl/check -d '{sensitive}'\n\n\
             Ctrl-C stops everything."
        ))
    }
}

/// Writes a file that only its owner may read: one of them holds a private key.
fn write_private(path: &Path, value: &Value) -> Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(&serde_json::to_vec_pretty(value)?)?)
}

/// The folder of a runtime that the sandbox must bind beside `/usr`.
fn outside_usr(program: &Path) -> Vec<PathBuf> {
    let prefix = program.parent().and_then(Path::parent);
    prefix.filter(|prefix| !prefix.starts_with("/usr")).map(Path::to_owned).into_iter().collect()
}
