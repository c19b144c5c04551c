//! HTML that depends on a query or a caller: the generator emits shells with marked slots, and this fills them,
//! at the edge and in the browser alike.

mod sign_in;

pub use sign_in::{SIGN_IN_SLOT, SignInForm, SignInPage, sign_in_page, signed_in_page};

use crate::api::{Filters, SearchHit};
use crate::id::SkillId;
use crate::organisation::Organisation;

/// The media type of every page.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";
/// What a page may do, as a `Content-Security-Policy`: no script, no foreign resource, no frame.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";
/// What the search page of a static host may do, as a `meta` element says it, which cannot forbid frames: run its own
/// script and wasm, and load what these need from its own host.
pub const SEARCH_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";
/// What a file of an author may do when it is opened: not even styles.
pub const FILE_POLICY: &str = "default-src 'none'; sandbox";
/// An attribute in whose place the query stands in the shell of the search page. Unfilled, the field is empty.
pub const QUERY_SLOT: &str = "data-slot=\"query\"";
/// Where the results stand in the shell of the search page.
pub const RESULTS_SLOT: &str = "<!--guildhall:results-->";

/// Where the skill that was asked for stands in the shell of the page that tells whom to ask for access.
pub const REQUEST_SLOT: &str = "<!--guildhall:request-->";

/// How many results the search page shows.
pub const PAGE_RESULTS: usize = 20;

/// The filters of a search page whose address names a team and a tag; empty ones filter nothing. `None` where there can
/// be no such team, and so no result.
#[must_use]
pub fn page_filters(team: &str, tag: &str) -> Option<Filters> {
    let tag = Some(tag).filter(|tag| !tag.is_empty()).map(str::to_owned);
    let team = if team.is_empty() { None } else { Some(team.parse().ok()?) };
    Some(Filters { team, tag, ..Filters::default() })
}

/// Text that is safe as HTML content and inside quoted attribute values.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The search page for `query` and its results; `None` stands for a page without a query yet.
#[must_use]
pub fn search_page(shell: &str, query: &str, hits: Option<&[SearchHit]>) -> String {
    let results = hits.map(|hits| results(query, hits)).unwrap_or_default();
    // The query goes in last: it is the only author of text that could itself look like a slot.
    let value = format!("value=\"{}\"", escape(query));
    shell.replacen(RESULTS_SLOT, &results, 1).replacen(QUERY_SLOT, &value, 1)
}

/// The page that tells whom to ask for access to a skill: the same whether there is one of that name or not.
#[must_use]
pub fn request_access_page(shell: &str, skill: Option<&SkillId>, organisation: &Organisation) -> String {
    let request = skill.map(|skill| {
        let owners = if organisation.teams.contains_key(&skill.team) {
            format!("the owners of <a href=\"/teams/{0}/\">{0}</a>", skill.team)
        } else {
            "the owners of its team".to_owned()
        };
        format!(
            "<p class=\"lead\"><code>{skill}</code>, if there is such a skill, is opened by {owners}.</p>"
        )
    });
    shell.replacen(REQUEST_SLOT, &request.unwrap_or_default(), 1)
}

/// The results of a query, as they stand in the shell.
#[must_use]
pub fn results(query: &str, hits: &[SearchHit]) -> String {
    let count = match hits.len() {
        0 => format!("No skill found for “{}”. Try fewer or other words.", escape(query)),
        1 => "1 skill".to_owned(),
        n => format!("{n} skills"),
    };
    let rows: String = hits.iter().map(row).collect();
    let list = if hits.is_empty() { String::new() } else { format!("<ol class=\"rows\">{rows}</ol>") };
    format!("<p role=\"status\" class=\"count\">{count}</p>{list}")
}

fn row(hit: &SearchHit) -> String {
    let listing = &hit.listing;
    let (slug, version) = (&listing.slug, &listing.version);
    let deprecated =
        if listing.deprecated.is_some() { " <span class=\"chip warn\">Deprecated</span>" } else { "" };
    let tags: String = listing.tags.iter().map(|tag| format!("<li>{}</li>", escape(tag))).collect();
    format!(
        "<li class=\"row\"><h2><a href=\"/skills/{slug}/\">{slug}</a> <span class=\"version\">{version}</span>{deprecated}</h2>\
         <p>{description}</p><div class=\"meta\"><p class=\"facts\"><a href=\"/teams/{team}/\">{team}</a><span>{kind}</span><span>{level}</span></p>\
         <ul class=\"tags\" aria-label=\"Tags\">{tags}</ul></div></li>",
        description = escape(&listing.description),
        team = slug.team,
        kind = listing.skill_type.label(),
        level = listing.access_level,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Listing;

    const SHELL: &str = "<input data-slot=\"query\"><main><!--guildhall:results--></main>";

    fn hit() -> SearchHit {
        SearchHit {
            listing: Listing {
                slug: "t/a".parse().unwrap(),
                name: "a".to_owned(),
                version: "1.0.0+x".parse().unwrap(),
                description: "<script>alert(1)</script>".to_owned(),
                tags: Default::default(),
                access_level: crate::policy::AccessLevel::Public,
                skill_type: crate::manifest::SkillType::Instructions,
                deprecated: Some("old".to_owned()),
                replaced_by: None,
            },
            score: 1,
            explanation: None,
        }
    }

    #[test]
    fn author_text_and_query_are_escaped() {
        let page = search_page(SHELL, "\"><script>", Some(&[hit()]));
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)"));
    }

    #[test]
    fn a_page_for_a_team_that_cannot_be_has_no_results() {
        assert_eq!(page_filters("No such team!", "x"), None);
        assert_eq!(page_filters("", ""), Some(Filters::default()));
        let filters = page_filters("data", "csv").unwrap();
        assert_eq!((filters.team.unwrap().as_str(), filters.tag.as_deref()), ("data", Some("csv")));
    }

    #[test]
    fn slots_cannot_be_injected() {
        let page = search_page(SHELL, RESULTS_SLOT, Some(&[]));
        assert_eq!(page.matches("role=\"status\"").count(), 1);
        let page = search_page(SHELL, QUERY_SLOT, None);
        assert!(page.starts_with("<input value=\"data-slot=&quot;query&quot;\">"), "{page}");
    }
}
