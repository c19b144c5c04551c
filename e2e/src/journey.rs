//! The way of a change from the working tree to the readers of an edge, timed.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::Stand;

/// How long readers are waited for. No figure: a change that is not found by then never will be.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(5);

/// What each step took, in seconds of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Journey {
    /// `git add` and `git commit`.
    pub commit: f64,
    /// `guildhall build --previous`.
    pub build: f64,
    /// `guildhall publish` to a folder.
    pub publish: f64,
    /// On Workers, the stand's copying from that folder into the local bucket, which lists all of it first. It stands
    /// for nothing that an operator has: `guildhall publish` writes to buckets itself.
    pub copy: f64,
    /// `POST /search` until the change is in the answer.
    pub found: f64,
}

impl Journey {
    /// Takes what lies in the stand's working tree all the way: commits it, builds it over the published catalog,
    /// publishes it to the folder that the edge reads, and asks the edge for a word until the skill `slug` comes first
    /// with that word in its description.
    ///
    /// # Errors
    /// When a step fails, when the word was found before, or when it is not found within a minute.
    pub fn of_change(stand: &mut Stand, published: &Path, slug: &str, word: &str) -> Result<Self> {
        ensure!(!is_found(stand, slug, word)?, "`{word}` is found before it is published");
        let place = published.to_str().context("the folder's name is UTF-8")?;
        let commit = seconds(|| stand.repository.commit(&format!("describe {slug} anew")))?;
        let build =
            seconds(|| stand.repository.must(&["build", "--out", "dist", "--previous", place]).map(drop))?;
        let publish = seconds(|| stand.repository.must(&["publish", "--to", place]).map(drop))?;
        let copy = seconds(|| stand.upload())?;
        let found = seconds(|| wait_until_found(stand, slug, word))?;
        Ok(Self { commit, build, publish, copy, found })
    }

    /// All steps together but the copying, in seconds.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.commit + self.build + self.publish + self.found
    }
}

fn seconds(step: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    step()?;
    Ok(started.elapsed().as_secs_f64())
}

fn wait_until_found(stand: &Stand, slug: &str, word: &str) -> Result<()> {
    let started = Instant::now();
    while !is_found(stand, slug, word)? {
        ensure!(started.elapsed() < DEADLINE, "`{word}` is not found");
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn is_found(stand: &Stand, slug: &str, word: &str) -> Result<bool> {
    let answer = stand.post("/search", "", &json!({"query": word, "k": 1}))?;
    ensure!(answer.status == 200, "{}", answer.text());
    let hits = answer.json();
    let said =
        |key: &str| hits.pointer(&format!("/0/{key}")).and_then(|value| value.as_str()).unwrap_or_default();
    Ok(said("slug") == slug && said("description").contains(word))
}
