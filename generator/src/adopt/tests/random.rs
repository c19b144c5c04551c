//! Whatever a frontmatter holds: what is not told is not changed.

use proptest::prelude::*;
use registry_core::diagnostic::Diagnostic;

use super::{Change, Place, shown};

/// Lines of a frontmatter, each with the path of its key.
type Lines = Vec<(&'static str, String)>;

fn entry(path: &'static str, texts: &'static [&'static str]) -> impl Strategy<Value = Lines> {
    let lines = move |text: &'static str| text.split('\n').map(|line| (path, line.to_owned())).collect();
    prop::sample::select(texts).prop_map(lines)
}

fn metadata() -> impl Strategy<Value = Lines> {
    let inner = (
        prop::option::of(entry("metadata.version", &["  version: '1.1'", "  version: x y", "  version: 3"])),
        prop::option::of(entry("metadata.tags", &["  tags: A b, c", "  tags: a b", "  tags: [A, '#']"])),
        prop::option::of(entry("metadata.author", &["  author: Me", "  # only a comment\n  author: [a]"])),
        entry("metadata.other", &["  other: 1", "  other: {version: 2}"]),
    );
    inner.prop_map(|(version, tags, author, other)| {
        let head = vec![("metadata", "metadata:".to_owned())];
        let parts = [Some(head), version, tags, author, Some(other)];
        parts.into_iter().flatten().flatten().collect()
    })
}

fn frontmatter() -> impl Strategy<Value = Lines> {
    let optional = vec![
        entry("version", &["version: 1.2.3", "version: 1.0", "version: \"v1\"", "version: new", "version:"])
            .boxed(),
        entry("tags", &["tags: [a, B c]", "tags:\n  - Ab # x\n  - b", "tags: a, b", "tags:"]).boxed(),
        entry("license", &["license: MIT", "license: \"MIT\" # x"]).boxed(),
        entry("allowed-tools", &["allowed-tools: Read Write", "allowed-tools:\n- A\n- B"]).boxed(),
        entry("Author", &["Author: me"]).boxed(),
        entry("access_level", &["access_level: public", "access_level: none"]).boxed(),
        entry("argument-hint", &["argument-hint: '[x]'", "argument-hint: |\n  a\n\n  b"]).boxed(),
        entry("", &["# a comment", "", "# tags: [x]"]).boxed(),
        metadata().boxed(),
    ];
    let name =
        entry("name", &["name: refund", "name: Re Fund # x", "name: 'a/b'", "name: >-\n  A\n  b", "name:"]);
    let description = entry(
        "description",
        &["description: d", "description: >\n  a\n  b", "description: \"x: y\"", "description: ''"],
    );
    let order = Just((0..optional.len()).collect::<Vec<_>>()).prop_shuffle();
    let chosen: Vec<_> = optional.into_iter().map(prop::option::of).collect();
    (name, description, chosen, order).prop_map(|(name, description, mut chosen, order)| {
        let (head, tail) = order.split_at(order.len() / 2);
        let mut take = |at: &usize| chosen[*at].take().unwrap_or_default();
        let head: Lines = head.iter().flat_map(&mut take).collect();
        let tail: Lines = tail.iter().flat_map(&mut take).collect();
        [head, name, tail, description].concat()
    })
}

/// Whether a change of `key` was told of a line that belongs to `path`.
fn told(changes: &[Change], path: &str) -> bool {
    changes
        .iter()
        .any(|change| change.key == path || change.key.starts_with(&format!("{path}.")) && path != "metadata")
}

proptest! {
    #[test]
    fn what_is_not_told_is_not_changed(
        lines in frontmatter(), body in "[a#\\- \r\n`é]{0,30}", crlf in any::<bool>(), mark in any::<bool>()
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mark = if mark { "\u{feff}" } else { "" };
        let block: String = lines.iter().map(|(_, line)| format!("{line}{end}")).collect();
        let place = Place::of("some-skill", &format!("{mark}---{end}{block}---{end}{body}"));
        let report = place.adopt("found", "into");
        prop_assert_eq!(report.adopted.len() + report.refused.len(), 1);
        for refused in &report.refused {
            prop_assert!(refused.findings.iter().any(Diagnostic::is_error));
        }
        for adopted in &report.adopted {
            let name = adopted.slug.name.as_str();
            let text = place.text("into", name);
            let inner = text.strip_prefix(&format!("{mark}---{end}"));
            let inner = inner.and_then(|text| text.strip_suffix(&format!("---{end}{body}")));
            prop_assert!(inner.is_some(), "{:?}", text);
            let mut left = inner.unwrap().split_inclusive('\n');
            for (path, line) in lines.iter().filter(|(path, _)| !told(&adopted.changes, path)) {
                let line = format!("{line}{end}");
                prop_assert!(left.any(|kept| kept == line), "{path} {line:?} is gone from {text:?}");
            }
            let again = place.adopt("into/skills/support", "third");
            prop_assert_eq!(again.adopted.len(), 1);
            prop_assert_eq!(shown(&again.adopted[0].changes), Vec::<String>::new());
            prop_assert_eq!(place.text("third", name), text);
        }
    }
}
