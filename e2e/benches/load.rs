//! How both hosts bear a mixed population of callers, over HTTP on loopback. Run by
//! `cargo bench -p e2e --bench load [-- SKILLS [SECONDS]]`, for 5,000 made skills and ten seconds.
//!
//! First as fast as eight connections can (closed loop): the rate at saturation. Then at 80 % of that rate by a fixed
//! schedule (open loop), where a request's time counts from when it was due, however long it waited. Then the CPU time of
//! the server for each kind of request, beside that of an empty worker. Clients and server share the machine.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{EmptyWorker, HostKind, Stand, Usage, made_queries, made_stand, percentile};
use reqwest::blocking::Client;
use serde_json::{Value, json};

const CONNECTIONS: usize = 8;
const QUERIES: usize = 200;
/// The share of the rate at saturation that is asked for.
const LOAD: f64 = 0.8;
/// Requests of one kind, to measure their CPU time.
const ALIKE: usize = 2_000;

/// One kind of request. Of a hundred, so many are of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Search,
    Decision,
    Page,
    Json,
}

const MIX: [(Kind, usize); 4] =
    [(Kind::Search, 60), (Kind::Decision, 20), (Kind::Page, 10), (Kind::Json, 10)];

/// What is asked, and by whom.
struct Population {
    url: String,
    queries: Vec<String>,
    skills: Vec<String>,
    /// An empty one is none.
    tokens: Vec<String>,
}

/// What a schedule of requests led to.
struct Run {
    rate: f64,
    errors: usize,
    /// In milliseconds, sorted.
    times: Vec<f64>,
    of_search: Vec<f64>,
}

