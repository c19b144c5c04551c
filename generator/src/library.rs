//! A snapshot → a checked library, or every finding about it.

mod cap;
mod unread;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;

use rayon::prelude::*;
use registry_core::catalog::SkillRecord;
use registry_core::check::{Closures, Library, Past, Skill, Unsound, check_library};
use registry_core::diagnostic::{Diagnostic, Rule};
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::manifest::{Manifest, SkillSource, SourceFile, discover};
use registry_core::organisation::{CONFIG_PATH, Organisation};
use registry_core::status;

use self::unread::Unread;
use crate::findable::{self, HitRate};
use crate::lint;
use crate::releases::{self, GatherError, Gathered, Kept, Statuses};
use crate::source::{self, Origin, Snapshot, SourceError};

/// What checking a snapshot tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many skills are sound.
    pub sound: usize,
    /// Whether `guildhall.yaml` exists; without it development defaults hold.
    pub configured: bool,
    /// Every finding, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// How often the examples of `triggers` find their skill, of each skill that has any.
    pub triggers: BTreeMap<SkillId, HitRate>,
    /// The text of every manifest, status and configuration with findings, by path.
    pub texts: BTreeMap<String, String>,
}

/// All that is known of a snapshot.
#[derive(Debug)]
pub struct Checked {
    /// The sound skills.
    pub library: Library,
    /// The organisation.
    pub organisation: Organisation,
    /// The releases before the heads.
    pub past: Past,
    /// Former releases that this program does not read any more.
    pub kept: Kept,
    /// Skills that were published and have no head any more.
    pub removed: BTreeMap<SkillId, SkillRecord>,
    /// The closure of every release.
    pub closures: Closures,
    /// What checking tells.
    pub outcome: Outcome,
    /// What whoever builds should know.
    pub notes: Vec<String>,
}

/// What a check takes in beside the files.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Where former releases are looked for.
    pub releases: releases::Source<'a>,
    /// When: statuses that begin later are not in force. Seconds since the epoch.
    pub as_of: u64,
}

impl Checked {
    /// How many findings are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.outcome.diagnostics.iter().filter(|found| found.is_error()).count()
    }

    /// Whether the catalog of a working tree can be shown: a version that is still to be raised does not forbid that.
    #[must_use]
    pub fn can_be_shown(&self) -> bool {
        let errors = self.outcome.diagnostics.iter().filter(|found| found.is_error());
        errors.map(|found| found.rule).all(|rule| rule == Rule::UnbumpedChange)
    }
}

/// The findings of [`lint::check`] about one skill, whose files have the digest.
pub type Lint<'a> = dyn Fn(&SkillSource, Digest, Option<&Manifest>) -> Vec<Diagnostic> + Sync + 'a;

/// Checks everything in a snapshot, without its history. Never stops at the first finding.
#[must_use]
pub fn check(snapshot: Snapshot) -> Checked {
    let Ok(checked) = assemble(snapshot, &lint_anew, u64::MAX, |_| Ok::<_, Infallible>(Gathered::default()));
    checked
}

/// The same with the releases before it.
///
/// # Errors
/// When these cannot be gathered.
pub fn check_released(
    snapshot: Snapshot,
    setting: Setting<'_>,
    lint: &Lint<'_>,
) -> Result<Checked, GatherError> {
    assemble(snapshot, lint, setting.as_of, |library| former(library, setting.releases))
}

/// Reads and checks a state of the repository at `folder`, with the releases before it.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path, origin: Origin, as_of: u64) -> Result<Checked, GatherError> {
    let releases = releases::Source { folder, former: None, committed: origin == Origin::Head };
    check_released(source::read(folder, origin)?, Setting { releases, as_of }, &lint_anew)
}

fn lint_anew(source: &SkillSource, _: Digest, manifest: Option<&Manifest>) -> Vec<Diagnostic> {
    lint::check(source, manifest)
}

