//! Tokens → HTML: the only place that writes markup, and the one that knows it again.

use super::classes::{Class, NAMES};

const OPEN: &str = "<span class=\"";
const OPENED: &str = "\">";
const CLOSE: &str = "</span>";
/// What must not stand in a text as it is, and what stands for it.
const ESCAPES: [(char, &str); 3] = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;")];

/// HTML that grows token by token. Neighbours of one class share a span, and so do those with only blanks between.
#[derive(Debug)]
pub(super) struct Spans {
    html: String,
    open: Option<&'static str>,
    /// Blanks that may yet be in a span or not.
    blanks: String,
}

impl Spans {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { html: String::with_capacity(bytes), open: None, blanks: String::new() }
    }

    /// Adds a token. A line ends every span.
    pub(super) fn text(&mut self, token: &str, class: Option<Class>) {
        for part in token.split_inclusive('\n') {
            let (part, ends) = part.strip_suffix('\n').map_or((part, false), |part| (part, true));
            self.part(part, class);
            if ends {
                self.switch(None);
                self.html.push('\n');
            }
        }
    }

    fn part(&mut self, part: &str, class: Option<Class>) {
        let inner = part.trim_start();
        let (before, _) = part.split_at(part.len() - inner.len());
        self.blanks.push_str(before);
        let inner = inner.trim_end();
        if !inner.is_empty() {
            self.switch(class.and_then(|class| class.name(inner)));
            escape(inner, &mut self.html);
            let (_, after) = part.split_at(before.len() + inner.len());
            self.blanks.push_str(after);
        }
    }

    /// Goes on in `class`, with the blanks in between on the side of the span where they cost nothing.
    fn switch(&mut self, class: Option<&'static str>) {
        let changes = class != self.open;
        if changes && self.open.is_some() {
            self.html.push_str(CLOSE);
        }
        self.html.push_str(&self.blanks);
        self.blanks.clear();
        if changes && let Some(class) = class {
            self.html.extend([OPEN, class, OPENED]);
        }
        self.open = class;
    }

    pub(super) fn into_html(mut self) -> String {
        self.switch(None);
        self.html
    }
}

fn escape(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some((at, (from, to))) = next_escape(rest) {
        let (before, after) = rest.split_at(at);
        html.extend([before, to]);
        rest = after.get(from.len_utf8()..).unwrap_or_default();
    }
    html.push_str(rest);
}

fn next_escape(text: &str) -> Option<(usize, (char, &'static str))> {
    let at = text.find(['&', '<', '>'])?;
    let found = text.get(at..)?.chars().next()?;
    ESCAPES.into_iter().find(|(from, _)| *from == found).map(|escape| (at, escape))
}

/// Whether `html` is `text` with nothing but spans of ours around its tokens: what can go on a page, whoever wrote it.
pub(in crate::pages) fn is_text(html: &str, text: &str) -> bool {
    let (mut html, mut text, mut open) = (html, text, false);
    loop {
        let plain = html.find(['&', '<', '>']).unwrap_or(html.len());
        let (token, rest) = html.split_at(plain);
        let Some(after) = text.strip_prefix(token) else { return false };
        (html, text) = (rest, after);
        if html.is_empty() {
            return text.is_empty() && !open;
        }
        if let Some(rest) = if open { html.strip_prefix(CLOSE) } else { opened(html) } {
            (html, open) = (rest, !open);
        } else if let Some((rest, after)) = unescaped(html, text) {
            (html, text) = (rest, after);
        } else {
            return false;
        }
    }
}

/// What stands behind a span's beginning.
fn opened(html: &str) -> Option<&str> {
    let html = html.strip_prefix(OPEN)?;
    NAMES.iter().find_map(|name| html.strip_prefix(name)?.strip_prefix(OPENED))
}

/// What stands behind an escaped character, here and in the text.
fn unescaped<'a>(html: &'a str, text: &'a str) -> Option<(&'a str, &'a str)> {
    ESCAPES.iter().find_map(|(from, to)| Some((html.strip_prefix(to)?, text.strip_prefix(*from)?)))
}