fn main() -> Result<()> {
    // `cargo test --benches` starts this program too, without `--bench`.
    if !env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    let numbers: Vec<usize> = env::args().filter_map(|word| word.parse().ok()).collect();
    let skills = numbers.first().copied().unwrap_or(5_000);
    let length = Duration::from_secs(numbers.get(1).map_or(10, |seconds| *seconds as u64));
    let mut table = format!("{skills} skills; milliseconds from when a request was due\n");
    for kind in e2e::hosts() {
        let mut stand = made_stand(kind, skills)?;
        let population = Population::new(&stand)?;
        warm_up(&population)?;
        let full = run(&population, length, None);
        let run = run(&population, length, Some(full.rate * LOAD));
        let at = |share| percentile(&run.times, share);
        writeln!(
            table,
            "\n{kind:?}: saturated at {:.0}/s; at {:.0}/s p50 {:.2}, p95 {:.2}, p99 {:.2}, most {:.1}; search p95 {:.2}; {} errors of {}",
            full.rate,
            run.rate,
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0),
            percentile(&run.of_search, 0.95),
            run.errors + full.errors,
            run.times.len() + full.times.len(),
        )?;
        writeln!(table, "  peak of memory {} MiB", stand.usage()?.peak >> 20)?;
        for (kind, _) in MIX {
            let cpu = cpu_of(&stand, |client, number| population.ask(client, kind, number))?;
            writeln!(table, "  CPU of a {kind:?}: {} µs", cpu.as_micros())?;
        }
        if kind == HostKind::Native {
            stand.kill()?;
            let started = Instant::now();
            stand.restart()?;
            let listens = started.elapsed();
            warm_up(&population)?;
            writeln!(
                table,
                "  cold: listens after {:.0?}, first search and page after {:.0?}",
                listens,
                started.elapsed()
            )?;
        }
    }
    let empty = EmptyWorker::start()?;
    let cpu = measured(
        || empty.usage(),
        |client, _| {
            Ok(client.post(empty.url()).body(r#"{"query": "x"}"#).send()?.error_for_status().map(drop)?)
        },
    )?;
    writeln!(table, "\nCPU of a request to an empty worker: {} µs", cpu.as_micros())?;
    Ok(writeln!(std::io::stdout(), "{table}")?)
}

impl Population {
    fn new(stand: &Stand) -> Result<Self> {
        let skills = e2e::files(&stand.repository.path().join("skills"))?;
        let names =
            skills.keys().filter_map(|path| path.strip_suffix(".md").or(path.strip_suffix("/SKILL.md")));
        let skills: Vec<String> =
            names.filter(|name| name.matches('/').count() == 1).map(str::to_owned).collect();
        let mut teams: Vec<&str> = skills.iter().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        teams.dedup();
        let mut tokens = vec![String::new(), String::new()];
        for pair in teams.chunks(2) {
            let teams = pair.iter().flat_map(|team| ["--team", team]);
            tokens.push(stand.token("agent", &teams.collect::<Vec<_>>())?);
        }
        ensure!(!skills.is_empty(), "the corpus has no skills");
        Ok(Self {
            url: stand.url().to_owned(),
            queries: made_queries(&stand.repository, QUERIES)?,
            skills,
            tokens,
        })
    }

    /// Asks the request with this number; what is asked hangs on the number alone.
    fn ask(&self, client: &Client, kind: Kind, number: usize) -> Result<()> {
        // Neighbours in number are strangers in everything else (Knuth's multiplicative hash).
        let draw = number.wrapping_mul(2_654_435_761) >> 8;
        let pick = |from: &'_ [String]| from.get(draw % from.len().max(1)).cloned().unwrap_or_default();
        let (skill, token) = (pick(&self.skills), self.tokens.get(number % self.tokens.len()));
        let post = |path: &str, body: &Value| {
            let request =
                client.post(format!("{}{path}", self.url)).header("content-type", "application/json");
            request.body(body.to_string())
        };
        let get = |accept: &str| client.get(format!("{}/skills/{skill}", self.url)).header("accept", accept);
        let request = match kind {
            Kind::Search => post("/search", &json!({"query": pick(&self.queries), "k": 10})),
            Kind::Decision => post("/acl/check", &json!({"skill": skill})),
            Kind::Page => get("text/html"),
            Kind::Json => get("application/json"),
        };
        let request = match token {
            Some(token) if !token.is_empty() => request.bearer_auth(token),
            _ => request,
        };
        let answer = request.send()?;
        let status = answer.status().as_u16();
        answer.bytes()?;
        // What is closed to a caller is refused as it should be.
        ensure!(matches!(status, 200 | 401 | 403 | 404), "{kind:?} {skill}: {status}");
        Ok(())
    }
}

/// The kind of the request with this number.
fn kind(number: usize) -> Kind {
    let mut left = number.wrapping_mul(7_919) % 100;
    for (kind, share) in MIX {
        if left < share {
            return kind;
        }
        left -= share;
    }
    Kind::Search
}

fn client() -> Result<Client> {
    Ok(Client::builder().timeout(Duration::from_secs(30)).pool_max_idle_per_host(1).build()?)
}

fn warm_up(population: &Population) -> Result<()> {
    let client = client()?;
    MIX.iter().try_for_each(|(kind, _)| population.ask(&client, *kind, 0))
}

/// Asks for a while, as fast as it goes or so many times a second.
fn run(population: &Population, length: Duration, rate: Option<f64>) -> Run {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let work = || {
        let Ok(client) = client() else { return Vec::new() };
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = match rate {
                Some(rate) => started + Duration::from_secs_f64(number as f64 / rate),
                None => Instant::now(),
            };
            if due.duration_since(started) >= length {
                return done;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let kind = kind(number);
            let is_good = population.ask(&client, kind, number).is_ok();
            done.push((kind, is_good, due.elapsed().as_secs_f64() * 1e3));
        }
    };
    let done: Vec<(Kind, bool, f64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let sorted = |is_counted: &dyn Fn(Kind) -> bool| {
        let mut times: Vec<f64> =
            done.iter().filter(|(kind, ..)| is_counted(*kind)).map(|(.., time)| *time).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    Run {
        rate: done.len() as f64 / started.elapsed().as_secs_f64(),
        errors: done.iter().filter(|(_, is_good, _)| !is_good).count(),
        times: sorted(&|_| true),
        of_search: sorted(&|kind| kind == Kind::Search),
    }
}

/// The CPU time that the edge takes for one of many requests.
fn cpu_of(stand: &Stand, ask: impl Fn(&Client, usize) -> Result<()>) -> Result<Duration> {
    measured(|| stand.usage(), ask)
}

fn measured(
    usage: impl Fn() -> Result<Usage>,
    ask: impl Fn(&Client, usize) -> Result<()>,
) -> Result<Duration> {
    let client = client()?;
    (0..ALIKE / 10).try_for_each(|number| ask(&client, number))?;
    let before = usage()?.cpu;
    (0..ALIKE).try_for_each(|number| ask(&client, number))?;
    Ok((usage()?.cpu - before) / ALIKE as u32)
}
