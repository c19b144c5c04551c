//! Edges over made skills, and what is asked of them, for benchmarks.

use anyhow::{Result, ensure};

use crate::{HostKind, Repository, Stand, files};

/// Words of a description that make a query.
const WORDS: usize = 7;

/// An edge over the catalog of so many made skills.
///
/// # Errors
/// When anything does not start.
pub fn made_stand(kind: HostKind, count: usize) -> Result<Stand> {
    let repository = Repository::made(&["--files", "--skills", &count.to_string()])?;
    repository.must(&["build", "--worktree", "--out", "dist"])?;
    let catalog = repository.catalog();
    Stand::over(kind, repository, &catalog)
}

/// The first words of the descriptions of so many of its skills.
///
/// # Errors
/// When there are none.
pub fn made_queries(repository: &Repository, count: usize) -> Result<Vec<String>> {
    let files = files(&repository.path().join("skills/shared"))?;
    let query = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let description = text.lines().find_map(|line| line.strip_prefix("description: "))?;
        let words: Vec<&str> = description.trim_matches('"').split_whitespace().take(WORDS).collect();
        Some(words.join(" "))
    };
    let queries: Vec<String> = files.values().filter_map(|text| query(text)).take(count).collect();
    ensure!(!queries.is_empty(), "the corpus has no skills to ask for");
    Ok(queries)
}

/// The value below which the share `share` of sorted values lies.
#[must_use]
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
