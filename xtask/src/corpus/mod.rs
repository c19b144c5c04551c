//! `cargo xtask corpus`: made skills in any number, for measuring. The same arguments make the same bytes everywhere,
//! and a skill has the same bytes however many others there are.

mod code;
mod organisation;
mod prose;
mod random;
mod release;
mod repository;
mod skill;
#[cfg(test)]
mod tests;
mod words;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::skill::Skill;

/// Arguments of `cargo xtask corpus`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many skills.
    #[arg(long, value_parser = parse_count)]
    skills: usize,
    /// How many versions of each: 1.0.0, 1.1.0 and so on.
    #[arg(long, default_value = "1", value_parser = parse_count)]
    versions: usize,
    /// How many teams share the skills.
    #[arg(long, default_value = "15", value_parser = parse_teams)]
    teams: usize,
    /// Make no two blocks of code alike.
    #[arg(long)]
    code: bool,
    #[command(flatten)]
    shape: Shape,
    /// A folder that is empty or not there yet.
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Shape {
    /// Write a Git repository: a commit and an annotated tag for every release.
    #[arg(long)]
    git: bool,
    /// Write the last versions as plain files.
    #[arg(long)]
    files: bool,
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a number from 1 is needed".to_owned())
}

fn parse_teams(text: &str) -> Result<usize, String> {
    let most = words::TEAMS.len();
    parse_count(text).ok().filter(|count| *count <= most).ok_or_else(|| format!("1 to {most} are possible"))
}

/// What is to be made.
#[derive(Debug)]
struct Corpus {
    skills: usize,
    versions: usize,
    teams: usize,
    distinct_code: bool,
}

impl Corpus {
    fn skills(&self) -> impl Iterator<Item = Skill> {
        (0..self.skills).map(|number| Skill::of(number, self.teams))
    }
}

/// The command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { skills, versions, teams, code, ref shape, ref out } = *arguments;
    fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
    if fs::read_dir(out)?.next().is_some() {
        bail!("`{}` is not empty: name a new folder", out.display());
    }
    let corpus = Corpus { skills, versions, teams, distinct_code: code };
    if shape.git { repository::write_history(&corpus, out) } else { repository::write_tree(&corpus, out) }
}
