//! syntect's grammars as the parser needs them: every context with all its rules in one list, made when it is first
//! entered. Names and meaning: Sublime Text, “Syntax Definitions”.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use onig::{RegexOptions, Syntax};
use serde::Serialize;
use serde_json::json;
use syntect::parsing::syntax_definition::{
    Context as Definition, ContextId, ContextReference, MatchOperation, MatchPattern, Pattern as Item,
};
use syntect::parsing::{ClearAmount, SyntaxReference, SyntaxSet};

use super::classes::{Classes, Effect};

/// A pattern, which rules of many contexts share.
pub(super) struct Pattern {
    /// Under what its matches are remembered; nothing where they depend on more than the line.
    pub(super) number: Option<usize>,
    source: String,
    regex: OnceLock<Option<onig::Regex>>,
}

impl Pattern {
    fn new(source: String, number: Option<usize>) -> Self {
        Self { number, source, regex: OnceLock::new() }
    }

    /// Nothing for a source that is no pattern: it matches nowhere.
    pub(super) fn regex(&self) -> Option<&onig::Regex> {
        let compile = || {
            onig::Regex::with_options(
                &self.source,
                RegexOptions::REGEX_OPTION_CAPTURE_GROUP,
                Syntax::default(),
            )
        };
        self.regex.get_or_init(|| compile().ok()).as_ref()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(formatter)
    }
}

/// What is to be found in a context, and what happens then.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) pattern: Arc<Pattern>,
    /// Whether the pattern speaks of groups of the match that led into its context.
    refers: bool,
    pub(super) action: Arc<Action>,
}

/// What a match does to the scopes and to the stack of contexts.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) scopes: Vec<Effect>,
    pub(super) captures: Vec<(usize, Vec<Effect>)>,
    pub(super) change: Change,
    targets: Vec<ContextReference>,
    prototype: Option<ContextReference>,
    entered: OnceLock<Option<Entered>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    Pop,
    Push,
    Set,
}

/// The contexts that a match enters, the last of which the prototype is for.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) contexts: Vec<Arc<Context>>,
    pub(super) prototype: Option<Arc<Context>>,
}

/// A context of a grammar.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) id: ContextId,
    pub(super) meta: Vec<Effect>,
    pub(super) content: Vec<Effect>,
    pub(super) clear: Option<ClearAmount>,
    /// Those of the grammar's prototype come first.
    pub(super) rules: Vec<Rule>,
    /// How many rules are the prototype's.
    inherited: usize,
    /// Whether a pattern of its own speaks of groups of the match that led here.
    pub(super) refers: bool,
}

impl Action {
    /// Whether it enters more contexts than one.
    pub(super) fn is_deeper(&self) -> bool {
        self.targets.len() > 1
    }
}

impl Context {
    /// The rules without the prototype's.
    pub(super) fn own(&self) -> &[Rule] {
        self.rules.get(self.inherited..).unwrap_or_default()
    }

    /// The context for one who comes into it by a match with these groups.
    pub(super) fn referring_to(&self, groups: &[Option<&str>]) -> Self {
        let mut context = self.clone();
        for rule in context.rules.iter_mut().skip(self.inherited).filter(|rule| rule.refers) {
            rule.pattern = Arc::new(Pattern::new(substitute(&rule.pattern.source, groups), None));
        }
        context
    }
}

/// A pattern's source with the texts of groups in place of `\0` to `\9`.
fn substitute(source: &str, groups: &[Option<&str>]) -> String {
    let (mut made, mut chars) = (String::with_capacity(source.len()), source.chars());
    while let Some(char) = chars.next() {
        match (char, chars.clone().next()) {
            ('\\', Some(next)) => {
                chars.next();
                match next.to_digit(10) {
                    Some(group) => {
                        let text = groups.get(group as usize).copied().flatten();
                        made.push_str(&regex::escape(text.unwrap_or_default()));
                    }
                    None => made.extend([char, next]),
                }
            }
            _ => made.push(char),
        }
    }
    made
}

/// All grammars. What was made of them is shared by all threads.
#[derive(Debug)]
pub(super) struct Grammars {
    pub(super) syntaxes: SyntaxSet,
    classes: Classes,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    patterns: HashMap<String, Arc<Pattern>>,
    rules: HashMap<ContextId, Arc<[Rule]>>,
    contexts: HashMap<ContextId, Arc<Context>>,
    starts: HashMap<String, Option<Arc<Context>>>,
}

impl Grammars {
    pub(super) fn new() -> Self {
        let syntaxes = two_face::syntax::extra_newlines();
        Self { syntaxes, classes: Classes::new(), made: Mutex::default() }
    }

