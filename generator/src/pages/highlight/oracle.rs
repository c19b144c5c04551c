//! The spans of syntect's own parser: ours are the same where that comes back.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use syntect::parsing::{ParseState, Scope, ScopeStack};

use super::classes::{Class, Classes, Effect};
use super::languages::LANGUAGES;
use super::spans::Spans;
use super::tests::texts;
use super::*;

/// Languages whose grammars lead syntect's parser in circles, as JavaScript's and Scala's do, or embed such a one.
const CIRCULAR: [&str; 11] = [
    "Groovy",
    "HTML",
    "HTTP Request and Response",
    "Java",
    "JavaScript",
    "LaTeX",
    "Markdown",
    "PHP",
    "Perl",
    "Ruby",
    "Scala",
];

/// What text looks like in scopes; their effects are looked up once.
fn class(effects: &mut HashMap<Scope, Effect>, scopes: &[Scope]) -> Option<Class> {
    scopes.iter().fold(None, |around, scope| {
        let effect = effects.entry(*scope).or_insert_with(|| Classes::new().effects(&[*scope])[0]);
        match *effect {
            Some(Some(Class::String)) if around == Some(Class::Attribute) => around,
            Some(class) => class,
            None => around,
        }
    })
}

/// Nothing where syntect gives up.
fn by_syntect(language: Language<'_>, text: &str) -> Option<String> {
    let (syntaxes, mut effects) = (&Highlighter::shared().grammars.syntaxes, HashMap::new());
    let (mut state, mut scopes) = (ParseState::new(language.0), ScopeStack::new());
    let mut spans = Spans::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.len() > MAX_LINE_BYTES {
            spans.text(line, None);
            continue;
        }
        let padded = format!("{}\n", line.strip_suffix('\n').unwrap_or(line));
        let mut from = 0;
        for (at, change) in state.parse_line(&padded, syntaxes).ok()? {
            if let Some(token) = line.get(from..at.min(line.len())) {
                spans.text(token, class(&mut effects, scopes.as_slice()));
                from += token.len();
            }
            scopes.apply(&change).ok()?;
        }
        spans.text(&line[from..], class(&mut effects, scopes.as_slice()));
    }
    Some(spans.into_html())
}

/// The fenced code of a Markdown text in languages with which syntect comes back.
fn blocks(markdown: &str) -> Vec<(Language<'static>, String)> {
    let mut blocks: Vec<(Option<Language<'static>>, String)> = Vec::new();
    let mut inside = false;
    for event in pulldown_cmark::Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let word = info.split(' ').next().unwrap_or_default();
                blocks.push((Highlighter::shared().language(word), String::new()));
                inside = true;
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => blocks.last_mut().unwrap().1.push_str(&text),
            _ => {}
        }
    }
    let known = blocks.into_iter().filter_map(|(language, text)| Some((language?, text)));
    known.filter(|(language, _)| !CIRCULAR.contains(&language.name())).collect()
}

fn read_skills(folder: &Path, read: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_skills(&path, read);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            read.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_code_of_real_skills_gets_the_spans_of_syntect() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/skills");
    if !corpus.is_dir() {
        println!("skipped: there is no corpus at ../shared/corpus/skills beside the checkout");
        return;
    }
    let mut skills = Vec::new();
    read_skills(&corpus, &mut skills);
    let blocks: Vec<_> = skills.iter().flat_map(|skill| blocks(skill)).collect();
    // One in four: syntect takes its time in a program that is not optimised.
    for (language, text) in blocks.iter().step_by(4) {
        let ours = Highlighter::shared().highlight(*language, text);
        assert_eq!(ours, by_syntect(*language, text), "{}", language.name());
    }
    println!("{} blocks", blocks.len());
}

/// The same texts at every run: of others it is not known that syntect comes to an end.
#[test]
fn any_text_gets_the_spans_of_syntect() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::with_cases(256), rng);
    let cases = (texts(), prop::sample::select(LANGUAGES.as_slice()));
    let compare = |(text, language): (String, (&str, &[&str]))| {
        if !CIRCULAR.contains(&language.0) {
            let language = Highlighter::shared().language(language.1[0]).unwrap();
            prop_assert_eq!(Highlighter::shared().highlight(language, &text), by_syntect(language, &text));
        }
        Ok(())
    };
    runner.run(&cases, compare).unwrap();
}
