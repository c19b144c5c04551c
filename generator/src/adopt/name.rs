//! The name that a skill gets.

use registry_core::id::{MAX_SEGMENT, SkillId, SkillName};

/// The name that a repository keeps for manifests.
pub(super) const RESERVED: &str = "skill";
/// Folders whose names tell nothing of what lies in them.
const GENERIC: [&str; 9] =
    ["skills", "skill", "src", "plugins", "plugin", "packages", "claude", "agents", "github"];

/// The name that a skill asks for: by its frontmatter, else by its folder.
pub(super) fn wish(written: Option<&str>, folder: &str) -> Option<SkillName> {
    let written = written.and_then(|text| match text.parse::<SkillId>() {
        Ok(id) => Some(id.name),
        Err(_) => valid(text),
    });
    let usable = |name: &SkillName| name.as_str() != RESERVED;
    let folder = || valid(folder);
    written.clone().filter(usable).or_else(|| folder().filter(usable)).or(written).or_else(folder)
}

/// A text as lower-case words joined by hyphens, within the length of a name; nothing where no word is left.
pub(super) fn valid(text: &str) -> Option<SkillName> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    shortened(&words.join("-")).parse().ok()
}

/// At most as long as a name may be, cut at a hyphen where there is one.
fn shortened(text: &str) -> &str {
    let Some((head, tail)) = text.split_at_checked(MAX_SEGMENT) else { return text };
    if tail.is_empty() || tail.starts_with('-') {
        return head;
    }
    head.rsplit_once('-').map_or(head, |(whole_words, _)| whole_words)
}

/// The folder's name as a prefix that tells skills of one name apart; nothing for a folder that any skill may lie in.
pub(super) fn prefix(folder: &str, name: &SkillName) -> Option<String> {
    let prefix = valid(folder)?;
    let telling = !GENERIC.contains(&prefix.as_str()) && prefix != *name;
    telling.then(|| prefix.into())
}

/// The name with a prefix, cut at the end where it grows too long.
pub(super) fn prefixed(prefix: &str, name: &SkillName) -> Option<SkillName> {
    valid(&format!("{prefix}-{name}"))
}

/// The name with a number, which is never cut.
pub(super) fn numbered(name: &SkillName, number: usize) -> Option<SkillName> {
    let ending = format!("-{number}");
    let room = MAX_SEGMENT - ending.len();
    let head = name.as_str().get(..room).unwrap_or(name.as_str()).trim_end_matches('-');
    format!("{head}{ending}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wished(written: &str, folder: &str) -> String {
        wish(Some(written), folder).map_or_else(|| "-".to_owned(), String::from)
    }

    #[test]
    fn the_written_name_goes_before_the_folders() {
        assert_eq!(wished("api-review", "x"), "api-review");
        assert_eq!(wished("Foo_Bar  (beta)", "x"), "foo-bar-beta");
        assert_eq!(wished("support/refund", "x"), "refund");
        assert_eq!(wished("審査", "My Folder"), "my-folder");
        assert_eq!(wish(None, "Folder.v2").unwrap().as_str(), "folder-v2");
        assert_eq!(wished("審査", "審査"), "-");
    }

    #[test]
    fn a_reserved_name_gives_way_to_the_folders() {
        assert_eq!(wished("Skill", "refund"), "refund");
        assert_eq!(wished("skill", "skill"), "skill");
    }

    #[test]
    fn long_names_are_cut_between_words() {
        let (a, b) = ("a".repeat(40), "b".repeat(30));
        assert_eq!(wished(&format!("{a} {b}"), "x"), a);
        assert_eq!(wished(&format!("{a} {}", "b".repeat(23)), "x").len(), 64);
        assert_eq!(wished(&"a".repeat(70), "x"), "a".repeat(64));
        let long = format!("{a}-{}", "b".repeat(23)).parse().unwrap();
        assert_eq!(numbered(&long, 12).unwrap().as_str(), format!("{a}-{}-12", "b".repeat(20)));
    }

    #[test]
    fn generic_folders_are_no_prefix() {
        let name = "status".parse().unwrap();
        assert_eq!(prefix("agent-hub", &name).as_deref(), Some("agent-hub"));
        for folder in ["skills", ".claude", "src", "Plugins", "status", "_"] {
            assert_eq!(prefix(folder, &name), None, "{folder}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_made_is_a_name(text in "\\PC{0,90}", number in 2_usize..2000) {
            if let Some(name) = valid(&text) {
                prop_assert_eq!(valid(name.as_str()), Some(name.clone()));
                prop_assert!(numbered(&name, number).is_some());
                prop_assert!(prefixed("a", &name).is_some());
            }
        }
    }
}
