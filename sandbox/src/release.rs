//! A release's files: checked against the token, then laid out for the skill to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use registry_core::manifest::{Command, Manifest, SkillSource, SourceFile};
use registry_core::organisation::Limits;
use registry_core::token::InvokeClaims;

use registry_core::bundle::folders_of;

/// Why unpacked files are not the release that the token names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    #[error("the files do not have the digest in the token")]
    Digest,
    #[error("the files hold no manifest")]
    NoManifest,
    #[error("the manifest does not read: {0}")]
    Manifest(String),
    #[error("the manifest is of version {0}, not the one in the token")]
    Version(registry_core::Version),
    #[error("the manifest names no command to run")]
    NoCommand,
    #[error("the manifest holds an argument or variable that no process can be given")]
    Unspeakable,
}

/// A release that may run.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) files: BTreeMap<String, SourceFile>,
    pub(crate) command: Command,
    /// The stricter of the token's and the manifest's.
    pub(crate) limits: Limits,
    /// Allowed by the token and asked for by the manifest.
    pub(crate) process_spawn: bool,
}

/// Checks that `files` are the release that `claims` name.
pub(crate) fn read(
    claims: &InvokeClaims,
    files: BTreeMap<String, SourceFile>,
) -> Result<Release, ReleaseError> {
    let manifest_file = SkillSource::manifest_among(&claims.skill, files.keys().map(String::as_str))
        .ok_or(ReleaseError::NoManifest)?
        .to_owned();
    let source = SkillSource {
        id: claims.skill.clone(),
        manifest_path: format!("skills/{}/{manifest_file}", claims.skill),
        manifest_file,
        files,
    };
    if source.digest() != claims.digest {
        return Err(ReleaseError::Digest);
    }
    let manifest = manifest_of(&source)?;
    if manifest.version != claims.version {
        return Err(ReleaseError::Version(manifest.version));
    }
    let command = manifest.command.ok_or(ReleaseError::NoCommand)?;
    if !can_be_spoken(&command) {
        return Err(ReleaseError::Unspeakable);
    }
    Ok(Release {
        files: source.files,
        command,
        limits: claims.limits.min(manifest.limits),
        process_spawn: claims.permissions.process_spawn && manifest.permissions.process_spawn,
    })
}

fn manifest_of(source: &SkillSource) -> Result<Manifest, ReleaseError> {
    let (manifest, findings) = source.read();
    manifest.ok_or_else(|| {
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        ReleaseError::Manifest(messages.join("; "))
    })
}

/// Whether the system and `env` take the command as it is written.
fn can_be_spoken(command: &Command) -> bool {
    let texts = command.args.iter().chain(command.environment.values()).chain([&command.command]);
    let names_are_names =
        command.environment.keys().all(|name| !name.is_empty() && !name.contains(['=', '\0']));
    names_are_names && !command.command.contains('=') && texts.into_iter().all(|text| !text.contains('\0'))
}

/// Writes the files below `folder`, readable by everyone whatever the umask.
pub(crate) fn write(files: &BTreeMap<String, SourceFile>, folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    let folders: BTreeSet<&str> = files.keys().flat_map(|path| folders_of(path)).collect();
    for inner in folders.into_iter().map(|inner| folder.join(inner)) {
        fs::create_dir(&inner)?;
        fs::set_permissions(&inner, Permissions::from_mode(0o755))?;
    }
    for (path, file) in files {
        let path = folder.join(path);
        fs::write(&path, &file.bytes)?;
        fs::set_permissions(&path, Permissions::from_mode(file.mode.permissions()))?;
    }
    Ok(())
}
