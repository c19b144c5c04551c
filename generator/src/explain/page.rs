//! A rule's page: Markdown in, text and examples out. `rules/README.md` has the notation.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use serde::Serialize;

/// The page of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Why the rule exists, in Markdown.
    pub why: String,
    /// The commits before it, oldest first.
    pub before: Vec<Before>,
    /// The files of a repository that breaks the rule.
    pub fails: Vec<Sample>,
    /// What is other in one that keeps it.
    pub mended: Vec<Sample>,
}

/// A commit of an example's repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Before {
    /// Whether a catalog was built from it and published.
    pub published: bool,
    /// What is other in it than in the commit before.
    pub samples: Vec<Sample>,
}

/// A file of an example, or a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its path relative to the repository, or the name of the tag.
    pub path: String,
    /// What the block shows.
    pub text: String,
    /// What the file is, given the text.
    pub form: Form,
}

/// What file a block stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The text.
    Plain,
    /// The text, executable.
    Executable,
    /// The text in ISO 8859-1.
    Latin1,
    /// The text with its last line so many times.
    Repeat(usize),
    /// So many files, in whose path and text `{n}` and `{next}` count.
    Copies(usize),
    /// A symbolic link to this target.
    Link(String),
    /// The file that was at this path, with the text if there is any.
    From(String),
    /// No file.
    Removed,
    /// A tag at that commit, counted from 1; or one that is gone.
    Tag(Option<usize>),
}

/// Why a page cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The sections are others.
    #[error(
        "a page has a text, sections `Before` of which one may be `Published`, and the sections `Fails` and `Mended`; \
         this one has `{0}`"
    )]
    Sections(String),
    /// A section holds something else than files.
    #[error("the section `{0}` holds something else than fenced blocks with a path")]
    NoFile(String),
    /// A file is described by words that mean nothing.
    #[error("`{0}` describes no file")]
    Form(String),
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// When it does not keep to the notation.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        let (why, mut sections) = sections(text)?;
        let titles: Vec<String> = sections.iter().map(|section| section.title.clone()).collect();
        let wrong = || PageError::Sections(titles.join(", "));
        let mut last = |title| sections.pop().filter(|last| last.title == title).ok_or_else(wrong);
        let mended = last("Mended")?.samples;
        let fails = last("Fails")?.samples;
        let before = sections.into_iter().map(Section::before);
        let before: Vec<Before> = before.collect::<Option<_>>().ok_or_else(wrong)?;
        if why.is_empty() || before.iter().filter(|before| before.published).count() > 1 {
            return Err(wrong());
        }
        Ok(Self { why: why.to_owned(), before, fails, mended })
    }

    /// Whether the example is about a catalog that was published before.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.before.iter().any(|before| before.published)
    }

    /// Whether the failing or the mended example is a commit and no working tree: a catalog that was published is
    /// carried on from commits alone.
    #[must_use]
    pub fn is_committed(&self, samples: &[Sample]) -> bool {
        self.is_published() && samples.iter().any(|sample| !matches!(sample.form, Form::Tag(_)))
    }
}

struct Section {
    title: String,
    samples: Vec<Sample>,
}

impl Section {
    fn before(self) -> Option<Before> {
        let published = match self.title.as_str() {
            "Before" => false,
            "Published" => true,
            _ => return None,
        };
        Some(Before { published, samples: self.samples })
    }
}

/// The text before the first heading of the second level, and what follows by such headings.
fn sections(text: &str) -> Result<(&str, Vec<Section>), PageError> {
    let mut events = Parser::new(text).into_offset_iter();
    let mut why = text;
    let mut sections: Vec<Section> = Vec::new();
    while let Some((event, range)) = events.next() {
        if let Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) = event {
            if sections.is_empty() {
                why = text.get(..range.start).unwrap_or_default();
            }
            let title = text_until(&mut events, |end| matches!(end, TagEnd::Heading(_)));
            sections.push(Section { title, samples: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else {
                return Err(PageError::NoFile(section.title.clone()));
            };
            let text = text_until(&mut events, |end| matches!(end, TagEnd::CodeBlock));
            section.samples.push(sample(&info, text)?);
        }
    }
    Ok((why.trim(), sections))
}

fn text_until<'a>(
    events: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>,
    is_end: impl Fn(TagEnd) -> bool,
) -> String {
    let mut text = String::new();
    for (event, _) in events {
        match event {
            Event::End(end) if is_end(end) => break,
            Event::Text(part) => text.push_str(&part),
            _ => {}
        }
    }
    text
}

fn sample(info: &str, text: String) -> Result<Sample, PageError> {
    let (path, form) = info.split_once(' ').unwrap_or((info, ""));
    let form = form.parse().map_err(|()| PageError::Form(info.to_owned()))?;
    let empty = matches!(form, Form::Link(_) | Form::Removed | Form::Tag(_));
    if path.is_empty() || (empty && !text.is_empty()) {
        return Err(PageError::Form(info.to_owned()));
    }
    Ok(Sample { path: path.to_owned(), text, form })
}

impl std::str::FromStr for Form {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        let number = |text: &str| text.parse().map_err(|_| ());
        match word.split_once('=') {
            None if word.is_empty() => Ok(Self::Plain),
            None if word == "latin-1" => Ok(Self::Latin1),
            None if word == "removed" => Ok(Self::Removed),
            Some(("mode", "755")) => Ok(Self::Executable),
            Some(("repeat", times)) => Ok(Self::Repeat(number(times)?)),
            Some(("copies", times)) => Ok(Self::Copies(number(times)?)),
            Some(("link", target)) => Ok(Self::Link(target.to_owned())),
            Some(("tag", "none")) => Ok(Self::Tag(None)),
            Some(("tag", commit)) => Ok(Self::Tag(Some(number(commit)?))),
            Some(("from", path)) => Ok(Self::From(path.to_owned())),
            _ => Err(()),
        }
    }
}
