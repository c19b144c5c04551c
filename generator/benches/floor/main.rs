//! What `guildhall build` costs beside the floor: the plainest code that makes a page of every skill. Run by
//! `cargo bench -p generator --bench floor`, with `-- --json` for machines.
//!
//! Compare figures of one run. Input and output lie in memory where the machine has such a folder, so that no disk
//! decides; everything runs on two threads, in processes of its own.

mod measure;
mod place;
mod plainest;
mod table;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use self::measure::Cost;
use self::place::Place;
use self::table::{Case, Report};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// This program again, for one piece of work.
const PLAINEST: &str = "plainest";
/// This program again, to run another one and tell what it cost.
const MEASURE: &str = "measure";

fn main() -> Result<()> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [first, from, to] if first == PLAINEST => plainest::build(Path::new(from), Path::new(to)),
        [first, program, rest @ ..] if first == MEASURE => measure::tell(program, rest),
        // `cargo test --benches` starts this program too, without `--bench`.
        all if all.iter().any(|word| word == "--bench") => report(all.iter().any(|word| word == "--json")),
        _ => Ok(()),
    }
}

fn report(as_json: bool) -> Result<()> {
    let place = Place::new()?;
    let skills = plainest::manifests(&place.corpus())?.len();
    let runs = if skills <= 2_000 { 5 } else { 3 };
    let mut costs: [Vec<Cost>; 4] = Default::default();
    for _ in 0..runs {
        for (costs, cost) in costs.iter_mut().zip(run_each(&place)?) {
            costs.push(cost);
        }
    }
    let [floor, full, same, changed] = costs.map(measure::median);
    let cases = [
        Case { name: "floor", cost: floor },
        Case { name: "full build", cost: full },
        Case { name: "nothing changed", cost: same },
        Case { name: "one skill changed", cost: changed },
    ];
    let report = Report { skills, runs, cases };
    let text = if as_json { serde_json::to_string_pretty(&report.json())? } else { report.to_string() };
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// The costs of the floor and of the three builds, one after the other so that all meet the machine alike.
fn run_each(place: &Place) -> Result<[Cost; 4]> {
    place.clear()?;
    let this = env::current_exe()?;
    let (corpus, page_folder) = (place.corpus(), place.pages());
    let floor = measure::of(
        &place.pages(),
        &[this.as_ref(), PLAINEST.as_ref(), corpus.as_ref(), page_folder.as_ref()],
    )?;
    let catalog = place.catalog();
    let build = || {
        measure::of(
            &catalog,
            &[
                env!("CARGO_BIN_EXE_guildhall").as_ref(),
                "--repository".as_ref(),
                corpus.as_ref(),
                "build".as_ref(),
                "--worktree".as_ref(),
                "--out".as_ref(),
                catalog.as_ref(),
            ],
        )
    };
    let (full, same) = (build()?, build()?);
    place.change_one_skill()?;
    Ok([floor, full, same, build()?])
}
