//! The repositories of a page's examples, laid out in a temporary folder and checked as every other.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use registry_core::organisation::CONFIG_PATH;
use tempfile::TempDir;

use super::page::{Form, Page, Sample};

/// The configuration of examples that have none of their own.
pub const CONFIG: &str = include_str!("../../rules/guildhall.yaml");

/// Lays out the repository that breaks the rule.
///
/// # Errors
/// When a file cannot be written.
pub fn failing(page: &Page) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join(CONFIG_PATH), CONFIG)?;
    lay_out(folder.path(), &page.fails)?;
    Ok(folder)
}

/// Lays out the repository that keeps it.
///
/// # Errors
/// When a file cannot be written.
pub fn mended(page: &Page) -> io::Result<TempDir> {
    let folder = failing(page)?;
    lay_out(folder.path(), &page.mended)?;
    Ok(folder)
}

fn lay_out(root: &Path, samples: &[Sample]) -> io::Result<()> {
    samples.iter().try_for_each(|sample| place(root, sample))
}

fn place(root: &Path, Sample { path, text, form }: &Sample) -> io::Result<()> {
    let target = root.join(path);
    match form {
        Form::Plain => put(&target, text),
        Form::Executable => {
            put(&target, text)?;
            fs::set_permissions(&target, Permissions::from_mode(0o755))
        }
        Form::Latin1 => put(&target, latin_1(text)?),
        Form::Repeat(times) => put(&target, repeated(text, *times)),
        Form::Copies(times) => {
            (1..=*times).try_for_each(|n| put(&root.join(numbered(path, n)), numbered(text, n)))
        }
        Form::Link(to) => {
            make_way(&target)?;
            symlink(to, &target)
        }
        Form::From(from) => {
            let from = root.join(from);
            put(&target, if text.is_empty() { fs::read(&from)? } else { text.clone().into() })?;
            remove(&from)
        }
        Form::Removed => remove(&target),
    }
}

fn put(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    make_way(path)?;
    fs::write(path, bytes)
}

/// Makes the folders above a file and removes what is in its place, so that no link is written through.
fn make_way(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Removes a file and the folders that it was alone in.
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    for folder in path.ancestors().skip(1) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

fn numbered(text: &str, n: usize) -> String {
    text.replace("{n}", &n.to_string()).replace("{next}", &(n + 1).to_string())
}

fn repeated(text: &str, times: usize) -> String {
    let before = text.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
    let (head, last) = text.split_at(before);
    format!("{head}{}", last.repeat(times))
}

fn latin_1(text: &str) -> io::Result<Vec<u8>> {
    let byte = |letter: char| u8::try_from(u32::from(letter)).map_err(io::Error::other);
    text.chars().map(byte).collect()
}
