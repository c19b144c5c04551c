//! What was released stays as it was (law 2).

use registry_core::Version;
use registry_core::digest::Digest;
use registry_core::id::SkillId;

use crate::walk::Walk;

/// A release that a catalog would change or lose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// The same version has other content.
    #[error(
        "`{skill}` {version} is released with the digest {released}, and this catalog has {built}: restore the release, and give the change a version of its own"
    )]
    Changed {
        /// The skill.
        skill: SkillId,
        /// The version.
        version: Version,
        /// The source digest that the destination has.
        released: Digest,
        /// That of the catalog to publish.
        built: Digest,
    },
    /// The version is gone.
    #[error(
        "`{skill}` {version} is released, and this catalog lacks it: build with `--previous` and the destination"
    )]
    Lost {
        /// The skill.
        skill: SkillId,
        /// The version.
        version: Version,
    },
}

/// The releases of `there` that `fresh` does not keep.
pub(super) fn clashes(fresh: &Walk, there: &Walk) -> Vec<Clash> {
    let clash = |((skill, version), released): (&(SkillId, Version), &Digest)| {
        let (skill, version, released) = (skill.clone(), version.clone(), *released);
        match fresh.releases.get(&(skill.clone(), version.clone())) {
            Some(built) if *built == released => None,
            Some(built) => Some(Clash::Changed { skill, version, released, built: *built }),
            None => Some(Clash::Lost { skill, version }),
        }
    };
    there.releases.iter().filter_map(clash).collect()
}
