//! Columns for people.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A header and rows, their columns as wide as the widest cell. The last one is cut to what the terminal leaves when
/// `margin` columns are taken before each line.
pub(super) fn laid_out(
    header: &[&str],
    rows: &[impl AsRef<[String]>],
    margin: usize,
) -> (String, Vec<String>) {
    let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
    let width = |column: usize| {
        let cells =
            rows.iter().map(AsRef::as_ref).chain([header.as_slice()]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let columns = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let line = |row: &[String]| {
        let Some((last, cells)) = row.split_last() else { return String::new() };
        let fixed: String = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(fixed.width() + margin));
        format!("{fixed}{}", cut(last, room))
    };
    (line(&header), rows.iter().map(|row| line(row.as_ref())).collect())
}

fn pad(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()) + 2))
}

/// The start of a text that fits `room` columns.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or_default();
        used <= room
    };
    let start: String = text.chars().take_while(fits).collect();
    format!("{}…", start.trim_end())
}

/// Up to the first full stop that a new sentence follows.
pub(super) fn first_sentence(text: &str) -> &str {
    let ends = |(at, letter): (usize, char)| {
        let end = at + letter.len_utf8();
        let next = || text.get(end..)?.strip_prefix(' ')?.chars().next();
        let ended = letter == '。'
            || (matches!(letter, '.' | '!' | '?') && next().is_some_and(|c| !c.is_lowercase()));
        ended.then_some(end)
    };
    text.char_indices().find_map(ends).and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_where_another_starts() {
        for (text, expected) in [
            ("Plans a rollout. Use it before a release.", "Plans a rollout."),
            ("Answers e.g. refunds, in v1.2 style", "Answers e.g. refunds, in v1.2 style"),
            ("Ready? Go.", "Ready?"),
            ("回答退款。使用", "回答退款。"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), expected);
        }
    }

    #[test]
    fn a_cut_text_fits() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abc def", 5), "abc…");
        assert_eq!(cut("回答退款", 6), "回答…");
        assert_eq!(cut("abc", 0), "…");
    }
}
