//! The catalog's public pages for search engines: `sitemap.xml` (sitemaps.org), and `robots.txt` (RFC 9309), which names
//! it.

use std::collections::BTreeMap;

use registry_core::catalog::{ReleaseRecord, SkillRecord};
use registry_core::id::SkillId;
use registry_core::policy::Audience;
use registry_core::status::Date;
use serde::Serialize;

use super::assembly::Made;
use super::{BuildError, Facts, xml};

/// Most URLs of one file, by the protocol.
const MAX_URLS: usize = 50_000;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
const MEDIA_TYPE: &str = "application/xml";
const SITEMAP: &str = "/sitemap.xml";

#[derive(Serialize)]
#[serde(rename = "urlset")]
struct UrlSet<'a> {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    url: &'a [Location],
}

#[derive(Serialize)]
#[serde(rename = "sitemapindex")]
struct SitemapIndex {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    sitemap: Vec<Location>,
}

#[derive(Serialize)]
struct Location {
    loc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastmod: Option<Date>,
}

/// `sitemap.xml`, its parts if there are too many pages for one file, and `robots.txt`.
pub(super) fn files(
    facts: Facts<'_>,
    index: &BTreeMap<SkillId, SkillRecord>,
) -> Result<Vec<Made>, BuildError> {
    let base_url = &facts.site.base_url;
    let robots = format!("User-agent: *\nDisallow: /search\nSitemap: {base_url}{SITEMAP}\n");
    let mut made = sitemaps(base_url, &pages(facts, index), MAX_URLS)?;
    made.push(Made {
        url: "/robots.txt".to_owned(),
        media_type: "text/plain; charset=utf-8",
        bytes: robots.into_bytes(),
    });
    Ok(made)
}

fn sitemaps(base_url: &str, pages: &[Location], most: usize) -> Result<Vec<Made>, BuildError> {
    let file = |url: String, bytes| Made { url, media_type: MEDIA_TYPE, bytes };
    let set = |url| xml::document(&UrlSet { namespace: NAMESPACE, url });
    if pages.len() <= most {
        return Ok(vec![file(SITEMAP.to_owned(), set(pages)?)]);
    }
    let parts = pages.chunks(most).zip(1..);
    let mut made = parts
        .map(|(part, number)| Ok(file(format!("/sitemap-{number}.xml"), set(part)?)))
        .collect::<Result<Vec<_>, BuildError>>()?;
    let location = |part: &Made| Location { loc: format!("{base_url}{}", part.url), lastmod: None };
    let sitemap = made.iter().map(location).collect();
    made.push(file(SITEMAP.to_owned(), xml::document(&SitemapIndex { namespace: NAMESPACE, sitemap })?));
    Ok(made)
}

/// Every public page that is about something: the catalog, its teams, its skills and their releases.
fn pages(facts: Facts<'_>, index: &BTreeMap<SkillId, SkillRecord>) -> Vec<Location> {
    let base_url = &facts.site.base_url;
    let page = |path: String, lastmod: Option<Date>| Location { loc: format!("{base_url}{path}"), lastmod };
    let mut pages = vec![page("/".to_owned(), None), page("/teams/".to_owned(), None)];
    let teams = facts.input.checked.organisation.teams.keys();
    pages.extend(teams.map(|team| page(format!("/teams/{team}/"), None)));
    for (id, record) in index {
        let Some(family) = facts.families.get(id) else { continue };
        let day = |release: &ReleaseRecord| Some(Date::of(release.released.as_ref()?.time));
        let mut last = None;
        for (version, release) in record.public_releases() {
            if *version == family.latest.manifest.version {
                pages.push(page(format!("/skills/{id}/"), day(release)));
            }
            pages.push(page(format!("/skills/{id}/{version}/"), day(release)));
            last = last.max(day(release));
        }
        if record.audience == Audience::Public {
            pages.push(page(format!("/skills/{id}/versions/"), last));
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_beyond_the_limit_go_into_parts_that_an_index_names() {
        let page = |number: usize| Location { loc: format!("https://x/{number}"), lastmod: None };
        let pages: Vec<Location> = (0..5).map(page).collect();
        let made = sitemaps("https://x", &pages, 2).unwrap();
        let urls: Vec<&str> = made.iter().map(|file| file.url.as_str()).collect();
        assert_eq!(urls, ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml", SITEMAP]);
        let text = |number: usize| String::from_utf8(made[number].bytes.clone()).unwrap();
        assert_eq!(text(2).matches("<loc>").count(), 1);
        assert!(text(3).contains("<sitemap>\n<loc>https://x/sitemap-3.xml</loc>\n</sitemap>"), "{}", text(3));
        assert_eq!(sitemaps("https://x", &pages, 5).unwrap().len(), 1);
    }
}
