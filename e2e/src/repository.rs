//! A real Git repository in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::programs::cargo;
use crate::{guildhall, workspace};

/// A repository that goes away with the value.
#[derive(Debug)]
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// A folder with nothing in it, for programs that make the repository.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn unborn() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()? })
    }

    /// An empty repository.
    ///
    /// # Errors
    /// When Git fails.
    pub fn empty() -> Result<Self> {
        let repository = Self::unborn()?;
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        repository.git(&["config", "user.name", "Author"])?;
        repository.git(&["config", "user.email", "author@example.com"])?;
        Ok(repository)
    }

    /// A repository with this workspace's skills and configuration, committed.
    ///
    /// # Errors
    /// When Git fails.
    pub fn of_examples() -> Result<Self> {
        let repository = Self::empty()?;
        copy(&workspace().join("skills"), &repository.path().join("skills"))?;
        fs::copy(workspace().join("guildhall.yaml"), repository.path().join("guildhall.yaml"))?;
        repository.commit("add the example skills")?;
        Ok(repository)
    }

    /// A folder of made skills, by the arguments of `cargo xtask corpus`.
    ///
    /// # Errors
    /// When none can be made of these.
    pub fn made(arguments: &[&str]) -> Result<Self> {
        let repository = Self::unborn()?;
        let out = repository.path().to_str().context("the folder's name is UTF-8")?;
        let run = ["run", "--quiet", "--package", "xtask", "--", "corpus"];
        cargo(&[&run, arguments, &[out]].concat())?;
        Ok(repository)
    }

    /// A clone of another repository over `file://`, made with more options of `git clone`.
    ///
    /// # Errors
    /// When Git fails.
    pub fn clone_of(other: &Self, options: &[&str]) -> Result<Self> {
        let clone = Self { folder: tempfile::tempdir()? };
        let from = format!("file://{}", other.path().display());
        clone.git(&[&["clone", "--quiet"], options, &[&from, "."]].concat())?;
        Ok(clone)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs Git and returns what it printed.
    ///
    /// # Errors
    /// When Git fails.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8(self.git_bytes(arguments)?)?.trim().to_owned())
    }

    /// The same, byte for byte.
    ///
    /// # Errors
    /// When Git fails.
    pub fn git_bytes(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let done = Command::new("git").args(arguments).current_dir(self.path()).output().context("git")?;
        if !done.status.success() {
            bail!("git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(done.stdout)
    }

    /// Commits everything.
    ///
    /// # Errors
    /// When Git fails.
    pub fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])?;
        Ok(())
    }

    /// Writes a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let target = self.path().join(path);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        Ok(fs::write(target, text)?)
    }

    /// Runs `guildhall` and returns its exit code and what it printed on either stream.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn guildhall(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let done = guildhall(self.path(), arguments)?.output()?;
        let text =
            [done.stdout, done.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
        Ok((done.status.code().unwrap_or(-1), text))
    }

    /// Runs `guildhall`, which must succeed.
    ///
    /// # Errors
    /// When it fails; the message holds what it printed.
    pub fn must(&self, arguments: &[&str]) -> Result<String> {
        match self.guildhall(arguments)? {
            (0, text) => Ok(text.trim().to_owned()),
            (code, text) => bail!("guildhall {arguments:?} ended with {code}: {text}"),
        }
    }

    /// Where [`Repository::build`] puts the catalog.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.path().join("dist")
    }

    /// Builds the catalog of `HEAD`.
    ///
    /// # Errors
    /// When the build fails.
    pub fn build(&self) -> Result<String> {
        self.must(&["build", "--out", "dist"])
    }
}

/// Every file below a folder with its bytes, by path relative to the folder.
///
/// # Errors
/// When one cannot be read, or has a name that is not UTF-8.
pub fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_str().context("a name is UTF-8")?.to_owned();
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(entry.metadata()?.permissions().mode()))?;
        }
    }
    Ok(())
}
