//! The figures, for people and machines.

use std::fmt;

use serde_json::{Value, json};

use crate::measure::Cost;

/// A piece of work and the median of what it cost.
pub struct Case {
    /// As people read it.
    pub name: &'static str,
    /// The medians.
    pub cost: Cost,
}

/// All figures of a run. The first case is the one that the others are compared with.
pub struct Report {
    /// How many skills the corpus has.
    pub skills: usize,
    /// How often everything was run.
    pub runs: usize,
    /// The floor, then the builds.
    pub cases: [Case; 4],
}

impl Report {
    fn to_floor(&self, case: &Case) -> f64 {
        case.cost.cpu_ms / self.cases[0].cost.cpu_ms
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let case =
            |case: &Case| json!({"name": case.name, "cost": case.cost, "cpu_to_floor": self.to_floor(case)});
        json!({
            "skills": self.skills,
            "runs": self.runs,
            "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} skills, medians of {} runs, two threads\n", self.skills, self.runs)?;
        write!(f, "{:<20}{:>10}{:>10}{:>10}", "", "wall s", "CPU s", "peak MiB")?;
        write!(f, "{:>10}{:>12}{:>10}", "files", "written MB", "× floor")?;
        for case in &self.cases {
            let cost = &case.cost;
            write!(f, "\n{:<20}{:>10.3}{:>10.3}", case.name, cost.wall_ms / 1e3, cost.cpu_ms / 1e3)?;
            write!(f, "{:>10.0}{:>10}{:>12.2}", cost.peak_kib / 1024.0, cost.files, cost.bytes / 1e6)?;
            write!(f, "{:>10.1}", self.to_floor(case))?;
        }
        Ok(())
    }
}
