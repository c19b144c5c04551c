//! Atom (RFC 4287).

use std::borrow::Cow;

use serde::Serialize;

use super::{Entry, timestamp};
use crate::catalog::xml;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// `atom:feed`.
#[derive(Serialize)]
#[serde(rename = "feed")]
pub(super) struct Feed<'a> {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    id: String,
    title: Cow<'a, str>,
    updated: String,
    author: Author<'a>,
    link: [Link; 2],
    entry: Vec<AtomEntry<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: Cow<'a, str>,
}

#[derive(Serialize)]
struct Link {
    #[serde(rename = "@rel")]
    rel: &'static str,
    #[serde(rename = "@type")]
    media_type: &'static str,
    #[serde(rename = "@href")]
    href: String,
}

#[derive(Serialize)]
struct AtomEntry<'a> {
    id: String,
    title: String,
    published: String,
    updated: String,
    link: Link,
    category: Vec<Category<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
}

#[derive(Serialize)]
struct Category<'a> {
    #[serde(rename = "@term")]
    term: &'a str,
}

#[derive(Serialize)]
struct Content {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "$text")]
    text: String,
}

impl<'a> Feed<'a> {
    pub(super) fn of(feed: &'a super::Feed<'a>) -> Self {
        let own = format!("{}{}feed.atom", feed.base_url, feed.page);
        let page = format!("{}{}", feed.base_url, feed.page);
        Self {
            namespace: "http://www.w3.org/2005/Atom",
            title: xml::text(&feed.title),
            // An empty feed has not changed since time began.
            updated: timestamp(feed.entries.first().map_or(0, |newest| newest.time)),
            author: Author { name: xml::text(feed.organisation) },
            link: [
                Link { rel: "self", media_type: "application/atom+xml", href: own.clone() },
                Link { rel: "alternate", media_type: "text/html", href: page },
            ],
            id: own,
            entry: feed.entries.iter().map(|entry| AtomEntry::of(entry, feed.base_url)).collect(),
        }
    }
}

impl<'a> AtomEntry<'a> {
    fn of(entry: &Entry<'a>, base_url: &str) -> Self {
        let (time, url) = (timestamp(entry.time), entry.url(base_url));
        let content = |text: String| Content { kind: "text", text: xml::text(&text).into_owned() };
        Self {
            id: url.clone(),
            title: entry.title(),
            published: time.clone(),
            updated: time,
            link: Link { rel: "alternate", media_type: "text/html", href: url },
            category: entry.tags().map(|term| Category { term }).collect(),
            summary: entry.description().map(xml::text),
            content: entry.warning().map(content),
        }
    }
}
