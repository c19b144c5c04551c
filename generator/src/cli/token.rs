//! `guildhall token`: a caller for development. Production callers get theirs from the identity provider.

use std::path::Path;
use std::process::ExitCode;

use registry_core::id::{RoleName, TeamName};
use registry_core::policy::MAX_ELEVATION_SECONDS;
use registry_core::token::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DEVELOPMENT_LIFETIME, IDENTITY_TYPE, IdentityClaims, sign,
};

use super::{Failure, now, output};
use crate::keys;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The caller's role.
    #[arg(long)]
    role: RoleName,
    /// A team of the caller; may be given several times.
    #[arg(long = "team", value_name = "TEAM")]
    teams: Vec<TeamName>,
    /// The caller's name.
    #[arg(long, default_value = "developer")]
    subject: String,
    /// Elevate the caller for fifteen minutes, as `sensitive` skills demand.
    #[arg(long)]
    elevated: bool,
}

pub(super) fn run(repository: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let now = now()?;
    let claims = IdentityClaims {
        iss: DEVELOPMENT_ISSUER.to_owned(),
        aud: DEVELOPMENT_AUDIENCE.to_owned(),
        sub: arguments.subject.clone(),
        iat: now,
        exp: now + DEVELOPMENT_LIFETIME,
        role: arguments.role.clone(),
        teams: arguments.teams.iter().cloned().collect(),
        elevated_until: arguments.elevated.then_some(now + MAX_ELEVATION_SECONDS),
    };
    let key = keys::development(repository, "identity")?;
    output::line(&sign(&claims, IDENTITY_TYPE, &key)?);
    Ok(ExitCode::SUCCESS)
}
