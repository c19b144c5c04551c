//! Text of authors, of skills and of file names, as it may be printed.

/// The text on one line, without what a terminal or a runner of GitHub Actions takes for a command: control
/// characters and those that turn the direction of writing stand escaped.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_command(letter) { line.extend(letter.escape_default()) } else { line.push(letter) }
    }
    without_commands(&line)
}

/// The same where the text starts a line: a runner looks for `::` behind the blanks there.
#[must_use]
pub fn inert(text: &str) -> String {
    let line = printable(text);
    if line.trim_start().starts_with("::") { format!("./{}", line.trim_start()) } else { line }
}

/// Each line of the text made inert.
#[must_use]
pub fn inert_lines(text: &str) -> String {
    text.split('\n').map(inert).collect::<Vec<_>>().join("\n")
}

/// The text without the `##[` that starts the older commands of a runner anywhere in a line.
#[must_use]
pub fn without_commands(text: &str) -> String {
    text.replace("##[", "## [")
}

fn is_command(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_terminals_and_runners_are_escaped() {
        assert_eq!(
            printable("a\r\n\u{1b}[2J\u{9b}\u{202e}\u{2066}é退"),
            r"a\r\n\u{1b}[2J\u{9b}\u{202e}\u{2066}é退"
        );
        assert_eq!(printable("a ##[error]x"), "a ## [error]x");
        assert_eq!(inert("  ::error::x"), "./::error::x");
        assert_eq!(inert_lines("a\n ::b\u{7}\nc"), "a\n./::b\\u{7}\nc");
    }
}
