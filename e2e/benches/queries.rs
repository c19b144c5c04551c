//! How long a search takes over HTTP on both hosts, beside a request that does nothing. Run by
//! `cargo bench -p e2e --bench queries [-- SKILLS…]`, for 1,000 and 10,000 made skills where no number is given.
//!
//! Each request counts by the quickest of five, on connections of their own. Folders lie where `TMPDIR` says. The Workers
//! host runs on this machine, and only where the npm packages are installed. Compare figures of one run.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::{made_queries, made_stand, percentile};
use serde_json::json;

const QUERIES: usize = 200;
const RUNS: usize = 5;

fn main() -> Result<()> {
    // `cargo test --benches` starts this program too, without `--bench`.
    if !env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    let mut counts: Vec<usize> = env::args().filter_map(|word| word.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![1_000, 10_000];
    }
    let mut table = "milliseconds: p50, p99 of searches, p50 of GET /healthz\n".to_owned();
    for count in counts {
        let queries = &mut Vec::new();
        for kind in e2e::hosts() {
            let stand = made_stand(kind, count)?;
            if queries.is_empty() {
                *queries = made_queries(&stand.repository, QUERIES)?;
            }
            let searches = times(queries, |query| {
                let answer = stand.post("/search", "", &json!({"query": query}))?;
                ensure!(answer.status == 200 && answer.json() != json!([]), "{query}: {}", answer.text());
                Ok(())
            })?;
            let idle = times(queries, |_| stand.get("/healthz", "", "*/*").map(drop))?;
            let (p50, p99) = (percentile(&searches, 0.5), percentile(&searches, 0.99));
            write!(
                table,
                "\n{count:>7} {:<8} {p50:.2}, {p99:.2}, {:.2}",
                format!("{kind:?}"),
                percentile(&idle, 0.5)
            )?;
        }
    }
    Ok(writeln!(std::io::stdout(), "{table}")?)
}

/// Of each query the quickest run, in milliseconds, quickest first.
fn times(queries: &[String], mut ask: impl FnMut(&str) -> Result<()>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for query in queries {
        let mut quickest = f64::INFINITY;
        for _ in 0..RUNS {
            let started = Instant::now();
            ask(query)?;
            quickest = quickest.min(started.elapsed().as_secs_f64() * 1e3);
        }
        times.push(quickest);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
