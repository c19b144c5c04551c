//! The page of findings, and what every page gets beside its own content: the script that reloads it, and a banner
//! while the tree has errors.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry_core::check::Skill;
use registry_core::diagnostic::{Diagnostic, Lines};
use registry_core::digest::Digest;
use registry_core::html::PAGE_POLICY;
use serde::Serialize;

use super::Rebuilt;
use super::excerpt::{SourceLine, source_line};
use super::view::Site;
use crate::library::Checked;
use crate::pages::{self, Page, Templates, stylesheet_url};
use crate::report::without_mark;

/// The style of what only the live view shows.
pub(super) const STYLESHEET: &str = include_str!("../../../templates/dev.css");
/// Reloads a page that is out of date. The state that the page shows stands in an attribute, so that the text of the
/// script, whose digest is the one thing that the policy admits, never changes.
const SCRIPT: &str = include_str!("../../../templates/dev.js");
const BANNER_STYLE: &str = "<link rel=\"stylesheet\" href=\"/_dev/style.css\">\n</head>";

/// Most findings on the page.
const MOST_SHOWN: usize = 200;
/// What the page of findings is made of.
pub(super) struct Findings<'a> {
    /// What was read; `None` when nothing could be.
    pub checked: Option<&'a Checked>,
    /// Why the tree cannot be shown at all.
    pub failure: Option<&'a str>,
    /// What is served.
    pub site: Option<&'a Site>,
    /// Whether that is made of what was read.
    pub is_current: bool,
}

#[derive(Serialize)]
struct DevPage<'a> {
    failure: Option<&'a str>,
    errors: usize,
    warnings: usize,
    /// Whether the catalog's pages show an older state.
    is_stale: bool,
    has_site: bool,
    files: Vec<File<'a>>,
    /// How many findings are not shown.
    hidden: usize,
    skills: Vec<SkillRow>,
}

impl Page for DevPage<'_> {
    const TEMPLATE: &'static str = "dev.html";
}

/// The findings in one file.
#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    is_error: bool,
    severity: String,
    code: &'static str,
    name: &'static str,
    line: u32,
    column: u32,
    message: Vec<Part<'a>>,
    help: Vec<Part<'a>>,
    source: Option<SourceLine>,
}

/// A stretch of a message: what stood between backticks is user text.
#[derive(Serialize)]
struct Part<'a> {
    is_code: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct SkillRow {
    slug: String,
    version: String,
    level: String,
    kind: &'static str,
    path: String,
    has_page: bool,
}

/// The page of findings.
pub(super) fn findings(facts: &Findings<'_>) -> Result<String, tera::Error> {
    let errors = facts.checked.map_or(0, Checked::errors);
    let all = facts.checked.map_or(&[][..], |checked| &checked.outcome.diagnostics);
    let site = pages::Site {
        organisation: facts.checked.map_or("Guildhall", |checked| &checked.organisation.name).to_owned(),
        base_url: String::new(),
        stylesheet: stylesheet_url(),
    };
    let page = DevPage {
        failure: facts.failure,
        errors,
        warnings: all.len() - errors,
        is_stale: facts.site.is_some() && !facts.is_current,
        has_site: facts.site.is_some(),
        files: facts.checked.map(files).unwrap_or_default(),
        hidden: all.len().saturating_sub(MOST_SHOWN),
        skills: skills(facts),
    };
    Templates::compile()?.render(&site, &page)
}

/// The files with findings, those with errors first. Of very many findings errors are shown before warnings.
fn files(checked: &Checked) -> Vec<File<'_>> {
    let all = &checked.outcome.diagnostics;
    let mut shown: Vec<&Diagnostic> = all.iter().collect();
    shown.sort_by_key(|found| !found.is_error());
    shown.truncate(MOST_SHOWN);
    shown.sort();
    let mut files: Vec<File<'_>> = Vec::new();
    for of_file in shown.chunk_by(|a, b| a.path == b.path) {
        let Some(path) = of_file.first().map(|found| found.path.as_str()) else { continue };
        let lines = checked.outcome.texts.get(path).map(|text| Lines::new(without_mark(text)));
        let findings = of_file.iter().map(|found| finding(found, lines.as_ref())).collect();
        files.push(File { path, findings });
    }
    files.sort_by_key(|file| !file.findings.iter().any(|finding| finding.is_error));
    files
}

