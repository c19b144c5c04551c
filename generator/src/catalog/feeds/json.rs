//! JSON Feed 1.1 (jsonfeed.org).

use serde::Serialize;

use super::{Entry, timestamp};

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/feed+json";

/// The top level of a JSON Feed.
#[derive(Serialize)]
pub(super) struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: String,
    feed_url: String,
    authors: [Author<'a>; 1],
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    id: String,
    url: String,
    title: String,
    /// Every item has a content: the description, and before it what has become of the release.
    content_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
}

impl<'a> Feed<'a> {
    pub(super) fn of(feed: &'a super::Feed<'a>) -> Self {
        Self {
            version: "https://jsonfeed.org/version/1.1",
            title: &feed.title,
            home_page_url: format!("{}{}", feed.base_url, feed.page),
            feed_url: format!("{}{}feed.json", feed.base_url, feed.page),
            authors: [Author { name: feed.organisation }],
            items: feed.entries.iter().map(|entry| Item::of(entry, feed.base_url)).collect(),
        }
    }
}

impl<'a> Item<'a> {
    fn of(entry: &Entry<'a>, base_url: &str) -> Self {
        let (time, url) = (timestamp(entry.time), entry.url(base_url));
        let content = entry.warning().or_else(|| entry.description().map(str::to_owned));
        Self {
            id: url.clone(),
            url,
            title: entry.title(),
            content_text: content.unwrap_or_else(|| entry.title()),
            summary: entry.description(),
            date_published: time.clone(),
            date_modified: time,
            tags: entry.tags().collect(),
        }
    }
}
