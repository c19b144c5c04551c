//! What each kind of page shows. The fields are the templates' vocabulary.

use registry_core::api::FileDetail;
use serde::Serialize;

use super::Heading;

/// A kind of page.
pub trait Page: Serialize {
    /// The template that renders it.
    const TEMPLATE: &'static str;
}

/// What every page knows.
#[derive(Debug, Serialize)]
pub struct Site {
    /// The organisation's name.
    pub organisation: String,
    /// Where the catalog is served, without a trailing slash.
    pub base_url: String,
    /// URL of the style sheet.
    pub stylesheet: String,
}

/// A skill in a list.
#[derive(Debug, Clone, Serialize)]
pub struct SkillRow {
    /// `team/name`.
    pub slug: String,
    /// The team.
    pub team: String,
    /// The version to use.
    pub version: String,
    /// What it does and when to use it.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its access level.
    pub level: String,
    /// Its type, in words.
    pub kind: String,
    /// How many skills that the page's readers may see need it.
    pub dependents: usize,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
}

/// A team in a list.
#[derive(Debug, Clone, Serialize)]
pub struct TeamRow {
    /// The team.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// How many skills of it the page's readers may see.
    pub skills: usize,
}

/// The catalog's first page.
#[derive(Debug, Serialize)]
pub struct IndexPage {
    /// Every public skill.
    pub skills: Vec<SkillRow>,
    /// Every team.
    pub teams: Vec<TeamRow>,
}

/// The list of teams.
#[derive(Debug, Serialize)]
pub struct TeamsPage {
    /// Every team.
    pub teams: Vec<TeamRow>,
}

/// What a role may do with a team's skills.
#[derive(Debug, Serialize)]
pub struct RoleRow {
    /// The role.
    pub role: String,
    /// Whether it may find, read and invoke the skills of level `team`.
    pub uses_team: bool,
    /// Whether it may, while elevated, do so with the skills of level `sensitive`.
    pub uses_sensitive: bool,
    /// Whether it may publish.
    pub publishes: bool,
}

/// A team's page.
#[derive(Debug, Serialize)]
pub struct TeamPage<'a> {
    /// The team.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// Where to reach it.
    pub contact: Option<String>,
    /// Whom to ask.
    pub owners: Vec<String>,
    /// Whether everyone who is signed in belongs to it.
    pub everyone: bool,
    /// Its public skills.
    pub skills: &'a [SkillRow],
    /// What each configured role may do.
    pub roles: Vec<RoleRow>,
}

/// A word beside a version.
#[derive(Debug, Clone, Serialize)]
pub struct Chip {
    /// The word.
    pub text: &'static str,
    /// How it looks.
    pub tone: Tone,
}

/// How much a word calls for attention.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// The release to use.
    Good,
    /// Worth knowing.
    Quiet,
    /// It calls for care.
    Warn,
}

/// What a reader must know before anything else.
#[derive(Debug, Serialize)]
pub struct Banner {
    /// What it is about.
    pub title: &'static str,
    /// Why.
    pub text: String,
    /// The day on which the release goes.
    pub until: Option<String>,
    /// What to use in its place: URL and text.
    pub instead: Option<(String, String)>,
}

/// When and from what a release was made.
#[derive(Debug, Serialize)]
pub struct Moment {
    /// The day, as `YYYY-MM-DD` (UTC).
    pub date: String,
    /// The commit.
    pub commit: String,
    /// The tag.
    pub tag: Option<String>,
}

/// A release in the list of versions.
#[derive(Debug, Serialize)]
pub struct VersionRow {
    /// The version.
    pub version: String,
    /// What has become of it.
    pub chips: Vec<Chip>,
    /// Why.
    pub reason: Option<String>,
    /// Its own access level; nothing, here and below, where that is stricter than the skill's.
    pub level: Option<String>,
    /// When and from what it was made; nothing for a working tree.
    pub released: Option<Moment>,
    /// The source digest.
    pub digest: Option<String>,
}

/// The page of all versions of a skill.
#[derive(Debug, Serialize)]
pub struct VersionsPage {
    /// `team/name`.
    pub slug: String,
    /// The team.
    pub team: String,
    /// The name within the team.
    pub name: String,
    /// The releases, the highest version first.
    pub versions: Vec<VersionRow>,
}

/// A skill's page.
#[derive(Debug, Serialize)]
pub struct SkillPage {
    /// What lists show.
    pub row: SkillRow,
    /// The name within the team.
    pub name: String,
    /// The requirement that pins its major, as in `support/case-facts:1.x`.
    pub pin: String,
    /// What has become of the release.
    pub chips: Vec<Chip>,
    /// What must be known before using it.
    pub banner: Option<Banner>,
    /// When and from what it was made; nothing for a working tree.
    pub released: Option<Moment>,
    /// How many versions there are.
    pub versions: usize,
    /// SPDX expression.
    pub license: Option<String>,
    /// Who looks after it.
    pub owners: Vec<String>,
    /// Roles of a role-restricted skill.
    pub roles: Vec<String>,
    /// The source digest.
    pub digest: String,
    /// The rendered body.
    pub body: String,
    /// The body's headings.
    pub headings: Vec<Heading>,
    /// Its files.
    pub files: Vec<FileDetail>,
    /// What it needs: slug and requirement.
    pub dependencies: Vec<(String, String)>,
    /// Who needs it, among what the page's readers may see.
    pub dependents: Vec<String>,
    /// What an invocation may do, in words; empty for skills that run nothing.
    pub permissions: Vec<String>,
}

/// The search page, with slots where query and results go.
#[derive(Debug, Serialize)]
pub struct SearchPage {
    /// The slot for the query.
    pub query_slot: &'static str,
    /// The slot for the results.
    pub results_slot: &'static str,
    /// Whether no edge serves the page.
    pub is_static: bool,
    /// How the page searches by itself, where it does.
    pub browser: Option<BrowserSearch>,
}

/// What a page that searches by itself needs.
#[derive(Debug, Serialize)]
pub struct BrowserSearch {
    /// What the page may do, as a `Content-Security-Policy`.
    pub policy: &'static str,
    /// URL of its script.
    pub script: String,
    /// What the script is told, as JSON.
    pub setup: String,
}

/// The page that tells whom to ask for access, with a slot where the skill goes.
#[derive(Debug, Serialize)]
pub struct RequestAccessPage {
    /// The slot for the skill.
    pub request_slot: &'static str,
}

/// The page where people sign in, with a slot where the ways to do so go.
#[derive(Debug, Serialize)]
pub struct SignInPage {
    /// The slot.
    pub sign_in_slot: &'static str,
}

/// The page for what does not exist, or is not for the reader.
#[derive(Debug, Serialize)]
pub struct NotFoundPage {}

impl Page for IndexPage {
    const TEMPLATE: &'static str = "index.html";
}
impl Page for TeamsPage {
    const TEMPLATE: &'static str = "teams.html";
}
impl Page for TeamPage<'_> {
    const TEMPLATE: &'static str = "team.html";
}
impl Page for SkillPage {
    const TEMPLATE: &'static str = "skill.html";
}
impl Page for VersionsPage {
    const TEMPLATE: &'static str = "versions.html";
}
impl Page for RequestAccessPage {
    const TEMPLATE: &'static str = "request_access.html";
}
impl Page for SignInPage {
    const TEMPLATE: &'static str = "sign_in.html";
}
impl Page for SearchPage {
    const TEMPLATE: &'static str = "search.html";
}
impl Page for NotFoundPage {
    const TEMPLATE: &'static str = "not_found.html";
}
