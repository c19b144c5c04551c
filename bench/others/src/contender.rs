//! The engines, and how each is run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use clap::Args;
use others::Outcome;

use crate::contender::Host::{Native, Node, Wasm};

/// An engine with its settings.
pub struct Contender {
    pub name: &'static str,
    host: Host,
    /// Whether it is judged; another host gives no other answers.
    pub is_judged: bool,
    /// How many skills it is timed with, at most.
    pub largest: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Host {
    Native,
    Wasm,
    Node,
}

const fn new(name: &'static str, host: Host, is_judged: bool, largest: usize) -> Contender {
    Contender { name, host, is_judged, largest }
}

/// Those whose settings are found worse than others of theirs are not timed; with more, Pagefind and Orama take many
/// minutes.
pub const CONTENDERS: [Contender; 16] = [
    new("guildhall", Native, true, 100_000),
    new("guildhall", Wasm, false, 100_000),
    new("guildhall-20-audiences", Native, false, 10_000),
    new("guildhall-words", Native, true, 100_000),
    new("tantivy", Native, true, 0),
    new("tantivy-tuned", Native, true, 100_000),
    new("minisearch", Node, true, 0),
    new("minisearch-tuned", Node, true, 100_000),
    new("flexsearch", Node, true, 0),
    new("flexsearch-tuned", Node, true, 100_000),
    new("pagefind", Node, true, 0),
    new("pagefind-tuned", Node, true, 10_000),
    new("orama", Node, true, 0),
    new("orama-tuned", Node, true, 10_000),
    new("tinysearch", Native, true, 0),
    new("tinysearch-tuned", Native, true, 100_000),
];

/// What engines need beside this program.
#[derive(Args)]
pub struct Places {
    /// The embedding table.
    #[arg(long)]
    table: PathBuf,
    /// This project's engine, built for wasm32-wasip1.
    #[arg(long)]
    wasm: PathBuf,
}

/// What an engine answered.
pub struct Run {
    pub outcome: Outcome,
    /// The most memory that it ever held, in KiB.
    pub peak: u64,
}

impl Contender {
    /// As the tables call it.
    pub fn label(&self) -> String {
        let host = if self.host == Wasm { ", wasm" } else { "" };
        format!("{}{host}", self.name.replacen('-', ", ", 1).replace('-', " "))
    }

    pub fn run(&self, places: &Places, documents: &Path, queries: &Path, runs: usize) -> Result<Run> {
        let mut command = self.command(places)?;
        command.arg(self.name).args([documents, queries]).arg(runs.to_string()).arg(&places.table);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("an engine without output")?;
        BufReader::new(output).read_line(&mut line)?;
        let outcome = serde_json::from_str(&line).with_context(|| format!("`{}` fails", self.label()))?;
        let peak = peak(child.id())?;
        drop(child.stdin.take());
        child.wait()?;
        Ok(Run { outcome, peak })
    }

    fn command(&self, places: &Places) -> Result<Command> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut node = Command::new("node");
        match self.host {
            Native => return Ok(Command::new(std::env::current_exe()?.with_file_name("engine"))),
            Wasm => node.arg("--no-warnings").arg(scripts.join("wasi.mjs")).arg(&places.wasm),
            Node => node.arg("--max-old-space-size=10000").arg(scripts.join("engines.mjs")),
        };
        Ok(node)
    }
}

fn peak(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
