//! The facts of each page. A page filed under audience X states only what every reader of X may know.

use std::collections::BTreeMap;

use registry_core::Version;
use registry_core::api::FileDetail;
use registry_core::catalog::ReleaseRecord;
use registry_core::check::{Closure, Skill};
use registry_core::digest::{Digest, FileMode};
use registry_core::html::{MEDIA_TYPE, QUERY_SLOT, REQUEST_SLOT, RESULTS_SLOT, SIGN_IN_SLOT};
use registry_core::id::{RoleName, TeamName};
use registry_core::manifest::{SkillType, SourceFile, schema};
use registry_core::organisation::{Members, Organisation, Team};
use registry_core::policy::{Audience, Caller, MAX_ELEVATION_SECONDS, Policy};

use super::assembly::{Assembly, Made};
use super::{BuildError, Facts, Family, limits, listing, standing};
use crate::pages::{
    IndexPage, NotFoundPage, RequestAccessPage, RoleRow, STYLESHEET, SearchPage, SignInPage, Site, SkillPage,
    SkillRow, TeamPage, TeamRow, TeamsPage, VersionRow, VersionsPage, stylesheet_url,
};

/// Where the JSON Schema of skills is served.
pub const SCHEMA_URL: &str = "/schema/skill.json";

/// Where people sign in, which takes an edge: no static site has the page.
pub const SIGN_IN_URL: &str = "/sign-in/";

/// The JSON Schema of a skill's frontmatter, as it is committed and served.
///
/// # Errors
/// Never, short of a schema that is no JSON.
pub fn schema_document() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&schema())? + "\n")
}

/// What every page of a catalog knows.
#[must_use]
pub fn site(organisation: &Organisation) -> Site {
    Site {
        organisation: organisation.name.clone(),
        base_url: organisation.base_url.clone(),
        stylesheet: stylesheet_url(),
    }
}

/// The pages that belong to no one skill; all public.
pub(super) fn shared_pages(facts: Facts<'_>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
    let organisation = &facts.input.checked.organisation;
    let public = facts.families.values().filter(|family| family.is_public(family.latest));
    let rows: Vec<SkillRow> = public
        .map(|family| row(family, family.latest, dependents(facts, family, &Audience::Public).len()))
        .collect();
    // Rows are in the order of ids, so those of a team stand together.
    let by_team: BTreeMap<&str, &[SkillRow]> = rows
        .chunk_by(|one, next| one.team == next.team)
        .filter_map(|rows| Some((rows.first()?.team.as_str(), rows)))
        .collect();
    let of_team = |team: &TeamName| by_team.get(team.as_str()).copied().unwrap_or_default();
    let teams: Vec<TeamRow> = organisation
        .teams
        .iter()
        .map(|(name, team)| TeamRow {
            name: name.to_string(),
            description: team.description.clone(),
            skills: of_team(name).len(),
        })
        .collect();
    let Facts { templates, site, .. } = facts;
    let mut page = |url: String, html: String| {
        assembly.public(Made { url, media_type: MEDIA_TYPE, bytes: html.into_bytes() })
    };
    for (name, team) in &organisation.teams {
        let html = templates.render(site, &team_page(organisation, name, team, of_team(name)))?;
        page(format!("/teams/{name}/"), html)?;
    }
    let search =
        SearchPage { query_slot: QUERY_SLOT, results_slot: RESULTS_SLOT, is_static: false, browser: None };
    page("/search/".to_owned(), templates.render(site, &search)?)?;
    let request_access = RequestAccessPage { request_slot: REQUEST_SLOT };
    page("/request-access/".to_owned(), templates.render(site, &request_access)?)?;
    page(SIGN_IN_URL.to_owned(), templates.render(site, &SignInPage { sign_in_slot: SIGN_IN_SLOT })?)?;
    page("/404.html".to_owned(), templates.render(site, &NotFoundPage {})?)?;
    page("/teams/".to_owned(), templates.render(site, &TeamsPage { teams: teams.clone() })?)?;
    page("/".to_owned(), templates.render(site, &IndexPage { skills: rows, teams })?)?;
    assembly.public(Made {
        url: SCHEMA_URL.to_owned(),
        media_type: "application/schema+json",
        bytes: schema_document()?.into_bytes(),
    })?;
    assembly.public(Made {
        url: stylesheet_url(),
        media_type: "text/css; charset=utf-8",
        bytes: STYLESHEET.as_bytes().to_vec(),
    })
}

/// The skills that need a skill, among those that every one of `readers` may see.
fn dependents<'a>(facts: Facts<'a>, family: &Family<'_>, readers: &Audience) -> Vec<&'a Skill> {
    let all = facts.needed_by.get(&family.head.manifest.id).into_iter().flatten().copied();
    let policy = &facts.input.checked.organisation.policy;
    all.filter(|other| readers.is_within(&other.manifest.audience, policy)).collect()
}

fn row(family: &Family<'_>, skill: &Skill, dependents: usize) -> SkillRow {
    let listing = listing(family.head, skill);
    SkillRow {
        slug: listing.slug.to_string(),
        team: listing.slug.team.to_string(),
        version: listing.version.to_string(),
        description: listing.description,
        tags: listing.tags.into_iter().collect(),
        level: listing.access_level.to_string(),
        kind: listing.skill_type.label().to_owned(),
        dependents,
        deprecated: listing.deprecated,
    }
}

