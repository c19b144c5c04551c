//! No file can bring so many findings that nobody gets to the end of them.

use std::collections::BTreeMap;

use registry_core::diagnostic::{Diagnostic, Rule};

/// Most findings of one rule in one file, beside one that tells how many more there are.
const MOST: usize = 50;

/// The first findings of each rule in each file, and one more that counts the rest where there are more.
pub(super) fn cap(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if found.len() <= MOST {
        return found;
    }
    found.sort();
    let mut kept = Vec::new();
    let mut counts: BTreeMap<(String, Rule), (usize, Option<Diagnostic>)> = BTreeMap::new();
    for found in found {
        let (count, first) = counts.entry((found.path.clone(), found.rule)).or_default();
        *count += 1;
        match *count {
            ..=MOST => kept.push(found),
            _ => drop(first.get_or_insert(found)),
        }
    }
    kept.extend(counts.into_values().filter_map(|(count, first)| Some(rest(first?, count - MOST))));
    kept
}

/// The finding for the rest: of as many as one, that one itself.
fn rest(first: Diagnostic, number: usize) -> Diagnostic {
    if number == 1 {
        return first;
    }
    let message = format!("and {number} more of this rule in this file");
    let rest = Diagnostic::new(first.rule, &first.path, first.span, message);
    rest.with_help("mend those before it first")
}

#[cfg(test)]
mod tests {
    use registry_core::diagnostic::Position;

    use super::*;

    #[test]
    fn what_is_beyond_the_first_of_a_rule_is_counted() {
        let found = |rule, line| Diagnostic::new(rule, "s.md", Position::new(line, 1), "x");
        let all = |number| (1..=number).map(|line| found(Rule::UnknownKey, line)).collect::<Vec<_>>();
        assert_eq!(cap(all(MOST)).len(), MOST);
        assert_eq!(cap(all(MOST + 1)), all(MOST + 1));
        let mut many = all(999);
        many.push(found(Rule::MissingKey, 1));
        many.reverse();
        let kept = cap(many);
        assert_eq!(kept.len(), MOST + 2);
        let last = kept.last().unwrap();
        assert_eq!(last.message, "and 949 more of this rule in this file");
        assert!(kept.iter().any(Diagnostic::is_error));
        assert_eq!(last.span.start.line, 51);
    }
}
