//! Names that several skills ask for, or that one of the repository has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use registry_core::id::{SkillName, TeamName};
use registry_core::manifest::{Frontmatter, MAX_MANIFEST_BYTES, SourceFile};
use serde_yaml::Value;

use super::candidate::Candidate;
use super::report::Refused;
use super::{find, name};
use crate::source;

/// What a team has in a repository already.
#[derive(Debug)]
pub(super) struct Existing {
    folder: PathBuf,
    /// Names and aliases in lower case: not every machine tells case apart.
    names: BTreeSet<String>,
}

/// The names that are settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub adopted: Vec<Candidate>,
    pub unchanged: Vec<Candidate>,
    pub refused: Vec<Refused>,
}

impl Existing {
    pub(super) fn of(repository: &Path, team: &TeamName) -> Self {
        let roots = ["skills", ".claude/skills"].map(|root| repository.join(root).join(team.as_str()));
        let mut names = BTreeSet::from([name::RESERVED.to_owned()]);
        for entry in roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten() {
            let entry_name = entry.file_name().to_string_lossy().to_lowercase();
            names.insert(entry_name.strip_suffix(".md").unwrap_or(&entry_name).to_owned());
            names.extend(aliases(&entry.path()));
        }
        let [folder, _] = roots;
        Self { folder, names }
    }

    fn has(&self, name: &SkillName) -> bool {
        self.names.contains(name.as_str())
    }

    /// Whether the skill lies there already, byte for byte.
    fn holds(&self, candidate: &Candidate) -> bool {
        let folder = self.folder.join(candidate.skill.id.name.as_str());
        self.has(&candidate.skill.id.name)
            && files(&folder).is_some_and(|files| files == candidate.skill.files)
    }
}

fn aliases(skill: &Path) -> Vec<String> {
    let manifests = [skill.to_owned(), skill.join("SKILL.md"), skill.join("skill.md")];
    let read = manifests.iter().find_map(|path| source::bytes(path, MAX_MANIFEST_BYTES as u64).ok()?);
    let frontmatter = read.and_then(|bytes| Frontmatter::read("", &bytes).ok());
    let aliases = frontmatter.and_then(|read| read.keys.get("aliases")?.as_sequence().cloned());
    aliases.unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn files(folder: &Path) -> Option<BTreeMap<String, SourceFile>> {
    let mut walk = find::find(folder, Path::new("")).ok()?;
    walk.skills.iter_mut().find(|skill| skill.parts.is_empty())?.read().ok()
}

/// Gives every skill a name of its own. Who comes first by path keeps the name; the others are told apart by the
/// nearest parent folder that none of them shares, else by a number.
pub(super) fn settle(candidates: Vec<Candidate>, existing: &Existing) -> Settled {
    let mut families: BTreeMap<SkillName, Vec<Vec<String>>> = BTreeMap::new();
    for candidate in &candidates {
        families.entry(candidate.wish.clone()).or_default().push(candidate.parts.clone());
    }
    let mut settled = Settled::default();
    let mut taken = BTreeSet::new();
    let mut later = Vec::new();
    for candidate in candidates {
        let is_there = existing.holds(&candidate);
        let free = is_there || !existing.has(&candidate.wish);
        match free && taken.insert(candidate.wish.clone()) {
            true if is_there => settled.unchanged.push(candidate),
            true => settled.adopted.push(candidate),
            false => later.push(candidate),
        }
    }
    for candidate in later {
        let family = families.get(&candidate.wish).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<SkillName> = prefixed(&candidate, family);
        rename(candidate, names, existing, &mut taken, &mut settled);
    }
    settled
}

/// The names with a telling prefix, the nearest folder's first.
fn prefixed(candidate: &Candidate, family: &[Vec<String>]) -> Vec<SkillName> {
    let above = |parts: &[String]| parts.split_last().map_or(Vec::new(), |(_, above)| above.to_vec());
    let others = family.iter().filter(|parts| **parts != candidate.parts);
    let shared: BTreeSet<String> = others.flat_map(|parts| above(parts)).collect();
    let own = above(&candidate.parts).into_iter().rev().filter(|folder| !shared.contains(folder));
    own.filter_map(|folder| name::prefixed(&name::prefix(&folder, &candidate.wish)?, &candidate.wish))
        .collect()
}

/// Takes the first name that is free, or under which the skill lies there already.
fn rename(
    mut candidate: Candidate,
    names: Vec<SkillName>,
    existing: &Existing,
    taken: &mut BTreeSet<SkillName>,
    settled: &mut Settled,
) {
    let wish = candidate.wish.clone();
    let numbered = (2..).filter_map(|number| name::numbered(&wish, number));
    for name in names.into_iter().chain(numbered) {
        if taken.contains(&name) {
            continue;
        }
        candidate = match candidate.renamed(name.clone()) {
            Ok(candidate) => candidate,
            Err(refused) => return settled.refused.push(refused),
        };
        let is_there = existing.holds(&candidate);
        if is_there || !existing.has(&name) {
            taken.insert(name);
            let list = if is_there { &mut settled.unchanged } else { &mut settled.adopted };
            return list.push(candidate);
        }
    }
}
