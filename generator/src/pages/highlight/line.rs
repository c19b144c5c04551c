//! A place in a line, and what keeps a parser from staying there for ever.

use syntect::parsing::syntax_definition::ContextId;

use super::grammar::{Action, Change};
use super::parser::Level;
use super::search::Place;

/// How many contexts may lie in one another, and how often one may be put in place of another at one place.
const MAX_DEPTH: usize = 100;

/// A line, and what was done at one place of it without going on.
pub(super) struct Line<'l> {
    pub(super) text: &'l str,
    /// The place, in bytes.
    pub(super) at: usize,
    /// The depth to which a context was entered here: leaving it here would lead back.
    floor: Option<usize>,
    /// In which states one context was put in place of another here.
    sets: Vec<State>,
}

/// All that decides about the next rule at a place.
type State = (Option<usize>, Vec<ContextId>);

impl<'l> Line<'l> {
    pub(super) fn new(text: &'l str) -> Self {
        Self { text, at: 0, floor: None, sets: Vec::new() }
    }

    /// Whether following a rule that matches at a place does anything.
    pub(super) fn is_open(action: &Action, (start, end): Place, depth: usize) -> bool {
        match action.change {
            Change::Nothing => start < end,
            Change::Pop => true,
            Change::Push => depth < MAX_DEPTH,
            Change::Set => depth < MAX_DEPTH || !action.is_deeper(),
        }
    }

    /// Whether following a rule here, without going on, would come back to where the parser was before.
    pub(super) fn is_circle(&self, action: &Action, stack: &[Level]) -> bool {
        match action.change {
            Change::Pop => self.floor == Some(stack.len()),
            Change::Set if self.sets.is_empty() => false,
            Change::Set => self.sets.len() >= MAX_DEPTH || self.sets.contains(&self.state(stack)),
            Change::Nothing | Change::Push => false,
        }
    }

    fn state(&self, stack: &[Level]) -> State {
        (self.floor, stack.iter().map(|level| level.context.id).collect())
    }

    /// Goes on to the end of a match, before its rule changes the stack.
    pub(super) fn go(&mut self, end: usize, change: Change, stack: &[Level]) {
        if end > self.at {
            (self.at, self.floor) = (end, None);
            self.sets.clear();
        } else if change == Change::Push {
            self.floor = Some(stack.len() + 1);
        } else if change == Change::Set {
            self.sets.push(self.state(stack));
        }
    }

    /// Goes on by a character; not to the end of the line.
    pub(super) fn skip(&mut self) -> bool {
        let next = self.text.get(self.at..).and_then(|rest| rest.char_indices().nth(1));
        let Some((width, _)) = next else { return false };
        (self.at, self.floor) = (self.at + width, None);
        self.sets.clear();
        true
    }
}
