//! Brings together what history, tags and the former catalog say.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use rayon::prelude::*;
use registry_core::Version;
use registry_core::catalog::{ReleaseRecord, Released, SkillRecord};
use registry_core::check::{Library, Past, Skill};
use registry_core::diagnostic::Diagnostic;
use registry_core::digest::Digest;
use registry_core::id::SkillId;
use registry_core::manifest::SkillSource;

use super::decide::{Choice, Content, Evidence, Tagged, decide};
use crate::ledger::{Ledger, LedgerError};
use crate::source::SourceError;
use crate::source::history::{self, Entry, History, Known, Reach, State};

/// Where releases are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The folder of the registry, in a repository.
    pub folder: &'a Path,
    /// The catalog that was published before.
    pub former: Option<&'a Ledger>,
    /// Whether the heads are those of `HEAD`, and not of the working tree.
    pub committed: bool,
}

/// Why releases cannot be gathered.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] SourceError),
    /// The former catalog cannot be read.
    #[error(transparent)]
    Former(#[from] LedgerError),
    /// The clone ends before the commit of the former catalog.
    #[error(
        "this clone is too shallow to see every release since commit `{0}`, from which the former catalog was built; \
         fetch more: git fetch --unshallow, or in CI `fetch-depth: 0`"
    )]
    Shallow(String),
}

/// Releases as the former catalog lists them.
pub type Kept = BTreeMap<SkillId, BTreeMap<Version, ReleaseRecord>>;

/// All releases but the heads.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Those that this program reads.
    pub past: Past,
    /// Those of the former catalog that it does not read any more; they stay as they are.
    pub kept: Kept,
    /// Skills of the former catalog that have no head: their versions stay taken.
    pub removed: BTreeMap<SkillId, SkillRecord>,
    /// What is wrong with releases.
    pub findings: Vec<Diagnostic>,
    /// What whoever builds should know.
    pub notes: Vec<String>,
}

/// Gathers the releases of the skills of a library, and tells the heads where they were released.
///
/// # Errors
/// Any [`GatherError`].
pub fn gather(library: &mut Library, source: Source<'_>) -> Result<Gathered, GatherError> {
    let wanted: BTreeSet<SkillId> = library.keys().cloned().collect();
    let known = source.former.map(known).unwrap_or_default();
    let history = history::read(source.folder, &wanted, &known)?;
    let mut gathered = Gathered { notes: notes(&history, &known)?, ..Gathered::default() };
    let mut contents = Contents::load(&history, library, source.committed)?;
    for (id, head) in library.iter_mut() {
        let former = source.former.and_then(|ledger| ledger.skills.get(id));
        let evidence = Evidence {
            head,
            committed: source.committed,
            former,
            states: contents.states(&history, id),
            tags: contents.tags(&history, id),
            tag_names: (!history.shallow).then_some(&history.names),
        };
        let mut decision = decide(&evidence);
        gathered.findings.append(&mut decision.findings);
        let version = &head.manifest.version;
        if let Some(own) = decision.releases.remove(version).filter(|own| own.digest == head.digest) {
            head.released = own.released;
            if former.is_some_and(|former| former.releases.contains_key(version)) {
                gathered.past.settled.insert(id.clone());
            }
        }
        gathered.take(id, decision.releases, &mut contents, source.former)?;
    }
    let listed = source.former.into_iter().flat_map(|ledger| &ledger.skills);
    let without_head = listed.filter(|(id, _)| !library.contains_key(id));
    let removed = |record: &SkillRecord| SkillRecord { removed: true, ..record.clone() };
    gathered.removed = without_head.map(|(id, record)| (id.clone(), removed(record))).collect();
    Ok(gathered)
}

fn known(former: &Ledger) -> Known {
    let commits = |record: &SkillRecord| {
        let releases = record.releases.iter();
        releases
            .filter_map(|(version, release)| {
                Some((version.clone(), release.released.as_ref()?.commit.clone()))
            })
            .collect()
    };
    let released = former.skills.iter().map(|(id, record)| (id.clone(), commits(record))).collect();
    Known { until: former.commit.clone(), released }
}