fn assemble<E>(
    mut snapshot: Snapshot,
    lint: &Lint<'_>,
    as_of: u64,
    former: impl FnOnce(&mut Library) -> Result<Gathered, E>,
) -> Result<Checked, E> {
    let mut diagnostics = std::mem::take(&mut snapshot.diagnostics);
    let overlays: BTreeMap<String, SourceFile> =
        snapshot.files.extract_if(.., |path, _| status::skill_of(path).is_some()).collect();
    let (statuses, found) = Statuses::read(&overlays);
    diagnostics.extend(found);
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
    let read: Vec<_> = sources.into_par_iter().map(|source| read_skill(source, lint)).collect();
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
    let mut gathered = former(&mut library)?;
    let mut past = gathered.past;
    diagnostics.extend(gathered.findings);
    diagnostics.extend(statuses.apply(&mut library, &mut past, &mut gathered.kept, as_of));
    let mut skills: BTreeSet<SkillId> = refused.iter().map(|source| source.id.clone()).collect();
    skills.extend(unread.needed(&library));
    let unsound = Unsound { skills, may_provide: !refused.is_empty() || unread.hides_skills(&library) };
    let (closures, found) = check_library(&mut library, &mut past, &unsound, &organisation);
    diagnostics.extend(cap::cap(found));
    let Gathered { kept, removed, notes, .. } = gathered;
    let outcome = Outcome { sound: library.len(), configured, diagnostics, ..Outcome::default() };
    let mut checked = Checked { library, past, kept, removed, organisation, closures, outcome, notes };
    checked.find();
    let Checked { library, outcome, .. } = &mut checked;
    outcome.diagnostics.sort();
    let sources = library.values().map(|skill| &skill.source).chain(&refused);
    let manifests = sources.map(|source| (source.manifest_path.as_str(), source.manifest()));
    let files = manifests.chain(overlays.iter().map(|(path, file)| (path.as_str(), file.bytes.as_slice())));
    outcome.texts = texts(files, snapshot.config.as_deref(), &outcome.diagnostics);
    Ok(checked)
}

impl Checked {
    /// Adds whether the skills are found for what they are.
    fn find(&mut self) {
        match findable::check(self) {
            Ok(found) => {
                self.outcome.diagnostics.extend(cap::cap(found.diagnostics));
                self.outcome.triggers = found.rates;
            }
            Err(error) => self.notes.push(format!("no trigger was tried: {error}")),
        }
    }
}

/// The releases before the heads. A working tree need not be in a repository, nor have a commit.
fn former(library: &mut Library, source: releases::Source<'_>) -> Result<Gathered, GatherError> {
    match releases::gather(library, source) {
        Err(GatherError::History(SourceError::NoRepository(..) | SourceError::NoCommit(_)))
            if !source.committed =>
        {
            Ok(Gathered::default())
        }
        gathered => gathered,
    }
}

/// A skill whose own file is sound, else its files again; and what was found.
fn read_skill(source: SkillSource, lint: &Lint<'_>) -> (Result<Skill, SkillSource>, Vec<Diagnostic>) {
    let (manifest, mut found) = source.read();
    let digest = source.digest();
    found.extend(lint(&source, digest, manifest.as_ref()));
    let found = cap::cap(found);
    let skill = match manifest {
        Some(manifest) => Ok(Skill { source, manifest, digest, released: None, status: None }),
        None => Err(source),
    };
    (skill, found)
}

/// The texts of files and configuration that findings are about.
pub(crate) fn texts<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    config: Option<&'a str>,
    diagnostics: &[Diagnostic],
) -> BTreeMap<String, String> {
    let wanted: BTreeSet<&str> = diagnostics.iter().map(|found| found.path.as_str()).collect();
    let config = config.map(|text| (CONFIG_PATH, text.as_bytes()));
    files
        .chain(config)
        .filter(|(path, _)| wanted.contains(path))
        .map(|(path, bytes)| (path.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        .collect()
}
