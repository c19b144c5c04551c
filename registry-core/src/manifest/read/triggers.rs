//! What people say when they need a skill, and what they say when they do not.

use super::{Fields, MAX_ITEMS};
use crate::diagnostic::Rule;
use crate::manifest::written::WrittenTriggers;
use crate::manifest::{Example, Triggers};

impl Fields<'_> {
    /// The examples with their places: under the key itself, else under `metadata`.
    pub(super) fn triggers(&mut self, written: Option<WrittenTriggers>) -> Triggers {
        let key = self.spelling("triggers");
        match written {
            None => Triggers::default(),
            Some(WrittenTriggers::List(positive)) => {
                Triggers { positive: self.examples(&key, positive), negative: Vec::new() }
            }
            Some(WrittenTriggers::Full(full)) => Triggers {
                positive: self.examples(&format!("{key}/positive"), full.positive),
                negative: self.examples(&format!("{key}/negative"), full.negative),
            },
        }
    }

    fn examples(&mut self, key: &str, texts: Vec<String>) -> Vec<Example> {
        if texts.len() > MAX_ITEMS {
            let message = format!("`{key}` has {} entries, may have at most {MAX_ITEMS}", texts.len());
            self.report(Rule::InvalidValue, key, message, "keep those that matter");
            return Vec::new();
        }
        let place = |(number, text)| Example { text, span: self.value_span(&format!("{key}/{number}")) };
        texts.into_iter().enumerate().map(place).collect()
    }
}
