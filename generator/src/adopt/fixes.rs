//! The checker's own fixes.

use registry_core::diagnostic::{Change as FixChange, Diagnostic, Fix, Lines, Rule, apply};
use registry_core::manifest::Frontmatter;

use super::draft::{Draft, Edit};
use super::report::{Change, Kind};

/// Most fixes of one skill.
const MAX_FIXES: usize = 64;

/// Makes every fix of a finding that `wanted` names, but for one after which there would be more errors.
pub(super) fn make(draft: &mut Draft, wanted: impl Fn(Rule) -> bool) {
    let mut left_out: Vec<Fix> = Vec::new();
    for _ in 0..MAX_FIXES {
        let found = draft.source.read().1;
        let next = found.iter().filter(|finding| wanted(finding.rule)).find_map(|finding| {
            let fix = finding.fix.as_ref().filter(|fix| replaces(fix) && !left_out.contains(fix))?;
            Some((finding, fix))
        });
        let Some((finding, fix)) = next else { return };
        // What cannot be read hides every other error.
        let hidden = draft.text().is_err();
        let (before, changes) = (draft.source.manifest().to_vec(), draft.changes.len());
        let edit = Edit { change: change(draft, finding, fix), fix: fix.clone() };
        draft.make(vec![edit]);
        let worse = !hidden && errors(&draft.source.read().1) > errors(&found);
        if draft.source.manifest() == before || worse {
            left_out.push(fix.clone());
            draft.set(before);
            draft.changes.truncate(changes);
        }
    }
}

/// The bytes of a manifest after every fix of what forbids reading it.
pub(super) fn readable(path: &str, manifest: &[u8]) -> Vec<u8> {
    let mut bytes = manifest.to_vec();
    for _ in 0..MAX_FIXES {
        let fix = Frontmatter::read(path, &bytes).err().and_then(|found| found.fix);
        let (Some(fix), Ok(text)) = (fix, std::str::from_utf8(&bytes)) else { break };
        bytes = apply(text, &[&fix]).0.into_bytes();
    }
    bytes
}

fn errors(found: &[Diagnostic]) -> usize {
    found.iter().filter(|finding| finding.is_error()).count()
}

fn replaces(fix: &Fix) -> bool {
    !fix.changes.is_empty() && fix.changes.iter().all(|change| matches!(change, FixChange::Replace { .. }))
}

/// What a fix does, in terms of the frontmatter.
fn change(draft: &Draft, finding: &Diagnostic, fix: &Fix) -> Change {
    let replaced = |change: &FixChange| match change {
        FixChange::Replace { span, text } => Some((*span, text.clone())),
        FixChange::MakeExecutable { .. } | FixChange::RemoveFolder { .. } => None,
    };
    let (span, to) = fix.changes.iter().find_map(replaced).unwrap_or((finding.span, String::new()));
    let Ok(text) = draft.text() else {
        let text = std::str::from_utf8(draft.source.manifest()).unwrap_or_default();
        let from = Lines::new(text).slice(span).map(str::to_owned);
        let line = span.start.line as usize - 1;
        let key = text.lines().nth(line).and_then(|line| line.split(':').next()).unwrap_or_default();
        return Change { kind: Kind::Fixed, key: key.trim().to_owned(), from, to: Some(to) };
    };
    let key = text.path_of(span).map_or("body".to_owned(), |(path, _)| path.replace('/', "."));
    Change { kind: Kind::Fixed, key, from: Some(text.slice(span).to_owned()), to: Some(to) }
}