/// Who looks after a skill: those that it names, else its team's.
#[must_use]
pub fn owners(organisation: &Organisation, skill: &Skill) -> Vec<String> {
    if !skill.manifest.owners.is_empty() {
        return skill.manifest.owners.clone();
    }
    let team = organisation.teams.get(&skill.manifest.id.team);
    team.map(|team| team.owners.clone()).unwrap_or_default()
}

/// The page of a release, but for what is made of its files.
pub(super) fn skill_page(
    facts: Facts<'_>,
    family: &Family<'_>,
    skill: &Skill,
    closure: &Closure,
) -> SkillPage {
    let manifest = &skill.manifest;
    let organisation = &facts.input.checked.organisation;
    let dependents = dependents(facts, family, &family.head.manifest.audience);
    SkillPage {
        row: row(family, skill, dependents.len()),
        name: manifest.id.name.to_string(),
        pin: format!("{}:{}.x", manifest.id, manifest.version.major),
        chips: standing::chips(family, &manifest.version, skill.status.as_ref(), closure.blocked.is_some()),
        banner: standing::banner(family, skill, closure.blocked.is_some()),
        released: skill.released.as_ref().map(standing::moment),
        versions: family.releases.len(),
        license: manifest.license.clone(),
        owners: owners(organisation, family.head),
        roles: manifest.allowed_roles().iter().map(ToString::to_string).collect(),
        digest: skill.digest.to_string(),
        body: String::new(),
        headings: Vec::new(),
        files: Vec::new(),
        dependencies: manifest
            .depends_on
            .iter()
            .map(|needed| (needed.spec.skill.to_string(), needed.spec.requirement.to_string()))
            .collect(),
        dependents: dependents.iter().map(|skill| skill.manifest.id.to_string()).collect(),
        permissions: permissions(organisation, skill),
    }
}

/// The page of all versions of a skill, the highest first.
pub(super) fn versions_page(
    policy: &Policy,
    family: &Family<'_>,
    releases: &BTreeMap<Version, ReleaseRecord>,
) -> VersionsPage {
    let id = &family.head.manifest.id;
    let version = |(version, release): (&Version, &ReleaseRecord)| {
        // Of a release that is closed to some readers of the page it shows the number alone.
        let open = family.head.manifest.audience.is_within(&release.audience, policy).then_some(release);
        VersionRow {
            version: version.to_string(),
            chips: standing::chips(
                family,
                version,
                open.and_then(|release| release.status.as_ref()),
                open.is_some_and(|release| release.blocked.is_some()),
            ),
            reason: open.and_then(|release| Some(release.status.as_ref()?.reason.clone())),
            released: open.and_then(|release| release.released.as_ref()).map(standing::moment),
            level: open.map(|release| release.audience.level().to_string()),
            digest: open.map(|release| release.digest.to_string()),
        }
    };
    VersionsPage {
        slug: id.to_string(),
        team: id.team.to_string(),
        name: id.name.to_string(),
        versions: releases.iter().rev().map(version).collect(),
    }
}

/// What the bundle of a skill holds.
#[must_use]
pub fn files(skill: &Skill) -> Vec<FileDetail> {
    let detail = |(path, file): (&String, &SourceFile)| FileDetail {
        path: path.clone(),
        size: file.bytes.len() as u64,
        executable: file.mode == FileMode::Executable,
        sha256: Digest::of(&file.bytes),
    };
    skill.source.files.iter().map(detail).collect()
}

/// What an invocation may do, in words; empty for skills that run nothing.
#[must_use]
pub fn permissions(organisation: &Organisation, skill: &Skill) -> Vec<String> {
    let manifest = &skill.manifest;
    let Some(command) = &manifest.command else { return Vec::new() };
    if manifest.skill_type != SkillType::CodeInline {
        return Vec::new();
    }
    let limits = limits(organisation, skill);
    vec![
        format!("Runs {} {}", command.command, command.args.join(" ")).trim_end().to_owned(),
        "No network".to_owned(),
        if manifest.permissions.process_spawn {
            "May start processes"
        } else {
            "Starts no further processes"
        }
        .to_owned(),
        "Reads its own files only".to_owned(),
        format!(
            "At most {} s, {} MiB of memory, {} MiB per file",
            limits.max_execution_time, limits.max_memory_mb, limits.max_file_size_mb
        ),
    ]
}

fn team_page<'a>(
    organisation: &Organisation,
    name: &TeamName,
    team: &Team,
    skills: &'a [SkillRow],
) -> TeamPage<'a> {
    let roles = organisation.policy.roles.keys();
    TeamPage {
        name: name.to_string(),
        description: team.description.clone(),
        contact: team.contact.clone(),
        owners: team.owners.clone(),
        everyone: team.members == Some(Members::Everyone),
        skills,
        roles: roles.map(|role| role_row(organisation, name, team, role)).collect(),
    }
}

/// Asks the function that the edge enforces, for a caller of that role whose token claims no teams.
fn role_row(organisation: &Organisation, name: &TeamName, team: &Team, role: &RoleName) -> RoleRow {
    let caller = Caller {
        issuer: String::new(),
        subject: String::new(),
        role: role.clone(),
        teams: Default::default(),
        elevated_until: Some(MAX_ELEVATION_SECONDS),
        client: None,
    };
    let admits = |audience: Audience| audience.admits(Some(&caller), &organisation.policy, 0);
    RoleRow {
        role: role.to_string(),
        uses_team: admits(Audience::Team(name.clone())),
        uses_sensitive: admits(Audience::Sensitive(name.clone())),
        publishes: team.publishers.contains(role),
    }
}
