//! XML 1.0 documents.

use std::borrow::Cow;

use quick_xml::se::{SeError, Serializer};
use serde::Serialize;

/// The document whose root element `root` is; each element on a line of its own.
pub(super) fn document<T: Serialize>(root: &T) -> Result<Vec<u8>, SeError> {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let mut serializer = Serializer::new(&mut text);
    serializer.indent(' ', 0);
    root.serialize(serializer)?;
    text.push('\n');
    Ok(text.into_bytes())
}

/// A text without the characters that XML 1.0 cannot hold, not even escaped (section 2.2), or would change: of control
/// characters, line feeds and tabs remain.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let is_lost = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\t') || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(is_lost) { text.replace(is_lost, "").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Root {
        #[serde(rename = "@attribute")]
        attribute: String,
        element: String,
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(any in "(?s:.{0,40})") {
            // Spaces around the text of an element are the reader's to drop.
            let any = text(any.trim()).into_owned();
            let bytes = document(&Root { attribute: any.clone(), element: any.clone() }).unwrap();
            let read: Root = quick_xml::de::from_str(std::str::from_utf8(&bytes).unwrap()).unwrap();
            prop_assert_eq!(read.element.trim(), any.trim());
            // A reader takes line feeds and tabs of an attribute for spaces (section 3.3.3).
            prop_assert_eq!(read.attribute.replace(['\n', '\t'], " "), any.replace(['\n', '\t'], " "));
        }
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_left_out() {
        assert_eq!(text("a\u{7}b\r\n\tc\u{fffe}\u{85}d é 𝄞"), "ab\n\tcd é 𝄞");
        assert!(matches!(text("plain"), Cow::Borrowed("plain")));
    }
}
