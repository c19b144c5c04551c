//! Markdown → HTML. Authors are not trusted: raw HTML becomes text, links keep only harmless schemes, and images
//! become links. Filtering the parser's events needs no second parse of the result.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use registry_core::html::escape;
use serde::Serialize;

use super::Memo;

/// Schemes that a link may have.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];
/// What may be wider than the page scrolls inside itself, also by keyboard.
const CODE_START: &str = "<pre tabindex=\"0\"><code";
const TABLE_START: &str = "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>";

/// A heading of a body, for the table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// The fragment that leads to it.
    pub id: String,
    /// Its text.
    pub text: String,
    /// 2 or 3.
    pub level: u8,
}

/// A rendered body.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The HTML.
    pub html: String,
    /// Its headings of the two uppermost levels.
    pub headings: Vec<Heading>,
}

/// Renders a body. Headings move down by one: the page has its own first heading; a body that opens with its title
/// loses it, because the page shows the title already. Fenced code whose language is known is highlighted where there
/// is a memo for it.
#[must_use]
pub fn render(markdown: &str, memo: Option<&Memo>) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, options).collect();
    let mut filter = Filter::default();
    let mut safe = Vec::with_capacity(events.len());
    let mut rest = without_title(&events);
    while let Some((event, after)) = rest.split_first() {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            let text = text_until_heading_end(after);
            safe.push(Event::Start(filter.heading(*level, text)));
        } else if let Some((html, end)) = memo.and_then(|memo| highlighted(memo, event, after)) {
            safe.extend([filter.event(event.clone()), markup(&html)]);
            rest = end;
            continue;
        } else {
            safe.push(filter.event(event.clone()));
        }
        rest = after;
    }
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut out, safe.into_iter());
    Rendered { html: out, headings: filter.headings }
}

fn without_title<'a, 'e>(events: &'a [Event<'e>]) -> &'a [Event<'e>] {
    match events.first() {
        Some(Event::Start(Tag::Heading { level: HeadingLevel::H1, .. })) => {
            let end = events.iter().position(|event| matches!(event, Event::End(TagEnd::Heading(_))));
            events.get(end.map_or(0, |end| end + 1)..).unwrap_or_default()
        }
        _ => events,
    }
}

/// The HTML of fenced code that begins with `start`, and the events from its end on.
fn highlighted<'a, 'e>(
    memo: &Memo,
    start: &Event<'_>,
    after: &'a [Event<'e>],
) -> Option<(String, &'a [Event<'e>])> {
    let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = start else { return None };
    let lines = after.iter().take_while(|event| matches!(event, Event::Text(_))).count();
    let (lines, end) = after.split_at(lines);
    let text: String = lines
        .iter()
        .filter_map(|line| if let Event::Text(text) = line { Some(&**text) } else { None })
        .collect();
    Some((memo.html(language(info), &text)?, end))
}

/// The first word after a fence.
fn language(info: &str) -> &str {
    info.split(' ').next().unwrap_or_default()
}

