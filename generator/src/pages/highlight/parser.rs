//! Runs a grammar over a text. At each place the rules of the innermost context are tried: of those that match
//! first, the first one says what the text is, and which context comes next. Rules: Sublime Text, “Syntax
//! Definitions”. Unlike syntect's parser this one comes to an end whatever grammar and text are.

use std::borrow::Cow;
use std::sync::Arc;

use super::classes::Effect;
use super::grammar::{Action, Change, Context, Entered, Grammars, Pattern, Rule};
use super::line::Line;
use super::painter::Painter;
use super::search::{Place, Search};

/// What making a pattern costs out of what was read.
const REFERRING_EFFORT: usize = 2_000;

/// Where in a text the parser is.
#[derive(Debug)]
pub(super) struct Parser<'a, 't> {
    grammars: &'a Grammars,
    stack: Vec<Level>,
    /// The depths from which rules were followed that one context forces upon all within it: the rules that are
    /// forced upon what is below do not hold there.
    forced: Vec<usize>,
    search: Search,
    painter: Painter<'t>,
}

/// A context that the parser is in.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) context: Arc<Context>,
    /// Contexts whose rules come first, here and in all that is entered from here.
    prototypes: Vec<Arc<Context>>,
}

/// A rule that matches.
struct Hit {
    pattern: Arc<Pattern>,
    action: Arc<Action>,
    place: Place,
    forced: bool,
}

enum Next {
    Follow(Hit),
    /// All that matches here leads in a circle.
    Skip,
    End,
}

impl<'a, 't> Parser<'a, 't> {
    pub(super) fn new(grammars: &'a Grammars, start: Arc<Context>, effort: usize, bytes: usize) -> Self {
        let mut painter = Painter::with_capacity(bytes);
        painter.push(0, &start.content);
        let stack = vec![Level { context: start, prototypes: Vec::new() }];
        Self { grammars, stack, forced: Vec::new(), search: Search::with_effort(effort), painter }
    }

    /// Reads a line, or takes it as it is where no effort is left. Nothing where the grammar leads nowhere.
    pub(super) fn line(&mut self, text: &'t str) -> Option<()> {
        self.painter.begin(text);
        self.search.begin();
        // The grammars look for the end of a line, which the last one may lack.
        let whole = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
        let mut line = Line::new(&whole);
        while !self.search.is_exhausted() {
            match self.next(&line)? {
                Next::Follow(hit) => self.follow(&mut line, &hit)?,
                Next::Skip if line.skip() => {}
                Next::Skip | Next::End => {
                    self.painter.end();
                    return Some(());
                }
            }
        }
        self.painter.end_plain();
        Some(())
    }

    /// Takes a line as it is.
    pub(super) fn plain(&mut self, text: &'t str) {
        self.painter.begin(text);
        self.painter.end_plain();
    }

    pub(super) fn into_html(self) -> String {
        self.painter.into_html()
    }

    fn next(&mut self, line: &Line<'_>) -> Option<Next> {
        let Self { stack, search, .. } = self;
        while self.forced.pop_if(|depth| *depth >= stack.len()).is_some() {}
        let forced = stack.get(self.forced.last().copied().unwrap_or(0)..)?;
        let forced = forced.iter().flat_map(|level| &level.prototypes).flat_map(|context| context.own());
        let rules = forced.map(|rule| (rule, true));
        let rules = rules.chain(stack.last()?.context.rules.iter().map(|rule| (rule, false)));
        let mut best: Option<(&Rule, Place, bool)> = None;
        let mut circular = false;
        for (rule, forced) in rules {
            let Some(place) = search.find(&rule.pattern, line.text, line.at) else { continue };
            if !Line::is_open(&rule.action, place, stack.len())
                || best.is_some_and(|(_, (first, _), _)| first <= place.0)
            {
                continue;
            }
            if place.1 == line.at && line.is_circle(&rule.action, stack) {
                circular = true;
            } else if place.0 == line.at || !circular {
                best = Some((rule, place, forced));
                if place.0 == line.at {
                    break;
                }
            }
        }
        Some(match best {
            Some((rule, place, forced)) if place.0 == line.at || !circular => {
                let (pattern, action) = (Arc::clone(&rule.pattern), Arc::clone(&rule.action));
                Next::Follow(Hit { pattern, action, place, forced })
            }
            _ if circular => Next::Skip,
            _ => Next::End,
        })
    }

