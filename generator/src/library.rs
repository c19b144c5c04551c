//! A snapshot → a checked library, or every finding about it.

mod unread;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use registry_core::check::{Closures, Library, Skill, check_library};
use registry_core::diagnostic::Diagnostic;
use registry_core::id::SkillId;
use registry_core::manifest::{SkillSource, discover};
use registry_core::organisation::{CONFIG_PATH, Organisation};

use self::unread::Unread;
use crate::lint;
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
    /// The text of every manifest and configuration with findings, by path.
    pub texts: BTreeMap<String, String>,
}

impl Checked {
    /// How many findings forbid building.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.is_error()).count()
    }
}

/// Checks everything in a snapshot. Never stops at the first finding.
#[must_use]
pub fn check(snapshot: Snapshot) -> Checked {
    let mut diagnostics = snapshot.diagnostics;
    let mut unread = Unread::of(&diagnostics);
    let (sources, mut found) = discover(snapshot.files);
    found.retain(|found| !unread.explains(found));
    unread.add(&found);
    diagnostics.extend(found);
    let teams: Vec<_> = sources.iter().map(|source| source.id.team.clone()).collect();
    let configured = snapshot.config.is_some() || unread.holds(CONFIG_PATH);
    let organisation = match snapshot.config.as_deref().map(Organisation::parse) {
        None => Organisation::development(teams),
        Some(Ok(organisation)) => organisation,
        Some(Err(finding)) => {
            diagnostics.push(*finding);
            Organisation::development(teams)
        }
    };
    let read: Vec<_> = sources.into_par_iter().map(read_skill).collect();
    let mut library = Library::new();
    let mut refused = Vec::new();
    for (skill, mut found) in read {
        found.retain(|found| !unread.explains(found));
        diagnostics.extend(found);
        match skill {
            Ok(skill) => drop(library.insert(skill.manifest.id.clone(), skill)),
            Err(source) => refused.push(source),
        }
    }
    let mut unsound: BTreeSet<SkillId> = refused.iter().map(|source| source.id.clone()).collect();
    unsound.extend(unread.needed(&library));
    let (closures, found) = check_library(&mut library, &unsound, &organisation);
    diagnostics.extend(found);
    diagnostics.sort();
    let sources = library.values().map(|skill| &skill.source).chain(&refused);
    let texts = texts(sources, snapshot.config, &diagnostics);
    Checked { library, organisation, configured, closures, diagnostics, texts }
}

/// A skill whose own file is sound, else its files again; and what was found.
fn read_skill(source: SkillSource) -> (Result<Skill, SkillSource>, Vec<Diagnostic>) {
    let (manifest, mut found) = source.read();
    found.extend(lint::check(&source, manifest.as_ref()));
    let digest = source.digest();
    let skill = match manifest {
        Some(manifest) => Ok(Skill { source, manifest, digest }),
        None => Err(source),
    };
    (skill, found)
}

fn texts<'a>(
    sources: impl Iterator<Item = &'a SkillSource>,
    config: Option<String>,
    diagnostics: &[Diagnostic],
) -> BTreeMap<String, String> {
    let wanted: BTreeSet<&str> = diagnostics.iter().map(|found| found.path.as_str()).collect();
    let manifests = sources.filter(|source| wanted.contains(source.manifest_path.as_str())).map(|source| {
        let text = String::from_utf8_lossy(source.manifest()).into_owned();
        (source.manifest_path.clone(), text)
    });
    let config = config.filter(|_| wanted.contains(CONFIG_PATH)).map(|text| (CONFIG_PATH.to_owned(), text));
    manifests.chain(config).collect()
}
