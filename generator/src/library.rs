//! A snapshot → a checked library, or every finding about it.

use rayon::prelude::*;
use registry_core::check::{Closures, Library, Skill, check_library};
use registry_core::diagnostic::{Diagnostic, Severity};
use registry_core::manifest::{SkillSource, discover};
use registry_core::organisation::Organisation;

use crate::source::Snapshot;

/// All that is known of a snapshot.
#[derive(Debug)]
pub struct Checked {
    /// The sound skills.
    pub library: Library,
    /// The organisation.
    pub organisation: Organisation,
    /// Whether `guildhall.yaml` exists; without it development defaults hold.
    pub configured: bool,
    /// The closure of every skill.
    pub closures: Closures,
    /// Every finding, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// How many findings forbid building.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

/// Checks everything in a snapshot. Never stops at the first finding.
#[must_use]
pub fn check(snapshot: Snapshot) -> Checked {
    let mut diagnostics = snapshot.diagnostics;
    let (sources, found) = discover(snapshot.files);
    diagnostics.extend(found);
    let teams: Vec<_> = sources.iter().map(|source| source.id.team.clone()).collect();
    let configured = snapshot.config.is_some();
    let organisation = match snapshot.config.map(|text| Organisation::parse(&text)) {
        None => Organisation::development(teams),
        Some(Ok(organisation)) => organisation,
        Some(Err(finding)) => {
            diagnostics.push(*finding);
            Organisation::development(teams)
        }
    };
    let read: Vec<(Option<Skill>, Vec<Diagnostic>)> = sources.into_par_iter().map(read_skill).collect();
    let mut library = Library::new();
    for (skill, found) in read {
        diagnostics.extend(found);
        library.extend(skill.map(|skill| (skill.manifest.id.clone(), skill)));
    }
    let (closures, found) = check_library(&library, &organisation);
    diagnostics.extend(found);
    diagnostics.sort();
    Checked { library, organisation, configured, closures, diagnostics }
}

fn read_skill(source: SkillSource) -> (Option<Skill>, Vec<Diagnostic>) {
    let (manifest, found) = source.read();
    let digest = source.digest();
    (manifest.map(|manifest| Skill { source, manifest, digest }), found)
}
