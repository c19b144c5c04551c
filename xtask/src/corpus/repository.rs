//! The corpus as a plain tree, or as a Git repository with its whole history.

use std::fs;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::release::{self, File};
use super::{Corpus, organisation};

const AUTHOR: &str = "Corpus <corpus@example.com>";
/// The first commit: 2025-01-01T00:00:00Z. Each later one is a minute after the one before.
const FIRST: usize = 1_735_689_600;

/// Writes the last version of every skill.
pub fn write_tree(corpus: &Corpus, out: &Path) -> Result<()> {
    write_file(out, &organisation::file(corpus.teams))?;
    for skill in corpus.skills() {
        for file in release::files(&skill, corpus.versions - 1, corpus.distinct_code) {
            write_file(out, &file)?;
        }
    }
    Ok(())
}

fn write_file(out: &Path, file: &File) -> Result<()> {
    let path = out.join(&file.path);
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(&path, &file.text)?;
    let mode = if file.is_executable { 0o755 } else { 0o644 };
    Ok(fs::set_permissions(&path, fs::Permissions::from_mode(mode))?)
}

/// Writes a commit and an annotated tag for every release, version by version, packs them, and checks out the last.
pub fn write_history(corpus: &Corpus, out: &Path) -> Result<()> {
    git(out, &["init", "--quiet", "--initial-branch=main"])?;
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(out)
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot run `git fast-import`")?;
    let mut stream = BufWriter::new(import.stdin.take().context("`git fast-import` takes no input")?);
    import_releases(corpus, &mut stream)?;
    drop(stream.into_inner()?);
    if !import.wait()?.success() {
        bail!("`git fast-import` failed");
    }
    git(out, &["gc", "--quiet"])?;
    git(out, &["-c", "core.autocrlf=false", "reset", "--quiet", "--hard"])
}

fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let status =
        Command::new("git").args(arguments).current_dir(folder).status().context("cannot run `git`")?;
    if !status.success() {
        bail!("`git {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// In the language of git-fast-import(1).
fn import_releases(corpus: &Corpus, stream: &mut impl Write) -> Result<()> {
    let skills: Vec<_> = corpus.skills().collect();
    let releases = (0..corpus.versions).flat_map(|minor| skills.iter().map(move |skill| (minor, skill)));
    for (count, (minor, skill)) in releases.enumerate() {
        let mut files = release::files(skill, minor, corpus.distinct_code);
        if count == 0 {
            files.push(organisation::file(corpus.teams));
        }
        let when = FIRST + 60 * count;
        let name = format!("{}@{}", skill.slug(), release::version(minor));
        write!(stream, "commit refs/heads/main\ncommitter {AUTHOR} {when} +0000\n")?;
        write_data(stream, &format!("Release {name}\n"))?;
        for file in files {
            let mode = if file.is_executable { "100755" } else { "100644" };
            writeln!(stream, "M {mode} inline {}", file.path)?;
            write_data(stream, &file.text)?;
        }
        write!(stream, "\ntag {name}\nfrom refs/heads/main\ntagger {AUTHOR} {when} +0000\n")?;
        write_data(stream, &format!("Release {name}\n"))?;
    }
    Ok(())
}

fn write_data(stream: &mut impl Write, text: &str) -> Result<()> {
    Ok(write!(stream, "data {}\n{text}\n", text.len())?)
}