fn text_until_heading_end(events: &[Event<'_>]) -> String {
    events
        .iter()
        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect()
}

#[derive(Default)]
struct Filter {
    headings: Vec<Heading>,
    ids: BTreeSet<String>,
    /// How often each text has been a heading.
    numbers: BTreeMap<String, u32>,
    /// Whether each open link was kept.
    links: Vec<bool>,
    in_table_head: bool,
}

impl Filter {
    fn heading(&mut self, level: HeadingLevel, text: String) -> Tag<'static> {
        let level = lowered(level);
        let id = self.unique_id(&text);
        if matches!(level, HeadingLevel::H2 | HeadingLevel::H3) {
            self.headings.push(Heading { id: id.clone(), text, level: level as u8 });
        }
        Tag::Heading { level, id: Some(id.into()), classes: Vec::new(), attrs: Vec::new() }
    }

    fn unique_id(&mut self, text: &str) -> String {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        // The prefix keeps ids of a body apart from those of the page.
        let base = format!("s-{}", words.join("-"));
        let number = self.numbers.entry(base.clone()).or_default();
        loop {
            *number += 1;
            let id = if *number == 1 { base.clone() } else { format!("{base}-{number}") };
            if self.ids.insert(id.clone()) {
                return id;
            }
        }
    }

    /// The event that takes the place of `event`; an empty text where nothing does.
    fn event<'e>(&mut self, event: Event<'e>) -> Event<'e> {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            other => other,
        }
    }

    fn start<'e>(&mut self, tag: Tag<'e>) -> Event<'e> {
        match tag {
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.open_link(&dest_url),
            Tag::HtmlBlock => Event::Start(Tag::Paragraph),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) if !info.is_empty() => {
                let language = escape(language(&info));
                markup(&format!("{CODE_START} class=\"language-{language}\">"))
            }
            Tag::CodeBlock(_) => markup(&format!("{CODE_START}>")),
            // Alignment would come out as a `style` attribute, which the pages' policy forbids.
            Tag::Table(_) => markup(TABLE_START),
            Tag::TableHead => {
                self.in_table_head = true;
                markup("<thead><tr>")
            }
            Tag::TableRow => markup("<tr>"),
            Tag::TableCell if self.in_table_head => markup("<th scope=\"col\">"),
            Tag::TableCell => markup("<td>"),
            other => Event::Start(other),
        }
    }

    fn end<'e>(&mut self, tag: TagEnd) -> Event<'e> {
        match tag {
            TagEnd::Heading(level) => Event::End(TagEnd::Heading(lowered(level))),
            TagEnd::Link | TagEnd::Image => markup(if self.links.pop() == Some(true) { "</a>" } else { "" }),
            TagEnd::HtmlBlock => Event::End(TagEnd::Paragraph),
            TagEnd::CodeBlock => markup("</code></pre>\n"),
            TagEnd::Table => markup("</tbody></table></div>\n"),
            TagEnd::TableHead => {
                self.in_table_head = false;
                markup("</tr></thead><tbody>\n")
            }
            TagEnd::TableRow => markup("</tr>\n"),
            TagEnd::TableCell if self.in_table_head => markup("</th>"),
            TagEnd::TableCell => markup("</td>"),
            other => Event::End(other),
        }
    }

    fn open_link<'e>(&mut self, url: &str) -> Event<'e> {
        let lower = url.to_ascii_lowercase();
        let outward = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
        // A link nested in a link is no HTML, and browsers repair it in surprising ways.
        let kept = outward && !self.links.contains(&true);
        self.links.push(kept);
        let open = format!("<a href=\"{}\" rel=\"nofollow noopener noreferrer\">", escape(url));
        markup(if kept { &open } else { "" })
    }
}

fn markup<'e>(html: &str) -> Event<'e> {
    Event::InlineHtml(html.to_owned().into())
}

