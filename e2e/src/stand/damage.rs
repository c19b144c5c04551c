//! What is done to a running edge behind its back: damage to its catalog and repair, rows of its log, its cron trigger.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::{HostKind, Stand};

impl Stand {
    /// Puts a text in the place of a file of the catalog, or takes the file away.
    ///
    /// # Errors
    /// When the file cannot be changed.
    pub fn damage(&mut self, key: &str, text: Option<&str>) -> Result<()> {
        let file = self.catalog.join(key);
        match (self.kind, text) {
            (HostKind::Workers, _) => self.obey(&[&["object", key], text.as_slice()].concat()),
            (HostKind::Native, text) => {
                let kept = self.kept(key);
                if !kept.exists() {
                    fs::copy(&file, kept)?;
                }
                // The file may be one with those of other catalogs: it is exchanged, never written to.
                if file.exists() {
                    fs::remove_file(&file)?;
                }
                text.map_or(Ok(()), |text| Ok(fs::write(&file, text)?))
            }
        }
    }

    /// Puts a file that was damaged back as it was.
    ///
    /// # Errors
    /// When it cannot be put back.
    pub fn mend(&mut self, key: &str) -> Result<()> {
        match self.kind {
            HostKind::Workers => self.obey(&["mend", key]),
            HostKind::Native => {
                fs::copy(self.kept(key), self.catalog.join(key))?;
                Ok(())
            }
        }
    }

    /// Where a file is kept that was damaged.
    fn kept(&self, key: &str) -> PathBuf {
        self.state.path().join(format!("kept-{}", key.replace('/', "-")))
    }

    /// What an object of the Workers' log answers: its status and its text.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn ask_log(&mut self, number: u8, method: &str, path: &str, body: &str) -> Result<String> {
        self.tell(&["ask", &number.to_string(), method, path, body])?;
        self.edge.line()
    }

    /// Has the Worker do what its cron trigger has it do.
    ///
    /// # Errors
    /// When that fails.
    pub fn run_daily(&mut self) -> Result<()> {
        self.obey(&["scheduled"])
    }

    /// Has the Workers' log throw at every record from now on.
    ///
    /// # Errors
    /// When that fails.
    pub fn deafen_log(&mut self) -> Result<()> {
        self.obey(&["deaf"])
    }

    fn obey(&mut self, command: &[&str]) -> Result<()> {
        self.tell(command)?;
        let line = self.edge.line()?;
        ensure!(line == "done", "`{}` was answered by `{line}`", command.join(" "));
        Ok(())
    }
}
