//! The mistake that authors make most: a plain value that holds `: `.

use super::Frontmatter;
use crate::diagnostic::{Diagnostic, Fix, Position, Span, apply};
use crate::yaml::NEEDS_QUOTES;

/// What a plain value does not start with.
const INDICATORS: [char; 15] = ['"', '\'', '[', ']', '{', '}', '|', '>', '&', '*', '!', '#', '%', '@', '`'];

/// Lets a fault of YAML cover the value that only lacks quotes, with the change that writes them. `text` is the file
/// without a byte order mark.
pub(super) fn offer(found: Diagnostic, text: &str) -> Diagnostic {
    if found.help.as_deref() != Some(NEEDS_QUOTES) {
        return found;
    }
    let Some((key, value, span)) = unquoted(text, found.span.start.line) else { return found };
    let quoted = serde_json::Value::from(value).to_string();
    let fix = Fix::replace(format!("write the value of `{key}` between quotes"), span, quoted);
    let (mended, _) = apply(text, &[&fix]);
    match Frontmatter::take_apart(&found.path, mended.as_bytes()) {
        Err(next) if next.span.start <= span.start => found,
        Ok(_) | Err(_) => Diagnostic { span, ..found }.with_fix(Some(fix)),
    }
}

/// The key and the plain value that holds `: `, both on one line that nothing continues.
fn unquoted(text: &str, number: u32) -> Option<(&str, &str, Span)> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let line = text.lines().nth(index)?;
    let (key, rest) = line.split_once(": ")?;
    let value = rest.trim();
    let in_key = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let plain = !value.starts_with(INDICATORS) && !value.starts_with("- ") && !value.starts_with("? ");
    let colon = value.contains(": ") || value.ends_with(':');
    if key.is_empty() || !key.chars().all(in_key) || !plain || !colon || value.contains(" #") {
        return None;
    }
    let next = text.lines().skip(index + 1).find(|line| !line.trim().is_empty());
    if next.is_some_and(|line| line.starts_with([' ', '\t'])) {
        return None;
    }
    let start = key.chars().count() + 3 + rest.chars().take_while(|letter| letter.is_whitespace()).count();
    let at = |column: usize| Position { line: number, column: u32::try_from(column).unwrap_or(u32::MAX) };
    Some((key, value, Span { start: at(start), end: at(start + value.chars().count()) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Rule;

    fn found(frontmatter: &str) -> Diagnostic {
        *Frontmatter::read("s.md", format!("---\n{frontmatter}---\nbody\n").as_bytes()).unwrap_err()
    }

    fn mended(frontmatter: &str) -> Option<String> {
        let fix = found(frontmatter).fix?;
        let (text, done) = apply(&format!("---\n{frontmatter}---\n"), &[&fix]);
        assert_eq!(done, [true]);
        Some(text.strip_prefix("---\n").unwrap().strip_suffix("---\n").unwrap().to_owned())
    }

    #[test]
    fn quotes_are_written_around_the_value() {
        for (value, quoted) in [
            ("Use when: the user asks", r#""Use when: the user asks""#),
            ("  Résumés: \"all\" of C:\\tmp: x  ", r#"  "Résumés: \"all\" of C:\\tmp: x"  "#),
            ("Use when:", r#""Use when:""#),
        ] {
            for end in ["\n", "\r\n"] {
                let file = |value: &str| format!("name: a{end}description: {value}{end}tags: [x]{end}");
                assert_eq!(mended(&file(value)), Some(file(quoted)), "{value}");
            }
        }
    }

    #[test]
    fn the_finding_covers_the_value() {
        let Diagnostic { span, rule, .. } = found("name: a\ndescription:  é: b\n");
        assert_eq!(rule, Rule::InvalidYaml);
        assert_eq!((span.start, span.end), (Position::new(3, 15), Position::new(3, 19)));
    }

    #[test]
    fn a_later_fault_is_left_for_the_next_look() {
        let first = "a: b: c\nd: e: f\ng: [\n";
        let second = mended(first).unwrap();
        assert_eq!(second, "a: \"b: c\"\nd: e: f\ng: [\n");
        assert_eq!(mended(&mended(&second).unwrap()), None);
    }

    #[test]
    fn what_may_mean_something_else_is_left_to_its_author() {
        for text in [
            "a: b: c\n  more\n",
            "a: b: c\n\n  more\n",
            "a: b: c # why\n",
            "a: [b: c\n",
            "a:\n  b: c: d\n",
            "a: - b: c\n",
            "a: x\na: b: c\n",
            "? a: b: c\n",
            "a: \"b\": c\n",
        ] {
            assert_eq!(mended(text), None, "{text}");
        }
    }
}