fn finding<'a>(found: &'a Diagnostic, lines: Option<&Lines<'_>>) -> Finding<'a> {
    Finding {
        is_error: found.is_error(),
        severity: found.severity.to_string(),
        code: found.rule.code(),
        name: found.rule.name(),
        line: found.span.start.line,
        column: found.span.start.column,
        message: parts(&found.message),
        help: found.help.as_deref().map(parts).unwrap_or_default(),
        source: lines.and_then(|lines| source_line(found, lines)),
    }
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let parts = text.split('`').enumerate().map(|(number, text)| Part { is_code: number % 2 == 1, text });
    parts.filter(|part| !part.text.is_empty()).collect()
}

fn skills(facts: &Findings<'_>) -> Vec<SkillRow> {
    let row = |skill: &Skill| SkillRow {
        slug: skill.manifest.id.to_string(),
        version: skill.manifest.version.to_string(),
        level: skill.manifest.audience.level().to_string(),
        kind: skill.manifest.skill_type.label(),
        path: skill.source.manifest_path.clone(),
        has_page: facts
            .site
            .is_some_and(|site| site.file(&format!("/skills/{}/", skill.manifest.id)).is_some()),
    };
    facts.checked.map(|checked| checked.library.values().map(row).collect()).unwrap_or_default()
}

/// What every page says while the tree has errors: those that do not keep it from being shown, or others.
pub(super) fn banner(rebuilt: &Rebuilt, is_current: bool) -> Option<String> {
    let what = match (rebuilt.failure.is_some(), rebuilt.errors) {
        (true, _) => "The working tree cannot be shown".to_owned(),
        (false, 0) => return None,
        (false, 1) => "1 error in the working tree".to_owned(),
        (false, errors) => format!("{errors} errors in the working tree"),
    };
    let shown = if is_current {
        "This page shows it all the same."
    } else {
        "This page is of the last state without errors."
    };
    Some(format!(
        "<p class=\"dev-banner\" role=\"status\"><strong>{what}.</strong> {shown} \
         <a href=\"/_dev/findings\">Show what to mend</a></p>\n"
    ))
}

/// A page with the script that reloads it and, if there is one, the banner.
pub(super) fn live(html: &str, stamp: &str, banner: Option<&str>) -> String {
    let script = format!("<script data-page=\"{stamp}\">{SCRIPT}</script>\n");
    let (before, after) =
        html.rfind("</body>").and_then(|end| html.split_at_checked(end)).unwrap_or((html, ""));
    let page = format!("{before}{script}{after}");
    match banner {
        Some(banner) => {
            page.replacen("</head>", BANNER_STYLE, 1).replacen("<body>\n", &format!("<body>\n{banner}"), 1)
        }
        None => page,
    }
}

/// The policy of an edge's pages, and the one script that it then admits beside.
pub(super) fn policy() -> String {
    static SCRIPT_DIGEST: LazyLock<String> =
        LazyLock::new(|| STANDARD.encode(Digest::of(SCRIPT.as_bytes()).as_bytes()));
    format!("{PAGE_POLICY}; script-src 'sha256-{}'; connect-src 'self'", *SCRIPT_DIGEST)
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::{Position, Rule};

    use super::*;

    #[test]
    fn the_first_of_very_many_findings_are_shown_and_errors_before_warnings() {
        let empty = crate::source::Snapshot {
            commit: None,
            files: Default::default(),
            config: None,
            diagnostics: Vec::new(),
        };
        let mut checked = crate::library::check(empty);
        let found = |rule, path: &str| Diagnostic::new(rule, path, Position::START, "x");
        checked.outcome.diagnostics = vec![found(Rule::IdleKey, "a.md"); MOST_SHOWN + 6];
        checked.outcome.diagnostics.push(found(Rule::MissingKey, "b.md"));
        let facts = Findings { checked: Some(&checked), failure: None, site: None, is_current: true };
        let page = findings(&facts).unwrap();
        assert_eq!(page.matches("<li class=\"finding").count(), MOST_SHOWN);
        assert!(page.contains("is-error") && page.contains("7 more findings"), "{page}");
    }

    #[test]
    fn backticks_hold_user_text() {
        let shown: Vec<_> =
            parts("the key `a` is new").iter().map(|part| (part.is_code, part.text)).collect();
        assert_eq!(shown, [(false, "the key "), (true, "a"), (false, " is new")]);
    }

    #[test]
    fn the_script_comes_last_and_the_banner_first() {
        let page = "<head></head><body>\n<p>x</p></body>";
        let live = live(page, "s", Some("!"));
        assert!(live.starts_with("<head><link rel=\"stylesheet\" href=\"/_dev/style.css\">\n</head><body>\n!<p>x</p><script data-page=\"s\">"));
        assert!(live.ends_with("</script>\n</body>"));
    }
}