fn notes(history: &History, known: &Known) -> Result<Vec<String>, GatherError> {
    let note = match (&known.until, history.reach) {
        (_, Reach::Beginning | Reach::Until) => return Ok(Vec::new()),
        (Some(until), Reach::Shallow) => return Err(GatherError::Shallow(until.clone())),
        (None, Reach::Shallow) => {
            "this is a shallow clone: releases beyond its depth are missing. Fetch all of it (git fetch --unshallow, or \
             in CI `fetch-depth: 0`), or name the former catalog with --previous"
                .to_owned()
        }
        (until, Reach::Rewritten) => format!(
            "the former catalog was built from commit {}, which is not on this branch: its releases are carried over, \
             and the whole history is looked through",
            until.as_deref().unwrap_or_default()
        ),
    };
    Ok(vec![note])
}

impl Gathered {
    /// Takes the releases of one skill beside its head.
    fn take(
        &mut self,
        id: &SkillId,
        releases: BTreeMap<Version, Choice>,
        contents: &mut Contents,
        former: Option<&Ledger>,
    ) -> Result<(), GatherError> {
        for (version, choice) in releases {
            let listed = former.and_then(|ledger| Some((ledger, ledger.skills.get(id)?)));
            let listed =
                listed.and_then(|(ledger, skill)| Some((ledger, skill, skill.releases.get(&version)?)));
            let skill = match (contents.skills.remove(&(id.clone(), choice.digest)), listed) {
                (Some(skill), _) => Some(skill),
                (None, Some((ledger, skill, release))) => {
                    read(ledger.source(id, &version, &skill.audience, release)?)
                }
                (None, None) => None,
            };
            match (skill, listed) {
                (Some(skill), _) => {
                    let skill = Skill { released: choice.released, ..skill };
                    self.past.releases.entry(id.clone()).or_default().insert(version, skill);
                }
                (None, Some((_, _, release))) => {
                    let release = ReleaseRecord { status: None, ..release.clone() };
                    self.kept.entry(id.clone()).or_default().insert(version, release);
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}

fn read(source: SkillSource) -> Option<Skill> {
    let digest = source.digest();
    let manifest = source.read().0?;
    Some(Skill { source, manifest, digest, released: None, status: None })
}

/// The contents that history names, read.
struct Contents {
    /// Each until it is taken as a release.
    skills: HashMap<(SkillId, Digest), Skill>,
    by_entry: HashMap<Entry, Content>,
}

impl Contents {
    /// The content of a head that is committed is known, and not read again.
    fn load(history: &History, library: &Library, committed: bool) -> Result<Self, SourceError> {
        let last = |(id, states): (&SkillId, &Vec<State>)| {
            let head = library.get(id).filter(|_| committed)?;
            let content = Content { version: head.manifest.version.clone(), digest: head.digest };
            Some((states.last()?.entry.clone(), content))
        };
        let mut by_entry: HashMap<Entry, Content> = history.states.iter().filter_map(last).collect();
        let of_states = history.states.values().flatten().map(|state| &state.entry);
        let of_tags = history.tags.values().flatten().filter_map(|tag| tag.entry.as_ref());
        let mut seen = HashSet::new();
        let all = of_states.chain(of_tags).filter(|entry| !by_entry.contains_key(*entry));
        let entries: Vec<&Entry> = all.filter(|entry| seen.insert(*entry)).collect();
        let loaded = history.load(&entries)?;
        let read: Vec<Option<Skill>> = loaded.into_par_iter().map(|source| source.and_then(read)).collect();
        let mut skills = HashMap::new();
        for (entry, skill) in entries.into_iter().zip(read) {
            let Some(skill) = skill else { continue };
            let content = Content { version: skill.manifest.version.clone(), digest: skill.digest };
            by_entry.insert(entry.clone(), content);
            skills.insert((skill.manifest.id.clone(), skill.digest), skill);
        }
        Ok(Self { skills, by_entry })
    }

    fn states<'h>(&self, history: &'h History, id: &SkillId) -> Vec<(Content, &'h Released)> {
        let states = history.states.get(id).into_iter().flatten();
        states.filter_map(|state| Some((self.by_entry.get(&state.entry)?.clone(), &state.at))).collect()
    }

    fn tags(&self, history: &History, id: &SkillId) -> Vec<Tagged> {
        let tags = history.tags.get(id).into_iter().flatten();
        tags.map(|tag| Tagged {
            version: tag.version.clone(),
            at: tag.at.clone(),
            place: tag.place,
            content: tag.entry.as_ref().and_then(|entry| self.by_entry.get(entry)).cloned(),
        })
        .collect()
    }
}
