//! Patterns of parameters. Checker and edge use this one engine, so that what the one takes the other takes.

use regex_lite::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1000;
/// Largest program that a pattern may become, in bytes. The time of a match is this times the length of the value: a
/// larger one would let a value of [`MAX_PATTERNED_BYTES`] hold the edge for seconds.
const MAX_PROGRAM_BYTES: usize = 64 << 10;
/// Longest value that is compared with a pattern, in bytes.
pub const MAX_PATTERNED_BYTES: usize = 4 << 10;

/// A regular expression that a whole value must match, in the language of the crate `regex-lite`: without look-around
/// and back-references, so that every match takes time in proportion to the value; `\w`, `\d` and `\s` are ASCII.
#[derive(Debug)]
pub struct Pattern(Regex);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("it has {0} bytes, may have at most {MAX_PATTERN_BYTES}")]
    TooLong(usize),
    /// Not of the language, or too large once its repetitions are written out.
    #[error("{0}")]
    Syntax(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is too long, too large, or not of the language.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong(text.len()));
        }
        // Alone first: `a)|(b` would be one only within the brackets that anchor it.
        compile(text)?;
        compile(&format!(r"\A(?:{text})\z")).map(Self)
    }

    /// Whether the whole value matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(pattern).size_limit(MAX_PROGRAM_BYTES).build();
    built.map_err(|error| PatternError::Syntax(error.to_string()))
}
