//! `guildhall adopt`: brings agentskills.io skills of other origin into a repository. Their text is edited, not
//! written anew: what need not change stays as it is, byte for byte.

mod access;
mod candidate;
mod clash;
mod draft;
mod find;
mod fixes;
mod keys;
mod name;
mod report;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use draft::plain;
pub use report::{Adopted, Change, Kind, Refused, Report, Skipped, Unchanged};

use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use registry_core::id::TeamName;
use registry_core::manifest::SkillSource;

use candidate::Candidate;
use clash::Existing;

use crate::place::{self, PlaceError};

/// What to adopt, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The folder to search.
    pub folder: &'a Path,
    /// The repository.
    pub repository: &'a Path,
    /// The team that the skills will belong to.
    pub team: &'a TeamName,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// Why nothing, or not everything, could be adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The folder to search is not there.
    #[error("cannot search `{0}`")]
    Folder(PathBuf, #[source] io::Error),
    /// It holds no skill.
    #[error("there is no `SKILL.md` in or below `{0}`")]
    NoSkill(PathBuf),
    /// What would be written leads out of the repository.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A file cannot be written.
    #[error("cannot write `{0}`")]
    Write(PathBuf, #[source] io::Error),
}

/// Adopts every skill in and below a folder.
///
/// # Errors
/// Any [`AdoptError`]. A skill that does not keep the rules is no error: the report tells of it.
pub fn adopt(request: Request<'_>) -> Result<Report, AdoptError> {
    let Request { folder, repository, team, dry_run } = request;
    for path in [format!("skills/{team}").as_str(), write::ASIDE] {
        place::inside(repository, path)?;
    }
    let walk = find::find(folder, &repository.join("skills"))?;
    if walk.skills.is_empty() && walk.unreadable.is_empty() {
        return Err(AdoptError::NoSkill(folder.to_owned()));
    }
    let name = folder.canonicalize().ok().and_then(|folder| Some(folder.file_name()?.to_owned()));
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let prepared: Vec<Result<Candidate, Refused>> =
        walk.skills.into_par_iter().map(|found| Candidate::prepare(found, &name, team)).collect();
    let mut refused = walk.unreadable;
    let mut candidates = Vec::new();
    for prepared in prepared {
        match prepared {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => refused.push(reason),
        }
    }
    let settled = clash::settle(candidates, &Existing::of(repository, team));
    refused.extend(settled.refused);
    if !dry_run {
        let skills: Vec<&SkillSource> = settled.adopted.iter().map(|adopted| &adopted.skill).collect();
        write::write(repository, &skills)?;
    }
    let mut report = Report { refused, skipped: walk.skipped, ..Report::default() };
    report.adopted = settled.adopted.into_iter().map(Candidate::adopted).collect();
    report.unchanged = settled.unchanged.into_iter().map(Candidate::unchanged).collect();
    report.adopted.sort_by(|a, b| a.source.cmp(&b.source));
    report.refused.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(report)
}

impl Candidate {
    fn adopted(self) -> Adopted {
        let path = path(&self.skill);
        let Self { source, skill, changes, level, level_is_said, .. } = self;
        let slug = skill.id;
        Adopted { source, slug, path, access_level: level, access_level_of_source: level_is_said, changes }
    }

    fn unchanged(self) -> Unchanged {
        let path = path(&self.skill);
        Unchanged { source: self.source, slug: self.skill.id, path }
    }
}

/// The folder of a skill relative to the repository.
fn path(skill: &SkillSource) -> String {
    format!("skills/{}", skill.id)
}
