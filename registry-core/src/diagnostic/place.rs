//! Places in a text file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A place in a file; both numbers count from one, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place `line`, `column`, each held at least at 1.
    #[must_use]
    pub fn new(line: usize, column: usize) -> Self {
        let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        Self { line: number(line), column: number(column) }
    }
}

/// Where each line of a text starts: with it, places are found without reading the text again up to them.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self { text, starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The place of the byte at `offset`.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Position::new(line, self.text.get(start..offset).unwrap_or_default().chars().count() + 1)
    }

    /// The byte offset of `place`; a column beyond its line's end stands for that end.
    #[must_use]
    pub fn offset(&self, place: Position) -> Option<usize> {
        let start = self.start(place.line)?;
        let line = self.line(place.line);
        let within = line.char_indices().nth(place.column as usize - 1).map_or(line.len(), |(at, _)| at);
        Some(start + within)
    }

    /// The line of that number without its end; empty where there is none.
    #[must_use]
    pub fn line(&self, number: u32) -> &'a str {
        let Some(start) = self.start(number) else { return "" };
        let end = number.checked_add(1).and_then(|next| self.start(next)).unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// The span of the bytes `range`.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        Span { start: self.position(range.start), end: self.position(range.end) }
    }

    /// The bytes of `span`; nothing where it ends before it starts.
    #[must_use]
    pub fn range(&self, span: Span) -> Option<Range<usize>> {
        let range = self.offset(span.start)?..self.offset(span.end)?;
        (range.start <= range.end).then_some(range)
    }

    /// What stands at `span`.
    #[must_use]
    pub fn slice(&self, span: Span) -> Option<&'a str> {
        self.text.get(self.range(span)?)
    }

    fn start(&self, line: u32) -> Option<usize> {
        self.starts.get(line.checked_sub(1)? as usize).copied()
    }
}

/// What stands from `start` up to, not including, `end`. An empty span marks one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "FlatSpan", into = "FlatSpan")]
pub struct Span {
    /// Its first character.
    pub start: Position,
    /// The character after its last.
    pub end: Position,
}

impl Span {
    /// The first place of a file.
    pub const START: Self = Self { start: Position::START, end: Position::START };
}

impl From<Position> for Span {
    fn from(place: Position) -> Self {
        Self { start: place, end: place }
    }
}

/// A span as machines read it.
#[derive(Serialize, Deserialize)]
struct FlatSpan {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl From<Span> for FlatSpan {
    fn from(Span { start, end }: Span) -> Self {
        Self { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }
}

impl From<FlatSpan> for Span {
    fn from(flat: FlatSpan) -> Self {
        Self {
            start: Position { line: flat.line, column: flat.column },
            end: Position { line: flat.end_line, column: flat.end_column },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The place of every character and of the end, found by reading all that stands before.
    fn places(text: &str) -> Vec<(usize, Position)> {
        let mut next = Position::START;
        let mut places = Vec::new();
        for (offset, letter) in text.char_indices() {
            places.push((offset, next));
            next = match letter {
                '\n' => Position { line: next.line + 1, column: 1 },
                _ => Position { column: next.column + 1, ..next },
            };
        }
        places.push((text.len(), next));
        places
    }

    /// The last place of a line that is not behind `place`, before the line's end.
    fn offset(text: &str, place: Position) -> Option<usize> {
        let line = text.split('\n').nth(place.line as usize - 1)?.trim_end_matches('\r');
        let width = u32::try_from(line.chars().count()).unwrap();
        let place = Position { column: place.column.min(width + 1), ..place };
        places(text).into_iter().find_map(|(offset, at)| (at == place).then_some(offset))
    }

    proptest! {
        #[test]
        fn every_offset_round_trips(text in "[aé𝄞\n]{0,12}") {
            let lines = Lines::new(&text);
            for (offset, _) in text.char_indices() {
                prop_assert_eq!(lines.offset(lines.position(offset)), Some(offset));
            }
        }

        #[test]
        fn lines_tell_the_places_that_the_text_tells(text in "[aé𝄞\r\n]{0,12}", line in 1..6_u32, column in 1..6_u32) {
            let (lines, places) = (Lines::new(&text), places(&text));
            for offset in 0..=text.len() + 1 {
                // What is no place of the text stands for its end.
                let expected = places.iter().find(|(at, _)| *at == offset).or(places.last());
                prop_assert_eq!(Some(lines.position(offset)), expected.map(|(_, place)| *place));
            }
            let place = Position { line, column };
            prop_assert_eq!(lines.offset(place), offset(&text, place));
        }

        #[test]
        fn every_span_is_that_of_its_text(text in "[aé𝄞\n]{0,8}") {
            let lines = Lines::new(&text);
            for (from, start) in places(&text) {
                for (to, end) in places(&text) {
                    prop_assert_eq!(lines.slice(Span { start, end }), text.get(from..to));
                }
            }
        }
    }

    #[test]
    fn places_outside_a_text() {
        assert_eq!(Lines::new("ab\r\nc").offset(Position::new(1, 9)), Some(2));
        assert_eq!(Lines::new("ab\r\nc").offset(Position::new(2, 9)), Some(5));
        assert_eq!(Lines::new("ab\nc").offset(Position::new(3, 1)), None);
    }
}