fn lowered(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(markdown: &str, html: &str) {
        assert_eq!(render(markdown, None).html.trim(), html, "{markdown}");
    }

    #[test]
    fn raw_html_becomes_text() {
        check("a <script>alert(1)</script> b", "<p>a &lt;script&gt;alert(1)&lt;/script&gt; b</p>");
        check("<iframe src=x>\n</iframe>", "<p>&lt;iframe src=x&gt;\n&lt;/iframe&gt;</p>");
        check("<!-- hidden -->", "<p>&lt;!-- hidden --&gt;</p>");
    }

    #[test]
    fn links_keep_only_harmless_schemes() {
        let kept =
            "<p><a href=\"https://a.example/?x=1&amp;y\" rel=\"nofollow noopener noreferrer\">x</a></p>";
        check("[x](https://a.example/?x=1&y)", kept);
        for url in
            ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil", "../a", "vbscript:x"]
        {
            check(&format!("[x]({url})"), "<p>x</p>");
        }
        check(
            "![alt](https://a.example/i.png)",
            "<p><a href=\"https://a.example/i.png\" rel=\"nofollow noopener noreferrer\">alt</a></p>",
        );
        check("![alt](i.png)", "<p>alt</p>");
    }

    #[test]
    fn headings_move_down_and_get_ids_of_their_own() {
        let rendered = render("# Title\n\n## Step one\n\n## Step one\n\n### `code` & more\n", None);
        let ids: Vec<(&str, u8)> = rendered.headings.iter().map(|h| (h.id.as_str(), h.level)).collect();
        assert_eq!(ids, [("s-step-one", 3), ("s-step-one-2", 3)]);
        assert!(rendered.html.starts_with("<h3 id=\"s-step-one\">Step one</h3>"), "{}", rendered.html);
        assert!(rendered.html.contains("<h4 id=\"s-code-more\"><code>code</code> &amp; more</h4>"));
    }

    #[test]
    fn thousands_of_equal_headings_are_no_trouble() {
        let rendered = render(&"## Same\n\n".repeat(20_000), None);
        let last = rendered.headings.last().map(|heading| heading.id.as_str());
        assert_eq!(last, Some("s-same-20000"));
    }

    #[test]
    fn tables_and_code_scroll_inside_themselves_and_carry_no_styles() {
        let table = "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table><thead><tr>\
            <th scope=\"col\">a</th></tr></thead><tbody>\n<tr><td>1</td></tr>\n</tbody></table></div>";
        check("|a|\n|--:|\n|1|\n", table);
        check(
            "```a\"b c\nx<y\n```",
            "<pre tabindex=\"0\"><code class=\"language-a&quot;b\">x&lt;y\n</code></pre>",
        );
        check("    x\n", "<pre tabindex=\"0\"><code>x\n</code></pre>");
    }

    #[test]
    fn code_of_a_known_language_is_highlighted_wherever_it_stands() {
        let memo = Memo::default();
        let inner = "<pre tabindex=\"0\"><code class=\"language-py\"><span class=\"k\">import</span> a &lt; b\n</code></pre>";
        for (markdown, html) in [
            ("```py x\nimport a < b\n```", inner.to_owned()),
            ("- ```py\n  import a < b\n  ```", format!("<ul>\n<li>{inner}\n</li>\n</ul>")),
            ("```py\nimport a < b\n", inner.to_owned()),
            (
                "```text\nimport a < b\n```",
                "<pre tabindex=\"0\"><code class=\"language-text\">import a &lt; b\n</code></pre>".to_owned(),
            ),
            ("```py\n```", "<pre tabindex=\"0\"><code class=\"language-py\"></code></pre>".to_owned()),
        ] {
            assert_eq!(render(markdown, Some(&memo)).html.trim(), html, "{markdown}");
        }
    }

    proptest! {
        /// Whatever an author writes, every `<` of the result opens or closes an element that we emit, and no
        /// attribute but ours appears.
        #[test]
        fn nothing_but_our_elements_comes_out(markdown in "([a-z<>\"'=()\\[\\]!&;:/#*_`|\n -]|<script|onerror=|javascript:|<img src=|<a href=|\n```(html|js|sh|md)\n){0,60}") {
            const ELEMENTS: [&str; 28] = [
                "p", "h2", "h3", "h4", "h5", "h6", "a", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol",
                "li", "table", "thead", "tbody", "tr", "th", "td", "hr", "br", "input", "div", "sup",
                "span",
            ];
            let html = render(&markdown, Some(&Memo::default())).html;
            for part in html.split('<').skip(1) {
                let name: String = part.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                prop_assert!(ELEMENTS.contains(&name.as_str()), "<{}> in {}", name, html);
                let tag = part.split('>').next().unwrap_or_default();
                prop_assert!(!tag.contains("onerror") || tag.contains("&quot;") || tag.starts_with("a href=\"http")
                    || tag.starts_with("a href=\"mailto:") || tag.starts_with("code class=") || tag.contains("id=\"s-"), "{}", html);
            }
        }
    }
}