    /// The context in which a text of a language begins.
    pub(super) fn start(&self, syntax: &SyntaxReference) -> Option<Arc<Context>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(start) = made.starts.get(&syntax.name) {
            return start.clone();
        }
        let start = self.find_start(syntax).and_then(|start| self.context(&mut made, &start));
        made.starts.insert(syntax.name.clone(), start.clone());
        start
    }

    /// syntect does not say where a grammar starts: it is in the context that has but the scope of the language, and
    /// enters another before the first character.
    fn find_start(&self, syntax: &SyntaxReference) -> Option<ContextReference> {
        let of = self.syntaxes.syntaxes().iter().position(|other| std::ptr::eq(other, syntax))?;
        let starts = |definition: &Definition| match definition.patterns.as_slice() {
            [Item::Match(first)] => {
                first.regex.regex_str().is_empty() && definition.meta_content_scope == [syntax.scope]
            }
            _ => false,
        };
        for at in 0.. {
            let reference = reference(json!({ "syntax_index": of, "context_index": at }))?;
            if starts(reference.resolve(&self.syntaxes).ok()?) {
                return Some(reference);
            }
        }
        None
    }

    /// What a match enters; nothing where a grammar names a context that is not there.
    pub(super) fn entered<'a>(&self, action: &'a Action) -> Option<&'a Entered> {
        let enter = || {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let mut context = |reference: &ContextReference| self.context(&mut made, reference);
            Some(Entered {
                contexts: action.targets.iter().map(&mut context).collect::<Option<_>>()?,
                prototype: action
                    .prototype
                    .as_ref()
                    .map(context)
                    .map_or(Some(None), |found| found.map(Some))?,
            })
        };
        action.entered.get_or_init(enter).as_ref()
    }

    fn context(&self, made: &mut Made, reference: &ContextReference) -> Option<Arc<Context>> {
        let id = reference.id().ok()?;
        if let Some(context) = made.contexts.get(&id) {
            return Some(Arc::clone(context));
        }
        let definition = reference.resolve(&self.syntaxes).ok()?;
        let mut rules = Vec::new();
        if let Some(prototype) = definition.prototype {
            rules.extend_from_slice(&self.rules(made, &self::reference(prototype)?)?);
        }
        let inherited = rules.len();
        rules.extend_from_slice(&self.rules(made, reference)?);
        let context = Arc::new(Context {
            id,
            meta: self.classes.effects(&definition.meta_scope),
            content: self.classes.effects(&definition.meta_content_scope),
            clear: definition.clear_scopes,
            refers: definition.uses_backrefs,
            inherited,
            rules,
        });
        made.contexts.insert(id, Arc::clone(&context));
        Some(context)
    }

    /// The rules of a context, with those that it includes.
    fn rules(&self, made: &mut Made, reference: &ContextReference) -> Option<Arc<[Rule]>> {
        let id = reference.id().ok()?;
        if let Some(rules) = made.rules.get(&id) {
            return Some(Arc::clone(rules));
        }
        // Whoever includes itself includes nothing.
        made.rules.insert(id, Arc::default());
        let mut rules = Vec::new();
        for item in &reference.resolve(&self.syntaxes).ok()?.patterns {
            match item {
                Item::Match(pattern) => rules.push(self.rule(made, pattern)),
                Item::Include(other) => {
                    rules.extend_from_slice(&self.rules(made, other).unwrap_or_default());
                }
            }
        }
        let rules: Arc<[Rule]> = rules.into();
        made.rules.insert(id, Arc::clone(&rules));
        Some(rules)
    }

    fn rule(&self, made: &mut Made, found: &MatchPattern) -> Rule {
        let (change, targets) = match &found.operation {
            MatchOperation::None => (Change::Nothing, Vec::new()),
            MatchOperation::Pop => (Change::Pop, Vec::new()),
            MatchOperation::Push(targets) => (Change::Push, targets.clone()),
            MatchOperation::Set(targets) => (Change::Set, targets.clone()),
        };
        let captures = found.captures.iter().flatten();
        let action = Action {
            scopes: self.classes.effects(&found.scope),
            captures: captures.map(|(group, scopes)| (*group, self.classes.effects(scopes))).collect(),
            change,
            targets,
            prototype: found.with_prototype.clone(),
            entered: OnceLock::new(),
        };
        Rule {
            pattern: made.pattern(found.regex.regex_str()),
            refers: found.has_captures,
            action: Arc::new(action),
        }
    }
}

impl Made {
    fn pattern(&mut self, source: &str) -> Arc<Pattern> {
        if let Some(pattern) = self.patterns.get(source) {
            return Arc::clone(pattern);
        }
        // `\G` is where the search began.
        let number = (!source.contains("\\G")).then_some(self.patterns.len());
        let pattern = Arc::new(Pattern::new(source.to_owned(), number));
        self.patterns.insert(source.to_owned(), Arc::clone(&pattern));
        pattern
    }
}

/// A reference to a context, which syntect makes by reading alone.
fn reference(id: impl Serialize) -> Option<ContextReference> {
    serde_json::from_value(json!({ "Direct": id })).ok()
}