    fn follow(&mut self, line: &mut Line<'_>, hit: &Hit) -> Option<()> {
        line.go(hit.place.1, hit.action.change, &self.stack);
        if hit.forced {
            self.forced.push(self.stack.len());
        }
        let entered = match hit.action.change {
            Change::Nothing | Change::Pop => None,
            Change::Push | Change::Set => Some(self.grammars.entered(&hit.action)?),
        };
        let contexts = entered.map(|entered| entered.contexts.as_slice()).unwrap_or_default();
        let top = Arc::clone(&self.stack.last()?.context);
        let (start, end) = hit.place;
        self.open(start, hit.action.change, &top, contexts)?;
        self.painter.push(start, &hit.action.scopes);
        self.captures(line, hit);
        self.painter.pop(end, hit.action.scopes.len());
        self.close(end, hit.action.change, &top, contexts)?;
        let replaced = match hit.action.change {
            Change::Nothing | Change::Push => None,
            Change::Pop | Change::Set => self.stack.pop(),
        };
        if let Some(entered) = entered {
            self.enter(entered, replaced, line, hit);
        }
        Some(())
    }

    /// The scopes of contexts that the match itself lies in.
    fn open(&mut self, at: usize, change: Change, top: &Context, contexts: &[Arc<Context>]) -> Option<()> {
        match change {
            Change::Nothing => {}
            Change::Pop => self.painter.pop(at, top.content.len()),
            Change::Push | Change::Set => {
                if change == Change::Set && top.clear.is_some() {
                    self.painter.restore(at)?;
                }
                for context in contexts {
                    if change == Change::Push
                        && let Some(amount) = context.clear
                    {
                        self.painter.clear(at, amount);
                    }
                    self.painter.push(at, &context.meta);
                }
            }
        }
        Some(())
    }

    /// The scopes of contexts that hold behind the match.
    fn close(&mut self, at: usize, change: Change, top: &Context, contexts: &[Arc<Context>]) -> Option<()> {
        let set = change == Change::Set;
        match change {
            Change::Nothing => {}
            Change::Pop => {
                self.painter.pop(at, top.meta.len());
                if top.clear.is_some() {
                    self.painter.restore(at)?;
                }
            }
            Change::Push | Change::Set => {
                let left = if set { top.meta.len() + top.content.len() } else { 0 };
                let behind =
                    |context: &Arc<Context>| !context.content.is_empty() || set && context.clear.is_some();
                if left > 0 || contexts.iter().any(behind) {
                    let opened: usize = contexts.iter().map(|context| context.meta.len()).sum();
                    self.painter.pop(at, opened + left);
                    for context in contexts {
                        if set && let Some(amount) = context.clear {
                            self.painter.clear(at, amount);
                        }
                        self.painter.push(at, &context.meta);
                        self.painter.push(at, &context.content);
                    }
                }
            }
        }
        Some(())
    }

    /// The scopes of a match's groups, which lie in one another or side by side.
    fn captures(&mut self, line: &Line<'_>, hit: &Hit) {
        if hit.action.captures.is_empty() {
            return;
        }
        let groups = self.search.groups(&hit.pattern, line.text, hit.place.0);
        let mut turns: Vec<(usize, isize, &[Effect])> = Vec::new();
        for (group, scopes) in &hit.action.captures {
            if let Some((start, end)) = groups.pos(*group).filter(|(start, end)| start < end) {
                turns.push((start, -(end as isize - start as isize), scopes));
                turns.push((end, isize::MIN, scopes));
            }
        }
        turns.sort_by_key(|(at, order, _)| (*at, *order));
        for (at, order, scopes) in turns {
            if order == isize::MIN {
                self.painter.pop(at, scopes.len());
            } else {
                self.painter.push(at, scopes);
            }
        }
    }

    fn enter(&mut self, entered: &Entered, replaced: Option<Level>, line: &Line<'_>, hit: &Hit) {
        let mut prototypes = replaced.map(|level| level.prototypes).unwrap_or_default();
        for (number, context) in entered.contexts.iter().enumerate() {
            let mut prototypes = std::mem::take(&mut prototypes);
            if number + 1 == entered.contexts.len()
                && let Some(prototype) = &entered.prototype
                && prototypes.iter().all(|other| other.id != prototype.id)
            {
                prototypes.push(self.referring(prototype, line, hit));
            }
            let context = self.referring(context, line, hit);
            self.stack.push(Level { context, prototypes });
        }
    }

    fn referring(&mut self, context: &Arc<Context>, line: &Line<'_>, hit: &Hit) -> Arc<Context> {
        if !context.refers {
            return Arc::clone(context);
        }
        self.search.spend(REFERRING_EFFORT);
        let groups = self.search.groups(&hit.pattern, line.text, hit.place.0);
        let text = |group| groups.pos(group).and_then(|(start, end)| line.text.get(start..end));
        Arc::new(context.referring_to(&(0..10).map(text).collect::<Vec<_>>()))
    }
}
