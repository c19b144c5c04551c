//! Where patterns match in a line: what was found is remembered, and what it costs is bounded.

use onig::{MatchParam, Region, SearchOptions};

use super::grammar::Pattern;

/// How often a pattern may go back and try another way at one place: one that does so more often does not match.
const MAX_RETRIES: u32 = 2_000;
/// How often it may do so for no more than what each search costs.
const FREE_RETRIES: u32 = 100;
/// What a search costs beside the bytes that it passes.
const SEARCH_EFFORT: usize = 16;
/// What a search costs that must be done again with more retries.
const RETRIES_EFFORT: usize = 20_000;

/// A place in a line, in bytes: begin and end.
pub(super) type Place = (usize, usize);

/// The matches of one line.
#[derive(Debug)]
pub(super) struct Search {
    /// By the patterns' numbers, the line for which each was looked for, and its next match in it.
    found: Vec<(usize, Option<Place>)>,
    line: usize,
    /// The groups of the match that was found last, and its pattern's address.
    region: Region,
    last: usize,
    /// What may yet be spent.
    effort: usize,
}

impl Search {
    pub(super) fn with_effort(effort: usize) -> Self {
        Self { found: Vec::new(), line: 0, region: Region::new(), last: 0, effort }
    }

    /// Goes on with another line.
    pub(super) fn begin(&mut self) {
        self.line += 1;
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.effort == 0
    }

    pub(super) fn spend(&mut self, effort: usize) {
        self.effort = self.effort.saturating_sub(effort);
    }

    /// The first match of a pattern from a place on.
    pub(super) fn find(&mut self, pattern: &Pattern, line: &str, from: usize) -> Option<Place> {
        self.spend(1);
        let Some(number) = pattern.number else { return self.search(pattern, line, from) };
        match self.found.get(number) {
            Some((of, None)) if *of == self.line => return None,
            Some((of, Some(place))) if *of == self.line && place.0 >= from => return Some(*place),
            Some(_) => {}
            None => self.found.resize(number + 1, (0, None)),
        }
        let place = self.search(pattern, line, from);
        if let Some(found) = self.found.get_mut(number) {
            *found = (self.line, place);
        }
        place
    }

    fn search(&mut self, pattern: &Pattern, line: &str, from: usize) -> Option<Place> {
        let regex = pattern.regex()?;
        self.last = address(pattern);
        let mut search = |retries| {
            let mut limits = MatchParam::default();
            limits.set_retry_limit_in_match(retries);
            let (options, region) = (SearchOptions::SEARCH_OPTION_NONE, Some(&mut self.region));
            regex.search_with_param(line, from, line.len(), options, region, limits)
        };
        let first = search(FREE_RETRIES);
        let (found, again) = if first.is_err() { (search(MAX_RETRIES), RETRIES_EFFORT) } else { (first, 0) };
        let to = found.ok().flatten();
        self.spend(SEARCH_EFFORT + again + to.unwrap_or(line.len()).saturating_sub(from));
        to.and_then(|_| self.region.pos(0))
    }

    /// The groups of a pattern's match that begins at a place.
    pub(super) fn groups(&mut self, pattern: &Pattern, line: &str, from: usize) -> &Region {
        if self.last != address(pattern) {
            self.search(pattern, line, from);
        }
        &self.region
    }
}

fn address(pattern: &Pattern) -> usize {
    std::ptr::from_ref(pattern).addr()
}
