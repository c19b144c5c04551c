//! A program in a process of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// A process that is ended with the value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// What it is told.
    pub(crate) stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Where it listens, if it is a server.
    pub(crate) url: String,
}

impl Process {
    /// Starts a program in the workspace.
    pub(crate) fn spawn(program: &OsStr, arguments: &[&OsStr]) -> Result<Self> {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            .arg(program)
            .args(arguments)
            .current_dir(workspace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("stdin")?;
        let stdout = BufReader::new(child.stdout.take().context("stdout")?);
        Ok(Self { child, stdin, stdout, url: String::new() })
    }

    /// Starts a server in the workspace and waits for its line `listening on URL`.
    pub(crate) fn start(program: &OsStr, arguments: &[&OsStr]) -> Result<Self> {
        let mut process = Self::spawn(program, arguments)?;
        loop {
            let line = process.line()?;
            if let Some(url) = line.strip_prefix("listening on ") {
                url.clone_into(&mut process.url);
                return Ok(process);
            }
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it and what it started at once (SIGKILL), and waits until they have let go of everything.
    pub(crate) fn kill(&self) -> Result<()> {
        let id = self.child.id();
        let family = [vec![id], children(id)].concat();
        let names = family.iter().map(u32::to_string);
        Command::new("kill").arg("-KILL").args(names).status()?;
        let runs = |id: &u32| {
            fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        while family.iter().any(runs) {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Sends it a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        Ok(())
    }

    /// The next line that it prints, without its end.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("a program ended: {:?}", self.child.wait()?);
        }
        Ok(line.trim_end().to_owned())
    }
}

/// The processes that one has started, by any of its threads.
fn children(id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
