//! The catalog's pages: what each shows, and the templates that say how.

mod context;
mod highlight;
mod markdown;
mod memo;

pub use context::{
    Banner, BrowserSearch, Chip, IndexPage, Moment, NotFoundPage, Page, RequestAccessPage, RoleRow,
    SearchPage, SignInPage, Site, SkillPage, SkillRow, TeamPage, TeamRow, TeamsPage, Tone, VersionRow,
    VersionsPage,
};
pub use highlight::{Highlighter, Language, MAX_LINE_BYTES, MAX_TEXT_BYTES};
pub use markdown::{Heading, Rendered, render};
pub use memo::Memo;

use registry_core::digest::Digest;
use serde::Serialize;
use tera::{Context, Tera};

/// The templates, compiled in: a build needs nothing but the program and the repository.
const TEMPLATES: [(&str, &str); 11] = [
    ("base.html", include_str!("../../../templates/base.html")),
    ("skill_row.html", include_str!("../../../templates/skill_row.html")),
    ("index.html", include_str!("../../../templates/index.html")),
    ("skill.html", include_str!("../../../templates/skill.html")),
    ("versions.html", include_str!("../../../templates/versions.html")),
    ("teams.html", include_str!("../../../templates/teams.html")),
    ("team.html", include_str!("../../../templates/team.html")),
    ("request_access.html", include_str!("../../../templates/request_access.html")),
    ("sign_in.html", include_str!("../../../templates/sign_in.html")),
    ("search.html", include_str!("../../../templates/search.html")),
    ("not_found.html", include_str!("../../../templates/not_found.html")),
];
/// The page of `guildhall dev`, which no catalog holds and no digest of one covers.
const DEV_TEMPLATE: (&str, &str) = ("dev.html", include_str!("../../../templates/dev.html"));
/// The style sheet of every page.
pub const STYLESHEET: &str = include_str!("../../../templates/style.css");

/// The compiled templates.
#[derive(Debug)]
pub struct Templates(Tera);

impl Templates {
    /// Compiles the templates.
    ///
    /// # Errors
    /// When one has a mistake, which a test of this crate rules out.
    pub fn compile() -> Result<Self, tera::Error> {
        let mut tera = Tera::new();
        tera.add_raw_templates(TEMPLATES)?;
        tera.add_raw_templates([DEV_TEMPLATE])?;
        Ok(Self(tera))
    }

    /// Renders a page.
    ///
    /// # Errors
    /// When the template asks for something that the page does not have.
    pub fn render<P: Page>(&self, site: &Site, page: &P) -> Result<String, tera::Error> {
        let mut context = Context::new();
        context.insert("site", site);
        context.insert("page", page);
        self.0.render(P::TEMPLATE, &context)
    }
}

/// Digest of all that shapes a catalog beside its sources: the program's version, the templates, the style sheet.
#[must_use]
pub fn program_digest() -> Digest {
    #[derive(Serialize)]
    struct Program {
        version: &'static str,
        templates: [(&'static str, &'static str); TEMPLATES.len()],
        stylesheet: &'static str,
    }
    let program =
        Program { version: env!("CARGO_PKG_VERSION"), templates: TEMPLATES, stylesheet: STYLESHEET };
    Digest::of(&serde_json::to_vec(&program).unwrap_or_default())
}

/// Where the style sheet is served: its name changes with its content.
#[must_use]
pub fn stylesheet_url() -> String {
    let digest: String = Digest::of(STYLESHEET.as_bytes()).to_string().chars().take(16).collect();
    format!("/assets/style.{digest}.css")
}
