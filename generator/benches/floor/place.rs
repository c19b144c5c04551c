//! Where the corpus lies and what is built of it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{Result, plainest};

/// Memory that looks like a folder, on Linux.
const IN_MEMORY: &str = "/dev/shm";
const SKILLS: &str = "2000";

/// A folder that goes away with the value.
pub struct Place(TempDir);

impl Place {
    /// With a copy of the folder that `GUILDHALL_BENCH_CORPUS` names, or as many made skills as
    /// `GUILDHALL_BENCH_SKILLS` says.
    pub fn new() -> Result<Self> {
        let place = Self(tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir())?);
        let mut command = match env::var_os("GUILDHALL_BENCH_CORPUS") {
            Some(folder) => {
                let mut copy = Command::new("cp");
                copy.arg("-R").arg(fs::canonicalize(folder)?);
                copy
            }
            None => {
                let skills = env::var("GUILDHALL_BENCH_SKILLS").unwrap_or_else(|_| SKILLS.to_owned());
                let mut make = Command::new(env!("CARGO"));
                make.args(["run", "--quiet", "--package", "xtask", "--", "corpus", "--files", "--skills"])
                    .arg(skills);
                make
            }
        };
        if !command.arg(place.corpus()).status()?.success() {
            return Err("there is no corpus to measure with".into());
        }
        Ok(place)
    }

    /// The input.
    pub fn corpus(&self) -> PathBuf {
        self.0.path().join("corpus")
    }

    /// What the plainest code writes.
    pub fn pages(&self) -> PathBuf {
        self.0.path().join("pages")
    }

    /// What `guildhall build` writes.
    pub fn catalog(&self) -> PathBuf {
        self.0.path().join("catalog")
    }

    /// Removes everything that earlier runs wrote, what Guildhall keeps beside the skills too.
    pub fn clear(&self) -> Result<()> {
        for folder in [self.pages(), self.catalog(), self.corpus().join(".guildhall")] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Edits one skill and raises its version.
    pub fn change_one_skill(&self) -> Result<()> {
        let manifests = plainest::manifests(&self.corpus())?;
        let manifest = manifests.get(manifests.len() / 2).ok_or("there are no skills")?;
        edit(&manifest.from)
    }
}

fn edit(manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let raised = |line: &str| {
        let (before, patch) = line.strip_prefix("version: ")?.rsplit_once('.')?;
        Some(format!("version: {before}.{}", patch.parse::<u64>().ok()? + 1))
    };
    let lines: Vec<String> =
        text.lines().map(|line| raised(line).unwrap_or_else(|| line.to_owned())).collect();
    Ok(fs::write(manifest, format!("{}\nOne more sentence.\n", lines.join("\n")))?)
}
