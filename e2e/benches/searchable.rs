//! How long a changed description is on its way from the commit to search, in a repository of many releases, on both
//! hosts. Run by `cargo bench -p e2e --bench searchable`.
//!
//! The repository has 500 skills of 10 tagged versions each and was built and published before, so that what builds
//! remember is there. Folders lie where `TMPDIR` says. The Workers host runs on this machine, and only where the npm
//! packages are installed; that its bucket is filled from the published folder is told apart. Compare figures of one run.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use e2e::{HostKind, Journey, Repository, Stand};

/// One for each run: the change puts the word into the description.
const WORDS: [&str; 3] = ["xylophones", "marimbas", "harpsichords"];
/// The columns of the table.
const STEPS: [fn(&Journey) -> f64; 6] = [
    |journey| journey.commit,
    |journey| journey.build,
    |journey| journey.publish,
    |journey| journey.found,
    Journey::total,
    |journey| journey.copy,
];

fn main() -> Result<()> {
    // `cargo test --benches` starts this program too, without `--bench`.
    if !env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    let mut table = format!("medians of {} runs, wall seconds\n\n", WORDS.len());
    write!(table, "{:<10}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "commit", "build", "publish", "found", "all")?;
    write!(table, "{:>10}", "(copy)")?;
    for kind in e2e::hosts() {
        let journeys = journeys(kind)?;
        write!(table, "\n{:<10}", format!("{kind:?}"))?;
        for step in STEPS {
            write!(table, "{:>10.3}", median(&journeys, step))?;
        }
    }
    Ok(writeln!(std::io::stdout(), "{table}")?)
}

/// What each change took in a repository of its own.
fn journeys(kind: HostKind) -> Result<Vec<Journey>> {
    let published = tempfile::tempdir()?;
    let mut stand = stand(kind, published.path())?;
    let (slug, manifest) = public_skill(&stand.repository)?;
    let mut journeys = Vec::new();
    for word in WORDS {
        describe(&manifest, word)?;
        journeys.push(Journey::of_change(&mut stand, published.path(), &slug, word)?);
    }
    Ok(journeys)
}

fn stand(kind: HostKind, published: &Path) -> Result<Stand> {
    let repository = Repository::made(&["--git", "--skills", "500", "--versions", "10"])?;
    repository.git(&["config", "user.name", "Author"])?;
    repository.git(&["config", "user.email", "author@example.com"])?;
    fs::write(repository.path().join(".git/info/exclude"), "/dist\n/.guildhall\n")?;
    let place = published.to_str().context("the folder's name is UTF-8")?;
    repository.must(&["build", "--out", "dist", "--previous", place])?;
    repository.must(&["publish", "--to", place])?;
    Stand::over(kind, repository, published)
}

/// A skill of one file that everybody may use: its name and its manifest.
fn public_skill(repository: &Repository) -> Result<(String, PathBuf)> {
    let files = e2e::files(&repository.path().join("skills/shared"))?;
    let is_public = |text: &[u8]| String::from_utf8_lossy(text).contains("\naccess_level: public\n");
    let (file, _) = files
        .iter()
        .find(|(path, text)| !path.contains('/') && is_public(text))
        .context("the corpus has no public skill of one file")?;
    let name = file.strip_suffix(".md").context("a skill of one file is Markdown")?;
    Ok((format!("shared/{name}"), repository.path().join("skills/shared").join(file)))
}

/// Puts a word into the description, and raises the version.
fn describe(manifest: &Path, word: &str) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let line = |line: &str| -> Option<String> {
        if let Some(rest) = line.strip_prefix("description: \"") {
            return Some(format!("description: \"For {word}. {rest}"));
        }
        let (before, patch) = line.strip_prefix("version: ")?.rsplit_once('.')?;
        Some(format!("version: {before}.{}", patch.parse::<u64>().ok()? + 1))
    };
    let lines: Vec<String> = text.lines().map(|old| line(old).unwrap_or_else(|| old.to_owned())).collect();
    Ok(fs::write(manifest, lines.join("\n") + "\n")?)
}

/// The median of a step.
fn median(journeys: &[Journey], step: fn(&Journey) -> f64) -> f64 {
    let mut steps: Vec<f64> = journeys.iter().map(step).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or_default()
}
